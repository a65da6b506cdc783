/** State directories: nodes that two rows lead to, directories named after the node; and litetree priorities used twice. */
import { samePriority, stateEndsInNode, stateTwice } from '../diagnostic/catalogue/lite.ts';
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import { priorityOf } from '../resolve/mounts.ts';
import { imageRank } from '../resolve/options.ts';
import type { Image, View } from '../resolve/view.ts';
import type { Row, Table } from '../tables/table.ts';

export function checkState(view: View): Diagnostic[] {
  const table = view.tables.get('statelite');
  return table === undefined ? [] : [...reachedTwice(view, table), ...endsInNode(view, table)];
}

/** Rows that a node with these groups and this image could use through its groups, in the order of the groups. */
function rowsThrough(
  groups: readonly string[],
  image: Image,
  byKey: ReadonlyMap<string, readonly Row[]>,
): { group: string; row: Row }[] {
  const rows: { group: string; row: Row }[] = [];
  for (const group of groups) {
    let best: { row: Row; rank: number } | undefined;
    for (const row of byKey.get(group) ?? []) {
      const rank = imageRank(row.table.value(row, 'image'), image.name, image.groups);
      if (rank !== undefined && (best === undefined || rank < best.rank)) best = { row, rank };
    }
    if (best !== undefined) rows.push({ group, row: best.row });
  }
  return rows;
}

function reachedTwice(view: View, table: Table): Diagnostic[] {
  const byKey = new Map<string, Row[]>();
  for (const row of table.rows) {
    const key = table.value(row, 'node');
    if (key === undefined || table.value(row, 'statemnt') === undefined) continue;
    const rows = byKey.get(key);
    if (rows === undefined) byKey.set(key, [row]);
    else rows.push(row);
  }
  // Equal group lists are one array, so nodes are told apart by list and image, of which there are few.
  const known = new Map<Image, Map<readonly string[], readonly string[][]>>();
  const folded = new Map<string, { used: Row; other: Row; usedGroup: string; otherGroup: string; nodes: string[] }>();
  for (const node of view.nodes.values()) {
    const { image, groups } = node;
    // A row of the node's own is meant.
    if (image === undefined || rowsThrough([node.name], image, byKey).length > 0) continue;
    const ofImage = known.get(image) ?? new Map<readonly string[], readonly string[][]>();
    known.set(image, ofImage);
    let lists = ofImage.get(groups);
    if (lists === undefined) {
      const [used, ...others] = rowsThrough(groups, image, byKey);
      lists = others.flatMap((other) => {
        if (used === undefined || sameMount(table, used.row, other.row)) return [];
        const key = `${used.row.offset} ${other.row.offset}`;
        let found = folded.get(key);
        if (found === undefined) {
          found = { used: used.row, other: other.row, usedGroup: used.group, otherGroup: other.group, nodes: [] };
          folded.set(key, found);
        }
        return [found.nodes];
      });
      ofImage.set(groups, lists);
    }
    for (const nodes of lists) nodes.push(node.name);
  }
  return [...folded.values()].map(({ used, other, usedGroup, otherGroup, nodes }) =>
    stateTwice(table.at(other, 'node'), { used: usedGroup, usedLine: used.line, other: otherGroup }, nodes),
  );
}

function sameMount(table: Table, a: Row, b: Row): boolean {
  return ['statemnt', 'mntopts'].every((column) => table.value(a, column) === table.value(b, column));
}

function endsInNode(view: View, table: Table): Diagnostic[] {
  // By line: a node that was taken over from the view before has its row from the table before.
  const nodesOf = new Map<number, string[]>();
  for (const node of view.nodes.values()) {
    if (node.statemnt === undefined || !node.statemnt.path.endsWith(`/${node.name}`)) continue;
    const nodes = nodesOf.get(node.statemnt.row.line);
    if (nodes === undefined) nodesOf.set(node.statemnt.row.line, [node.name]);
    else nodes.push(node.name);
  }
  const found: Diagnostic[] = [];
  for (const row of table.rows) {
    const text = table.value(row, 'statemnt') ?? '';
    const nodes = nodesOf.get(row.line);
    // A row that no node uses yet says it by its variable.
    if (nodes === undefined && !/\/\$(node|\{node\})\/*$/.test(text)) continue;
    found.push(stateEndsInNode(table.at(row, 'statemnt'), { text }, nodes));
  }
  return found;
}

/** A priority may come again for another image; for the same one only the order of the file decides. */
export function checkPriorities(view: View): Diagnostic[] {
  const table = view.tables.get('litetree');
  const first = new Map<string, Row>();
  const found: Diagnostic[] = [];
  for (const row of table?.rows ?? []) {
    const priority = table?.value(row, 'priority')?.trim();
    if (table === undefined || priority === undefined || table.value(row, 'directory') === undefined) continue;
    // A priority that is no number is an error already.
    const number = priorityOf(priority);
    if (number === undefined) continue;
    const key = `${number} ${table.value(row, 'image') ?? 'ALL'}`;
    const other = first.get(key);
    if (other === undefined) first.set(key, row);
    else found.push(samePriority(table.at(row, 'priority'), { priority, line: other.line }));
  }
  return found;
}
