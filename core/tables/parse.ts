/** Reads one table: tolerant where people write, strict where a machine would have to guess. */
import * as wrong from '../diagnostic/catalogue/tables.ts';
import type { Diagnostic, Position } from '../diagnostic/diagnostic.ts';
import { CsvTable } from './csvtable.ts';
import { columnNames, type Header, readHeader } from './header.ts';
import { checkHeader, needed } from './headercheck.ts';
import { printable, Reports } from './reports.ts';
import { Cell, columnOf, isLineEnd, lineEnd, nextLine, scanCell, skipBlanks } from './scan.ts';
import type { TableSchema } from './schema.ts';
import { holdsSecrets, otherSecrets } from './schemas.ts';
import type { Row, Table } from './table.ts';
import { decodeUtf8 } from './utf8.ts';

const largest = 256;

export interface ParsedTable {
  /** Undefined where the file has no header. With errors elsewhere: the rows that are right. */
  readonly table: Table | undefined;
  readonly diagnostics: readonly Diagnostic[];
  /** Characters of rows that were looked at, repeats counted: a small multiple of the file's length, whatever it holds. */
  readonly visited: number;
}

/**
 * Parses the bytes of one table. Never throws. `schema` undefined: a table that litehouse does not know; its columns are
 * taken as they are. Of rows with the same key the first is kept. Where bytes are not UTF-8 the rows hold U+FFFD.
 */
export function parseTable(
  name: string,
  file: string,
  bytes: Buffer | string,
  schema: TableSchema | undefined,
): ParsedTable {
  const reports = new Reports();
  const failed = (): ParsedTable => ({
    table: undefined,
    diagnostics: reports.list({ file, line: 0, column: 0 }),
    visited: 0,
  });
  const megabytes = Math.ceil(bytes.length / 2 ** 20);
  if (megabytes > largest) {
    reports.add(wrong.tooLarge, () => wrong.tooLarge({ file, line: 0, column: 0 }, { megabytes, limit: largest }));
    return failed();
  }
  let text: string;
  if (typeof bytes === 'string') text = bytes;
  else {
    const decoded = decodeUtf8(bytes);
    text = decoded.text;
    const bad = decoded.bad;
    if (bad) reports.add(wrong.badUtf8, () => wrong.badUtf8({ file, line: bad.line, column: bad.column }, bad));
  }
  const header = readHeader(text);
  const declared = schema?.secret ?? otherSecrets.get(name);
  const secret = declared !== undefined || header.columns.some((column) => holdsSecrets(name, column.name, schema));
  if (!checkHeader({ name, file, text, schema, header, quotes: !secret }, reports)) return failed();
  const table = new CsvTable(
    name,
    file,
    text,
    header.columns.map((column) => column.name),
  );
  const reading = new Reading(table, schema, header, reports, !secret);
  reading.run();
  return { table, diagnostics: reports.list({ file, line: 0, column: 0 }), visited: reading.visited };
}

/** One pass over the rows of a table; the state of it. */
class Reading {
  visited = 0;
  readonly #table: CsvTable;
  readonly #text: string;
  readonly #schema: TableSchema | undefined;
  readonly #header: Header;
  readonly #reports: Reports;
  /** Whether messages may quote from the file: not where it holds secrets, since a slip of quotes shifts the columns. */
  readonly #quotes: boolean;
  readonly #key: readonly number[];
  /** Columns of which a row has to fill one, or it says nothing; none where the header lacks them (and is refused). */
  readonly #needed: readonly number[];
  readonly #comments: number;
  readonly #disable: number;
  readonly #seen = new Map<string, number>();
  readonly #cell = new Cell();
  /** The last row's values: equal neighbours share one string (columns such as os, arch, image repeat). */
  #before: readonly (string | undefined)[] = [];
  #at: number;
  #line: number;

  constructor(table: CsvTable, schema: TableSchema | undefined, header: Header, reports: Reports, quotes: boolean) {
    this.#table = table;
    this.#text = table.text;
    this.#schema = schema;
    this.#header = header;
    this.#reports = reports;
    this.#quotes = quotes;
    this.#key = (schema?.key ?? []).map((column) => table.columns.indexOf(column)).filter((i) => i >= 0);
    this.#needed =
      schema === undefined
        ? []
        : needed(schema)
            .map((column) => table.columns.indexOf(column))
            .filter((i) => i >= 0);
    this.#comments = table.columns.indexOf('comments');
    this.#disable = table.columns.indexOf('disable');
    this.#at = header.next;
    this.#line = header.line + 1;
  }

  run(): void {
    const text = this.#text;
    while (this.#at < text.length) {
      const first = skipBlanks(text, this.#at);
      if (!isLineEnd(text, first) && text[first] !== '#') {
        this.#row();
        continue;
      }
      if (text[first] === '#') this.#comment(first);
      const next = nextLine(text, first);
      this.visited += next - this.#at;
      this.#at = next;
      this.#line++;
    }
  }

  /** Reads one row, and says where the next one starts: after a fault on the line below the faulty cell's first. */
  #row(): void {
    const text = this.#text;
    const cell = this.#cell;
    const width = this.#table.columns.length;
    const offset = this.#at;
    const rowLine = this.#line;
    const values: (string | undefined)[] = [];
    let good = true;
    let empty = true;
    let start = offset;
    for (let column = 0; ; column++) {
      scanCell(text, start, cell);
      this.visited += cell.seen - start;
      if (cell.fault !== undefined) {
        this.#fault(cell);
        this.#at = nextLine(text, start);
        this.#line++;
        return;
      }
      if (good && !this.#characters(cell, column)) good = false;
      const value = this.#value(cell, column);
      if (value !== undefined) empty = false;
      if (column < width) values.push(value);
      else if (value !== undefined && good) {
        good = false;
        this.#surplus(cell, column);
      }
      this.#line += cell.newlines;
      if (text[cell.end] !== ',') break;
      start = cell.end + 1;
    }
    this.#at = nextLine(text, cell.end);
    this.#line++;
    if (!good || empty) return;
    while (values.length < width) values.push(undefined);
    this.#before = values;
    this.#keep({ table: this.#table, line: rowLine, offset, values });
  }

  #value(cell: Cell, column: number): string | undefined {
    const length = cell.to - cell.from;
    if (length === 0) return undefined;
    const before = cell.doubled ? undefined : this.#before[column];
    if (before !== undefined && before.length === length && this.#text.startsWith(before, cell.from)) return before;
    const value = this.#text.slice(cell.from, cell.to);
    return cell.doubled ? value.replaceAll('""', '"') : value;
  }

  #keep(row: Row): void {
    const off = this.#disable < 0 ? undefined : row.values[this.#disable];
    if (off !== undefined && isOff(off)) {
      this.#table.disabled.push(row);
      if (/^(false|off|none|never|n)$/i.test(off.trim())) {
        this.#reports.add(wrong.disableWord, () => wrong.disableWord(this.#table.at(row, 'disable'), { value: off }));
      }
      return;
    }
    if (this.#schema !== undefined && !this.#unique(row, this.#schema)) return;
    this.#table.rows.push(row);
  }

  /** Whether the row's key is new. A row without a key is kept: it says nothing, and hurts nobody. */
  #unique(row: Row, schema: TableSchema): boolean {
    if (this.#needed.every((i) => row.values[i] === undefined)) {
      if (this.#needed.length > 0) {
        this.#reports.add(wrong.noKey, () =>
          wrong.noKey(this.#table.at(row), { table: schema.name, key: needed(schema) }),
        );
      }
      return true;
    }
    const joined = this.#joinedKey(row);
    const line = this.#seen.get(joined);
    if (line === undefined) {
      this.#seen.set(joined, row.line);
      return true;
    }
    const shown = this.#quotes ? this.#key : this.#key.slice(0, 1);
    const key = shown.map((i) => clip(row.values[i] ?? '')).join(' ');
    this.#reports.add(wrong.duplicateKey, () =>
      wrong.duplicateKey(this.#table.at(row), { table: schema.name, key, line }),
    );
    return false;
  }

  #joinedKey(row: Row): string {
    const [first = -1, ...more] = this.#key;
    let joined = row.values[first] ?? '';
    // NUL can't be in a value, so it can't make two keys look like one.
    for (const i of more) joined += `\0${row.values[i] ?? ''}`;
    return joined;
  }

  /** Whether the value's characters are allowed in its column: line breaks and tabs in comments, nothing else below a blank. */
  #characters(cell: Cell, column: number): boolean {
    if (cell.newlineAt < 0 && cell.tabAt < 0 && cell.controlAt < 0) return true;
    const free = column === this.#comments;
    if (free && cell.controlAt < 0) return true;
    const header = this.#table.columns[column];
    const name = header === undefined ? undefined : printable(header.slice(0, 60));
    if (!free && cell.newlineAt >= 0) {
      this.#reports.add(wrong.lineBreak, () => wrong.lineBreak(this.#position(cell, cell.newlineAt), { column: name }));
      return false;
    }
    const at =
      free || cell.tabAt < 0 || (cell.controlAt >= 0 && cell.controlAt < cell.tabAt) ? cell.controlAt : cell.tabAt;
    const character = `U+${this.#text.charCodeAt(at).toString(16).toUpperCase().padStart(4, '0')}`;
    this.#reports.add(wrong.controlCharacter, () =>
      wrong.controlCharacter(this.#position(cell, at), { character, column: name }),
    );
    return false;
  }

  #surplus(cell: Cell, column: number): void {
    const value = this.#shown(cell.from, cell.to);
    this.#reports.add(wrong.surplusValue, () =>
      wrong.surplusValue(this.#position(cell, cell.from), {
        value,
        cell: column + 1,
        columns: this.#table.columns.length,
      }),
    );
  }

  #fault(cell: Cell): void {
    const text = this.#text;
    const at = (): Position => this.#position(cell, cell.faultAt);
    if (cell.fault === 'stray') {
      this.#reports.add(wrong.strayQuote, () =>
        wrong.strayQuote(at(), { value: this.#shown(cell.from, lineEnd(text, cell.from)) }),
      );
    } else if (cell.fault === 'after') {
      this.#reports.add(wrong.textAfterQuote, () =>
        wrong.textAfterQuote(at(), { text: this.#shown(cell.faultAt, lineEnd(text, cell.faultAt)) }),
      );
    } else {
      const meets = cell.seen > text.length ? undefined : this.#line + cell.newlines;
      this.#reports.add(wrong.openQuote, () => wrong.openQuote(at(), { line: this.#line, meets }));
    }
  }

  /** A comment that is a header with other columns: two files were put together. */
  #comment(hash: number): void {
    if (this.#schema === undefined) return;
    const names = columnNames(this.#text, hash + 1, lineEnd(this.#text, hash)).map((column) => column.name);
    const known = this.#schema.columns;
    if (names.length < 2 || !names.every((name) => known.includes(name))) return;
    if (names.join() === this.#table.columns.join()) return;
    const at = { file: this.#table.file, line: this.#line, column: columnOf(this.#text, hash) };
    this.#reports.add(wrong.secondHeader, () => wrong.secondHeader(at, { first: this.#header.line }));
  }

  /** Place of an index inside the cell that is being read; `#line` is the line on which that cell starts. */
  #position(cell: Cell, index: number): Position {
    let line = this.#line;
    for (let i = this.#text.indexOf('\n', cell.start); i >= 0 && i < index; i = this.#text.indexOf('\n', i + 1)) line++;
    return { file: this.#table.file, line, column: columnOf(this.#text, index) };
  }

  #shown(from: number, to: number): string | undefined {
    return this.#quotes ? clip(this.#text.slice(from, to)) : undefined;
  }
}

/** Whether a value of the column `disable` switches a row off: anything but 0 and no (facts 1). */
export function isOff(value: string): boolean {
  return !/^(0|no)$/i.test(value);
}

/** A text as messages quote it: one line, at most 60 characters. */
function clip(text: string): string {
  const short = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return `'${printable(short)}'`;
}
