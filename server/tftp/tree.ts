/** Opens what a client names in the tree that is served, and nothing else: for TFTP and HTTP alike. */
import { close, constants, fstat, lstat, open, readlink, realpath, type Stats } from 'node:fs';
import { sep } from 'node:path';
import { promisify } from 'node:util';

const realpathOf = promisify(realpath.native);
const lstatOf = promisify(lstat);
const openFile = promisify(open);
const fstatOf = promisify(fstat);
const closeFile = promisify(close);
const readlinkOf = promisify(readlink);

export interface OpenedFile {
  readonly kind: 'file';
  /** The caller closes it. */
  readonly fd: number;
  readonly stats: Stats;
}

export interface RefusedFile {
  readonly kind: 'absent' | 'refused' | 'failed';
  /** For the client and for the log, without the name. */
  readonly why: string;
}

/** Where the engine keeps what it knows of the root. */
const engineCorner = '.litehouse';
/** What the root is called in tables and boot files. A name that begins so is meant from the root of the disk. */
const logicalName = 'tftpboot';

/**
 * The path below the root that a client means, without its first slash, or why there is none.
 *
 * Loaders write leading slashes, doubled ones and backslashes; letters count as they are. `/tftpboot/x` means `x`, for loaders that
 * were told a name from the root of the disk.
 */
export function pathAsked(name: string): { readonly path: string } | RefusedFile {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused.
  if (/[\u0000-\u001f\u007f]/.test(name)) return refused('the name has control characters');
  const slashed = name.replaceAll('\\', '/');
  const parts = slashed.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) return refused("a name with '..' is not served");
  if (slashed.startsWith('/') && parts[0] === logicalName) parts.shift();
  if (parts[0] === engineCorner) return refused("this is litehouse's own");
  if (parts.length === 0) return refused('this is a directory');
  return { path: parts.join('/') };
}

/**
 * Opens a file below `root` for reading. Links are followed as far as they stay inside. What is no file (a directory, a device, a
 * pipe), and what not everybody may read, is refused: whoever asks has no name.
 */
export async function openInTree(root: string, name: string): Promise<OpenedFile | RefusedFile> {
  const asked = pathAsked(name);
  if ('kind' in asked) return asked;
  try {
    const [base, real] = await Promise.all([realpathOf(root), realpathOf(`${root}/${asked.path}`)]);
    if (!served(base, real)) return refused('a link leads out of what is served');
    // Before it is opened: opening a device may already do something.
    const fault = faultOf(await lstatOf(real));
    if (fault !== undefined) return refused(fault);
    return await openReal(base, real);
  } catch (error) {
    return failureOf(error as NodeJS.ErrnoException);
  }
}

async function openReal(base: string, real: string): Promise<OpenedFile | RefusedFile> {
  const fd = await openFile(
    real,
    constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW | constants.O_NOCTTY,
  );
  try {
    const stats = await fstatOf(fd);
    // A parent may have become a link since it was looked at; the system knows what was really opened.
    const opened = await readlinkOf(`/proc/self/fd/${fd}`).catch(() => real);
    const fault = served(base, opened) ? faultOf(stats) : 'a link leads out of what is served';
    if (fault === undefined) return { kind: 'file', fd, stats };
    await closeFile(fd);
    return refused(fault);
  } catch (error) {
    await closeFile(fd);
    throw error;
  }
}

function served(base: string, real: string): boolean {
  const below = base.endsWith(sep) ? base : base + sep;
  if (!real.startsWith(below)) return false;
  const corner = below + engineCorner;
  return real !== corner && !real.startsWith(corner + sep);
}

function faultOf(stats: Stats): string | undefined {
  if (stats.isDirectory()) return 'this is a directory';
  if (!stats.isFile()) return 'this is no ordinary file';
  return (stats.mode & 0o004) === 0 ? 'not everybody may read this file' : undefined;
}

function refused(why: string): RefusedFile {
  return { kind: 'refused', why };
}

function failureOf({ code, message }: NodeJS.ErrnoException): RefusedFile {
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
    case 'ENAMETOOLONG':
      return { kind: 'absent', why: 'no such file' };
    case 'ELOOP':
      return refused('a link that leads nowhere');
    case 'EACCES':
    case 'EPERM':
      return refused('the server may not read this file');
    default:
      return { kind: 'failed', why: message };
  }
}
