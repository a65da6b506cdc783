/** Checks the paths of a commit: what could not be published, or would mean something else on a node than here. */
import {
  controlCharacter,
  gitPart,
  linkInTables,
  linkLeadsOut,
  nameTooLong,
  notUtf8,
  submodule,
  wrongCase,
} from '../diagnostic/catalogue/repo.ts';
import type { Diagnostic, Position } from '../diagnostic/diagnostic.ts';
import { NOT_UTF8 } from './object-format.ts';
import type { FileEntry, Snapshot } from './snapshot.ts';

/** Top folders whose content is read, and so must be files. */
const READ = ['tables', 'syncdirs', 'custom', 'images'];
const KNOWN = [...READ, 'attributes.csv'];

const LONGEST_NAME = 255;
const LONGEST_PATH = 3000;
/** As the kernel: more links than this on the way to a file is a loop. */
const MOST_LINKS = 40;

/** Checks all paths of a commit. Reads the targets of the links in `syncdirs`; cost follows the number of files. */
export async function checkPaths(snapshot: Snapshot): Promise<Diagnostic[]> {
  const { entries } = await snapshot.list('');
  const found: Diagnostic[] = [];
  const tops = new Set<string>();
  const links: FileEntry[] = [];
  for (const entry of entries) {
    const { path, mode } = entry;
    const slash = path.indexOf('/');
    const top = slash < 0 ? path : path.slice(0, slash);
    tops.add(top);
    found.push(...checkName(path));
    if (mode === '160000' && READ.includes(top)) found.push(submodule(place(path), { path: shown(path), folder: top }));
    if (mode === '120000' && top === 'tables') found.push(linkInTables(place(path), { path: shown(path) }));
    if (mode === '120000' && top === 'syncdirs') links.push(entry);
  }
  for (const top of tops) {
    const known = KNOWN.find((name) => name !== top && name === top.toLowerCase());
    if (known !== undefined) found.push(wrongCase(place(top), { folder: top, known }));
  }
  found.push(...(await checkLinks(snapshot, links)));
  return found;
}

function checkName(path: string): Diagnostic[] {
  const found: Diagnostic[] = [];
  if (path.includes(NOT_UTF8)) found.push(notUtf8(place(path), { shown: shown(path) }));
  if (hasControl(path)) found.push(controlCharacter(place(path), { shown: shown(path) }));
  if (/(^|\/)(\.git|\.litehouse|\.\.?|)(\/|$)/i.test(path)) found.push(gitPart(place(path), { shown: shown(path) }));
  // A character of UTF-16 has at most three bytes in UTF-8: short paths need no counting.
  if (path.length * 3 > LONGEST_NAME && isTooLong(path)) found.push(nameTooLong(place(path), { shown: shown(path) }));
  return found;
}

function isTooLong(path: string): boolean {
  return (
    Buffer.byteLength(path) > LONGEST_PATH || path.split('/').some((part) => Buffer.byteLength(part) > LONGEST_NAME)
  );
}

async function checkLinks(snapshot: Snapshot, links: readonly FileEntry[]): Promise<Diagnostic[]> {
  if (links.length === 0) return [];
  const contents = await snapshot.blobs(links.map((link) => link.oid));
  const targets = new Map<string, string>();
  links.forEach((link, index) => {
    targets.set(link.path, contents[index]?.toString('utf8') ?? '');
  });
  const found: Diagnostic[] = [];
  for (const [path, target] of targets)
    if (leadsOut(path, targets)) found.push(linkLeadsOut(place(path), { path: shown(path), target: shown(target) }));
  return found;
}

/**
 * Follows a link as a kernel would, through the other links of the commit: `a/b/..` is not `a` where `a/b` is itself a link.
 * A link may dangle or loop inside its top folder, that harms nobody; it may never leave it.
 */
function leadsOut(path: string, targets: ReadonlyMap<string, string>): boolean {
  const top = path.slice(0, path.indexOf('/'));
  let at = path.split('/').slice(0, -1);
  const todo = partsOf(targets.get(path) ?? '');
  if (todo === undefined) return true;
  let followed = 0;
  for (let part = todo.shift(); part !== undefined; part = todo.shift()) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      at = at.slice(0, -1);
      if (at.length === 0) return true;
      continue;
    }
    at = [...at, part];
    if (at[0] !== top) return true;
    const target = targets.get(at.join('/'));
    if (target === undefined) continue;
    if (++followed > MOST_LINKS) return false;
    const more = partsOf(target);
    if (more === undefined) return true;
    todo.unshift(...more);
    at = at.slice(0, -1);
  }
  return false;
}

/** The parts of a link's target; undefined for an absolute one. */
function partsOf(target: string): string[] | undefined {
  return target.startsWith('/') ? undefined : target.split('/');
}

function place(path: string): Position {
  return { file: hasControl(path) ? shown(path) : path, line: 0, column: 0 };
}

/** True for characters that a terminal or a line format acts on: C0, DEL, C1 and the two Unicode line ends. */
function hasControl(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || (code >= 0x7f && code < 0xa0) || code === 0x2028 || code === 0x2029) return true;
  }
  return false;
}

/** The text, safe to print: control characters as escapes, in quotes where there are any. */
function shown(text: string): string {
  const short = text.length > 300 ? `${text.slice(0, 300)}…` : text;
  if (!hasControl(short)) return short;
  const escaped = [...short].map((character) =>
    hasControl(character) ? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}` : character,
  );
  return `"${escaped.join('')}"`;
}
