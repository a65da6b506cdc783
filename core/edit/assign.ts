/** Decides which rows give nodes a value in one column: group rows where asked for, else the nodes' own, cleared where a group says the same. */
import type { NodeLookup } from '../resolve/lookup.ts';
import type { Cells, Edit } from '../tables/edit.ts';
import type { Row, Table } from '../tables/table.ts';

/** Who there is to write rows for. */
export interface NodeKeys {
  /** Node to its groups, in the order in which they are asked. */
  readonly nodes: ReadonlyMap<string, readonly string[]>;
  /** Groups that may get a row: all nodes that they reach are among those asked for. */
  readonly groups: ReadonlySet<string>;
}

export interface Assignment {
  readonly lookup: NodeLookup;
  readonly keys: NodeKeys;
  readonly table: string;
  readonly column: string;
  /** Node to the value that it is to have. */
  readonly values: ReadonlyMap<string, string>;
  /** Whether a text that is there already does for a value. */
  readonly enough: (text: string | undefined, value: string) => boolean;
}

/** Adds the cells to change to `cells`: key of a row (node or group) to column to value; undefined clears. */
export function assignColumn(assignment: Assignment, cells: Map<string, Record<string, string | undefined>>): void {
  const { lookup, keys, table, column, values, enough } = assignment;
  const put = (key: string, value: string | undefined): void => {
    const row = cells.get(key) ?? {};
    row[column] = value;
    cells.set(key, row);
  };
  const asIs = [...values].every(([node, value]) => enough(lookup.value(node, table, column)?.text, value));
  if (asIs) return;
  const fresh = groupValues(assignment);
  const used = new Set<string>();
  for (const [node, value] of values) {
    const own = ownCell(lookup, table, column, node);
    const groups = keys.nodes.get(node) ?? [];
    const giver = groups.find((group) => fresh.has(group) || ownCell(lookup, table, column, group) !== undefined);
    const given = giver === undefined ? undefined : (fresh.get(giver) ?? groupText(lookup, table, column, giver, node));
    if (enough(given, value)) {
      if (giver !== undefined) used.add(giver);
      // What the node says itself goes where a group was named, or where it says something else.
      const member = groups.some((group) => keys.groups.has(group));
      if (own !== undefined && (member || !enough(lookup.value(node, table, column)?.text, value)))
        put(node, undefined);
    } else if (own === undefined || !enough(own.text, value)) put(node, value);
  }
  for (const [group, value] of fresh) if (used.has(group)) put(group, value);
}

/** Groups that get a value: all their nodes want the same, and they do not have it yet. */
function groupValues({ lookup, keys, table, column, values, enough }: Assignment): Map<string, string> {
  const wanted = new Map<string, string | undefined>();
  for (const [node, value] of values) {
    for (const group of keys.nodes.get(node) ?? []) {
      if (!keys.groups.has(group)) continue;
      if (!wanted.has(group)) wanted.set(group, value);
      else if (wanted.get(group) !== value) wanted.set(group, undefined);
    }
  }
  const fresh = new Map<string, string>();
  for (const [group, value] of wanted) {
    if (value !== undefined && !enough(ownCell(lookup, table, column, group)?.text, value)) fresh.set(group, value);
  }
  return fresh;
}

/** The cell of a key's own row. */
function ownCell(
  lookup: NodeLookup,
  table: string,
  column: string,
  key: string,
): { readonly row: Row; readonly text: string } | undefined {
  for (const row of lookup.rows(table, key)) {
    const text = row.table.value(row, column);
    if (text !== undefined) return { row, text };
  }
  return undefined;
}

/** What a group's cell means for one node. */
function groupText(lookup: NodeLookup, table: string, column: string, group: string, node: string): string | undefined {
  const cell = ownCell(lookup, table, column, group);
  if (cell === undefined) return undefined;
  return lookup.translated({ text: cell.text, raw: cell.text, row: cell.row, column, key: group }, node, table)?.text;
}

/** The edits of a node-keyed table: rows changed, added, and removed where nothing is left in them. */
export function rowEdits(table: Table, lookup: NodeLookup, cells: ReadonlyMap<string, Cells>): Edit[] {
  const edits: Edit[] = [];
  for (const [key, changed] of [...cells].sort(([a], [b]) => (a < b ? -1 : 1))) {
    // A key stands once among the rows in force; of a second one, which is reported, the first counts.
    const [row] = lookup.rows(table.name, key);
    if (row === undefined) {
      if (Object.values(changed).some((value) => value)) edits.push({ kind: 'add', cells: { node: key, ...changed } });
    } else if (isEmptied(table, row, changed)) edits.push({ kind: 'remove', row });
    else edits.push({ kind: 'set', row, cells: changed });
  }
  return edits;
}

function isEmptied(table: Table, row: Row, changed: Cells): boolean {
  return table.columns.every(
    (column) => column === 'node' || !(Object.hasOwn(changed, column) ? changed[column] : table.value(row, column)),
  );
}
