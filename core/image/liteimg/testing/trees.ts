/** Small trees for tests: made from manifests, cloned as `cp -al` clones, and read back whole. */
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { stateFile } from '../state.ts';

/** One path of a tree, in the form of the cases' manifests; `same`: a second name of another path's file. */
export interface Piece {
  readonly path: string;
  readonly type: 'file' | 'dir' | 'symlink';
  readonly mode?: string;
  readonly content?: string;
  readonly target?: string;
  readonly same?: string;
}

const scratch: string[] = [];

export function scratchTree(): string {
  const dir = mkdtempSync(join(tmpdir(), 'litehouse-liteimg-'));
  scratch.push(dir);
  return dir;
}

export function removeScratch(): void {
  for (const dir of scratch.splice(0)) rmSync(dir, { recursive: true, force: true });
}

/** Pieces from short words: `dir/`, `file=content`, `link>text`, each perhaps with ` 0750`. */
export function pieces(...words: readonly string[]): Piece[] {
  return words.map((word) => {
    const [, path = '', kind = '', rest = '', mode] = /^([^=>]*?)(\/$|\/(?= )|=|>)([^ ]*)(?: (\d+))?$/.exec(word) ?? [];
    if (path === '') throw new Error(word);
    if (kind === '/') return { path, type: 'dir', mode: mode ?? '0755' };
    if (kind === '>') return { path, type: 'symlink', target: rest };
    return { path, type: 'file', mode: mode ?? '0644', content: rest };
  });
}

export function makeTree(all: readonly Piece[], root = scratchTree()): string {
  chmodSync(root, 0o755);
  for (const piece of all) {
    const path = root + piece.path;
    mkdirSync(dirname(path), { recursive: true });
    if (piece.type === 'symlink') symlinkSync(piece.target ?? '', path);
    else if (piece.same !== undefined) linkSync(root + piece.same, path);
    else {
      if (piece.type === 'dir') mkdirSync(path, { recursive: true });
      else writeFileSync(path, piece.content ?? '');
      chmodSync(path, Number.parseInt(piece.mode ?? '0755', 8));
    }
  }
  for (const { type, same, path } of all) if (type === 'file' && same === undefined) utimesSync(root + path, 1e9, 1e9);
  return root;
}

/** What `cp -al` does: directories of its own, every other inode shared. */
export function cloneTree(from: string, to = scratchTree()): string {
  for (const name of readdirSync(from)) {
    const [source, target] = [join(from, name), join(to, name)];
    const stat = lstatSync(source);
    if (stat.isDirectory()) {
      mkdirSync(target);
      cloneTree(source, target);
    } else linkSync(source, target);
  }
  const stat = lstatSync(from);
  chownSync(to, stat.uid, stat.gid);
  chmodSync(to, stat.mode & 0o7777);
  utimesSync(to, stat.atime, stat.mtime);
  return to;
}

/**
 * Everything that a tree holds, a line a path: type, mode, owner, content or link text, time of files, and of files with
 * several names in the tree the first of them. Not the saved state, whose paths another test compares.
 */
export function readTree(root: string): Map<string, string> {
  const found = new Map<string, string>();
  const inodes = new Map<number, string>();
  const walk = (path: string) => {
    for (const name of readdirSync(root + path).sort()) {
      const below = `${path}/${name}`;
      if (below === stateFile) continue;
      const stat = lstatSync(root + below);
      const owner = `${(stat.mode & 0o7777).toString(8).padStart(4, '0')} ${stat.uid}:${stat.gid}`;
      if (stat.isDirectory()) {
        found.set(below, `directory ${owner}`);
        walk(below);
        continue;
      }
      const first = inodes.get(stat.ino);
      inodes.set(stat.ino, first ?? below);
      const same = first === undefined ? '' : ` = ${first}`;
      if (stat.isSymbolicLink()) found.set(below, `link ${readlinkSync(root + below)}${same}`);
      // An empty file may be one that was made: its time is of the run.
      else {
        const time = stat.size === 0 ? '' : ` ${stat.mtimeMs}`;
        found.set(below, `file ${owner}${time} ${JSON.stringify(readFileSync(root + below, 'utf8'))}${same}`);
      }
    }
  };
  walk('');
  return found;
}

/** Follows a path as a process on a node would whose root is the tree; undefined where it leads nowhere. */
export function contentAt(root: string, path: string): string | undefined {
  let [done, rest] = ['', path.split('/').filter(Boolean)];
  for (let links = 0; links < 60; ) {
    const part = rest.shift();
    if (part === undefined) {
      const stat = lstatSync(root + done, { throwIfNoEntry: false });
      if (stat === undefined) return undefined;
      return stat.isDirectory()
        ? readdirSync(root + done)
            .sort()
            .join(' ')
        : readFileSync(root + done, 'utf8');
    }
    if (part === '.') continue;
    if (part === '..') {
      done = done.slice(0, Math.max(0, done.lastIndexOf('/')));
      continue;
    }
    const stat = lstatSync(`${root}${done}/${part}`, { throwIfNoEntry: false });
    if (!stat?.isSymbolicLink()) {
      done = `${done}/${part}`;
      continue;
    }
    links++;
    const text = readlinkSync(`${root}${done}/${part}`);
    if (text.startsWith('/')) done = '';
    rest = [...text.split('/').filter(Boolean), ...rest];
  }
  return undefined;
}
