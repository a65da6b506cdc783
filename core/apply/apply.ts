/**
 * Makes a world real: an ordered list of small named steps, each safe to be killed in.
 *
 * New things are made first, what points at them later (roots by rank, then the answers), removal comes last. A path is
 * marked pending in its root's manifest, durably, before it is touched, so after a crash the next apply knows which paths
 * to look at; the journal says that there was one. Difference is by digest against the manifest, not by reading the disk.
 */
import { undeclaredRoot } from '../diagnostic/catalogue/apply.ts';
import type { World } from '../plan/world.ts';
import type { RootName } from '../plugin/output.ts';
import type { CommandRunner, Drift } from '../plugin/plugin.ts';
import { differ, pathsOf } from './difference.ts';
import { diskEffects, type Effects } from './effects.ts';
import { type Blocked, examine } from './examine.ts';
import { type JournalRecord, lastApplied, openRecord } from './journal.ts';
import { LiveFiles } from './live.ts';
import { type ApplyReport, diagnosticOf } from './report.ts';
import { openRoot, type Root, type RootSettings, sweep } from './roots.ts';
import { Run, type StepName } from './steps.ts';
import type { Store } from './store.ts';
import { verifyWorld } from './verify.ts';

export interface ApplierOptions {
  readonly roots: readonly RootSettings[];
  readonly store: Store;
  /** For reloads and `sync -f`. */
  readonly run: CommandRunner;
  /** Bytes of blobs of the commit, in the order asked. Asked for one by one, eight at once: a blob may be large. */
  readonly readBlobs: (oids: readonly string[]) => Promise<Buffer[]>;
  /** False: reload commands are switched off and reported as skipped. Default true. */
  readonly reloads?: boolean;
  /** Whether owners can be set. Default: whether the process is root. */
  readonly asRoot?: boolean;
  /** Wraps the effects, for tests. */
  readonly effects?: (real: Effects) => Effects;
}

export interface ApplyOptions {
  /** Digest of versions and settings (DESIGN 1), kept in the journal. */
  readonly stamp: string;
  /** `root:path` of existing paths that the engine may take over and overwrite. */
  readonly adopt?: ReadonlySet<string>;
  /** Drift from verify: these paths are rewritten. */
  readonly repair?: readonly Drift[];
  readonly signal?: AbortSignal;
  /** Called before each step; what it concerns is a root, a rank or nothing. */
  readonly onStep?: (step: StepName, subject: string) => void | Promise<void>;
  /** Called before each change in the tree of a generation, for tests that stop the process there. */
  readonly onLive?: ((change: string, path: string) => void) | undefined;
  /** Swaps the answers in memory; called when all that they point at is in place and durable. */
  readonly flip?: () => void | Promise<void>;
}

export interface Recovery {
  /** An apply that did not finish: plan again and apply. */
  readonly open: JournalRecord | undefined;
  readonly applied: JournalRecord | undefined;
  /** Temporaries that were removed. Unfinished builds are the build queue's. */
  readonly swept: number;
  /** Roots whose manifest was damaged, beyond a torn end, with the number of lines that were left out. */
  readonly damaged: ReadonlyMap<RootName, number>;
}

export interface Applier {
  readonly roots: ReadonlyMap<RootName, Root>;
  /** To be called once at start, before anything else. */
  recover(): Promise<Recovery>;
  /** What an apply would be blocked by; changes nothing. */
  preflight(world: World, adopt?: ReadonlySet<string>): Promise<Blocked[]>;
  /** Never throws for what the disk does: see `outcome` and `failure`. Throws when an apply is already under way. */
  apply(world: World, options: ApplyOptions): Promise<ApplyReport>;
  verify(world: World, signal?: AbortSignal): Promise<Drift[]>;
  /** How many generations of each image are on the disk. */
  generations(): Promise<ReadonlyMap<string, number>>;
  close(): Promise<void>;
}

/** Opens every root (making missing ones) and gives the applier of this host. */
export async function openApplier(options: ApplierOptions): Promise<Applier> {
  const roots = new Map<RootName, Root>();
  for (const settings of [...options.roots].sort((a, b) => a.rank - b.rank)) {
    roots.set(settings.name, await openRoot(settings));
  }
  const real = diskEffects(options.run);
  const effects = options.effects?.(real) ?? real;
  const asRoot = options.asRoot ?? process.geteuid?.() === 0;
  const { store } = options;
  const live = new LiveFiles({ roots, readBlobs: options.readBlobs, run: options.run, asRoot });
  let busy = false;
  /** What the last apply put in place, whole; undefined where something of it was blocked, or it did not finish. */
  let placed: World | undefined;

  const run = async (world: World, how: ApplyOptions): Promise<ApplyReport> => {
    const apply = new Run(world, how, { ...options, roots, effects, asRoot, placed, live });
    placed = undefined;
    for (const name of world.roots.keys()) {
      const entry = world.roots.get(name)?.values().next().value;
      if (roots.has(name) || entry === undefined) continue;
      return apply.report('failed', undeclaredRoot(undefined, { root: name, plugin: entry.plugin }));
    }
    let at = 'compare';
    try {
      await apply.compare();
      for (const step of apply.steps()) {
        how.signal?.throwIfAborted();
        at = step.subject === '' ? step.name : `${step.name} ${step.subject}`;
        await how.onStep?.(step.name, step.subject);
        await step.run();
      }
      const report = apply.report('applied', undefined);
      if (report.blocked.length === 0 && report.kept.length === 0) placed = world;
      return report;
    } catch (error) {
      if (how.signal?.aborted === true) return apply.report('stopped', undefined);
      return apply.report('failed', diagnosticOf(error, at));
    }
  };

  return {
    roots,
    async recover() {
      let swept = 0;
      const damaged = new Map<RootName, number>();
      for (const root of roots.values()) {
        swept += await sweep(root);
        if (root.manifest.lost > 0) damaged.set(root.name, root.manifest.lost);
      }
      return { open: openRecord(store), applied: lastApplied(store), swept, damaged };
    },
    async preflight(world, adopt = new Set()) {
      const blocked: Blocked[] = [];
      for (const [name, root] of roots) {
        const wanted = world.roots.get(name) ?? new Map();
        const difference = differ(wanted, root.manifest.rows, {
          force: new Set(),
          asRoot,
          placed: placed?.roots.get(name),
          untouched: world.untouched.get(name),
          held: world.heldTrees.get(name),
        });
        const held = world.heldTrees.get(name);
        const examined = await examine(root, difference, wanted, { adopt: pathsOf(adopt, name), asRoot, held });
        for (const one of examined.blocked) blocked.push(one);
      }
      return blocked;
    },
    async apply(world, how) {
      if (busy) throw new Error('an apply is already under way');
      busy = true;
      try {
        return await run(world, how);
      } finally {
        busy = false;
      }
    },
    async verify(world, signal) {
      return [...(await verifyWorld(world, roots, asRoot, signal)), ...(await live.verify(world.live, signal))];
    },
    async generations() {
      return new Map([...(await live.generations())].map(([image, list]) => [image, list.length]));
    },
    async close() {
      for (const root of roots.values()) await root.manifest.close();
    },
  };
}
