/** The classic lists: what nodes and images keep writable and where it comes from, in the original's own lines (facts 3). */

import { missingAttribute, unknownImage } from '../../../core/diagnostic/catalogue/resolve.ts';
import type { Diagnostic } from '../../../core/diagnostic/diagnostic.ts';
import { byClassicPath, classicEntry, classicOption, classicPath, classicTree } from '../../../core/plan/classic.ts';
import { imageRank } from '../../../core/resolve/options.ts';
import type { Image, LiteEntry, Mount, Node, View } from '../../../core/resolve/view.ts';

/** `n01: tmpfs         /etc/adjtime`, a line an entry in the original's order; `of` is a node's or an image's name. */
export function litefileLines(of: string, entries: readonly LiteEntry[]): string[] {
  return listed(entries).map((entry) => `${of}: ${entryText(entry)}`);
}

/** `n01: cnfs:/syncdirs/n01`, and ` :options` where the row has some; the server as the table has it (see `classicList`). */
export function litetreeLine(of: string, tree: Mount): string {
  return `${of}: ${classicTree(tree)}`;
}

export function mountText({ server, path }: Pick<Mount, 'server' | 'path'>): string {
  return classicTree({ server, path, options: undefined });
}

/** The entries of an image in the order of the original's lists. */
export function listed(entries: readonly LiteEntry[]): LiteEntry[] {
  return byClassicPath(entries, classicPath);
}

function entryText(entry: LiteEntry): string {
  return classicEntry(classicOption(entry), classicPath(entry));
}

const indent = ' '.repeat(8);

/** `lslite`: a node's image, state directory, files and trees in blocks. */
export function lsliteNode(node: Node): string[] {
  return [
    `>>>Node: ${node.name}`,
    '',
    `Osimage: ${node.image?.name ?? ''}`,
    '',
    'Persistent directory (statelite table):',
    ...(node.statemnt === undefined ? [] : [indent + mountText(node.statemnt)]),
    '',
    'Litefiles (litefile table):',
    ...listed(node.image?.litefile ?? []).map((entry) => indent + entryText(entry)),
    '',
    'Litetree path (litetree table):',
    ...node.litetree.map((tree) => `${indent}${tree.priority},${mountText(tree)}`),
    '',
  ];
}

/** `lslite -i`: what holds for an image, whatever the node. Directories stand as the rows have them. */
export function lsliteImage(view: View, image: Image): string[] {
  return [
    `>>>Image: ${image.name}`,
    '',
    'Litefiles (litefile table):',
    ...listed(image.litefile).map((entry) => indent + entryText(entry)),
    '',
    'Litetree path (litetree table):',
    ...treeRows(view, image).map(({ priority, directory }) => `${indent}${priority},${directory}`),
    '',
  ];
}

export function treeRows(view: View, image: Image): { readonly priority: string; readonly directory: string }[] {
  const table = view.tables.get('litetree');
  return (table?.rows ?? [])
    .filter((row) => imageRank(table?.value(row, 'image'), image.name, image.groups) !== undefined)
    .map((row) => ({
      priority: table?.value(row, 'priority') ?? '',
      directory: table?.value(row, 'directory') ?? '',
    }))
    .sort((a, b) => Number(a.priority) - Number(b.priority));
}

/** Why a node has no lists: it has no image. */
export function noLists(node: Node): Diagnostic | undefined {
  if (node.image !== undefined) return undefined;
  return node.problems.find(({ code }) => code === missingAttribute.code || code === unknownImage.code);
}
