/** Edits a table's text so that only the rows in question change: every other byte, comment and line end stays. */
import { readHeader } from './header.ts';
import { Cell, isLineEnd, nextLine, scanCell } from './scan.ts';
import type { TableSchema } from './schema.ts';
import { headerOf } from './schemas.ts';
import type { Row, Table } from './table.ts';

/** Values by column; undefined or '' empties the cell. */
export type Cells = Readonly<Record<string, string | undefined>>;

export type Edit =
  | { readonly kind: 'set'; readonly row: Row; readonly cells: Cells }
  | { readonly kind: 'add'; readonly cells: Cells }
  | { readonly kind: 'remove'; readonly row: Row };

/**
 * The table's text after all edits, in one pass: cost follows the text once, however many edits there are. Columns that
 * the header lacks are added at its end when a value needs them. Of several edits of one row the later wins, cell by
 * cell; a removed row stays removed. Added rows stand after the last row, in dump style. Rows must be of this table.
 */
export function editTable(table: Table, edits: readonly Edit[]): string {
  const { columns, splices } = extendHeader(table, edits);
  const changed = new Map<Row, Cells | undefined>();
  const added: string[] = [];
  for (const edit of edits) {
    if (edit.kind === 'add') added.push(formatRow(columns, edit.cells));
    else if (edit.row.table !== table)
      throw new Error(`a row of another table or text can't be edited in ${table.file}`);
    else if (edit.kind === 'remove') changed.set(edit.row, undefined);
    else if (!changed.has(edit.row)) changed.set(edit.row, edit.cells);
    else {
      const earlier = changed.get(edit.row);
      if (earlier !== undefined) changed.set(edit.row, { ...earlier, ...edit.cells });
    }
  }
  for (const [row, cells] of changed) {
    if (cells !== undefined) splices.push(...setSplices(table, columns, row, cells));
    else splices.push({ from: row.offset, to: rowEnd(table, row).next, text: '' });
  }
  if (added.length > 0) splices.push(addSplice(table, added, changed));
  return splice(table.text, splices);
}

/** The table's text with some cells of one row changed. */
export function setCells(table: Table, row: Row, cells: Cells): string {
  return editTable(table, [{ kind: 'set', row, cells }]);
}

/** The table's text with one more row after its last. */
export function addRow(table: Table, cells: Cells): string {
  return editTable(table, [{ kind: 'add', cells }]);
}

/** The table's text without one row. */
export function removeRow(table: Table, row: Row): string {
  return editTable(table, [{ kind: 'remove', row }]);
}

/** A new file in dump style: the schema's header and these rows. */
export function formatTable(schema: TableSchema, rows: readonly Cells[]): string {
  return [headerOf(schema), ...rows.map((row) => formatRow(schema.columns, row)), ''].join('\n');
}

interface Splice {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** The columns after the edits, and the change of the header that they need. */
function extendHeader(table: Table, edits: readonly Edit[]): { columns: readonly string[]; splices: Splice[] } {
  const columns = new Set(table.columns);
  for (const edit of edits) {
    if (edit.kind === 'remove') continue;
    for (const [column, value] of Object.entries(edit.cells)) {
      if (!value || columns.has(column)) continue;
      if (!/^[\w.-]+$/.test(column)) throw new Error(`'${column}' can't be the name of a column`);
      columns.add(column);
    }
  }
  const fresh = [...columns].slice(new Set(table.columns).size);
  if (fresh.length === 0) return { columns: table.columns, splices: [] };
  const { end } = readHeader(table.text);
  const text = fresh.map((column) => `,${column}`).join('');
  return { columns: [...table.columns, ...fresh], splices: [{ from: end, to: end, text }] };
}

/** Changes inside one row. Blanks around a cell stay; a row that is too short gets the commas that it lacks. */
function setSplices(table: Table, columns: readonly string[], row: Row, cells: Cells): Splice[] {
  const wanted = new Map<number, string | undefined>();
  for (const [column, value] of Object.entries(cells)) {
    const index = columns.indexOf(column);
    const now = index < table.columns.length ? row.values[index] : undefined;
    if (index >= 0 && (value || undefined) !== now) wanted.set(index, value || undefined);
  }
  const last = Math.max(-1, ...wanted.keys());
  const splices: Splice[] = [];
  const cell = new Cell();
  let start = row.offset;
  for (let index = 0; index <= last; index++) {
    scanCell(table.text, start, cell);
    if (wanted.has(index)) splices.push(cellSplice(cell, wanted.get(index)));
    if (table.text[cell.end] === ',') {
      start = cell.end + 1;
      continue;
    }
    const missing = Array.from({ length: last - index }, (_, i) => `,${formatCell(wanted.get(index + 1 + i))}`);
    if (missing.length > 0) splices.push({ from: cell.end, to: cell.end, text: missing.join('') });
    break;
  }
  return splices;
}

function cellSplice(cell: Cell, value: string | undefined): Splice {
  const quote = cell.quoted ? 1 : 0;
  return { from: cell.from - quote, to: cell.to + quote, text: formatCell(value) };
}

/** All added rows as one change after the last row that stays, or at the end where there is none. */
function addSplice(table: Table, added: readonly string[], changed: ReadonlyMap<Row, Cells | undefined>): Splice {
  const { text } = table;
  const newline = text[nextLine(text, 0) - 2] === '\r' ? '\r\n' : '\n';
  const [a, b] = [table.rows.at(-1), table.disabled.at(-1)];
  const last = a !== undefined && b !== undefined ? (a.offset > b.offset ? a : b) : (a ?? b);
  const at = last === undefined ? text.length : rowEnd(table, last).next;
  const removed = last !== undefined && changed.has(last) && changed.get(last) === undefined;
  const unended = !removed && at === text.length && !text.endsWith('\n');
  return { from: at, to: at, text: (unended ? newline : '') + added.map((row) => row + newline).join('') };
}

/** Where a row's last cell ends, and where the next line starts. */
function rowEnd(table: Table, row: Row): { readonly end: number; readonly next: number } {
  const cell = new Cell();
  for (let start = row.offset; ; start = cell.end + 1) {
    scanCell(table.text, start, cell);
    if (isLineEnd(table.text, cell.end)) return { end: cell.end, next: nextLine(table.text, cell.end) };
  }
}

/** Applies changes that do not overlap; those at one place in the order given. */
function splice(text: string, splices: readonly Splice[]): string {
  const pieces: string[] = [];
  let at = 0;
  for (const change of [...splices].sort((a, b) => a.from - b.from)) {
    pieces.push(text.slice(at, change.from), change.text);
    at = change.to;
  }
  pieces.push(text.slice(at));
  return pieces.join('');
}

/** One row in dump style, without its line end. */
export function formatRow(columns: readonly string[], cells: Cells): string {
  return columns.map((column) => formatCell(Object.hasOwn(cells, column) ? cells[column] : undefined)).join(',');
}

/** Dump style: what is there in quotes, what is not there as nothing (facts 1.1). */
function formatCell(value: string | undefined): string {
  return value ? `"${value.replaceAll('"', '""')}"` : '';
}
