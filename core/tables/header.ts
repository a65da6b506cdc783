/** Reads the first line of a table: `#` and the names of the columns. */
import { isLineEnd, lineEnd, nextLine, skipBlanks, startOf } from './scan.ts';

export interface HeaderColumn {
  readonly name: string;
  /** Index of the name's first character in the text. */
  readonly at: number;
}

export interface Header {
  /** Line that it stands on, from 1; 0 where the text has nothing but blank lines. */
  readonly line: number;
  /** Index of the line's first character that is no blank. */
  readonly at: number;
  /** Whether the line opens with `#`. */
  readonly marked: boolean;
  /** Trailing cells without a name are left out; one between names is kept as ''. */
  readonly columns: readonly HeaderColumn[];
  /** Index after the last name, closing quote included: where another column can be written. */
  readonly end: number;
  /** Start of the line after it. */
  readonly next: number;
}

/** Reads the first line that is not blank as a header. Quotes in it are ignored, and so are blanks around names (facts 1.1). */
export function readHeader(text: string): Header {
  let at = startOf(text);
  let line = 1;
  for (;;) {
    const first = skipBlanks(text, at);
    if (first >= text.length) return { line: 0, at: first, marked: false, columns: [], end: first, next: first };
    if (!isLineEnd(text, first)) return readColumns(text, first, line);
    at = nextLine(text, first);
    line++;
  }
}

function readColumns(text: string, first: number, line: number): Header {
  const end = lineEnd(text, first);
  // A spreadsheet that quotes every cell writes "#node".
  const hash = skipBlanks(text, text[first] === '"' ? first + 1 : first);
  const marked = hash < end && text[hash] === '#';
  const columns = columnNames(text, marked ? hash + 1 : first, end);
  const last = columns.at(-1);
  let after = last === undefined ? hash + 1 : last.at + last.name.length;
  while (last !== undefined && after < end && text[after] === '"') after++;
  return { line, at: first, marked, columns, end: after, next: nextLine(text, end) };
}

/** The names between two indexes of one line, without quotes and outer blanks. */
export function columnNames(text: string, from: number, end: number): HeaderColumn[] {
  const columns: HeaderColumn[] = [];
  let named = 0;
  let at = from;
  // Cut out first: a search for commas in the whole text would run to its end for every comment line.
  for (const cell of text.slice(from, end).split(',')) {
    const name = cell.replaceAll('"', ' ').trim();
    columns.push({ name, at: at + cell.indexOf(name.slice(0, 1)) });
    if (name !== '') named = columns.length;
    at += cell.length + 1;
  }
  return columns.slice(0, named);
}
