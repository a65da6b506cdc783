/** The one narrow interface through which the engine touches the world; it checks roots and paths again at every call. */
import { constants, type Stats } from 'node:fs';
import * as fs from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CommandRunner } from '../plugin/plugin.ts';
import { holdInode } from './holds.ts';
import { locate, look, type Root } from './roots.ts';

/** Permission bits and owner that a path shall have. `chown` false: the owner can't be set (no root). */
export interface Attributes {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly chown: boolean;
}

/** Something that is not ours stands where a new path should be made, or a directory is not empty. */
export class Occupied extends Error {
  readonly code = 'EOCCUPIED';
  constructor(
    readonly path: string,
    readonly there: string,
  ) {
    super(`${path}: ${there}`);
  }
}

/**
 * `over` says that the path is ours: what stands there is replaced. Without it a path that exists is never overwritten,
 * not even one that appeared an instant ago (the kernel decides: link, symlink and mkdir fail where something is).
 */
export interface Effects {
  put(root: Root, path: string, bytes: Buffer, attributes: Attributes, over: boolean): Promise<void>;
  link(root: Root, path: string, to: string, over: boolean): Promise<void>;
  /** A further name for the file at `to`, a path of the same root. */
  hardlink(root: Root, path: string, to: string, over: boolean): Promise<void>;
  /** Makes a directory, or gives an existing one mode and owner: its inode stays. */
  directory(root: Root, path: string, attributes: Attributes, over: boolean): Promise<void>;
  /** Removes a path; a directory only when it is empty. False: a directory that is not empty. Nothing there: true. */
  remove(root: Root, path: string): Promise<boolean>;
  reload(command: readonly [string, ...string[]]): Promise<void>;
  /** Makes all that was done in a root so far, and to these paths earlier, survive a power cut. */
  settle(root: Root, also?: readonly string[]): Promise<void>;
}

const umaskless = 0o7777;
/** Up to so many changes each file is synced by itself; beyond, the whole filesystem in one call. */
const few = 64;

export function describe(found: Stats): string {
  if (found.isSymbolicLink()) return 'a symbolic link';
  if (found.isDirectory()) return 'a directory';
  return found.isFile() ? 'a file' : 'a special file';
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

/** Effects on the real disk. `run` is used for reloads and `sync -f`. */
export function diskEffects(run: CommandRunner): Effects {
  let serial = 0;
  const touched = new Map<Root, Set<string>>();
  const touch = (root: Root, path: string): void => {
    const paths = touched.get(root) ?? new Set();
    touched.set(root, paths);
    if (paths.size <= few) paths.add(path);
  };
  const temporary = (root: Root): string => join(root.tmp, `${process.pid}-${serial++}`);

  /** So that open NFS handles stay good. */
  const hold = async (root: Root, absolute: string): Promise<void> => {
    if (look(absolute)?.isFile()) await holdInode(root, absolute);
  };

  /** Gives a finished temporary its final name. */
  const place = async (root: Root, path: string, temp: string, over: boolean): Promise<void> => {
    const absolute = locate(root, path);
    if (over) {
      const found = look(absolute);
      if (found?.isDirectory()) {
        await fs.rmdir(absolute).catch((error) => {
          throw codeOf(error) === 'ENOTEMPTY' ? new Occupied(path, 'a directory that is not empty') : error;
        });
      } else if (found !== undefined) {
        await hold(root, absolute);
      }
      await fs.rename(temp, locate(root, path));
    } else {
      await fs.link(temp, absolute).catch((error) => {
        if (codeOf(error) !== 'EEXIST') throw error;
        const found = look(absolute);
        throw new Occupied(path, found === undefined ? 'something' : describe(found));
      });
      await fs.unlink(temp);
    }
    touch(root, path);
  };

  const withTemporary = async (root: Root, make: (temp: string) => Promise<void>): Promise<void> => {
    const temp = temporary(root);
    try {
      await make(temp);
    } catch (error) {
      await fs.rm(temp, { force: true }).catch(() => undefined);
      throw error;
    }
  };

  return {
    put: (root, path, bytes, attributes, over) =>
      withTemporary(root, async (temp) => {
        locate(root, path);
        const file = await fs.open(temp, 'wx', 0o600);
        try {
          await file.writeFile(bytes);
          // Owner first: a change of owner clears the set-user bit.
          if (attributes.chown) await file.chown(attributes.uid, attributes.gid);
          await file.chmod(attributes.mode & umaskless);
        } finally {
          await file.close();
        }
        await place(root, path, temp, over);
      }),

    link: (root, path, to, over) =>
      withTemporary(root, async (temp) => {
        await fs.symlink(to, temp);
        await place(root, path, temp, over);
      }),

    hardlink: (root, path, to, over) =>
      withTemporary(root, async (temp) => {
        const target = locate(root, to);
        const found = look(target);
        if (found === undefined || !found.isFile()) throw new Occupied(path, `its target ${to} is not a file`);
        const there = look(locate(root, path));
        // Renaming one name of an inode over another does nothing and leaves both: there is nothing to do then.
        if (over && there !== undefined && there.ino === found.ino && there.dev === found.dev) return;
        await fs.link(target, temp);
        await place(root, path, temp, over);
      }),

    async directory(root, path, attributes, over) {
      const absolute = locate(root, path);
      let found = look(absolute);
      if (found !== undefined && !over) throw new Occupied(path, describe(found));
      if (found !== undefined && !found.isDirectory()) {
        await hold(root, absolute);
        await fs.unlink(absolute);
        found = undefined;
      }
      if (found === undefined) {
        await fs.mkdir(absolute, { mode: 0o700 & attributes.mode }).catch((error) => {
          throw codeOf(error) === 'EEXIST' ? new Occupied(path, 'something that appeared just now') : error;
        });
      }
      const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
      const changesOwner =
        attributes.chown && (found === undefined || found.uid !== attributes.uid || found.gid !== attributes.gid);
      if (found !== undefined && !changesOwner && (found.mode & umaskless) === (attributes.mode & umaskless)) return;
      // By handle, which can't be led astray by a link; a directory that we may not open is changed by name.
      const handle = await fs.open(absolute, O_RDONLY | O_DIRECTORY | O_NOFOLLOW).catch((error) => {
        if (codeOf(error) !== 'EACCES') throw error;
        return undefined;
      });
      try {
        if (changesOwner) {
          // Never wider than either state while the owner changes.
          if (found !== undefined) await handle?.chmod(found.mode & attributes.mode & umaskless);
          await handle?.chown(attributes.uid, attributes.gid);
        }
        if (handle !== undefined) await handle.chmod(attributes.mode & umaskless);
        else await fs.chmod(locate(root, path), attributes.mode & umaskless);
      } finally {
        await handle?.close();
      }
      touch(root, path);
    },

    async remove(root, path) {
      const absolute = locate(root, path);
      const found = look(absolute);
      if (found === undefined) return true;
      try {
        if (found.isDirectory()) {
          await fs.rmdir(absolute);
        } else {
          await hold(root, absolute);
          await fs.unlink(absolute);
        }
      } catch (error) {
        if (codeOf(error) === 'ENOTEMPTY' || codeOf(error) === 'EEXIST') return false;
        if (codeOf(error) !== 'ENOENT') throw error;
      }
      touch(root, path);
      return true;
    },

    async reload(command) {
      const [program, ...args] = command;
      await run(program, args);
    },

    async settle(root, also = []) {
      for (const path of also) touch(root, path);
      const paths = touched.get(root) ?? new Set();
      touched.delete(root);
      if (paths.size === 0) return;
      if (paths.size <= few && (await syncEach(root, paths))) return;
      await run('sync', ['-f', root.dir]);
    },
  };
}

/** Syncs files and the directories that name them, each by itself; false where one can't be opened. */
async function syncEach(root: Root, paths: ReadonlySet<string>): Promise<boolean> {
  const all = new Set<string>();
  for (const path of paths) {
    all.add(join(root.dir, path));
    all.add(dirname(join(root.dir, path)));
  }
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  for (const path of all) {
    try {
      const handle = await fs.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
      await handle.sync().finally(() => handle.close());
    } catch (error) {
      const code = codeOf(error);
      // Gone (removed), or a symbolic link: its directory carries it.
      if (code !== 'ENOENT' && code !== 'ENOTDIR' && code !== 'ELOOP') return false;
    }
  }
  return true;
}
