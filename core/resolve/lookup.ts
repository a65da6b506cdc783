/** Finds the value of one column for one node: its own row, then its groups in order, each column by itself (facts 1.2). */
import { patternError, patternNoMatch } from '../diagnostic/catalogue/nodes.ts';
import type { Row, Table } from '../tables/table.ts';
import type { Findings } from './findings.ts';
import { compilePattern } from './pattern.ts';
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

const none: readonly string[] = [];

export class NodeLookup {
  private readonly rowsByKey = new Map<string, Map<string, Row[]>>();
  /** column → interned group list → value found through groups: nodes of the same groups share one search. */
  private readonly byGroups = new Map<string, Map<readonly string[], Value | undefined>>();
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

  /** Rows in force of a table whose first key column (`node`, `groupname`, …) is `key`, in file order. */
  rows(table: string, key: string, keyColumn = 'node'): readonly Row[] {
    let index = this.rowsByKey.get(table);
    if (index === undefined) {
      index = new Map();
      const source = this.tables.get(table);
      for (const row of source?.rows ?? []) {
        const text = source?.value(row, keyColumn);
        if (text === undefined) continue;
        const list = index.get(text);
        if (list === undefined) index.set(text, [row]);
        else list.push(row);
      }
      this.rowsByKey.set(table, index);
    }
    return index.get(key) ?? [];
  }

  /** The value of a column for a node, patterns applied. A pattern that does not match gives no value, and a finding. */
  value(node: string, tableName: string, column: string): Value | undefined {
    const table = this.tables.get(tableName);
    if (table === undefined) return undefined;
    const found = this.ofKey(table, node, column) ?? this.ofGroups(table, node, column);
    return found === undefined ? undefined : this.translated(found, node, tableName);
  }

  private ofKey(table: Table, key: string, column: string): Value | undefined {
    for (const row of this.rows(table.name, key)) {
      const raw = table.value(row, column);
      if (raw !== undefined) return { text: raw, raw, row, column, key };
    }
    return undefined;
  }

  private ofGroups(table: Table, node: string, column: string): Value | undefined {
    // nodelist itself has no group step (facts 1.2 item 3).
    if (table.name === 'nodelist') return undefined;
    const groups = this.groupsOf.get(node) ?? none;
    const cacheKey = `${table.name}.${column}`;
    let cache = this.byGroups.get(cacheKey);
    if (cache === undefined) {
      cache = new Map();
      this.byGroups.set(cacheKey, cache);
    }
    if (cache.has(groups)) return cache.get(groups);
    let found: Value | undefined;
    for (const group of groups) {
      found = this.ofKey(table, group, column);
      if (found !== undefined) break;
    }
    cache.set(groups, found);
    return found;
  }

  /** Applies a pattern cell to the node's name; other values are returned as they are. */
  translated(value: Value, node: string, tableName: string): Value | undefined {
    const first = value.raw.charCodeAt(0);
    if (first !== 0x7c /* | */ && first !== 0x2f /* / */) return value;
    const pattern = compilePattern(value.raw, {
      allowSlashForm: !pathColumns.has(`${tableName}.${value.column}`),
    });
    if (pattern === undefined) return value;
    const key = `${value.row.table.name}:${value.row.offset}:${value.column}`;
    const at = () => value.row.table.at(value.row, value.column);
    if ('error' in pattern) {
      this.findings.add(`pattern:${key}`, node, () =>
        patternError(at(), { pattern: value.raw, why: pattern.error.message, mend: pattern.error.mend }),
      );
      return undefined;
    }
    const result = pattern.apply(node);
    if ('text' in result) return { ...value, text: result.text };
    if ('error' in result) {
      this.findings.add(`pattern:${key}`, node, () =>
        patternError(at(), { pattern: value.raw, why: result.error.message, mend: result.error.mend }),
      );
    } else if ('noMatch' in result) {
      this.findings.add(`nomatch:${key}`, node, () => patternNoMatch(at(), { pattern: value.raw }));
    }
    return undefined;
  }
}
