/** What the link farm is made from: litefile entries, which of them are directories by their names, and the texts of the links. */
import { posix } from 'node:path';
import type { LiteKind } from '../../resolve/view.ts';

/** One litefile entry of an image, as resolve/view.ts has it, without its row. */
export interface LinkEntry {
  /** Absolute, without a trailing slash. */
  readonly path: string;
  /** Written with a slash. */
  readonly directory: boolean;
  readonly kind: LiteKind;
}

/** An entry as it is asked for together with the others. */
export interface Asked extends LinkEntry {
  /**
   * Whether a link at the end of its path is followed: a directory is what its link leads to, and a mount point can't be a
   * link. A live file (bind+ro of a file) is done as a link (RULES, Options), and a link takes the place of a link. Inside a
   * listed directory nothing is followed: what is there goes where the directory goes.
   */
  readonly follow: boolean;
}

/** The image's own content of every entry; what nodes start from. */
export const defaults = '/.default';
/** Covered by a fresh tmpfs on a node; what is below it in the image is for the server alone. */
export const statelite = '/.statelite';
export const tmpfs = `${statelite}/tmpfs`;

/** The entries in byte order of paths, each once; an entry that others lie inside is a directory, with or without a slash. */
export function readEntries(entries: readonly LinkEntry[]): Map<string, Asked> {
  const holders = new Set<string>();
  for (const { path } of entries) {
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1))
      holders.add(path.slice(0, end));
  }
  const listed = new Set(entries.map(({ path }) => path));
  const found = new Map<string, Asked>();
  for (const { path, directory, kind } of [...entries].sort((a, b) => comparePaths(a.path, b.path))) {
    const asked = { path, kind, directory: directory || holders.has(path) };
    const led = asked.directory || (kind.startsWith('bind') && kind !== 'bind+ro');
    found.set(path, { ...asked, follow: led && !above(path).some((parent) => listed.has(parent)) });
  }
  return found;
}

/** Order of whole path parts, so that a directory comes right before what is inside it. */
export function comparePaths(a: string, b: string): number {
  const end = Math.min(a.length, b.length);
  for (let i = 0; i < end; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x === y) continue;
    if (x === slash) return -1;
    return y === slash ? 1 : x - y;
  }
  return a.length - b.length;
}

const slash = 47;

/** Whether a path lies inside a directory. @example isInside('/var/lib/foo', '/var/lib') // true, but not inside '/lib' */
export function isInside(path: string, directory: string): boolean {
  return path.startsWith(`${directory}/`);
}

/** Every path above one, nearest first, without the root. @example above('/a/b/c') // ['/a/b', '/a'] */
export function above(path: string): string[] {
  const found: string[] = [];
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) found.push(path.slice(0, end));
  return found;
}

/** One `..` for each directory above a path, `.` at the top (facts 4.2 f). */
function climb(path: string): string {
  const depth = path.split('/').length - 2;
  return depth === 0 ? '.' : Array(depth).fill('..').join('/');
}

/** First level, at the real place of an entry. The depth is the place's, the name is the entry's: the node lays out names. */
export function firstLink(place: string, path: string): string {
  return climb(place) + tmpfs + path;
}

/** Second level, at `/.statelite/tmpfs/<path>`. An entry that is itself a link is led to where that link leads from its own
 *  place, inside the tree, for its text is true only there. `text`: the text of such a link. */
export function secondLink(path: string, place: string, text?: string): string {
  const target = text === undefined ? defaults + path : posix.resolve('/', posix.dirname(place), text);
  return `../../${climb(path)}${target}`;
}

/** The entry that a link at a place belongs to, where it is a first-level link. */
export function entryOfLink(place: string, text: string): string | undefined {
  const start = climb(place) + tmpfs;
  const path = text.startsWith(`${start}/`) ? text.slice(start.length) : undefined;
  return path !== undefined && isPlain(path) ? path : undefined;
}

/** Absolute, with no empty, `.` or `..` part: what may be joined to the root of a tree. */
export function isPlain(path: string): boolean {
  return path.startsWith('/') && !path.includes('\0') && !/(^|\/)\.{0,2}(\/|$)/.test(path.slice(1));
}
