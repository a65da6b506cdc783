/**
 * The one way in which the link farm touches a tree: renames, links and new directories below its root.
 * No call here writes, chmods or chowns an inode that was there: clones share their files with a base (DESIGN 6).
 */
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  type Stats,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { above, isInside } from './entry.ts';

/** Paths are root-relative with a leading slash; Buffers where a name need not be UTF-8. */
export type Name = string | Buffer;

/** A change that is about to be made; may throw, which is as if the machine stopped there (tests do). */
export type Step = (change: string, path: string) => void;

export interface TreeOptions {
  readonly step?: Step;
  /** Whether `replace` waits until the text is on the disk (default true). */
  readonly durable?: boolean;
}

/** What the link farm cannot work on; the tree is left as far as it was, and the next run goes on from there. */
export class LinkFarmError extends Error {
  override readonly name = 'LinkFarmError';
}

/** Mode and owner of a directory that is made like another one. */
export interface Like {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export interface Tree {
  readonly root: string;
  /** lstat; undefined where there is nothing. */
  look(path: Name): Stats | undefined;
  /** Whether it is a directory, and no link; where it is, it is looked at once. */
  isDirectory(path: string): boolean;
  /** Text of a symbolic link; undefined where there is none. */
  text(path: string): string | undefined;
  /** The physical path of a name, for reading. */
  at(path: Name): Name;
  move(from: Name, to: Name): void;
  hardLink(from: Name, to: Name): void;
  symlink(text: string, path: string): void;
  unlink(path: Name): void;
  /** A new directory; like another one, else 0755. */
  mkdir(path: Name, like?: Like): void;
  /** Times of a directory that we made. */
  times(path: Name, like: Stats): void;
  /** False where it is not empty; true where it is gone. */
  rmdir(path: Name): boolean;
  /** A new empty file, 0644. */
  blank(path: string): void;
  /** A new file beside, renamed into place. */
  replace(path: string, text: string): void;
  /** Lets others run now and then: a large tree must not stop answers to nodes. */
  breathe(): Promise<void>;
}

export function openTree(root: string, { step = () => {}, durable = true }: TreeOptions = {}): Tree {
  // Directories known to be real ones: a link among the parents of a change would lead it out of the tree.
  const real = new Set<string>();
  let calls = 0;
  const top = Buffer.from(root);
  const at = (path: Name): Name => (typeof path === 'string' ? root + path : Buffer.concat([top, path]));
  const look = (path: Name): Stats | undefined => {
    calls++;
    try {
      return lstatSync(at(path), { throwIfNoEntry: false });
    } catch (error) {
      if (codeOf(error) === 'ENOTDIR') return undefined;
      throw error;
    }
  };
  const guard = (change: string, ...paths: Name[]) => {
    step(change, String(paths.at(-1)));
    calls++;
    for (const path of paths) {
      // Names that need not be UTF-8 lie inside a directory that was checked when its copy began.
      if (typeof path !== 'string') continue;
      for (const parent of above(path).reverse()) {
        if (real.has(parent)) continue;
        const stat = look(parent);
        if (stat !== undefined && !stat.isDirectory())
          throw new LinkFarmError(`${root}${parent} is no directory of the image itself: nothing is done through it`);
        if (stat !== undefined) real.add(parent);
      }
    }
  };
  const forget = (...paths: Name[]) => {
    for (const path of paths.map(String))
      for (const known of real) if (known === path || isInside(known, path)) real.delete(known);
  };
  return {
    root,
    look,
    at,
    isDirectory(path) {
      if (real.has(path)) return true;
      const found = look(path)?.isDirectory() === true;
      if (found) real.add(path);
      return found;
    },
    text(path) {
      calls++;
      try {
        return readlinkSync(root + path);
      } catch (error) {
        if (['ENOENT', 'EINVAL', 'ENOTDIR'].includes(codeOf(error) ?? '')) return undefined;
        throw error;
      }
    },
    move(from, to) {
      guard('rename', from, to);
      forget(from, to);
      renameSync(at(from), at(to));
    },
    hardLink(from, to) {
      guard('link', from, to);
      linkSync(at(from), at(to));
    },
    symlink(text, path) {
      guard('symlink', path);
      symlinkSync(text, root + path);
    },
    unlink(path) {
      guard('unlink', path);
      unlinkSync(at(path));
    },
    mkdir(path, like) {
      guard('mkdir', path);
      mkdirSync(at(path), 0o700);
      if (like !== undefined) {
        try {
          chownSync(at(path), like.uid, like.gid);
        } catch (error) {
          // Without root everything belongs to us, as everything that we make does.
          if (codeOf(error) !== 'EPERM' || process.getuid?.() === 0) throw error;
        }
      }
      chmodSync(at(path), like === undefined ? 0o755 : like.mode & 0o7777);
    },
    times(path, like) {
      utimesSync(at(path), like.atime, like.mtime);
    },
    rmdir(path) {
      guard('rmdir', path);
      forget(path);
      try {
        rmdirSync(at(path));
      } catch (error) {
        if (codeOf(error) === 'ENOTEMPTY' || codeOf(error) === 'ENOTDIR' || codeOf(error) === 'EEXIST') return false;
        if (codeOf(error) !== 'ENOENT') throw error;
      }
      return true;
    },
    blank(path) {
      guard('create', path);
      writeFileSync(root + path, '', { flag: 'wx', mode: 0o600 });
      chmodSync(root + path, 0o644);
    },
    replace(path, text) {
      guard('save', path);
      writeFileSync(`${root}${path}.new`, text, { flag: 'wx', mode: 0o644, flush: durable });
      step('rename', path);
      renameSync(`${root}${path}.new`, root + path);
    },
    async breathe() {
      if (calls < 500) return;
      calls = 0;
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
