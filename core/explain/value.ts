/** Where a column's value for a node comes from: every row that was looked at, in the order of the search (facts 1.2). */
import type { Position } from '../diagnostic/diagnostic.ts';
import { compilePattern } from '../resolve/pattern.ts';
import type { Node, Value, View } from '../resolve/view.ts';
import type { Row } from '../tables/table.ts';
import { shown } from './secret.ts';

/** `used`: it gave the value. `hidden`: it has one, but an earlier row did. `empty`: it has none. `off`: disabled. */
export type Outcome = 'used' | 'hidden' | 'empty' | 'off';

/** One row whose key is the node or one of its groups. */
export interface SearchedRow {
  readonly through: 'node' | 'group';
  /** The node's or the group's name. */
  readonly key: string;
  /** The cell; the row's start where the cell is not in the file. */
  readonly at: Position;
  /** The cell as written; undefined where it is empty. */
  readonly raw: string | undefined;
  readonly outcome: Outcome;
}

export interface ValueExplanation {
  readonly node: string;
  readonly table: string;
  readonly column: string;
  /** Undefined: nothing gives it a value, or the pattern that was found gives none for this node. */
  readonly text: string | undefined;
  readonly at: Position | undefined;
  /** Where the cell that was found is a pattern: as written, and why it gives nothing, where it gives nothing. */
  readonly pattern: { readonly raw: string; readonly why: string | undefined } | undefined;
  readonly searched: readonly SearchedRow[];
  /** The node or groups, in order, that have no row in the table. */
  readonly without: readonly string[];
  /** False: the commit has no such table. */
  readonly tableExists: boolean;
}

/**
 * Explains the value of a column of a node-keyed table. `text` is always what `view.value` gives (masked where the
 * column is a secret). Reads the table once, so that one question costs what the table has rows.
 */
export function explainValue(view: View, node: Node, table: string, column: string): ValueExplanation {
  const source = view.tables.get(table);
  const value = view.value(node.name, table, column);
  // nodelist itself has no group step (facts 1.2 item 3).
  const keys = [...new Set([node.name, ...(table === 'nodelist' ? [] : node.groups)])];
  const byKey = new Map<string, { row: Row; off: boolean }[]>(keys.map((key) => [key, []]));
  for (const off of [false, true]) {
    for (const row of (off ? source?.disabled : source?.rows) ?? []) {
      const key = source?.value(row, 'node');
      if (key !== undefined) byKey.get(key)?.push({ row, off });
    }
  }
  const searched: SearchedRow[] = [];
  const without: string[] = [];
  let used: { raw: string; row: Row } | undefined;
  for (const key of keys) {
    const rows = byKey.get(key) ?? [];
    if (rows.length === 0) without.push(key);
    for (const { row, off } of rows) {
      const raw = source?.value(row, column);
      const outcome: Outcome = off ? 'off' : raw === undefined ? 'empty' : used === undefined ? 'used' : 'hidden';
      if (outcome === 'used' && raw !== undefined) used = { raw, row };
      searched.push({
        through: key === node.name ? 'node' : 'group',
        key,
        at: row.table.at(row, column),
        raw: raw === undefined ? undefined : shown(table, column, raw),
        outcome,
      });
    }
  }
  return {
    node: node.name,
    table,
    column,
    text: value === undefined ? undefined : shown(table, column, value.text),
    at: used?.row.table.at(used.row, column),
    pattern: used === undefined ? undefined : patternOf(used.raw, value, node.name),
    searched,
    without,
    tableExists: source !== undefined,
  };
}

function patternOf(raw: string, value: Value | undefined, node: string): ValueExplanation['pattern'] {
  if (value !== undefined) return value.text === raw ? undefined : { raw, why: undefined };
  const compiled = compilePattern(raw);
  if (compiled === undefined) return undefined;
  const result = 'error' in compiled ? compiled : compiled.apply(node);
  const why =
    'error' in result
      ? result.error.message
      : 'noMatch' in result
        ? `it does not match the name ${node}`
        : 'it makes an empty text, which is no value';
  return { raw, why };
}

/** Nodes with the same value from the same row. */
export interface ValueGroup {
  readonly text: string | undefined;
  readonly at: Position | undefined;
  readonly key: string | undefined;
  readonly nodes: readonly string[];
}

/** The values of a column for many nodes, those from one row with one text together; in the order in which they are met. */
export function groupValues(view: View, nodes: Iterable<string>, table: string, column: string): ValueGroup[] {
  const groups = new Map<Row | undefined, Map<string, { value: Value | undefined; nodes: string[] }>>();
  for (const node of nodes) {
    const value = view.value(node, table, column);
    let byText = groups.get(value?.row);
    if (byText === undefined) {
      byText = new Map();
      groups.set(value?.row, byText);
    }
    const text = value?.text ?? '';
    const known = byText.get(text);
    if (known === undefined) byText.set(text, { value, nodes: [node] });
    else known.nodes.push(node);
  }
  return [...groups.values()].flatMap((byText) =>
    [...byText.values()].map(({ value, nodes: members }) => ({
      text: value === undefined ? undefined : shown(table, column, value.text),
      at: value?.row.table.at(value.row, column),
      key: value?.key,
      nodes: members,
    })),
  );
}
