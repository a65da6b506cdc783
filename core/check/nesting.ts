/** What a litefile entry inside another one comes to: every pair of options decided, in one table. */
import { nestedMixed, nestedOverLasting, nestedRefused } from '../diagnostic/catalogue/lite.ts';
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import { type Dialect, dialectOf, optionWord } from '../resolve/options.ts';
import type { LiteEntry, LiteKind, View } from '../resolve/view.ts';

export const liteKinds = [
  'link',
  'link+persistent',
  'link+ro',
  'link+con',
  'bind',
  'bind+persistent',
  'bind+ro',
  'bind+con',
  'bind+localdisk',
] as const satisfies readonly LiteKind[];

/** How a child comes to be inside its parent, or why it cannot. */
export const nestings = {
  laid: { decision: 'accept', how: "laid out in the parent's tmpfs directory: a copy, or a link to where it lives" },
  inside: { decision: 'accept', how: 'lives in the parent already; only its first content is its own' },
  over: { decision: 'accept', how: 'mounted over its place in the parent' },
  mixed: { decision: 'warn', how: "link and bind mixed: done the parent's way, as the other word would be" },
  lasting: {
    decision: 'warn',
    how: 'mounted over its place in data that lasts, where an empty file or directory of that name is made and stays',
  },
  live: { decision: 'refuse', how: 'the parent is a live read-only tree of a server: nothing can be put into it' },
  pinned: {
    decision: 'refuse',
    how: 'a live file is a link, which must not be left in data that lasts; a mount would never show a change',
  },
  con: { decision: 'refuse', how: 'con joins files: neither a directory nor what holds others' },
} as const satisfies Record<string, { readonly decision: 'accept' | 'warn' | 'refuse'; readonly how: string }>;

export type Nesting = keyof typeof nestings;

/**
 * The table: a row a parent directory, a column a child. `a/b`: a for a file, b for a directory.
 *
 * What decides (RULES, Options): a link parent is a directory laid out in tmpfs, a bind parent one that is mounted over its
 * place and is tmpfs too; so both take any child. A persistent or local-disk parent holds data that is made once and then
 * left alone: a child of the same sort is simply inside; another is mounted over its place; none may be a link in it.
 * `mixed` only where both families have a word in either dialect; a `ro` or `con` of the cookbook has no bind form to write.
 */
const grid = `
parent \\ child   link         link+persistent  link+ro        link+con    bind         bind+persistent  bind+ro         bind+con     bind+localdisk
link             laid         laid             laid           laid/con    mixed        mixed            mixed           mixed/con    over
link+persistent  lasting      inside           pinned/lasting lasting/con lasting      inside           pinned/lasting  lasting/con  lasting
link+ro          live         live             live           live/con    live         live             live            live/con     live
link+con         con          con              con            con         con          con              con             con          con
bind             mixed        mixed            laid           laid/con    laid         over             laid/over       laid/con     over
bind+persistent  lasting      inside           pinned/lasting lasting/con lasting      inside           pinned/lasting  lasting/con  lasting
bind+ro          live         live             live           live/con    live         live             live            live/con     live
bind+con         con          con              con            con         con          con              con             con          con
bind+localdisk   mixed        mixed            pinned/over    over/con    over         over             pinned/over     over/con     inside
`;

type Pair = readonly [file: Nesting, directory: Nesting];

function isNesting(word: string | undefined): word is Nesting {
  return word !== undefined && word in nestings;
}

function readGrid(): ReadonlyMap<LiteKind, ReadonlyMap<LiteKind, Pair>> {
  const byParent = new Map<LiteKind, ReadonlyMap<LiteKind, Pair>>();
  for (const [i, line] of grid.trim().split('\n').slice(1).entries()) {
    const [parent, ...cells] = line.trim().split(/\s+/);
    const byChild = new Map<LiteKind, Pair>();
    for (const [j, child] of liteKinds.entries()) {
      const [file, directory = file] = cells[j]?.split('/') ?? [];
      if (parent !== liteKinds[i] || !isNesting(file) || !isNesting(directory))
        throw new Error(`nesting table: ${parent} and ${child}`);
      byChild.set(child, [file, directory]);
    }
    byParent.set(liteKinds[i] ?? 'link', byChild);
  }
  return byParent;
}

const table = readGrid();

/** What a child comes to inside the nearest listed directory above it. */
export function nestingOf(parent: LiteKind, child: LiteKind, directory: boolean): Nesting {
  const pair = table.get(parent)?.get(child);
  if (pair === undefined) throw new Error(`nesting table: ${parent} and ${child}`);
  return pair[directory ? 1 : 0];
}

/** The kind of the other family: link for bind and the reverse. */
function otherFamily(kind: LiteKind): LiteKind | undefined {
  const name = kind.startsWith('bind') ? kind.replace('bind', 'link') : kind.replace('link', 'bind');
  return liteKinds.find((other) => other === name);
}

/** The nearest listed entry above a path, at any distance. */
export function parentOf(path: string, entries: ReadonlyMap<string, LiteEntry>): LiteEntry | undefined {
  for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
    const found = entries.get(path.slice(0, slash));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Each nested pair of rows of any image, told once. */
export function checkNesting(view: View): Diagnostic[] {
  const found: Diagnostic[] = [];
  const told = new Set<string>();
  const dialect = dialectOf(view.site);
  for (const image of view.images.values()) {
    const entries = new Map(image.litefile.map((entry) => [entry.path, entry]));
    for (const entry of image.litefile) {
      const parent = parentOf(entry.path, entries);
      if (parent === undefined) continue;
      const nesting = nestingOf(parent.kind, entry.kind, entry.directory);
      const key = `${entry.row.offset} ${parent.row.offset}`;
      if (nestings[nesting].decision === 'accept' || told.has(key)) continue;
      told.add(key);
      found.push(nested(entry, parent, nesting, dialect));
    }
  }
  return found;
}

function nested(entry: LiteEntry, parent: LiteEntry, nesting: Nesting, dialect: Dialect): Diagnostic {
  const at = entry.row.table.at(entry.row, 'file');
  const args = {
    child: entry.path + (entry.directory ? '/' : ''),
    kind: entry.kind,
    parent: `${parent.path}/`,
    parentKind: parent.kind,
    line: parent.row.line,
    how: nestings[nesting].how,
  };
  if (nestings[nesting].decision === 'refuse') return nestedRefused(at, args);
  const other = nesting === 'mixed' ? otherFamily(entry.kind) : undefined;
  const word = other === undefined ? undefined : optionWord(other, dialect);
  return word === undefined ? nestedOverLasting(at, args) : nestedMixed(at, { ...args, word });
}
