/** `tabedit`: takes a table as a person left it, joined with what others changed meanwhile. */
import { editConflict } from '../diagnostic/catalogue/edit.ts';
import type { View } from '../resolve/view.ts';
import { type Edit, editTable } from '../tables/edit.ts';
import { parseTable } from '../tables/parse.ts';
import { schemas } from '../tables/schemas.ts';
import type { Row, Table } from '../tables/table.ts';
import { type EditResult, type ReplaceTable, refuse } from './edit.ts';
import { tablePath } from './table-file.ts';

export function replaceTable(view: View, { table: name, base, text }: ReplaceTable): EditResult {
  const file = tablePath(name);
  const now = view.tables.get(name)?.text;
  if (text === (now ?? base)) return { kind: 'files', files: new Map() };
  // Nobody else was there: also a text that is not quite right is taken as it is, and judged as a push of it would be.
  if (now === undefined || now === base) return { kind: 'files', files: new Map([[file, text]]) };
  const conflict = (what: string): EditResult => refuse(editConflict(undefined, { table: name, what }));
  const schema = schemas.get(name);
  const [old, mine, theirs] = [base ?? '', text, now].map((it) => parseTable(name, file, it, schema).table);
  if (old === undefined || mine === undefined || theirs === undefined)
    return conflict('one of the texts has no header');
  const merged = mergeTables(old, mine, theirs, schema?.key ?? []);
  return 'conflict' in merged ? conflict(merged.conflict) : { kind: 'files', files: new Map([[file, merged.text]]) };
}

/**
 * What `mine` changed since `base`, done to `theirs`: rows are known by their key, and a row that both changed is joined cell
 * by cell. Gives the conflict where both changed one thing differently, or where more than rows changed.
 */
export function mergeTables(
  base: Table,
  mine: Table,
  theirs: Table,
  key: readonly string[],
): { readonly text: string } | { readonly conflict: string } {
  if (otherLines(base) !== otherLines(mine)) return { conflict: 'your edit changes comment lines or the header, too' };
  const columns = [...new Set([...base.columns, ...mine.columns, ...theirs.columns])];
  const id = key.length === 0 ? columns : key;
  const [before, wanted, there] = [base, mine, theirs].map((table) => rowsByKey(table, id)) as [Rows, Rows, Rows];
  const edits: Edit[] = [];
  for (const [name, row] of wanted) {
    const [old, now] = [before.get(name), there.get(name)];
    if (old === undefined) {
      if (now === undefined) edits.push({ kind: 'add', cells: cellsOf(row, columns) });
      else if (!equal(row, now, columns)) return { conflict: `both of you added a row for ${name}` };
      continue;
    }
    const changed = columns.filter((column) => value(row, column) !== value(old, column));
    if (changed.length === 0) continue;
    if (now === undefined) return { conflict: `the row of ${name} was deleted, and you changed it` };
    const cells: Record<string, string | undefined> = {};
    for (const column of changed) {
      if (value(now, column) === value(row, column)) continue;
      if (value(now, column) !== value(old, column)) return { conflict: `both of you changed ${column} of ${name}` };
      cells[column] = value(row, column);
    }
    edits.push({ kind: 'set', row: now, cells });
  }
  for (const [name, row] of before) {
    const now = there.get(name);
    if (wanted.has(name) || now === undefined) continue;
    if (!equal(row, now, columns)) return { conflict: `the row of ${name} was changed, and you deleted it` };
    edits.push({ kind: 'remove', row: now });
  }
  return { text: editTable(theirs, edits) };
}

type Rows = ReadonlyMap<string, Row>;

/** Rows by the text of their key, those switched off too; a key that comes again is told apart by a number. */
function rowsByKey(table: Table, key: readonly string[]): Rows {
  const rows = new Map<string, Row>();
  for (const row of [...table.rows, ...table.disabled].sort((a, b) => a.offset - b.offset)) {
    const name = key.map((column) => value(row, column) ?? '').join(',');
    let unique = name;
    for (let k = 2; rows.has(unique); k++) unique = `${name} (${k})`;
    rows.set(unique, row);
  }
  return rows;
}

function value(row: Row, column: string): string | undefined {
  return row.table.value(row, column);
}

function equal(a: Row, b: Row, columns: readonly string[]): boolean {
  return columns.every((column) => value(a, column) === value(b, column));
}

function cellsOf(row: Row, columns: readonly string[]): Record<string, string | undefined> {
  return Object.fromEntries(columns.map((column) => [column, value(row, column)]));
}

/** Lines that are no rows: the header and comments. */
function otherLines({ text }: Table): string {
  return text
    .split(/\r?\n/)
    .filter((line) => /^\s*#/.test(line))
    .join('\n');
}
