/** Decides what an import of a dump writes: which tables, with which bytes, which secrets go where. Touches no disk. */
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import { optionKind } from '../resolve/options.ts';
import { type ParsedTable, parseTable } from '../tables/parse.ts';
import type { TableSchema } from '../tables/schema.ts';
import { knownTables, schemas } from '../tables/schemas.ts';
import type { Table } from '../tables/table.ts';
import { decodeUtf8 } from '../tables/utf8.ts';
import { declaredSecrets, type MovedSecret, moveSecrets, rowInComment, secretColumns } from './secrets.ts';

/** A file of a dump. */
export interface DumpFile {
  /** `litefile.csv` */
  readonly name: string;
  readonly bytes: Buffer;
}

export interface ImportedTable {
  readonly name: string;
  /** Path in the repository. */
  readonly file: string;
  readonly bytes: Buffer;
  /** Rows in force, and disabled ones. */
  readonly rows: number;
  readonly off: number;
  readonly moved: number;
  /** Against what the repository has there: `changed` is overwritten only when asked. */
  readonly change: 'new' | 'same' | 'changed';
  /** litehouse, or a plugin, reads it; else it is kept only. */
  readonly read: boolean;
}

/** A reason why nothing may be written, and what to do about it. */
export interface Refusal {
  readonly what: string;
  readonly mend: string;
}

export interface ImportPlan {
  /** By name. */
  readonly tables: readonly ImportedTable[];
  readonly secrets: readonly MovedSecret[];
  readonly refusals: readonly Refusal[];
  /** What somebody has to know about this dump, one line each. */
  readonly notes: readonly string[];
}

/**
 * Plans an import. Bytes stay as they are but for clear secrets, whose cells become references. A table with secrets
 * that can't be read whole is a refusal: what can't be read can't be moved.
 *
 * @param existing the bytes of `tables/*.csv` of the repository, by file name
 * @param extra schemas of tables that plugins add
 */
export function planImport(
  dump: readonly DumpFile[],
  existing: ReadonlyMap<string, Buffer>,
  extra: readonly TableSchema[] = [],
): ImportPlan {
  const tables: ImportedTable[] = [];
  const secrets: MovedSecret[] = [];
  const refusals: Refusal[] = [];
  const parsed = new Map<string, Table>();
  const schemaOf = new Map([...extra.map((schema) => [schema.name, schema] as const), ...schemas]);
  for (const file of [...dump].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const name = file.name.replace(/\.csv$/, '');
    const read = readTable(name, file, schemaOf.get(name));
    if ('refusal' in read) {
      refusals.push(read.refusal);
      continue;
    }
    const { table, bytes, moved } = read;
    if (table !== undefined) parsed.set(name, table);
    for (const secret of moved) secrets.push(secret);
    const there = existing.get(file.name);
    tables.push({
      name,
      file: `tables/${file.name}`,
      bytes,
      rows: table?.rows.length ?? 0,
      off: table?.disabled.length ?? 0,
      moved: moved.length,
      change: there === undefined ? 'new' : there.equals(bytes) ? 'same' : 'changed',
      read: schemaOf.has(name),
    });
  }
  return { tables, secrets, refusals, notes: notesOn(parsed, tables) };
}

type ReadTable = { readonly table: Table | undefined; readonly bytes: Buffer; readonly moved: readonly MovedSecret[] };

function readTable(name: string, file: DumpFile, schema: TableSchema | undefined): ReadTable | { refusal: Refusal } {
  const decoded = decodeUtf8(file.bytes);
  // Latin-1 gives every byte a character of its own, so that an edit gives back the bytes that are no UTF-8, too.
  const encoding = decoded.bad === undefined ? 'utf8' : 'latin1';
  const text = encoding === 'utf8' ? decoded.text : file.bytes.toString('latin1');
  const result = parseTable(name, `tables/${file.name}`, text, schema);
  const { table } = result;
  const columns = table === undefined ? declaredSecrets(name, schema) : secretColumns(table, schema);
  if (columns.length === 0) return { table, bytes: file.bytes, moved: [] };
  const why = unreadable(result);
  if (why !== undefined) return { refusal: why };
  if (table === undefined) return { table, bytes: file.bytes, moved: [] };
  const { text: edited, moved } = moveSecrets(table, schema);
  if (moved.length === 0) return { table, bytes: file.bytes, moved };
  return { table, bytes: Buffer.from(edited, encoding), moved };
}

/** Why the secrets of a table can't all be found. Never quotes the file. */
function unreadable({ table, diagnostics }: ParsedTable): Refusal | undefined {
  const fault: Diagnostic | undefined = diagnostics.find(({ severity }) => severity === 'error');
  if (fault !== undefined) {
    const { at } = fault;
    const place =
      at === undefined ? '' : `${at.file.replace(/^tables\//, '')}${at.line > 0 ? `:${at.line}:${at.column}` : ''}: `;
    return {
      what: `${place}${fault.message}; a table with secrets has to be read whole, or some would be left in it`,
      mend: fault.mend,
    };
  }
  const line = table === undefined ? undefined : rowInComment(table);
  if (table === undefined || line === undefined) return undefined;
  return {
    what: `${table.name}.csv:${line}: a comment that looks like a row may hold a secret, which would be left in it`,
    mend: 'remove the line; a row is switched off by a 1 in its column disable',
  };
}

/** Logs that the original keeps in tables: large, no configuration, and full of command lines. */
const logs = ['auditlog', 'eventlog'];

function notesOn(parsed: ReadonlyMap<string, Table>, tables: readonly ImportedTable[]): string[] {
  const notes: string[] = [];
  for (const [name, column] of [
    ['litetree', 'directory'],
    ['statelite', 'statemnt'],
  ] as const) {
    const table = parsed.get(name);
    const commands = table?.rows.filter((row) => table.value(row, column)?.includes('#CMD=')).length ?? 0;
    if (commands > 0) {
      notes.push(
        `${name}: ${commands} ${commands === 1 ? 'row runs' : 'rows run'} a command on the server (#CMD=), which litehouse never does: put the value into a table and name it as $table.column`,
      );
    }
  }
  const sign = laterDialect(parsed);
  if (sign !== undefined) {
    notes.push(
      `the dump is of a later original (${sign}), where option words mean other things: if so, add "litehouse.dialect","later",, to tables/site.csv before the first push`,
    );
  }
  for (const { name, rows, off } of tables) {
    if (logs.includes(name) && rows + off > 0)
      notes.push(
        `${name}: a log with command lines, which may hold passwords: remove tables/${name}.csv unless you need it`,
      );
  }
  const kept = tables.filter((table) => !table.read && knownTables.has(table.name)).map(({ name }) => name);
  if (kept.length > 0) notes.push(`kept, but not read by litehouse: ${kept.join(', ')}`);
  return notes;
}

/** What shows that the dump's option words are of the later dialect; undefined where nothing does, or the site says so. */
function laterDialect(parsed: ReadonlyMap<string, Table>): string | undefined {
  const site = parsed.get('site');
  if (site?.rows.some((row) => site.value(row, 'key') === 'litehouse.dialect')) return undefined;
  const litefile = parsed.get('litefile');
  for (const row of litefile?.rows ?? []) {
    const options = litefile?.value(row, 'options');
    if (options === undefined) continue;
    // `bind` is the cookbook's word alone, and settles it the other way.
    if (optionKind(options, 'later') === undefined && optionKind(options, 'cookbook') !== undefined) return undefined;
  }
  for (const name of ['litetree', 'statelite'])
    if (parsed.get(name)?.columns.includes('mntopts')) return `${name} has the column mntopts`;
  const link = litefile?.rows.find((row) => /^\s*(link|localdisk)/i.test(litefile.value(row, 'options') ?? ''));
  return link === undefined ? undefined : `litefile has the option ${litefile?.value(link, 'options')}`;
}
