/** git's object format as far as we need it: ids of objects, and tree objects read and written. */
import { createHash } from 'node:crypto';
import type { FileEntry, GitMode } from './snapshot.ts';

export type ObjectType = 'blob' | 'tree' | 'commit' | 'tag';

export interface GitObject {
  readonly type: ObjectType;
  readonly data: Buffer;
}

/** The id of "no object" in ref updates: a ref that is created or deleted. */
export const NO_OBJECT = '0'.repeat(40);

/** The tree without entries; git knows it in every repository. */
export const EMPTY_TREE = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';

/** True for a full SHA-1 object id in lower case. */
export function isObjectId(text: string): boolean {
  return /^[0-9a-f]{40}$/.test(text);
}

/** The SHA-1 id that git gives to an object. */
export function objectId(type: ObjectType, data: Buffer): string {
  return createHash('sha1').update(`${type} ${data.length}\0`).update(data).digest('hex');
}

export interface TreeEntry {
  readonly name: string;
  readonly mode: GitMode | '040000';
  readonly oid: string;
}

/** Stands in for bytes that are not UTF-8; `checkPaths` refuses names that hold it. */
export const NOT_UTF8 = '\uFFFD';

/**
 * Reads a tree object. Old tools wrote modes such as 100664; they count as the nearest mode that git writes today.
 * Throws where the bytes are not a tree.
 */
export function parseTree(data: Buffer): TreeEntry[] {
  const entries: TreeEntry[] = [];
  let at = 0;
  while (at < data.length) {
    const blank = data.indexOf(0x20, at);
    const end = blank < 0 ? -1 : data.indexOf(0, blank);
    if (end < 0 || end + 21 > data.length) throw new Error('damaged tree object: an entry is cut off');
    entries.push({
      mode: treeMode(data.toString('latin1', at, blank)),
      name: data.toString('utf8', blank + 1, end),
      oid: data.toString('hex', end + 1, end + 21),
    });
    at = end + 21;
  }
  return entries;
}

function treeMode(text: string): TreeEntry['mode'] {
  const mode = Number.parseInt(text, 8);
  switch (mode & 0o170000) {
    case 0o040000:
      return '040000';
    case 0o120000:
      return '120000';
    case 0o160000:
      return '160000';
    case 0o100000:
      return (mode & 0o100) === 0 ? '100644' : '100755';
    default:
      throw new Error(`damaged tree object: mode '${text}'`);
  }
}

/** Writes a tree object; entries in any order. */
export function formatTree(entries: readonly TreeEntry[]): Buffer {
  const rows = entries.map((entry) => ({
    entry,
    key: Buffer.from(entry.mode === '040000' ? `${entry.name}/` : entry.name),
  }));
  rows.sort((a, b) => Buffer.compare(a.key, b.key));
  const parts: Buffer[] = [];
  for (const { entry } of rows) {
    const mode = entry.mode === '040000' ? '40000' : entry.mode;
    parts.push(Buffer.from(`${mode} ${entry.name}\0`), Buffer.from(entry.oid, 'hex'));
  }
  return Buffer.concat(parts);
}

/** A tree that entries make up, and where it lies. */
export interface ComposedTree {
  readonly folder: string;
  readonly oid: string;
  readonly entries: readonly TreeEntry[];
}

/** All trees that files make up, deepest first, the root (folder '') last. Files may come in any order. */
export function composeTrees(files: readonly FileEntry[]): ComposedTree[] {
  interface Folder {
    readonly path: string;
    readonly files: TreeEntry[];
    readonly folders: Map<string, Folder>;
  }
  const root: Folder = { path: '', files: [], folders: new Map() };
  for (const file of files) {
    const parts = file.path.split('/');
    const name = parts.pop() ?? '';
    let folder = root;
    for (const part of parts) {
      let next = folder.folders.get(part);
      if (next === undefined) {
        next = { path: folder.path === '' ? part : `${folder.path}/${part}`, files: [], folders: new Map() };
        folder.folders.set(part, next);
      }
      folder = next;
    }
    folder.files.push({ name, mode: file.mode, oid: file.oid });
  }
  const trees: ComposedTree[] = [];
  const compose = (folder: Folder): string => {
    const entries = [...folder.files];
    for (const [name, inner] of folder.folders) entries.push({ name, mode: '040000', oid: compose(inner) });
    const oid = objectId('tree', formatTree(entries));
    trees.push({ folder: folder.path, oid, entries });
    return oid;
  };
  compose(root);
  return trees;
}
