/** Finds clear secrets in a table and puts references in their place; every other byte of the table stays. */
import { type Edit, editTable } from '../tables/edit.ts';
import { readHeader } from '../tables/header.ts';
import { Cell, isLineEnd, nextLine, scanCell, skipBlanks } from '../tables/scan.ts';
import type { TableSchema } from '../tables/schema.ts';
import { holdsSecrets, otherSecrets, schemas } from '../tables/schemas.ts';
import type { Row, Table } from '../tables/table.ts';

/** A cell says this and a name instead of the secret: `secret:passwd/system/root/password`. */
export const referencePrefix = 'secret:';
const reference = /^secret:[^/\s]+\/\S+\/[^/\s]+$/;

export interface MovedSecret {
  /** Without the prefix: the name under which the value is kept. */
  readonly name: string;
  readonly value: string;
}

/** A crypt hash with its salt, locked or not; stricter than the check of a push, so that what stays here passes there.
 *  The thirteen characters of old DES can't be told from a password. */
const cryptHash = /^!{0,2}\$(?:1|2[abxy]?|5|6|7|gy|y|sm3|md5|sha1|apr1)\$[./0-9A-Za-z$=,+-]{16,}$/;

/** Columns of a table that are declared to hold secrets. `schema`: a plugin's, for a table of its own. */
export function declaredSecrets(name: string, schema?: TableSchema): readonly string[] {
  return (schema ?? schemas.get(name))?.secret ?? otherSecrets.get(name) ?? [];
}

/** The columns of a table that hold secrets, among those that its header has. */
export function secretColumns(table: Pick<Table, 'name' | 'columns'>, schema?: TableSchema): string[] {
  return [...new Set(table.columns)].filter((column) => holdsSecrets(table.name, column, schema));
}

/** Whether a value can be read by whoever sees it: neither a hash, nor a reference, nor a locked account (`*`, `!`). */
export function isClear(value: string): boolean {
  return !cryptHash.test(value) && !reference.test(value) && !/^([*!]+|\*LK\*)$/.test(value);
}

/** The table's text with references for clear secrets, of rows in force and of disabled ones. */
export function moveSecrets(
  table: Table,
  schema?: TableSchema,
): { readonly text: string; readonly moved: readonly MovedSecret[] } {
  const columns = secretColumns(table, schema);
  const key = (schema ?? schemas.get(table.name))?.key;
  const moved: MovedSecret[] = [];
  const edits: Edit[] = [];
  const taken = new Map<string, string>();
  for (const row of [...table.rows, ...table.disabled].sort((a, b) => a.offset - b.offset)) {
    for (const column of columns) {
      const value = table.value(row, column);
      if (value === undefined || !isClear(value)) continue;
      const name = freeName(nameOf(table, row, column, columns, key), value, taken);
      if (!taken.has(name)) moved.push({ name, value });
      taken.set(name, value);
      edits.push({ kind: 'set', row, cells: { [column]: referencePrefix + name } });
    }
  }
  return { text: edits.length === 0 ? table.text : editTable(table, edits), moved };
}

/** Columns that tell rows of one node apart, in the tables that have no schema. */
const furtherKeys = ['switch', 'port', 'product', 'username'];

function nameOf(
  table: Table,
  row: Row,
  column: string,
  secrets: readonly string[],
  known: readonly string[] | undefined,
): string {
  const first = table.columns.find((name) => !secrets.includes(name));
  const keys = known ?? [...new Set([first ?? '', ...furtherKeys])].filter((key) => table.columns.includes(key));
  const parts = keys.flatMap((key) => table.value(row, key) ?? []);
  return [table.name, ...(parts.length === 0 ? [`line${row.line}`] : parts), column].map(encoded).join('/');
}

/** Letters, digits and a few signs as they are: a slash in a key must not read as another part. */
function encoded(part: string): string {
  return part.replace(/[^A-Za-z0-9._@:+-]/gu, (character) => encodeURIComponent(character));
}

function freeName(wanted: string, value: string, taken: ReadonlyMap<string, string>): string {
  let name = wanted;
  for (let n = 2; taken.has(name) && taken.get(name) !== value; n++) name = `${wanted}~${n}`;
  return name;
}

/** The first line (from 1) of a comment that looks like a row, and so may hold a secret; undefined: there is none. */
export function rowInComment(table: Table): number | undefined {
  const { text } = table;
  const header = readHeader(text);
  const cell = new Cell();
  let line = header.line + 1;
  for (let at = header.next; at < text.length; ) {
    const first = skipBlanks(text, at);
    if (text[first] === '#' || isLineEnd(text, first)) {
      const next = nextLine(text, first);
      if (text.slice(first, next).includes(',')) return line;
      at = next;
      line++;
      continue;
    }
    for (let start = at; ; start = cell.end + 1) {
      scanCell(text, start, cell);
      line += cell.newlines;
      if (cell.fault !== undefined || text[cell.end] !== ',') break;
    }
    if (cell.fault !== undefined) return undefined;
    at = nextLine(text, cell.end);
    line++;
  }
  return undefined;
}
