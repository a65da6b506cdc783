/** A table over the text of its file: values by column, and places found again when somebody asks. */
import type { Position } from '../diagnostic/diagnostic.ts';
import { Cell, columnOf, scanCell } from './scan.ts';
import type { Row, Table } from './table.ts';

export class CsvTable implements Table {
  readonly name: string;
  readonly file: string;
  readonly text: string;
  readonly columns: readonly string[];
  readonly rows: Row[] = [];
  readonly disabled: Row[] = [];
  readonly #index = new Map<string, number>();

  constructor(name: string, file: string, text: string, columns: readonly string[]) {
    this.name = name;
    this.file = file;
    this.text = text;
    this.columns = columns;
    for (const [i, column] of this.columns.entries()) if (!this.#index.has(column)) this.#index.set(column, i);
  }

  value(row: Row, column: string): string | undefined {
    const i = this.#index.get(column);
    return i === undefined ? undefined : row.values[i];
  }

  at(row: Row, column?: string): Position {
    const wanted = column === undefined ? undefined : this.#index.get(column);
    if (wanted === undefined) return { file: this.file, line: row.line, column: columnOf(this.text, row.offset) };
    const cell = new Cell();
    let line = row.line;
    let start = row.offset;
    for (let i = 0; ; i++) {
      scanCell(this.text, start, cell);
      if (i === wanted) return { file: this.file, line, column: columnOf(this.text, cell.from) };
      line += cell.newlines;
      if (this.text[cell.end] !== ',') return { file: this.file, line, column: columnOf(this.text, cell.end) };
      start = cell.end + 1;
    }
  }
}
