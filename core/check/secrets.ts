/** Secrets that do not belong in a commit: clear values in secret columns, private keys in tables and lists (DESIGN 5). */
import { clearSecret, privateKeyText } from '../diagnostic/catalogue/check.ts';
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import { secretColumns } from '../import/secrets.ts';
import type { FileEntry, Snapshot } from '../repo/snapshot.ts';
import type { View } from '../resolve/view.ts';
import { loadTables, TableCache } from '../tables/load.ts';
import type { Table } from '../tables/table.ts';

/** A crypt hash with its salt and digest; an account without a password; a reference to what is kept outside git. */
const hash = /^!{0,2}\$(1|2[abxy]?|5|6|7|gy|y|sm3|md5|sha1|apr1)\$[^\s:]{8,}$/;
const noPassword = /^([*!]+|x|\*LK\*)$/;
const reference = /^secret:[A-Za-z0-9]\S*$/;

/** Whether a secret column may hold a value: a hash, none, or a reference. The old 13-letter DES form looks like a word, and is not taken. */
export function isKeptSecret(value: string): boolean {
  return hash.test(value) || noPassword.test(value) || reference.test(value);
}

const pem = /-----BEGIN [A-Z ]*PRIVATE KEY( BLOCK)?-----/;

/** What a check of secrets reads of a view. */
type Searched = Pick<View, 'tables' | 'folder' | 'text'>;

/** Never quotes what it finds. Rows that are switched off count: they are in the commit all the same. */
export function checkSecrets(view: Searched): Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const table of view.tables.values()) {
    for (const column of secretColumns(table)) found.push(...clearValues(table, column));
    // One search of the whole text; rows are only looked at where it finds something.
    if (pem.test(table.text)) found.push(...keyCells(table));
  }
  for (const { path } of view.folder('custom').entries) {
    const file = `custom/${path}`;
    if (pem.test(view.text(file) ?? '')) found.push(privateKeyText({ file, line: 0, column: 0 }, { what: file }));
  }
  const attributes = view.text('attributes.csv');
  if (attributes !== undefined && pem.test(attributes))
    found.push(privateKeyText({ file: 'attributes.csv', line: 0, column: 0 }, { what: 'attributes.csv' }));
  return found;
}

/** The same of some files of a commit that never comes into effect. Others are not read. */
export async function secretsIn(files: readonly FileEntry[], { commit, blobs }: Snapshot): Promise<Diagnostic[]> {
  const below = (folder: string) => files.filter(({ path }) => path.startsWith(`${folder}/`));
  const list: Snapshot['list'] = async (folder) => ({ tree: undefined, entries: below(folder) });
  const { tables } = await loadTables({ commit, list, blobs }, new TableCache());
  const custom = below('custom').filter(({ mode }) => mode !== '160000');
  const wanted = [...custom, ...files.filter(({ path }) => path === 'attributes.csv')];
  const bytes = await blobs(wanted.map(({ oid }) => oid));
  const texts = new Map(wanted.map(({ path }, i) => [path, bytes[i]?.toString('utf8') ?? '']));
  const entries = custom.map((file) => ({ ...file, path: file.path.slice('custom/'.length) }));
  return checkSecrets({ tables, folder: () => ({ tree: undefined, entries }), text: (path) => texts.get(path) });
}

function clearValues(table: Table, column: string): Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const rows of [table.rows, table.disabled]) {
    for (const row of rows) {
      const value = table.value(row, column);
      if (value === undefined || isKeptSecret(value.trim())) continue;
      found.push(clearSecret(table.at(row, column), { table: table.name, column }));
    }
  }
  return found;
}

function keyCells(table: Table): Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const row of [...table.rows, ...table.disabled]) {
    const i = row.values.findIndex((value) => value !== undefined && pem.test(value));
    if (i === -1) continue;
    const column = table.columns[i] ?? 'comments';
    found.push(privateKeyText(table.at(row, column), { what: `${table.name}.${column}` }));
  }
  // In a comment line it is no cell, but in the commit.
  if (found.length === 0) found.push(privateKeyText({ file: table.file, line: 0, column: 0 }, { what: table.file }));
  return found;
}
