/** A whole node or image as resolved, every part with its place in the tables. */
import type { Diagnostic, Position } from '../diagnostic/diagnostic.ts';
import { nodeColumns } from '../noderange/context.ts';
import { noAddressWord } from '../resolve/nodes.ts';
import { imageRank } from '../resolve/options.ts';
import type { Image, LiteKind, Node, View } from '../resolve/view.ts';
import { type EntryExplanation, explainEntry } from './file.ts';
import { explainMount, explainTree, type MountExplanation, siteValue, type TreeExplanation } from './mount.ts';
import { explainPolicy, type PolicyRefusal } from './policy.ts';
import { shown } from './secret.ts';

/** A text and where it was written; `at` undefined: it follows from others, or from a default. */
export interface Origin {
  readonly text: string;
  readonly at: Position | undefined;
  /** What else is to say: the group, the column. */
  readonly note: string | undefined;
}

export interface ColumnValue {
  readonly table: string;
  readonly column: string;
  readonly text: string;
  readonly at: Position;
  /** The node itself, or the group through which it was found. */
  readonly key: string;
  /** The cell, where it is a pattern. */
  readonly raw: string | undefined;
}

export interface NodeExplanation {
  readonly node: string;
  readonly at: Position;
  readonly groups: Origin;
  readonly state: Origin | undefined;
  readonly image: Origin | undefined;
  readonly addresses: readonly string[];
  readonly macs: readonly string[];
  readonly imageServer: Origin | undefined;
  readonly master: Origin | undefined;
  readonly statemnt: MountExplanation | undefined;
  readonly trees: readonly TreeExplanation[];
  /** How many litefile entries the image has of each kind. */
  readonly litefile: Readonly<Partial<Record<LiteKind, number>>>;
  readonly problems: readonly Diagnostic[];
  /** What the policy table refuses it; empty: it may ask for its answer. */
  readonly policy: readonly PolicyRefusal[];
  /** Every column of a node-keyed table that has a value; secrets masked. By table and column. */
  readonly values: readonly ColumnValue[];
}

export function explainNode(view: View, node: Node): NodeExplanation {
  const groups = node.groups.join(',');
  return {
    node: node.name,
    at: node.row.table.at(node.row, 'node'),
    groups: { text: groups, at: groups === '' ? undefined : node.row.table.at(node.row, 'groups'), note: undefined },
    state:
      node.currstate === undefined
        ? undefined
        : { ...columnOrigin(view, node, 'chain', 'currstate'), text: node.state ?? `none ('${node.currstate.text}')` },
    image: imageOrigin(view, node),
    addresses: node.addresses,
    macs: node.macs.map(({ mac, hostname, noAddress }) => {
      const name = noAddress ? noAddressWord : hostname;
      return name === undefined ? mac : `${mac}!${name}`;
    }),
    imageServer: serverOrigin(view, node, node.imageServer, ['nfsserver', 'tftpserver', 'xcatmaster']),
    master: serverOrigin(view, node, node.master, ['xcatmaster']),
    statemnt: node.statemnt === undefined ? undefined : explainMount(view, node, node.statemnt, 'statemnt'),
    trees: node.litetree.map((mount) => explainTree(view, node, mount)),
    litefile: countKinds(node.image),
    problems: node.problems,
    policy: explainPolicy(view, node),
    values: allValues(view, node),
  };
}

function columnOrigin(
  view: View,
  node: Node,
  table: string,
  column: string,
): { at: Position | undefined; note: string } {
  const value = view.value(node.name, table, column);
  const through = value === undefined || value.key === node.name ? '' : `, group ${value.key}`;
  return { at: value?.row.table.at(value.row, column), note: `${table}.${column}${through}` };
}

function imageOrigin(view: View, node: Node): Origin | undefined {
  if (node.image === undefined) return undefined;
  const { name } = node.image;
  if (view.value(node.name, 'nodetype', 'provmethod')?.text === name)
    return { text: name, ...columnOrigin(view, node, 'nodetype', 'provmethod') };
  const { at } = columnOrigin(view, node, 'nodetype', 'profile');
  return { text: name, at, note: 'from nodetype.os, arch and profile' };
}

/** The first of the columns that has a value, else the servicenode or site.master (RULES, image server). */
function serverOrigin(
  view: View,
  node: Node,
  server: { readonly name: string; readonly address: string } | undefined,
  columns: readonly string[],
): Origin | undefined {
  if (server === undefined) return undefined;
  const text = server.name === server.address ? server.name : `${server.name} (${server.address})`;
  for (const column of columns) {
    if ((view.value(node.name, 'noderes', column)?.text.trim() ?? '') !== '')
      return { text, ...columnOrigin(view, node, 'noderes', column) };
  }
  if (view.value(node.name, 'noderes', 'servicenode')?.text.split(',')[0]?.trim() === server.name)
    return { text, ...columnOrigin(view, node, 'noderes', 'servicenode') };
  return { text, at: siteValue(view, 'master').at, note: 'site.master' };
}

function countKinds(image: Image | undefined): NodeExplanation['litefile'] {
  const counts: Partial<Record<LiteKind, number>> = {};
  for (const { kind } of image?.litefile ?? []) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

function allValues(view: View, node: Node): ColumnValue[] {
  const { known, tables } = nodeColumns(view);
  const values: ColumnValue[] = [];
  for (const table of [...tables].sort()) {
    for (const column of known(table) ?? []) {
      if (column === 'node' || column === 'comments' || column === 'disable') continue;
      const value = view.value(node.name, table, column);
      if (value === undefined) continue;
      values.push({
        table,
        column,
        text: shown(table, column, value.text),
        at: value.row.table.at(value.row, column),
        key: value.key,
        raw: value.raw === value.text ? undefined : value.raw,
      });
    }
  }
  return values;
}

export interface ImageExplanation {
  readonly image: string;
  readonly at: Position;
  readonly os: string;
  readonly arch: string;
  readonly profile: string;
  readonly groups: readonly string[];
  /** Cells of its osimage and linuximage rows. */
  readonly values: readonly {
    readonly table: string;
    readonly column: string;
    readonly text: string;
    readonly at: Position;
  }[];
  readonly litefile: readonly EntryExplanation[];
  /** litetree rows that apply to it, in file order, as written. */
  readonly litetree: readonly { readonly priority: string; readonly directory: string; readonly at: Position }[];
  readonly nodes: readonly string[];
}

export function explainImage(view: View, image: Image): ImageExplanation {
  const values: { table: string; column: string; text: string; at: Position }[] = [];
  for (const name of ['osimage', 'linuximage']) {
    const table = view.tables.get(name);
    const row = table?.rows.find((candidate) => table.value(candidate, 'imagename') === image.name);
    if (table === undefined || row === undefined) continue;
    for (const column of new Set(table.columns)) {
      const text = table.value(row, column);
      if (text !== undefined && column !== 'imagename')
        values.push({ table: name, column, text, at: table.at(row, column) });
    }
  }
  const trees = view.tables.get('litetree');
  const litetree: { priority: string; directory: string; at: Position }[] = [];
  for (const row of trees?.rows ?? []) {
    if (trees === undefined || imageRank(trees.value(row, 'image'), image.name, image.groups) === undefined) continue;
    const [priority = '', directory = ''] = [trees.value(row, 'priority'), trees.value(row, 'directory')];
    litetree.push({ priority, directory, at: trees.at(row, 'directory') });
  }
  const nodes: string[] = [];
  for (const node of view.nodes.values()) if (node.image?.name === image.name) nodes.push(node.name);
  const { name, row, os, arch, profile, groups } = image;
  return {
    image: name,
    at: row.table.at(row, 'imagename'),
    os,
    arch,
    profile,
    groups,
    values,
    litefile: image.litefile.map(explainEntry),
    litetree: litetree.sort((a, b) => Number(a.priority) - Number(b.priority)),
    nodes,
  };
}
