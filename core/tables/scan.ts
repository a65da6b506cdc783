/** Reads one cell of a row: the one place that knows how cells are quoted, separated and ended. */

const TAB = 9;
const NEWLINE = 10;
const RETURN = 13;
const SPACE = 32;
const QUOTE = 34;
const COMMA = 44;

/**
 * What makes a cell unreadable. `stray`: a quote inside an unquoted value. `after`: text between a closing quote and
 * the comma. `open`: a quote that is never closed, or closes on a later line only because the next value opens there.
 */
export type Fault = 'stray' | 'after' | 'open';

/** Where a cell and its parts stand in the text. One object is used again for every cell: a row is read without garbage. */
export class Cell {
  /** First character, blanks included. */
  start = 0;
  /** The value: inside the quotes, or without outer blanks. */
  from = 0;
  to = 0;
  quoted = false;
  /** The value holds doubled quotes, which stand for one each. */
  doubled = false;
  /** Index of the comma or line end that ends the cell, or the length of the text. Not set where there is a fault. */
  end = 0;
  /** Line breaks inside the quotes. */
  newlines = 0;
  /** First line break, tab, other control character of the value; -1: none. */
  newlineAt = -1;
  tabAt = -1;
  controlAt = -1;
  fault: Fault | undefined = undefined;
  faultAt = -1;
  /** One past the last character that was looked at. */
  seen = 0;
}

/** Reads the cell that begins at `start` into `cell`. */
export function scanCell(text: string, start: number, cell: Cell): void {
  cell.start = start;
  cell.doubled = false;
  cell.newlines = 0;
  cell.newlineAt = -1;
  cell.tabAt = -1;
  cell.controlAt = -1;
  cell.fault = undefined;
  const first = skipBlanks(text, start);
  cell.quoted = text.charCodeAt(first) === QUOTE;
  if (cell.quoted) scanQuoted(text, first, cell);
  else scanUnquoted(text, first, cell);
}

function scanQuoted(text: string, open: number, cell: Cell): void {
  const length = text.length;
  let i = open + 1;
  cell.from = i;
  for (; ; i++) {
    if (i >= length) {
      fail(cell, 'open', open, length);
      return;
    }
    const c = text.charCodeAt(i);
    if (c === QUOTE) {
      if (text.charCodeAt(i + 1) !== QUOTE) break;
      cell.doubled = true;
      i++;
    } else if (c < SPACE || (c > 126 && c < 160)) {
      if (c === NEWLINE) {
        cell.newlines++;
        if (cell.newlineAt < 0) cell.newlineAt = i;
      } else if (c !== RETURN || text.charCodeAt(i + 1) !== NEWLINE) noteControl(cell, c, i);
    }
  }
  cell.to = i;
  const end = skipBlanks(text, i + 1);
  cell.end = end;
  cell.seen = end + 1;
  if (!isCellEnd(text, end)) {
    if (cell.newlines > 0) fail(cell, 'open', open, end);
    else fail(cell, 'after', end, end);
  }
}

function scanUnquoted(text: string, first: number, cell: Cell): void {
  const length = text.length;
  cell.from = first;
  let to = first;
  let tab = -1;
  let i = first;
  for (; i < length; i++) {
    const c = text.charCodeAt(i);
    if (c === COMMA || c === NEWLINE) break;
    if (c === SPACE) continue;
    if (c === QUOTE) {
      fail(cell, 'stray', i, i);
      return;
    }
    if (c < SPACE || (c > 126 && c < 160)) {
      if (c === RETURN && isCellEnd(text, i)) break;
      if (c === TAB) {
        if (tab < 0) tab = i;
        continue;
      }
      noteControl(cell, c, i);
    }
    // A tab at the end is a blank; only one that more of the value follows is part of it.
    if (tab >= 0) cell.tabAt = tab;
    to = i + 1;
  }
  cell.to = to;
  cell.end = i;
  cell.seen = i + 1;
}

/** Only the first tab and the first other control character are kept: one message a cell. */
function noteControl(cell: Cell, c: number, at: number): void {
  if (c === TAB) {
    if (cell.tabAt < 0) cell.tabAt = at;
  } else if (cell.controlAt < 0) cell.controlAt = at;
}

function fail(cell: Cell, fault: Fault, at: number, seen: number): void {
  cell.fault = fault;
  cell.faultAt = at;
  cell.seen = seen + 1;
}

/** Index of the first character from `i` on that is no blank. */
export function skipBlanks(text: string, i: number): number {
  for (let at = i; ; at++) {
    const c = text.charCodeAt(at);
    if (c !== SPACE && c !== TAB) return at;
  }
}

/** Whether a comma, a line end or the end of the text stands at `i`. */
function isCellEnd(text: string, i: number): boolean {
  return i >= text.length || text.charCodeAt(i) === COMMA || isLineEnd(text, i);
}

/** Whether a line ends at `i`: end of the text, LF, or CR before one of these. */
export function isLineEnd(text: string, i: number): boolean {
  if (i >= text.length) return true;
  const c = text.charCodeAt(i);
  return c === NEWLINE || (c === RETURN && (i + 1 === text.length || text.charCodeAt(i + 1) === NEWLINE));
}

/** Start of the line after the one that `i` stands in (the length of the text after the last). */
export function nextLine(text: string, i: number): number {
  const newline = text.indexOf('\n', i);
  return newline < 0 ? text.length : newline + 1;
}

/** End of the line that `i` stands in, before its CR LF or LF. */
export function lineEnd(text: string, i: number): number {
  const newline = text.indexOf('\n', i);
  const end = newline < 0 ? text.length : newline;
  return end > i && text.charCodeAt(end - 1) === RETURN ? end - 1 : end;
}

/** Column of an index in its line, from 1; a byte-order mark does not count. */
export function columnOf(text: string, index: number): number {
  const lineStart = index === 0 ? 0 : text.lastIndexOf('\n', index - 1) + 1;
  return index - Math.max(lineStart, startOf(text)) + 1;
}

/** Index of the first character after the byte-order mark, if there is one. */
export function startOf(text: string): number {
  return text.charCodeAt(0) === 0xfeff ? 1 : 0;
}
