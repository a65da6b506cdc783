/** Reads what the link farm of a tree is, as it stands there: both texts of links, and what the image has of each entry. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { LiteKind } from '../../resolve/view.ts';
import { defaults, tmpfs } from './entry.ts';
import { type LinkRecord, loadState } from './state.ts';
import { openTree, type Tree } from './tree.ts';

export interface ImageLink {
  readonly path: string;
  readonly kind: LiteKind;
  readonly role: LinkRecord['role'];
  /** Real path in the image, where it is another one. */
  readonly place: string | undefined;
  /** Of `inside`: the outermost entry around it. */
  readonly top: string | undefined;
  /** Text of the link at the place; of `link` only. `second`: of the one below /.statelite/tmpfs. Undefined: it is not there. */
  readonly first: string | undefined;
  readonly second: string | undefined;
  /** What nodes start from. `empty`: it was missing in the image, and an empty one was made. `nothing`: somebody removed it. */
  readonly holds: 'file' | 'directory' | 'symlink' | 'empty file' | 'empty directory' | 'nothing';
  /** Of a symlink: its text. */
  readonly leads: string | undefined;
}

/** The links of a tree, a directory before what is inside it; undefined where nothing was ever linked. Writes nothing. */
export function readLinks(root: string): ImageLink[] | undefined {
  if (statSync(root, { throwIfNoEntry: false })?.isDirectory() !== true) return undefined;
  const tree = openTree(resolve(root));
  return loadState(tree)?.records.map((record) => readLink(tree, record));
}

function readLink(tree: Tree, record: LinkRecord): ImageLink {
  const { path, kind, role, place, top, home } = record;
  const linked = role === 'link';
  const content = role === 'inside' ? home : defaults + path;
  return {
    ...{ path, kind, role, top },
    place: place === path ? undefined : place,
    first: linked ? tree.text(place) : undefined,
    second: linked ? tree.text(tmpfs + path) : undefined,
    holds: holdsOf(tree, content, record.existed),
    leads: tree.text(content),
  };
}

function holdsOf(tree: Tree, path: string, existed: boolean): ImageLink['holds'] {
  const stat = tree.look(path);
  if (stat === undefined) return 'nothing';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isDirectory()) return existed ? 'directory' : 'empty directory';
  return existed || stat.size > 0 ? 'file' : 'empty file';
}

const slash = ({ holds }: ImageLink): string => (holds.endsWith('directory') ? '/' : '');

/** The links as lines for people: path and option, then both levels and what /.default holds. */
export function linkLines(links: readonly ImageLink[]): string[] {
  const width = Math.max(0, ...links.map(({ kind }) => kind.length));
  return links.map((link) => {
    const at = link.place === undefined ? '' : ` at ${link.place}`;
    const path = `${link.kind.padEnd(width)}  ${link.path}${slash(link)}${at}`;
    return `${path}  ${chain(link)}`;
  });
}

function chain(link: ImageLink): string {
  const { role, first, second, top } = link;
  const content = contentText(link);
  switch (role) {
    case 'link':
      return `-> ${first ?? '(no link)'} -> ${second ?? '(no link)'}: ${content}`;
    case 'bind':
      return `mounted over, /.default has ${content}`;
    case 'left':
      return 'left as it is';
    case 'inside':
      return `in ${top}/: ${content}`;
  }
}

function contentText({ holds, leads }: ImageLink): string {
  switch (holds) {
    case 'symlink':
      return `a symbolic link to ${leads}, kept`;
    case 'empty file':
    case 'empty directory':
      return `an ${holds}: the image has none`;
    case 'nothing':
      return 'nothing: somebody removed it';
    default:
      return `the image's ${holds}`;
  }
}
