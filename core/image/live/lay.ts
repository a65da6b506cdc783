/**
 * Lays the live files of a commit over one generation, by difference from what is laid there.
 *
 * Three steps, so that many generations share one sync of the disk: `intend` says durably what will be touched and what each place
 * hides; `lay` changes it; `finish`, after the sync, says that it is so. Killed anywhere, the next run looks at every place that was
 * intended and ends where this one would have.
 */
import { readlink } from 'node:fs/promises';
import type { LiveFile, LiveSet } from '../../plan/live.ts';
import { defaults, secondLink, tmpfs } from '../liteimg/entry.ts';
import { loadState } from '../liteimg/state.ts';
import { openTree } from '../liteimg/tree.ts';
import { Disturbed, LiveDisk, type LiveTools } from './disk.ts';
import { type Ground, groundOf, type LivePlace, placeSet, targetsOf } from './place.ts';
import {
  dropLive,
  hiddenFile,
  type Laid,
  type LiveState,
  type LiveTrouble,
  loadLive,
  look,
  saveLive,
} from './state.ts';

export interface Laying {
  /** Paths that come, change or go, as a node sees them. */
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
  /** Files and links that are laid when it is done. */
  readonly files: number;
  /** What could not be laid: complete after `lay`. */
  readonly troubles: readonly LiveTrouble[];
  intend(commit: string): Promise<void>;
  lay(tools: LiveTools): Promise<void>;
  finish(): Promise<void>;
}

interface Cover {
  readonly one: LivePlace;
  /** What it takes the place of, where that is ours too. */
  readonly before: Laid | undefined;
}

/**
 * Compares a set with what is laid over the generation in `directory`; changes nothing. `force`: places (paths in the tree) to be
 * laid again whatever was noted. Undefined: all is as it should be, and `state` says what there is.
 */
export async function planLaying(
  directory: string,
  set: LiveSet,
  force: ReadonlySet<string> = new Set(),
): Promise<{ readonly state: LiveState | undefined; readonly laying: Laying | undefined }> {
  const state = await loadLive(directory);
  const sure = state?.unsure.length === 0 && force.size === 0;
  if (state === undefined ? set.files.length === 0 : sure && state.digest === set.digest) {
    return { state, laying: undefined };
  }
  const links = loadState(openTree(`${directory}/rootimg`))?.records ?? [];
  const ground = groundOf(directory, links, state?.laid ?? [], state?.unsure ?? []);
  const { placed, troubles } = await placeSet(ground, set.files);
  return { state, laying: new OneLaying(ground, set, state, placed, troubles, force) };
}

class OneLaying implements Laying {
  readonly added: string[] = [];
  readonly changed: string[] = [];
  readonly removed: string[] = [];
  readonly files: number;
  readonly troubles: LiveTrouble[];
  readonly #ground: Ground;
  readonly #set: LiveSet;
  readonly #state: LiveState | undefined;
  readonly #kept: Laid[] = [];
  readonly #gone: Laid[] = [];
  readonly #covers: Cover[] = [];
  /** Places that went wrong: they stay in doubt, and are tried again. */
  readonly #failed = new Set<string>();
  readonly #sure: ReadonlySet<string>;
  #commit = '';

  constructor(
    ground: Ground,
    set: LiveSet,
    state: LiveState | undefined,
    placed: readonly LivePlace[],
    troubles: readonly LiveTrouble[],
    force: ReadonlySet<string>,
  ) {
    this.#ground = ground;
    this.#set = set;
    this.#state = state;
    this.troubles = [...troubles];
    this.files = placed.filter(({ file }) => file.kind !== 'directory').length;
    this.#sure = new Set(state?.laid.map(({ place }) => place));
    const unsure = new Set(state?.unsure.map(({ place }) => place));
    const wanted = new Map(placed.map((one) => [one.place, one]));
    for (const one of placed) {
      const before = ground.laid.get(one.place);
      const forced = targetsOf(ground, one.place).some((target) => force.has(target));
      const same = before?.digest === one.file.digest && before.kind === one.file.kind && before.path === one.file.path;
      if (same && !unsure.has(one.place) && !forced && before.hides === one.hides) {
        this.#kept.push(before);
        continue;
      }
      this.#covers.push({ one, before });
      const [was, is] = [isLeaf(before), isLeaf(one.file)];
      if (was && is) this.changed.push(one.file.path);
      else if (is) this.added.push(one.file.path);
      else if (was) this.removed.push(one.file.path);
    }
    for (const before of ground.laid.values()) {
      if (wanted.has(before.place)) continue;
      this.#gone.push(before);
      if (before.kind !== 'directory') this.removed.push(before.path);
    }
    this.#gone.sort((a, b) => (a.place < b.place ? 1 : -1));
  }

  async intend(commit: string): Promise<void> {
    const changes = this.#gone.length + this.#covers.length > 0;
    this.#commit = changes ? commit : (this.#state?.commit ?? commit);
    if (!changes) return;
    const unsure = [...this.#gone, ...this.#covers.map(({ one }) => laidOf(one))];
    await this.#save('', this.#kept, unsure, true);
  }

  async lay(tools: LiveTools): Promise<void> {
    const disk = new LiveDisk(this.#ground.directory, tools);
    const touched = new Set<string>();
    const each = async (one: Pick<Laid, 'path' | 'place'>, change: () => Promise<void>): Promise<void> => {
      touched.add(one.place);
      try {
        await change();
      } catch (error) {
        if (!isDisturbed(error)) throw error;
        this.#failed.add(one.place);
        this.troubles.push({ path: one.path, why: `the tree was changed by hand: ${(error as Error).message}` });
      }
    };
    for (const one of this.#gone) await each(one, () => this.#uncover(disk, one));
    const order = { directory: 0, file: 1, link: 2 } as const;
    const covers = [...this.#covers].sort((a, b) => order[a.one.file.kind] - order[b.one.file.kind]);
    // What becomes a directory loses its file first, what becomes a file its directory: that is gone already, deepest first.
    for (const { one } of covers) await each(laidOf(one), () => this.#cover(disk, one));
    for (const place of touched) await this.#second(disk, place);
  }

  async #cover(disk: LiveDisk, { file, place, hides }: LivePlace): Promise<void> {
    const targets = targetsOf(this.#ground, place);
    const [first = place] = targets;
    // Only while it is the image's own that stands there: a live file by that name was laid after the image's was kept.
    if (hides === 'kept' && !this.#isSure(place)) await disk.keep(first, hiddenFile(this.#ground.directory, place));
    if (file.kind === 'directory') await disk.directory(targets, file);
    else await disk.put(targets, file);
  }

  /** Whether it was known to be laid before this run. */
  #isSure(place: string): boolean {
    return this.#sure.has(place);
  }

  async #uncover(disk: LiveDisk, { path, place, hides }: Laid): Promise<void> {
    const targets = targetsOf(this.#ground, place);
    const hidden = hiddenFile(this.#ground.directory, place);
    if (hides === 'kept' && this.#isSure(place) && (await look(hidden)) === undefined) {
      this.troubles.push({ path, why: 'what the image had there was removed by hand, and cannot come back' });
      await disk.remove(targets);
    } else if (hides === 'kept') await disk.bringBack(targets, hidden);
    else if (hides === 'directory') await disk.directory(targets, { mode: 0o755, uid: 0, gid: 0 });
    else await disk.remove(targets);
  }

  /** The second level leads to where the content of an entry leads, and a live file may be a link, or take the place of one. */
  async #second(disk: LiveDisk, place: string): Promise<void> {
    const record = this.#ground.links.get(place);
    if (record?.role !== 'link') return;
    const { root } = this.#ground;
    const [home, second] = [`${root}${defaults}${record.path}`, `${tmpfs}${record.path}`];
    const text = (await look(home))?.isSymbolicLink() ? await readlink(home) : undefined;
    const wanted = secondLink(record.path, record.place, text);
    if ((await readlink(root + second).catch(() => undefined)) !== wanted) await disk.relink(second, wanted);
  }

  async finish(): Promise<void> {
    const { directory } = this.#ground;
    const covered = this.#covers.map(({ one }) => laidOf(one));
    const unsure = [...this.#gone, ...covered].filter(({ place }) => this.#failed.has(place));
    const laid = [...this.#kept, ...covered.filter(({ place }) => !this.#failed.has(place))];
    if (laid.length + unsure.length + this.troubles.length === 0) await dropLive(directory);
    else await this.#save(unsure.length === 0 ? this.#set.digest : '', laid, unsure, false);
  }

  #save(digest: string, laid: readonly Laid[], unsure: readonly Laid[], durable: boolean): Promise<void> {
    const sorted = (list: readonly Laid[]) => [...list].sort((a, b) => (a.place < b.place ? -1 : 1));
    const { troubles } = this;
    return saveLive(
      this.#ground.directory,
      { version: 1, digest, commit: this.#commit, laid: sorted(laid), unsure: sorted(unsure), troubles },
      durable,
    );
  }
}

const isLeaf = (one: Pick<Laid, 'kind'> | undefined): boolean => one !== undefined && one.kind !== 'directory';

function laidOf({ file, place, hides }: LivePlace): Laid {
  const { path, kind, digest } = file as LiveFile;
  return { path, place, kind, digest, hides };
}

/** What only somebody else can have done to a tree that nobody else writes: it costs its own path. */
function isDisturbed(error: unknown): boolean {
  const codes = ['ENOENT', 'ENOTDIR', 'EISDIR', 'EEXIST', 'ENOTEMPTY'];
  return error instanceof Disturbed || codes.includes((error as NodeJS.ErrnoException).code ?? '');
}
