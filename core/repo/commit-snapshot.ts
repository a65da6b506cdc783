/** A commit as a snapshot: its trees walked by us, object by object, without a working copy. */
import { type GitObject, NO_OBJECT, parseTree, type TreeEntry } from './object-format.ts';
import type { ObjectSource } from './objects.ts';
import type { FileEntry, GitMode, Snapshot } from './snapshot.ts';

/** A tree may name one subtree many times over, so that a few kilobytes unfold to billions of files. */
const MOST_FILES = 1_000_000;
const DEEPEST = 128;

/** What a folder with a given tree unfolds to; shared by all commits, so that an unchanged folder costs nothing again. */
export class FolderCache {
  readonly #lists = new Map<string, readonly FileEntry[]>();
  readonly #limit: number;
  #files = 0;

  /** `limit` bounds the references to files that are held, over all folders. */
  constructor(limit = 2_000_000) {
    this.#limit = limit;
  }

  get(folder: string, tree: string): readonly FileEntry[] | undefined {
    const key = `${tree}${folder}`;
    const list = this.#lists.get(key);
    if (list !== undefined) {
      this.#lists.delete(key);
      this.#lists.set(key, list);
    }
    return list;
  }

  put(folder: string, tree: string, list: readonly FileEntry[]): void {
    const key = `${tree}${folder}`;
    if (this.#lists.has(key) || list.length > this.#limit / 2) return;
    this.#lists.set(key, list);
    this.#files += list.length + 1;
    for (const [oldest, old] of this.#lists) {
      if (this.#files <= this.#limit) break;
      this.#lists.delete(oldest);
      this.#files -= old.length + 1;
    }
  }
}

/** Opens a commit (or a tag of one). Throws where it is not there. Cost: two objects; folders are read when listed. */
export async function openCommit(
  source: ObjectSource,
  commit: string,
  cache: FolderCache = new FolderCache(),
): Promise<Snapshot> {
  const { oid, tree } = await rootTree(source, commit);
  return {
    commit: oid,
    async list(folder) {
      const at = await findFolder(source, tree, folder);
      if (at === undefined) return { tree: undefined, entries: [] };
      return { tree: at, entries: await unfold(source, folder, at, cache) };
    },
    blobs: (oids) => readBlobs(source, oids),
  };
}

/** The snapshot of a repository without a commit yet. */
export const EMPTY_SNAPSHOT: Snapshot = {
  commit: undefined,
  list: async () => ({ tree: undefined, entries: [] }),
  async blobs(oids) {
    if (oids.length > 0) throw new Error(`object ${oids[0]} is not in the repository`);
    return [];
  },
};

async function readBlobs(source: ObjectSource, oids: readonly string[]): Promise<Buffer[]> {
  const objects = await source.read(oids);
  return objects.map((object, index) => expectType(object, 'blob', oids[index] ?? '').data);
}

function expectType(object: GitObject | undefined, type: GitObject['type'], oid: string): GitObject {
  if (object === undefined) throw new Error(`object ${oid} is not in the repository`);
  if (object.type !== type) throw new Error(`object ${oid} is a ${object.type}, expected a ${type}`);
  return object;
}

async function rootTree(source: ObjectSource, commit: string): Promise<{ oid: string; tree: string }> {
  let oid = commit;
  // A tag may point at a tag; nobody nests them deeper than this.
  for (let depth = 0; depth < 8; depth++) {
    const [object] = await source.read([oid]);
    if (object?.type !== 'tag') {
      const tree = /^tree ([0-9a-f]{40})\n/.exec(expectType(object, 'commit', oid).data.toString('latin1', 0, 64))?.[1];
      if (tree === undefined) throw new Error(`commit ${oid} is damaged: it names no tree`);
      return { oid, tree };
    }
    oid = /^object ([0-9a-f]{40})\n/.exec(object.data.toString('latin1', 0, 64))?.[1] ?? NO_OBJECT;
  }
  throw new Error(`${commit} is a tag of a tag of a tag: not a commit`);
}

async function findFolder(source: ObjectSource, root: string, folder: string): Promise<string | undefined> {
  let tree = root;
  if (folder === '') return tree;
  for (const part of folder.split('/')) {
    const [object] = await source.read([tree]);
    const entry = parseTree(expectType(object, 'tree', tree).data).find((each) => each.name === part);
    if (entry?.mode !== '040000') return undefined;
    tree = entry.oid;
  }
  return tree;
}

/**
 * Files of commits that no commit asked about before had at the same path, sorted by path. A folder that one of them had is not
 * looked into again: a long history costs its changes, not its commits times its files.
 */
export class NewFiles {
  readonly #source: ObjectSource;
  readonly #seen = new Set<string>();

  constructor(source: ObjectSource) {
    this.#source = source;
  }

  async of(commit: string): Promise<FileEntry[]> {
    const { tree } = await rootTree(this.#source, commit);
    const files: FileEntry[] = [];
    let folders = 0;
    let level = this.#isNew('', tree) ? [{ path: '', tree }] : [];
    for (let depth = 0; level.length > 0; depth++) {
      if (depth > DEEPEST) throw tooDeep('');
      folders += level.length;
      const objects = await this.#source.read(level.map((each) => each.tree));
      const next: typeof level = [];
      for (const [index, each] of level.entries()) {
        for (const { mode, name, oid } of parseTree(expectType(objects[index], 'tree', each.tree).data)) {
          const path = join(each.path, name);
          if (!this.#isNew(path, oid)) continue;
          if (mode === '040000') next.push({ path, tree: oid });
          else files.push({ path, mode, oid });
        }
        if (folders + next.length > MOST_FILES || files.length > MOST_FILES) throw tooMany('');
      }
      level = next;
    }
    return files.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  }

  #isNew(path: string, oid: string): boolean {
    const key = `${oid} ${path}`;
    if (this.#seen.has(key)) return false;
    this.#seen.add(key);
    return true;
  }
}

interface PendingFolder {
  readonly path: string;
  readonly tree: string;
  readonly entries: readonly TreeEntry[];
}

/** Reads the folder's trees level by level (one request a level), then joins the lists from the leaves up. */
async function unfold(
  source: ObjectSource,
  folder: string,
  tree: string,
  cache: FolderCache,
): Promise<readonly FileEntry[]> {
  const known = cache.get(folder, tree);
  if (known !== undefined) return known;
  const lists = new Map<string, readonly FileEntry[]>();
  const read: PendingFolder[] = [];
  let level = [{ path: folder, tree }];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEPEST) throw tooDeep(folder);
    if (read.length + level.length > MOST_FILES) throw tooMany(folder);
    const objects = await source.read(level.map((each) => each.tree));
    const next: { path: string; tree: string }[] = [];
    level.forEach((each, index) => {
      const entries = parseTree(expectType(objects[index], 'tree', each.tree).data);
      read.push({ ...each, entries });
      for (const entry of entries) {
        if (entry.mode !== '040000') continue;
        const path = join(each.path, entry.name);
        const list = cache.get(path, entry.oid);
        if (list === undefined) next.push({ path, tree: entry.oid });
        else lists.set(path, list);
      }
      if (next.length > MOST_FILES) throw tooMany(folder);
    });
    level = next;
  }
  for (const { path, tree: oid, entries } of read.reverse()) {
    const files: FileEntry[] = [];
    // Entries stand in the order of `name` for files and `name/` for folders: joined, paths are in byte order.
    for (const entry of entries) {
      const inner = join(path, entry.name);
      if (entry.mode === '040000') for (const file of lists.get(inner) ?? []) files.push(file);
      else files.push({ path: inner, mode: entry.mode as GitMode, oid: entry.oid });
      if (files.length > MOST_FILES) throw tooMany(folder);
    }
    cache.put(path, oid, files);
    lists.set(path, files);
  }
  return lists.get(folder) ?? [];
}

function join(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

function tooDeep(folder: string): Error {
  return new Error(`folders are nested more than ${DEEPEST} deep below '${folder}'`);
}

function tooMany(folder: string): Error {
  return new Error(`more than ${MOST_FILES} files below '${folder}': that is not a config repository`);
}
