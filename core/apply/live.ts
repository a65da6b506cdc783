/**
 * Live files (RULES, Paths): laid over every generation of an image that is on the disk, planned, pinned or kept, by difference.
 * What is laid in a generation is noted beside it; what was found in order is remembered here, so that no change costs nothing.
 */
import { chmod, chown, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { LiveTools } from '../image/live/disk.ts';
import { type Laying, planLaying } from '../image/live/lay.ts';
import type { LiveState, LiveTrouble } from '../image/live/state.ts';
import { verifyLaid } from '../image/live/verify.ts';
import type { LiveFile, LiveSet } from '../plan/live.ts';
import type { RootName } from '../plugin/output.ts';
import type { CommandRunner, Drift } from '../plugin/plugin.ts';
import { holdInode } from './holds.ts';
import { type OwnedArtifact, ownedArtifacts } from './owned.ts';
import { FailedAt } from './report.ts';
import { look, type Root } from './roots.ts';

/** How the live files of one image stand after an apply. */
export interface LiveReport {
  readonly image: string;
  /** How many generations of it are on the disk. */
  readonly generations: number;
  /** Live files of the commit. */
  readonly files: number;
  /** What changed in them, as root and path. */
  readonly changed: readonly { readonly root: RootName; readonly path: string; readonly what: 'written' | 'removed' }[];
  readonly troubles: readonly (LiveTrouble & { readonly generation: string })[];
}

/** A generation on the disk. */
interface Standing extends OwnedArtifact {
  readonly rootOf: Root;
}

export interface LiveParts {
  readonly roots: ReadonlyMap<RootName, Root>;
  readonly readBlobs: (oids: readonly string[]) => Promise<Buffer[]>;
  readonly run: CommandRunner;
  readonly asRoot: boolean;
}

const noteSchema = z.object({ image: z.string(), base: z.string() });

/** The same artifact, put in place anew, is another one. */
const keyOf = ({ id, made }: OwnedArtifact): string => `${id} ${made}`;

export class LiveFiles {
  readonly #parts: LiveParts;
  /** Images of generations, by artifact; undefined: no generation. */
  readonly #images = new Map<string, string | undefined>();
  /** What was found or brought in order. */
  readonly #settled = new Map<string, { readonly digest: string; readonly troubles: readonly LiveTrouble[] }>();

  constructor(parts: LiveParts) {
    this.#parts = parts;
  }

  /** Generations of each image that are on the disk. */
  async generations(): Promise<Map<string, Standing[]>> {
    const found = new Map<string, Standing[]>();
    const seen = new Set<string>();
    for (const artifact of ownedArtifacts(this.#parts.roots.values())) {
      const rootOf = this.#parts.roots.get(artifact.root);
      if (artifact.lost || artifact.damaged || rootOf === undefined) continue;
      const key = keyOf(artifact);
      seen.add(key);
      if (!this.#images.has(key)) this.#images.set(key, await imageOf(artifact.directory));
      const image = this.#images.get(key);
      if (image === undefined) continue;
      const list = found.get(image);
      if (list === undefined) found.set(image, [{ ...artifact, rootOf }]);
      else list.push({ ...artifact, rootOf });
    }
    for (const map of [this.#images, this.#settled]) for (const key of map.keys()) if (!seen.has(key)) map.delete(key);
    return found;
  }

  /** Lays a set over the generations of its image. `repair`: paths, by root, that are to be laid again. */
  async lay(
    set: LiveSet,
    generations: readonly Standing[],
    options: {
      readonly commit: string;
      readonly repair: (root: RootName) => ReadonlySet<string>;
      readonly step?: ((change: string, path: string) => void) | undefined;
      readonly signal?: AbortSignal | undefined;
    },
  ): Promise<LiveReport> {
    const troubles: (LiveTrouble & { generation: string })[] = [];
    const changed: LiveReport['changed'][number][] = [];
    const tell = ({ path }: Standing, list: readonly LiveTrouble[]): void => {
      for (const one of list) troubles.push({ ...one, generation: path });
    };
    const work: { readonly at: Standing; readonly laying: Laying }[] = [];
    for (const at of generations) {
      options.signal?.throwIfAborted();
      const force = forced(at, options.repair(at.root));
      const settled = force.size === 0 ? this.#settled.get(keyOf(at)) : undefined;
      if (settled?.digest === set.digest) {
        tell(at, settled.troubles);
        continue;
      }
      const planned = await this.#plan(at, set, force);
      if ('fault' in planned) tell(at, [{ path: '', why: planned.fault }]);
      else if (planned.laying !== undefined) work.push({ at, laying: planned.laying });
      else this.#settle(at, set, planned.state?.troubles ?? [], tell);
    }
    const staging = new Staging(this.#parts);
    try {
      for (const { at, laying } of work) await within(at, () => laying.intend(options.commit));
      for (const { at, laying } of work) {
        options.signal?.throwIfAborted();
        const hold = (absolute: string) => holdInode(at.rootOf, absolute);
        const tools: LiveTools = {
          ...{ staged: (file) => staging.staged(at.rootOf, file), temporary: at.rootOf.tmp, hold },
          ...{ asRoot: this.#parts.asRoot, step: options.step },
        };
        await within(at, () => laying.lay(tools));
      }
      // One for all: what was intended is on the disk, and is looked at again after a power cut.
      for (const root of new Set(work.map(({ at }) => at.rootOf))) await this.#parts.run('sync', ['-f', root.dir]);
      for (const { at, laying } of work) {
        await within(at, () => laying.finish());
        this.#settle(at, set, laying.troubles, tell);
        const name = (path: string): string => `${at.path}/rootimg${path}`;
        for (const path of [...laying.added, ...laying.changed])
          changed.push({ root: at.root, path: name(path), what: 'written' });
        for (const path of laying.removed) changed.push({ root: at.root, path: name(path), what: 'removed' });
      }
    } finally {
      await staging.clear();
    }
    const files = set.files.filter(({ kind }) => kind !== 'directory').length;
    return { image: set.output.image, generations: generations.length, files, changed, troubles };
  }

  /** Live files that are not as they were laid. */
  async verify(live: ReadonlyMap<string, LiveSet>, signal?: AbortSignal): Promise<Drift[]> {
    const drifts: Drift[] = [];
    for (const [image, generations] of await this.generations()) {
      const set = live.get(image);
      if (set === undefined) continue;
      for (const { directory, root, path } of generations) {
        signal?.throwIfAborted();
        const found = await verifyLaid(directory, set).catch((error: Error) => [
          { path: '', what: 'changed', detail: error.message },
        ]);
        for (const one of found.sort((a, b) => (a.path < b.path ? -1 : 1)))
          drifts.push({
            plugin: set.plugin,
            root,
            path: `${path}/rootimg${one.path}`,
            what: one.what,
            detail: one.detail,
          });
      }
    }
    return drifts;
  }

  #settle(
    at: Standing,
    { digest }: LiveSet,
    troubles: readonly LiveTrouble[],
    tell: (at: Standing, list: readonly LiveTrouble[]) => void,
  ): void {
    tell(at, troubles);
    this.#settled.set(keyOf(at), { digest, troubles });
  }

  /** What a generation needs; a text where its own notes can't be read, which hurts no other. */
  async #plan(
    at: Standing,
    set: LiveSet,
    force: ReadonlySet<string>,
  ): Promise<
    { readonly state: LiveState | undefined; readonly laying: Laying | undefined } | { readonly fault: string }
  > {
    try {
      return await planLaying(at.directory, set, force);
    } catch (error) {
      if (typeof (error as NodeJS.ErrnoException).code === 'string') throw new FailedAt(`${at.root}:${at.path}`, error);
      return { fault: error instanceof Error ? error.message : String(error) };
    }
  }
}

async function within(at: Standing, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw error instanceof FailedAt ? error : new FailedAt(`${at.root}:${at.path}`, error);
  }
}

/** Of paths of a root those in the tree of a generation, as the tree has them. */
function forced({ path }: Standing, repair: ReadonlySet<string>): Set<string> {
  const top = `${path}/rootimg/`;
  return new Set([...repair].filter((it) => it.startsWith(top)).map((it) => it.slice(top.length - 1)));
}

/** The image of a generation; undefined: the artifact is none. */
async function imageOf(directory: string): Promise<string | undefined> {
  const text = await readFile(join(directory, 'generation.json'), 'utf8').catch(() => undefined);
  if (text === undefined || look(join(directory, 'rootimg'))?.isDirectory() !== true) return undefined;
  try {
    return noteSchema.parse(JSON.parse(text)).image;
  } catch {
    return undefined;
  }
}

let serial = 0;

/** Contents written once, for all generations that get them: they share the inode, as they share those of their base. */
class Staging {
  readonly #parts: LiveParts;
  readonly #made = new Map<string, Promise<string>>();

  constructor(parts: LiveParts) {
    this.#parts = parts;
  }

  staged(root: Root, file: LiveFile & { readonly kind: 'file' }): Promise<string> {
    const key = `${root.name} ${file.digest}`;
    let made = this.#made.get(key);
    if (made === undefined) {
      made = this.#stage(root, file);
      this.#made.set(key, made);
    }
    return made;
  }

  async #stage(root: Root, { blob, mode, uid, gid }: LiveFile & { readonly kind: 'file' }): Promise<string> {
    const [bytes] = await this.#parts.readBlobs([blob]);
    if (bytes === undefined) throw new Error(`blob ${blob} was not given`);
    const path = join(root.tmp, `staged-${process.pid}-${serial++}`);
    const handle = await open(path, 'wx', 0o600);
    await handle.writeFile(bytes).finally(() => handle.close());
    // Owner first: a change of owner clears the set-user bit.
    if (this.#parts.asRoot) await chown(path, uid, gid);
    await chmod(path, mode & 0o7777);
    return path;
  }

  async clear(): Promise<void> {
    for (const made of this.#made.values()) {
      const path = await made.catch(() => undefined);
      if (path !== undefined) await rm(path, { force: true });
    }
  }
}
