/** Finds the value of one column for one node: its own row, then its groups in order, each column by itself (facts 1.2). */
import { patternArithmetic, patternError, patternNoMatch, patternUnsupported } from '../diagnostic/catalogue/nodes.ts';
import type { Row, Table } from '../tables/table.ts';
import type { Findings } from './findings.ts';
import { compilePattern, type PatternError } from './pattern.ts';
import type { Value } from './view.ts';

/** Columns that hold paths: `/a/b/` in them is a path, never a substitution. */
const pathColumns = new Set([
  'noderes.nfsdir',
  'noderes.tftpdir',
  'statelite.statemnt',
  'linuximage.rootimgdir',
  'bootparams.addkcmdline',
  'bootparams.kernel',
  'bootparams.initrd',
  'bootparams.kcmdline',
]);

const patternKinds: Readonly<Record<PatternError['reason'], typeof patternError>> = {
  syntax: patternError,
  unsupported: patternUnsupported,
  arithmetic: patternArithmetic,
};

const none: readonly string[] = [];

/** One column of one table, indexed by key, with what groups give kept by group list. */
class Column {
  private readonly byGroups = new Map<readonly string[], Value | undefined>();
  private readonly name: string;
  private readonly index: number;
  private readonly rows: ReadonlyMap<string, readonly Row[]>;
  /** nodelist itself has no group step (facts 1.2 item 3). */
  private readonly throughGroups: boolean;

  constructor(table: Table, name: string, rows: ReadonlyMap<string, readonly Row[]>) {
    this.name = name;
    this.index = table.columns.indexOf(name);
    this.rows = rows;
    this.throughGroups = table.name !== 'nodelist';
  }

  value(node: string, groups: readonly string[]): Value | undefined {
    if (this.index === -1) return undefined;
    return this.ofKey(node) ?? (this.throughGroups ? this.ofGroups(groups) : undefined);
  }

  private ofKey(key: string): Value | undefined {
    const rows = this.rows.get(key);
    if (rows === undefined) return undefined;
    for (const row of rows) {
      const raw = row.values[this.index];
      if (raw !== undefined) return { text: raw, raw, row, column: this.name, key };
    }
    return undefined;
  }

  private ofGroups(groups: readonly string[]): Value | undefined {
    const known = this.byGroups.get(groups);
    if (known !== undefined || this.byGroups.has(groups)) return known;
    let found: Value | undefined;
    for (const group of groups) {
      found = this.ofKey(group);
      if (found !== undefined) break;
    }
    this.byGroups.set(groups, found);
    return found;
  }
}

export class NodeLookup {
  private readonly rowsByKey = new Map<string, Map<string, Row[]>>();
  /** Table → column. Ten thousand nodes ask for twenty columns each: no key is built per question. */
  private readonly columns = new Map<string, Map<string, Column>>();
  private readonly tables: ReadonlyMap<string, Table>;
  private readonly groupsOf: ReadonlyMap<string, readonly string[]>;
  private readonly findings: Findings;

  /** `groupsOf`: node to its groups in order; equal lists must be the same array (they are cache keys). */
  constructor(
    tables: ReadonlyMap<string, Table>,
    groupsOf: ReadonlyMap<string, readonly string[]>,
    findings: Findings,
  ) {
    this.tables = tables;
    this.groupsOf = groupsOf;
    this.findings = findings;
  }

  /** Rows in force of a node-keyed table by key, in file order. */
  rows(table: string, key: string): readonly Row[] {
    return this.indexOf(table).get(key) ?? [];
  }

  private indexOf(table: string): Map<string, Row[]> {
    let index = this.rowsByKey.get(table);
    if (index === undefined) {
      index = new Map();
      const source = this.tables.get(table);
      for (const row of source?.rows ?? []) {
        const text = source?.value(row, 'node');
        if (text === undefined) continue;
        const list = index.get(text);
        if (list === undefined) index.set(text, [row]);
        else list.push(row);
      }
      this.rowsByKey.set(table, index);
    }
    return index;
  }

  /** The value of a column for a node, patterns applied. A pattern that does not match gives no value, and a finding. */
  value(node: string, tableName: string, column: string): Value | undefined {
    const found = this.column(tableName, column)?.value(node, this.groupsOf.get(node) ?? none);
    return found === undefined ? undefined : this.translated(found, node, tableName);
  }

  private column(tableName: string, name: string): Column | undefined {
    let byName = this.columns.get(tableName);
    if (byName === undefined) {
      byName = new Map();
      this.columns.set(tableName, byName);
    }
    let column = byName.get(name);
    if (column === undefined) {
      const table = this.tables.get(tableName);
      if (table === undefined) return undefined;
      column = new Column(table, name, this.indexOf(tableName));
      byName.set(name, column);
    }
    return column;
  }

  /** Applies a pattern cell to the node's name; other values are returned as they are. */
  translated(value: Value, node: string, tableName: string): Value | undefined {
    const first = value.raw.charCodeAt(0);
    if (first !== 0x7c /* | */ && first !== 0x2f /* / */) return value;
    const pattern = compilePattern(value.raw, {
      allowSlashForm: !pathColumns.has(`${tableName}.${value.column}`),
    });
    if (pattern === undefined) return value;
    const result = 'error' in pattern ? pattern : pattern.apply(node);
    if ('text' in result) return { ...value, text: result.text };
    const key = `${value.row.table.name}:${value.row.offset}:${value.column}`;
    const at = () => value.row.table.at(value.row, value.column);
    if ('error' in result) {
      const { reason, message, mend } = result.error;
      const args = { pattern: value.raw, why: message, mend };
      this.findings.add(`pattern:${key}`, node, () => patternKinds[reason](at(), args));
    } else if ('noMatch' in result) {
      this.findings.add(`nomatch:${key}`, node, () => patternNoMatch(at(), { pattern: value.raw }));
    }
    return undefined;
  }
}
