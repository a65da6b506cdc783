/** Which litefile row a path of a node falls under, which overlay tree supplies it, and which were looked at before. */
import type { Position } from '../diagnostic/diagnostic.ts';
import { publishedRoot } from '../resolve/nodes.ts';
import { dialectOf, everyImage, imageRank, optionKind } from '../resolve/options.ts';
import type { LiteEntry, LiteKind, Node, TreeMount, View } from '../resolve/view.ts';
import type { Row } from '../tables/table.ts';
import { explainMount, explainTree, type MountExplanation, type TreeExplanation } from './mount.ts';
import { findPublished, type Published } from './published.ts';

/** `used`: it is the row that counts. `hidden`: a closer row counts. `other image`: not for this node's image.
 *  `refused`: `litehouse check` says why it cannot be used. `off`: disabled. */
export type RowOutcome = 'used' | 'hidden' | 'other image' | 'refused' | 'off';

/** One row of litefile.csv that names the path. */
export interface LiteRowExplanation {
  readonly at: Position;
  /** The image column; undefined: blank, every image. */
  readonly image: string | undefined;
  readonly options: string | undefined;
  readonly outcome: RowOutcome;
  /** How closely it names the image, where it names it. */
  readonly closeness: 'this image' | 'a group of the image' | 'every image' | undefined;
}

/** A litefile entry as explanations show it. */
export interface EntryExplanation {
  readonly path: string;
  readonly directory: boolean;
  readonly kind: LiteKind;
  readonly at: Position;
}

/** What a tree has to say about the path. `beaten`: an earlier tree has it. `unseen`: its content can't be seen from here. */
export interface TriedTree extends TreeExplanation {
  readonly outcome: 'supplies' | 'beaten' | 'has it not' | 'unseen' | 'not mounted';
  /** What stands there, where the tree is ours and has it. */
  readonly found: Published | undefined;
}

export interface FileExplanation {
  readonly node: string;
  /** Absolute, without a trailing slash. */
  readonly path: string;
  readonly image: string | undefined;
  /** Rows for exactly this path, in file order. */
  readonly rows: readonly LiteRowExplanation[];
  /** The entry that rules the path: its own, else the nearest listed parent; undefined: read-only from the image. */
  readonly entry: EntryExplanation | undefined;
  /** Listed parents, nearest first. */
  readonly parents: readonly EntryExplanation[];
  /** Entries below it. */
  readonly below: number;
  /** In search order; empty where no entry rules the path. */
  readonly trees: readonly TriedTree[];
  /** Trees that supply content, in order (`con` takes all). Empty: the image's own copy, /.default. */
  readonly supplies: readonly TriedTree[];
  /** Foreign trees that are asked before the supplying one: if they have it, theirs counts. */
  readonly before: readonly TreeExplanation[];
  /** Where persistent content is kept: `server:/path/of/it`. */
  readonly kept: (MountExplanation & { readonly file: string }) | undefined;
  /** Why the node asks nothing at all, where it does not. */
  readonly silent: string | undefined;
}

/** Explains one path of one node; see `fileExplainer` for many nodes. */
export function explainFile(view: View, node: Node, path: string): FileExplanation {
  return fileExplainer(view, path)(node);
}

/** Reads the rows for a path once, and gives what explains it for any node. `path`: absolute, no `.` or `..` in it. */
export function fileExplainer(view: View, path: string): (node: Node) => FileExplanation {
  const wanted = normalPath(path);
  const candidates = rowsFor(view, wanted);
  const byImage = new Map<string, ReadonlyMap<string, LiteEntry>>();
  const entriesOf = (node: Node): ReadonlyMap<string, LiteEntry> => {
    if (node.image === undefined) return new Map();
    let entries = byImage.get(node.image.name);
    if (entries === undefined) {
      entries = new Map(node.image.litefile.map((entry) => [entry.path, entry]));
      byImage.set(node.image.name, entries);
    }
    return entries;
  };
  return (node) => {
    const entries = entriesOf(node);
    const own = entries.get(wanted);
    const parents = parentsOf(wanted, entries);
    const ruling = own ?? parents[0];
    const { trees, settled } = ruling === undefined ? { trees: [], settled: 0 } : tryTrees(view, node, wanted, ruling);
    const supplies = trees.filter(({ outcome }) => outcome === 'supplies');
    return {
      node: node.name,
      path: wanted,
      image: node.image?.name,
      rows: candidates.map((candidate) => explainRow(view, node, candidate, own)),
      entry: ruling === undefined ? undefined : explainEntry(ruling),
      parents: parents.map(explainEntry),
      below: countBelow(wanted, entries),
      trees,
      supplies,
      before: trees.slice(0, settled).filter(({ outcome }) => outcome === 'unseen'),
      kept: ruling?.kind.endsWith('+persistent') ? keptAt(view, node, wanted) : undefined,
      silent: silenceOf(node),
    };
  };
}

/** Nodes that a path reaches in the same way: by the same litefile row, from the same litetree rows. */
export interface FileGroup {
  /** The explanation for the first of them. */
  readonly sample: FileExplanation;
  readonly nodes: readonly string[];
}

/** Explains a path for many nodes, in the order in which the ways are met. */
export function groupFiles(view: View, nodes: Iterable<Node>, path: string): FileGroup[] {
  const explain = fileExplainer(view, path);
  const groups = new Map<string, { sample: FileExplanation; nodes: string[] }>();
  for (const node of nodes) {
    const found = explain(node);
    const silent = found.silent?.replaceAll(node.name, '');
    const key = JSON.stringify([found.entry, found.supplies.map(({ at }) => at), silent]);
    const known = groups.get(key);
    if (known === undefined) groups.set(key, { sample: found, nodes: [node.name] });
    else known.nodes.push(node.name);
  }
  return [...groups.values()];
}

export function explainEntry(entry: LiteEntry): EntryExplanation {
  const { path, directory, kind, row } = entry;
  return { path, directory, kind, at: row.table.at(row, 'file') };
}

/** As litefile rows are read: no trailing slash, `//` is one slash. */
export function normalPath(path: string): string {
  return path.replace(/\/{2,}/g, '/').replace(/(.)\/$/, '$1');
}

interface Candidate {
  readonly row: Row;
  readonly off: boolean;
}

function rowsFor(view: View, path: string): Candidate[] {
  const table = view.tables.get('litefile');
  if (table === undefined) return [];
  const found: Candidate[] = [];
  for (const off of [false, true]) {
    for (const row of off ? table.disabled : table.rows)
      if (normalPath(table.value(row, 'file') ?? '') === path) found.push({ row, off });
  }
  return found.sort((a, b) => a.row.offset - b.row.offset);
}

function explainRow(view: View, node: Node, { row, off }: Candidate, own: LiteEntry | undefined): LiteRowExplanation {
  const image = row.table.value(row, 'image');
  const options = row.table.value(row, 'options');
  const rank = node.image === undefined ? undefined : imageRank(image, node.image.name, node.image.groups);
  const outcome: RowOutcome = off
    ? 'off'
    : row === own?.row
      ? 'used'
      : rank === undefined
        ? 'other image'
        : optionKind(options, dialectOf(view.site)) === undefined || own === undefined
          ? 'refused'
          : 'hidden';
  const closeness =
    rank === undefined
      ? undefined
      : rank === 0
        ? 'this image'
        : rank < everyImage
          ? 'a group of the image'
          : 'every image';
  return { at: row.table.at(row, 'file'), image, options, outcome, closeness };
}

function parentsOf(path: string, entries: ReadonlyMap<string, LiteEntry>): LiteEntry[] {
  const parents: LiteEntry[] = [];
  for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
    const entry = entries.get(path.slice(0, slash));
    if (entry !== undefined) parents.push(entry);
  }
  return parents;
}

function countBelow(path: string, entries: ReadonlyMap<string, LiteEntry>): number {
  let below = 0;
  for (const known of entries.keys()) if (known.startsWith(`${path}/`)) below++;
  return below;
}

/**
 * Asks the trees in order; `settled` is the place of the one after which no other counts. A path below a listed directory comes with that directory: the first tree that has the
 * directory counts, and what it lacks comes from the image (RULES, Options).
 */
function tryTrees(
  view: View,
  node: Node,
  path: string,
  ruling: LiteEntry,
): { readonly trees: TriedTree[]; readonly settled: number } {
  const all = ruling.kind.endsWith('+con') && ruling.path === path;
  let settled: number | undefined;
  const trees = node.litetree.map((mount, index): TriedTree => {
    const tree = explainTree(view, node, mount);
    if (tree.place === 'absent') return { ...tree, outcome: 'not mounted', found: undefined };
    if (tree.place !== 'ours') return { ...tree, outcome: 'unseen', found: undefined };
    const place = treeFolder(mount);
    const entry = findPublished(view, place, ruling.path);
    const has = entry !== undefined && (!ruling.directory || entry.kind === 'directory');
    if (!has) return { ...tree, outcome: 'has it not', found: undefined };
    const found = ruling.path === path ? entry : findPublished(view, place, path);
    const outcome = settled !== undefined ? 'beaten' : found === undefined ? 'has it not' : 'supplies';
    // A tree that has the directory settles it, also for what it lacks.
    if (!all) settled ??= index;
    return { ...tree, outcome, found };
  });
  return { trees, settled: settled ?? trees.length };
}

/** The tree's place below syncdirs/ in the repository. */
function treeFolder(mount: TreeMount): string {
  return mount.path.slice(publishedRoot.length + 1);
}

function keptAt(view: View, node: Node, path: string): FileExplanation['kept'] {
  if (node.statemnt === undefined) return undefined;
  const mount = explainMount(view, node, node.statemnt, 'statemnt');
  return { ...mount, file: `${mount.text}/${node.name}${path}` };
}

/** Why a node mounts no trees and asks for no files; undefined for a node that does. */
function silenceOf(node: Node): string | undefined {
  if (node.state === undefined) {
    const written = node.currstate?.text;
    return written === undefined
      ? `${node.name} has no chain.currstate: it gets no boot files`
      : `${node.name} has chain.currstate '${written}', which is no state: it gets no boot files`;
  }
  if (node.state !== 'statelite' && node.state !== 'shell')
    return `${node.name} is in state ${node.state}: it does not boot statelite, so no tree is mounted`;
  if (node.image === undefined)
    return `${node.name} has no image: ${node.problems[0]?.message ?? 'see litehouse check'}`;
  return undefined;
}
