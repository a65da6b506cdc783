/** The table that an edit changes: what is in the commit, or a new one of a known schema; and its changed text. */
import { editUnknown, editWords } from '../diagnostic/catalogue/edit.ts';
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import type { View } from '../resolve/view.ts';
import { type Edit, editTable } from '../tables/edit.ts';
import { nearest } from '../tables/nearest.ts';
import { parseTable } from '../tables/parse.ts';
import { headerOf, schemas } from '../tables/schemas.ts';
import type { Table } from '../tables/table.ts';

export function tablePath(name: string): string {
  return `tables/${name}.csv`;
}

/** The table to edit; an empty one where the commit has none of a known name. A file that can't be read is never written over. */
export function tableToEdit(view: View, name: string): Table | { readonly fault: Diagnostic } {
  const there = view.tables.get(name);
  const file = tablePath(name);
  if (there?.text.includes('\uFFFD')) {
    // Written back, those bytes would be lost.
    const what = `${file} has bytes that are not UTF-8`;
    return { fault: editWords(undefined, { what, mend: `put them right first: iconv -f latin1 -t utf-8 ${file}` }) };
  }
  if (there !== undefined) return there;
  const schema = schemas.get(name);
  if (schema === undefined) {
    const known = [...new Set([...schemas.keys(), ...view.tables.keys()])];
    return { fault: editUnknown(undefined, { what: `table '${name}'`, nearest: nearest(name, known) }) };
  }
  const broken = view.diagnostics.find(({ at, severity }) => at?.file === file && severity === 'error');
  if (broken !== undefined) {
    const what = `${file} can't be read: ${broken.message}`;
    return { fault: editWords(undefined, { what, mend: `put it right first: litehouse tabedit ${name}` }) };
  }
  const { table } = parseTable(name, file, `${headerOf(schema)}\n`, schema);
  if (table === undefined) throw new Error(`the header of ${name} can't be read`);
  return table;
}

/** Columns that a table may have: its schema's and its header's. */
export function columnsOf(table: Table): readonly string[] {
  return [...new Set([...(schemas.get(table.name)?.columns ?? []), ...table.columns])];
}

/** Puts the table's new text into `files` where it differs from the old. */
export function addEdited(files: Map<string, string>, table: Table, edits: readonly Edit[]): void {
  if (edits.length === 0) return;
  const text = editTable(table, edits);
  if (text !== table.text) files.set(table.file, text);
}
