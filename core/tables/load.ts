/** Reads all tables of a snapshot; a table whose blob did not change is never parsed again. */
import * as wrong from '../diagnostic/catalogue/tables.ts';
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import type { FileEntry, GitMode, Snapshot } from '../repo/snapshot.ts';
import { nearest } from './nearest.ts';
import { type ParsedTable, parseTable } from './parse.ts';
import type { TableSchema } from './schema.ts';
import { knownTables, schemas } from './schemas.ts';
import type { Table } from './table.ts';

export interface LoadedTables {
  readonly tables: ReadonlyMap<string, Table>;
  /** Files that are no tables first; then table by table in the order of the files, each from its top. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Parsed tables by blob, the least recently used dropped first. Tables are immutable, so any number of readers may share one. */
export class TableCache {
  readonly #entries = new Map<
    string,
    { readonly schema: TableSchema | undefined; readonly parsed: ParsedTable; readonly size: number }
  >();
  readonly #most: number;
  readonly #characters: number;
  #size = 0;

  /** `most` tables of together at most `characters` of text; the newest is kept whatever its size. */
  constructor(most = 500, characters = 64 * 2 ** 20) {
    this.#most = most;
    this.#characters = characters;
  }

  /** The table of that blob and name, if it was parsed with this very schema. */
  get(oid: string, name: string, schema: TableSchema | undefined): ParsedTable | undefined {
    const key = `${oid} ${name}`;
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.schema !== schema) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.parsed;
  }

  put(oid: string, name: string, schema: TableSchema | undefined, parsed: ParsedTable): void {
    const key = `${oid} ${name}`;
    this.#drop(key);
    const size = parsed.table?.text.length ?? 0;
    this.#entries.set(key, { schema, parsed, size });
    this.#size += size;
    for (const oldest of this.#entries.keys()) {
      if (oldest === key || (this.#entries.size <= this.#most && this.#size <= this.#characters)) break;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    this.#size -= this.#entries.get(key)?.size ?? 0;
    this.#entries.delete(key);
  }
}

interface Wanted {
  readonly entry: FileEntry;
  readonly name: string;
  readonly schema: TableSchema | undefined;
}

/**
 * Parses `tables/*.csv`. `extra`: schemas of tables that plugins add (a table of litehouse's own keeps its schema).
 * Blobs are read only for tables that the cache does not hold. A table with errors gives the rows that are right.
 */
export async function loadTables(
  snapshot: Snapshot,
  cache: TableCache,
  extra: readonly TableSchema[] = [],
): Promise<LoadedTables> {
  const known = new Map([...extra.map((schema) => [schema.name, schema] as const), ...schemas]);
  const { entries } = await snapshot.list('tables');
  const diagnostics: Diagnostic[] = [];
  const wanted: Wanted[] = [];
  for (const entry of entries) {
    const name = tableName(entry.path);
    const refusal = fileProblem(entry, name);
    if (refusal !== undefined) diagnostics.push(refusal);
    else if (name !== undefined) wanted.push({ entry, name, schema: known.get(name) });
  }
  const parsed = await parseAll(snapshot, cache, wanted);
  const tables = new Map<string, Table>();
  for (const { entry, name } of wanted) {
    const result = parsed.get(name);
    if (!known.has(name) && !knownTables.has(name)) {
      const near = nearest(name, [...known.keys(), ...knownTables]);
      diagnostics.push(wrong.unknownTable({ file: entry.path, line: 0, column: 0 }, { table: name, nearest: near }));
    }
    if (result?.table !== undefined) tables.set(name, result.table);
    for (const diagnostic of result?.diagnostics ?? []) diagnostics.push(diagnostic);
  }
  return { tables, diagnostics };
}

async function parseAll(
  snapshot: Snapshot,
  cache: TableCache,
  wanted: readonly Wanted[],
): Promise<Map<string, ParsedTable>> {
  const parsed = new Map<string, ParsedTable>();
  const fresh: Wanted[] = [];
  for (const table of wanted) {
    const cached = cache.get(table.entry.oid, table.name, table.schema);
    if (cached === undefined) fresh.push(table);
    else parsed.set(table.name, cached);
  }
  if (fresh.length === 0) return parsed;
  const blobs = await snapshot.blobs(fresh.map(({ entry }) => entry.oid));
  for (const [i, { entry, name, schema }] of fresh.entries()) {
    const result = parseTable(name, entry.path, blobs[i] ?? '', schema);
    cache.put(entry.oid, name, schema, result);
    parsed.set(name, result);
  }
  return parsed;
}

/** The table that a file holds; undefined where it is none. */
function tableName(path: string): string | undefined {
  return /^tables\/([^/]+)\.csv$/.exec(path)?.[1];
}

const kinds: Readonly<Partial<Record<GitMode, string>>> = { '120000': 'symbolic link', '160000': 'submodule' };

function fileProblem(entry: FileEntry, name: string | undefined): Diagnostic | undefined {
  const at = { file: entry.path, line: 0, column: 0 };
  const kind = kinds[entry.mode];
  if (name !== undefined && kind !== undefined) return wrong.notAFile(at, { file: entry.path, kind });
  // git's own files (.gitkeep, .gitattributes) may be anywhere.
  if (name !== undefined || /(^|\/)\.git[^/]*$/.test(entry.path)) return undefined;
  return wrong.notATable(at, { file: entry.path });
}
