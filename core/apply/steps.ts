/**
 * The steps of one apply, in order, and what they know of each other.
 *
 * Over 300 lines, because the steps share the state of one run and are read as one list.
 */

import { join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { reloadFailed } from '../diagnostic/catalogue/apply.ts';
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import type { Entry, FileEntryOf, World } from '../plan/world.ts';
import type { RootName } from '../plugin/output.ts';
import type { ApplierOptions, ApplyOptions } from './apply.ts';
import { type Difference, differ, pathsOf, rowOf } from './difference.ts';
import { type Effects, Occupied } from './effects.ts';
import { type Blocked, type Examined, examine, type Make } from './examine.ts';
import { closeJournal, type JournalRecord, openJournal, owedReloads } from './journal.ts';
import type { LiveFiles, LiveReport } from './live.ts';
import type { ManifestChange, ManifestRow } from './manifest.ts';
import { ancestorsOf, isBuried, isKeeper } from './prune.ts';
import { reloadsDue, type Touched } from './reloads.ts';
import { type ApplyReport, Counts, FailedAt, type Kept, type ReloadReport } from './report.ts';
import { locate, look, type Root, UnsafePath } from './roots.ts';
import { attributesOf, eachOf } from './verify.ts';

/** Every step's name; a test kills the process at each. */
export const stepNames = ['begin', 'live', 'intend', 'make', 'settle', 'reload', 'flip', 'prune', 'finish'] as const;
export type StepName = (typeof stepNames)[number];

export interface Step {
  readonly name: StepName;
  /** The root, rank or image that it concerns; empty: all. */
  readonly subject: string;
  run(): Promise<void>;
}

/** What one root's part of an apply has found and done. */
interface Part {
  readonly root: Root;
  readonly wanted: ReadonlyMap<string, Entry>;
  readonly difference: Difference;
  readonly examined: Examined;
  /** What the manifest is told when all is done. */
  readonly final: ManifestChange[];
  /** Paths that went while a directory gave way to something else. */
  readonly cleared: Set<string>;
}

interface Surroundings extends Pick<ApplierOptions, 'store' | 'readBlobs' | 'reloads'> {
  /** The world that the last apply of this process put in place, whole. */
  readonly placed: World | undefined;
  readonly roots: ReadonlyMap<RootName, Root>;
  readonly effects: Effects;
  readonly asRoot: boolean;
  readonly live: LiveFiles;
}

/** Paths between two pauses for the event loop; files whose contents are in memory, and written, at once. */
const batch = 64;
const width = 8;

export class Run {
  readonly #world: World;
  readonly #how: ApplyOptions;
  readonly #in: Surroundings;
  readonly #parts: Part[] = [];
  readonly #counts = new Counts();
  readonly #changed: { root: RootName; path: string; what: 'written' | 'removed' }[] = [];
  readonly #blocked: Blocked[] = [];
  readonly #kept: Kept[] = [];
  readonly #reloads: ReloadReport[] = [];
  readonly #live: LiveReport[] = [];
  /** Looked for once an apply: artifacts are put in place between two of them. */
  #generations: ReturnType<LiveFiles['generations']> | undefined;
  readonly #owed: Set<string>;
  readonly #record: JournalRecord;

  constructor(world: World, how: ApplyOptions, surroundings: Surroundings) {
    this.#world = world;
    this.#how = how;
    this.#in = surroundings;
    const names = new Set(world.reloads.map((reload) => reload.name));
    this.#owed = new Set(owedReloads(surroundings.store).filter((name) => names.has(name)));
    this.#record = { target: world.target, commit: world.commit, stamp: how.stamp, at: Date.now() };
  }

  /** Before the steps: finds out what has to be done. Changes nothing. */
  async compare(): Promise<void> {
    const { asRoot } = this.#in;
    const repair = (this.#how.repair ?? []).map((drift) => `${drift.root}:${drift.path}`);
    for (const root of this.#in.roots.values()) {
      const wanted = this.#world.roots.get(root.name) ?? new Map<string, Entry>();
      const difference = differ(wanted, root.manifest.rows, {
        force: pathsOf(repair, root.name),
        asRoot,
        placed: this.#in.placed?.roots.get(root.name),
        untouched: this.#world.untouched.get(root.name),
        held: this.#world.heldTrees.get(root.name),
      });
      const adopt = pathsOf(this.#how.adopt ?? [], root.name);
      const held = this.#world.heldTrees.get(root.name);
      const examined = await examine(root, difference, wanted, { adopt, asRoot, held, signal: this.#how.signal });
      for (const blocked of examined.blocked) this.#blocked.push(blocked);
      for (const entry of [...difference.unchanged, ...examined.same, ...examined.used]) {
        this.#counts.add(entry, 'unchanged');
      }
      this.#parts.push({ root, wanted, difference, examined, final: [], cleared: new Set() });
    }
  }

  /** The steps, in order of execution. */
  *steps(): Generator<Step> {
    const made: Touched = new Map(
      this.#parts.map((part) => [part.root.name, part.examined.make.map(({ entry }) => entry.path)]),
    );
    const gone: Touched = new Map(
      this.#parts.map((part) => [part.root.name, part.difference.gone.map((row) => row.path)]),
    );
    const rankOf = (name: RootName): number => this.#in.roots.get(name)?.rank ?? this.#parts.at(-1)?.root.rank ?? 0;
    const own = this.#world.reloads.filter((reload) => reload.target === this.#world.target);
    const before = reloadsDue(own, made, this.#owed, rankOf);
    const after = reloadsDue(own, gone, new Set(), rankOf);
    for (const reload of [...before, ...after]) this.#owed.add(reload.name);

    yield {
      name: 'begin',
      subject: '',
      run: () => openJournal(this.#in.store, this.#record, [...this.#owed]),
    };
    // First, so that a new generation has its live files before any boot file or link names it.
    for (const image of this.#world.live.keys()) {
      yield { name: 'live', subject: image, run: () => this.#layLive(image) };
    }
    const ranks = [...new Set(this.#parts.map((part) => part.root.rank))].sort((a, b) => a - b);
    for (const rank of ranks) {
      for (const part of this.#parts.filter((one) => one.root.rank === rank)) {
        const subject = part.root.name;
        yield { name: 'intend', subject, run: () => this.#intend(part) };
        yield { name: 'make', subject, run: () => this.#make(part) };
        yield { name: 'settle', subject, run: () => this.#settle(part) };
      }
      const due = before.filter((reload) => reload.rank === rank);
      if (due.length > 0) yield { name: 'reload', subject: `rank ${rank}`, run: () => this.#reload(due) };
    }
    yield { name: 'flip', subject: '', run: async () => this.#how.flip?.() };
    // The other way round: what points goes before what it points at.
    for (const part of this.#parts.toReversed()) {
      yield { name: 'prune', subject: part.root.name, run: () => this.#prune(part) };
    }
    // A service that serves what is gone is told of it, though it may have been told before of what is new.
    if (after.length > 0) yield { name: 'reload', subject: 'after prune', run: () => this.#reload(after) };
    yield { name: 'finish', subject: '', run: () => this.#finish() };
  }

  async #layLive(image: string): Promise<void> {
    const set = this.#world.live.get(image);
    if (set === undefined) return;
    this.#generations ??= this.#in.live.generations();
    const generations = (await this.#generations).get(image) ?? [];
    const repair = (this.#how.repair ?? []).map((drift) => `${drift.root}:${drift.path}`);
    const report = await this.#in.live.lay(set, generations, {
      commit: this.#world.commit ?? '',
      repair: (root) => pathsOf(repair, root),
      step: this.#how.onLive,
      signal: this.#how.signal,
    });
    this.#live.push(report);
    for (const one of report.changed) this.#changed.push(one);
  }

  /** Marks every path that will be touched, durably, before it is. */
  async #intend(part: Part): Promise<void> {
    const { make } = part.examined;
    const { gone } = part.difference;
    const cleared = make.flatMap((one) => one.clear);
    const removed = new Map([...gone, ...cleared].map((row) => [row.path, row]));
    await part.root.manifest.write([
      ...make.map(({ entry }) => ({ set: rowOf(entry, true) })),
      ...[...removed.values()].filter((row) => !row.pending).map((row) => ({ set: { ...row, pending: true } })),
      ...this.#behindBlocks(part),
    ]);
  }

  /**
   * Paths of ours at and below what is blocked: what stands in the way took their place, so nothing is known to be in place
   * there any more. Once it is moved away the next apply makes them again.
   */
  #behindBlocks({ root, examined, wanted }: Part): ManifestChange[] {
    const blocked = new Set(examined.blocked.map(({ path }) => path));
    if (blocked.size === 0) return [];
    const behind = (path: string): boolean => {
      for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
        if (blocked.has(path.slice(0, slash))) return true;
      }
      return blocked.has(path);
    };
    return [...root.manifest.rows.values()]
      .filter((row) => wanted.has(row.path) && row.digest !== '' && behind(row.path))
      .map((row) => ({ set: { ...row, digest: '' } }));
  }

  /** Directories, then files, links and hard links. */
  async #make(part: Part): Promise<void> {
    const of = (kind: Entry['kind']): Make[] => part.examined.make.filter((one) => one.entry.kind === kind);
    let count = 0;
    for (const one of of('directory')) {
      await this.#makeOne(part, one, undefined);
      if (++count % batch === 0) await this.#pause();
    }
    const files = of('file');
    for (let start = 0; start < files.length; start += batch) {
      await this.#pause();
      await eachOf(files.slice(start, start + batch), width, async (one) => {
        await this.#makeOne(part, one, await this.#content(part, one.entry as FileEntryOf));
      });
    }
    for (const kind of ['link', 'hardlink'] as const) {
      const links = of(kind);
      for (let start = 0; start < links.length; start += batch) {
        await this.#pause();
        await eachOf(links.slice(start, start + batch), width, (one) => this.#makeOne(part, one, undefined));
      }
    }
  }

  /** The bytes of a file: read only as it is written, so that no more than `width` contents are in memory. */
  async #content(part: Part, { path, content }: FileEntryOf): Promise<Buffer> {
    if ('text' in content) return Buffer.from(content.text);
    try {
      const [bytes] = await this.#in.readBlobs([content.blob]);
      return bytes ?? missing(content.blob);
    } catch (error) {
      throw new FailedAt(`${part.root.name}:${path} (reading the commit)`, error);
    }
  }

  async #makeOne(part: Part, one: Make, body: Buffer | undefined): Promise<void> {
    const { root } = part;
    const { entry, over } = one;
    const { effects, asRoot } = this.#in;
    try {
      for (const row of one.clear) {
        if (!(await effects.remove(root, row.path))) throw new Occupied(row.path, 'a directory that is not empty');
        part.cleared.add(row.path);
        this.#note(part, row, 'removed');
        part.final.push({ gone: row.path });
      }
      let needsRoot = false;
      if (entry.kind === 'file' || entry.kind === 'directory') {
        const attributes = attributesOf(entry, asRoot);
        needsRoot = attributes.needsRoot;
        if (entry.kind === 'directory') {
          await effects.directory(root, entry.path, attributes, over);
        } else {
          await effects.put(root, entry.path, body ?? missing(entry.blob), attributes, over);
        }
      } else if (entry.kind === 'link') {
        await effects.link(root, entry.path, entry.to, over);
      } else {
        await effects.hardlink(root, entry.path, entry.to, over);
      }
      this.#note(part, entry, 'written');
      part.final.push({ done: entry.path, needsRoot });
    } catch (error) {
      if (!(error instanceof Occupied)) throw new FailedAt(`${root.name}:${entry.path}`, error);
      // Something came between the look and the write: it stays, as if it had been there before.
      this.#blocked.push({ root: root.name, path: entry.path, plugin: entry.plugin, there: error.there, below: 0 });
      if (!over) part.final.push({ gone: entry.path });
    }
  }

  /** What an earlier, killed apply wrote is synced too: it may be in memory only, and will be called in place. */
  async #settle(part: Part): Promise<void> {
    await this.#in.effects.settle(
      part.root,
      part.examined.same.map((entry) => entry.path),
    );
  }

  /** Removes what is ours and not wanted any more, deepest first. A path that has become something else is let go. */
  async #prune(part: Part): Promise<void> {
    const { root } = part;
    const { effects } = this.#in;
    const unsure = new Set(part.difference.gone.filter((row) => row.pending).map((row) => row.path));
    const keepers = ancestorsOf([...root.manifest.rows.values()].filter((row) => isKeeper(row)));
    let count = 0;
    for (const row of part.difference.gone) {
      if (part.cleared.has(row.path)) continue;
      if (++count % batch === 0) await this.#pause();
      if (keepers.has(row.path)) {
        part.final.push({ done: row.path });
        continue;
      }
      if (isBuried(root, part.wanted, row.path, unsure)) {
        part.final.push({ gone: row.path });
        continue;
      }
      try {
        const found = look(locate(root, row.path));
        const directory = row.kind === 'directory';
        const link = row.kind === 'link';
        const ours =
          row.pending || (directory ? found?.isDirectory() : link ? found?.isSymbolicLink() : found?.isFile());
        if (found !== undefined && ours !== true) {
          this.#kept.push({
            root: root.name,
            path: row.path,
            why: `no longer the ${row.kind} that litehouse made; let go`,
          });
          part.final.push({ gone: row.path });
        } else if (await effects.remove(root, row.path)) {
          if (found !== undefined) this.#note(part, row, 'removed');
          part.final.push({ gone: row.path });
        } else {
          this.#kept.push({
            root: root.name,
            path: row.path,
            why: 'not empty: it has things that are not litehouse’s',
          });
          part.final.push({ done: row.path });
        }
      } catch (error) {
        if (!(error instanceof UnsafePath)) throw new FailedAt(`${root.name}:${row.path}`, error);
        this.#kept.push({ root: root.name, path: row.path, why: error.reason });
      }
    }
    await effects.settle(root);
  }

  async #reload(
    due: readonly { readonly name: string; readonly command: readonly [string, ...string[]] }[],
  ): Promise<void> {
    for (const { name, command } of due) {
      if (this.#in.reloads === false) {
        this.#reloads.push({ name, command, outcome: 'skipped' });
        this.#owed.delete(name);
        continue;
      }
      try {
        await this.#in.effects.reload(command);
        this.#reloads.push({ name, command, outcome: 'ran' });
        this.#owed.delete(name);
      } catch (error) {
        const cause = error instanceof Error ? error.message : String(error);
        this.#reloads.push({ name, command, outcome: 'failed', problem: reloadFailed(undefined, { name, cause }) });
        this.#owed.add(name);
      }
    }
  }

  /** Tells the manifests, then the journal. */
  async #finish(): Promise<void> {
    for (const { root, difference, examined, final } of this.#parts) {
      const orphans = difference.orphans
        .filter((row) => row.pending)
        .map((row): ManifestChange => (look(join(root.dir, row.path)) ? { done: row.path } : { gone: row.path }));
      const relabel = difference.relabel.map((entry): ManifestChange => {
        // The labels are new; what the disk is said to have is not.
        const { plugin, node, lifetime } = entry;
        const row = root.manifest.rows.get(entry.path) ?? rowOf(entry, false);
        return { set: { ...row, plugin, node, lifetime } };
      });
      const same = examined.same.map((entry): ManifestChange => {
        const lacks =
          (entry.kind === 'file' || entry.kind === 'directory') && attributesOf(entry, this.#in.asRoot).needsRoot;
        return { set: { ...rowOf(entry, false), needsRoot: lacks ? true : undefined } };
      });
      await root.manifest.write([...final, ...orphans, ...relabel, ...same]);
      await root.manifest.compact();
    }
    await closeJournal(this.#in.store, this.#record, [...this.#owed]);
  }

  report(outcome: ApplyReport['outcome'], failure: Diagnostic | undefined): ApplyReport {
    const orphans = this.#parts.flatMap(({ root, difference }) =>
      difference.orphans.map((row) => `${root.name}:${row.path}`),
    );
    const needsRoot = this.#parts.flatMap(({ root, wanted }) =>
      [...root.manifest.rows.values()]
        .filter((row) => row.needsRoot === true && wanted.has(row.path))
        .map((row) => `${root.name}:${row.path}`),
    );
    return {
      outcome,
      commit: this.#world.commit,
      counts: this.#counts.list(),
      changed: this.#changed,
      blocked: this.#blocked,
      kept: this.#kept,
      orphans,
      needsRoot,
      reloads: this.#reloads,
      live: this.#live,
      failure,
    };
  }

  #note(part: Part, what: Entry | ManifestRow, how: 'written' | 'removed'): void {
    this.#counts.add(what, how);
    this.#changed.push({ root: part.root.name, path: what.path, what: how });
  }

  /** Lets the event loop serve nodes, and stops when asked to. */
  async #pause(): Promise<void> {
    await breathe();
    this.#how.signal?.throwIfAborted();
  }
}

function missing(oid: string): never {
  throw new Error(`blob ${oid} was not given`);
}
