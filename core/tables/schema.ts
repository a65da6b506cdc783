/** What litehouse knows of a table: its columns, its key, and what kind of thing a key is. */

export interface TableSchema {
  readonly name: string;
  /** Columns that are known; others in a file are kept and warned about (RULES, Nodes). Includes `comments` and `disable`. */
  readonly columns: readonly string[];
  /** Columns that together must be unique among the rows in force. */
  readonly key: readonly string[];
  /** `node`: the first key column holds a node or a group name and is found through groups and patterns (facts 1.2). */
  readonly keyedBy: 'node' | 'literal';
  /** Columns that litehouse reads (the rest is kept only). */
  readonly used: readonly string[];
  /** Columns whose value is a secret: hash or reference only (DESIGN 5). */
  readonly secret?: readonly string[];
  /** One sentence: what a row of it says. */
  readonly about: string;
}
