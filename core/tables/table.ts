/** A table as it stands in one CSV file of one commit: rows of text, each able to say where it stands. */
import type { Position } from '../diagnostic/diagnostic.ts';

/** One row. Values are in the order of the table's own header; an empty cell is `undefined` (absent and empty mean the same). */
export interface Row {
  readonly table: Table;
  /** Line on which the row starts, from 1. */
  readonly line: number;
  /** Index in `table.text` of the row's first character. */
  readonly offset: number;
  readonly values: readonly (string | undefined)[];
}

export interface Table {
  readonly name: string;
  /** Path in the repository, e.g. `tables/litefile.csv`. */
  readonly file: string;
  readonly text: string;
  /** Column names as the header has them, in its order. */
  readonly columns: readonly string[];
  /** Rows that are in force (`disable` is empty, 0 or no), in file order. */
  readonly rows: readonly Row[];
  /** Rows that are switched off by `disable`, in file order. */
  readonly disabled: readonly Row[];
  /** The value of a column in a row; undefined where it is empty or the header has no such column. */
  value(row: Row, column: string): string | undefined;
  /** Where a cell stands (its first character, after any blanks and the opening quote). Without a column: the row's start.
   *  Found by reading the row again, so cells carry no positions of their own; cost follows the row's length. */
  at(row: Row, column?: string): Position;
}
