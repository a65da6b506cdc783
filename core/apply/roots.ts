/** Roots: the declared directories of this host that the engine may write below, and the only way from a path to the disk. */
import { lstatSync, type Stats, statSync } from 'node:fs';
import { chmod, lstat, mkdir, readdir, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RootName } from '../plugin/output.ts';
import { Manifest } from './manifest.ts';

export interface RootSettings {
  readonly name: RootName;
  /** Physical directory; may itself be a link that the administrator made. */
  readonly dir: string;
  /** Order of writing: what others point at first (syncdirs, install 1; exports 2; tftp 3). */
  readonly rank: number;
  /** How long replaced and removed files keep their inode, for open NFS handles; 0: not at all. */
  readonly holdSeconds: number;
}

export interface Root {
  readonly name: RootName;
  readonly rank: number;
  readonly holdSeconds: number;
  /** Real path of the directory. */
  readonly dir: string;
  /** The engine's own corner, mode 0700, on the root's filesystem so that renames and hard links work. */
  readonly private: string;
  readonly tmp: string;
  readonly hold: string;
  readonly build: string;
  /** What is being removed: out of its place already, and never looked at again. */
  readonly trash: string;
  readonly manifest: Manifest;
  /** The directory as it was when opened: another one in its place (an unmounted disk) is not our root. */
  readonly identity: { readonly dev: number; readonly ino: number };
}

/** A path that must not be touched: it is malformed, or leads through something that is not a directory of the root. */
export class UnsafePath extends Error {
  readonly code = 'EUNSAFE';
  constructor(
    readonly root: RootName,
    readonly path: string,
    readonly reason: string,
  ) {
    super(`${root}:${path}: ${reason}`);
  }
}

/** What stands where the engine keeps its list of owned paths is somebody else's. */
export class ForeignCorner extends Error {
  readonly mend: string;
  constructor(path: string) {
    super(`${path} is not a directory of litehouse's own`);
    this.mend = `move it away: mv ${path} ${path}.foreign   (or give it back to the user that runs litehouse)`;
  }
}

/** Why a relative path is no good; undefined when it is fine. */
export function faultOfPath(path: string): string | undefined {
  if (path === '') return 'the path is empty';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused.
  if (/[\u0000-\u001f\u007f]/.test(path)) return 'the path has control characters';
  const parts = path.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..'))
    return "a part of the path is empty, '.' or '..'";
  if (parts[0] === '.litehouse') return "'.litehouse' is the engine's own";
  return undefined;
}

/** lstat that gives undefined where nothing is. */
export function look(absolute: string): Stats | undefined {
  try {
    return lstatSync(absolute, { throwIfNoEntry: false });
  } catch (error) {
    // A parent that is a file: nothing is there either.
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/**
 * The absolute path of a relative one, after checking that the root is still the directory that was opened and that every
 * parent that exists is a real directory. Synchronous on purpose: the shorter the time between check and use, the better.
 */
export function locate(root: Root, path: string): string {
  const fault = faultOfPath(path);
  if (fault !== undefined) throw new UnsafePath(root.name, path, fault);
  const now = statSync(root.dir, { throwIfNoEntry: false });
  if (now?.dev !== root.identity.dev || now.ino !== root.identity.ino) {
    throw new UnsafePath(root.name, path, `${root.dir} is not the directory that it was at the start`);
  }
  for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
    const parent = look(join(root.dir, path.slice(0, slash)));
    if (parent === undefined) break;
    if (!parent.isDirectory()) throw new UnsafePath(root.name, path, `${path.slice(0, slash)} is not a directory`);
  }
  return join(root.dir, path);
}

async function privateDirectory(path: string): Promise<string> {
  await mkdir(path, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  const found = await lstat(path);
  if (!found.isDirectory() || (process.geteuid?.() === 0 && found.uid !== 0)) {
    throw new ForeignCorner(path);
  }
  await chmod(path, 0o700);
  return path;
}

/** Opens a root: makes the directory where it is missing, and its private corner. Throws where it can't be used. */
export async function openRoot(settings: RootSettings): Promise<Root> {
  await mkdir(settings.dir, { recursive: true, mode: 0o755 });
  const dir = await realpath(settings.dir);
  const { dev, ino } = await lstat(dir);
  const own = await privateDirectory(join(dir, '.litehouse'));
  const [tmp, hold, build, trash] = await Promise.all(
    ['tmp', 'hold', 'build', 'trash'].map((name) => privateDirectory(join(own, name))),
  );
  if (tmp === undefined || hold === undefined || build === undefined || trash === undefined)
    throw new Error('unreachable');
  if ((await lstat(tmp)).dev !== dev) throw new Error(`${own} is on another filesystem than ${dir}`);
  const manifest = await Manifest.open(join(own, 'manifest'));
  const { name, rank, holdSeconds } = settings;
  return { name, rank, holdSeconds, dir, private: own, tmp, hold, build, trash, manifest, identity: { dev, ino } };
}

/** Removes what an interrupted apply left in the private corner; gives how many things that were. */
export async function sweep(root: Root): Promise<number> {
  let count = 0;
  for (const name of await readdir(root.tmp)) {
    await rm(join(root.tmp, name), { recursive: true, force: true });
    count += 1;
  }
  return count;
}
