/** What a noderange is read against, made from one view: its nodes, static and dynamic groups, values, site.excludenodes. */
import { dynamicGroupError, noderangeError, noderangeUnknown } from '../diagnostic/catalogue/nodes.ts';
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import type { View } from '../resolve/view.ts';
import { schemas } from '../tables/schemas.ts';
import type { Row, Table } from '../tables/table.ts';
import { evaluateDynamicGroup, type KnownColumns, parseDynamicGroup } from './attribute.ts';
import { expandNoderange, type NoderangeContext } from './expand.ts';

/** The context of a view. Groups are worked out when they are first named, and kept. */
export interface ViewNoderange extends NoderangeContext {
  readonly known: KnownColumns;
  /** Faults of the tables that came to light so far: dynamic groups and a site.excludenodes that can't be read. */
  readonly problems: readonly Diagnostic[];
}

/**
 * The context that noderanges of a view are expanded in. Static groups have the nodes that name them in
 * nodelist.groups, and those that their nodegroup row adds by `members` and `membergroups`; dynamic groups have the
 * nodes for which all tests of `wherevals` hold. Groups of nodegroup take no part in finding values (facts 1.2).
 *
 * @example expandNoderange('rack1,-n03', noderangeContext(view)).nodes
 */
export function noderangeContext(
  view: View,
  options: { readonly readRangeFile?: (path: string) => string | undefined } = {},
): ViewNoderange {
  const groups = new Groups(view);
  let excluded: ReadonlySet<string> | undefined;
  return {
    nodes: { has: (name) => view.nodes.has(name), [Symbol.iterator]: () => view.nodes.keys() },
    groups: (name) => groups.static(name),
    dynamicGroup: (name) => groups.dynamic(name),
    value: (node, table, column) => view.value(node, table, column)?.text,
    known: groups.known,
    get excluded() {
      excluded ??= groups.excluded();
      return excluded;
    },
    ...(options.readRangeFile === undefined ? {} : { readRangeFile: options.readRangeFile }),
    problems: groups.problems,
  };
}

/** The tables whose rows are about nodes, with the columns of their schema and of the commit's own header. */
export function nodeColumns(view: View): KnownColumns {
  let columns = columnsOf.get(view);
  if (columns === undefined) {
    columns = readColumns(view);
    columnsOf.set(view, columns);
  }
  return columns;
}

const columnsOf = new WeakMap<View, KnownColumns>();

function readColumns(view: View): KnownColumns {
  const byTable = new Map<string, readonly string[]>();
  for (const name of new Set([...schemas.keys(), ...view.tables.keys()])) {
    const schema = schemas.get(name);
    const header = view.tables.get(name)?.columns ?? [];
    if (schema === undefined ? header.includes('node') : schema.keyedBy === 'node')
      byTable.set(name, [...new Set([...(schema?.columns ?? []), ...header])]);
  }
  return { known: (table) => byTable.get(table), tables: [...byTable.keys()] };
}

class Groups {
  readonly known: KnownColumns;
  readonly problems: Diagnostic[] = [];
  private readonly view: View;
  private readonly table: Table | undefined;
  private listed: Map<string, string[]> | undefined;
  private rows: Map<string, Row> | undefined;
  private readonly made = new Map<string, readonly string[] | undefined>();

  constructor(view: View) {
    this.view = view;
    this.known = nodeColumns(view);
    this.table = view.tables.get('nodegroup');
  }

  /** Members by nodelist.groups, and by the nodegroup row of that name; undefined: neither knows it. */
  static(name: string): readonly string[] | undefined {
    const row = this.row(name);
    if (row === undefined) return this.fromNodelist().get(name);
    const key = `static ${name}`;
    if (!this.made.has(key)) this.made.set(key, this.union(name));
    return this.made.get(key);
  }

  dynamic(name: string): readonly string[] | undefined {
    const row = this.row(name);
    if (row === undefined || this.table === undefined || !isDynamic(this.table, row)) return undefined;
    const key = `dynamic ${name}`;
    if (!this.made.has(key)) this.made.set(key, this.evaluate(name, row, this.table));
    return this.made.get(key);
  }

  /** site.excludenodes, expanded. */
  excluded(): ReadonlySet<string> {
    const text = this.view.site.get('excludenodes');
    if (text === undefined) return new Set();
    const site = this.view.tables.get('site');
    const row = site?.rows.find((candidate) => site.value(candidate, 'key') === 'excludenodes');
    const at = row === undefined ? undefined : site?.at(row, 'value');
    const { nodes, missed, errors } = expandNoderange(text, {
      nodes: { has: (name) => this.view.nodes.has(name), [Symbol.iterator]: () => this.view.nodes.keys() },
      groups: (name) => this.static(name),
      dynamicGroup: (name) => this.dynamic(name),
      value: (node, table, column) => this.view.value(node, table, column)?.text,
      known: this.known,
    });
    for (const { message, mend } of errors) this.problems.push(noderangeError(at, { text, why: message, mend }));
    if (missed.length > 0 && errors.length === 0)
      this.problems.push(noderangeUnknown(at, { text, names: missed.slice(0, 5).join(', ') }));
    return new Set(nodes);
  }

  private evaluate(name: string, row: Row, table: Table): readonly string[] {
    const read = parseDynamicGroup(table.value(row, 'wherevals') ?? '', this.known);
    if ('error' in read) {
      const { message, mend } = read.error;
      this.problems.push(dynamicGroupError(table.at(row, 'wherevals'), { group: name, why: message, mend }));
      return [];
    }
    const value = (node: string, of: string, column: string) => this.view.value(node, of, column)?.text;
    return evaluateDynamicGroup(read, this.view.nodes.keys(), value);
  }

  /** A static group and all groups that it is made of; groups that name each other in a circle count once. */
  private union(name: string): readonly string[] {
    const members = new Set<string>();
    const seen = new Set([name]);
    const pending = [name];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      for (const node of (next === name ? undefined : this.dynamic(next)) ?? this.fromNodelist().get(next) ?? [])
        members.add(node);
      const row = this.row(next);
      if (row === undefined || this.table === undefined || isDynamic(this.table, row)) continue;
      for (const node of this.written(this.table.value(row, 'members'))) members.add(node);
      for (const group of (this.table.value(row, 'membergroups') ?? '').split(',').map((word) => word.trim())) {
        if (group === '' || seen.has(group)) continue;
        seen.add(group);
        pending.push(group);
      }
    }
    return [...members];
  }

  /** nodegroup.members: nodes, ranges, groups of nodelist. The original writes the word `static` there, which is no node. */
  private written(text: string | undefined): readonly string[] {
    if (text === undefined) return [];
    return expandNoderange(text, {
      nodes: { has: (name) => this.view.nodes.has(name), [Symbol.iterator]: () => this.view.nodes.keys() },
      groups: (name) => this.fromNodelist().get(name),
      value: (node, table, column) => this.view.value(node, table, column)?.text,
      known: this.known,
    }).nodes;
  }

  private row(name: string): Row | undefined {
    if (this.rows === undefined) {
      this.rows = new Map();
      for (const row of this.table?.rows ?? []) {
        const group = this.table?.value(row, 'groupname');
        if (group !== undefined && !this.rows.has(group)) this.rows.set(group, row);
      }
    }
    return this.rows.get(name);
  }

  private fromNodelist(): ReadonlyMap<string, readonly string[]> {
    if (this.listed === undefined) {
      this.listed = new Map();
      for (const node of this.view.nodes.values()) {
        for (const group of node.groups) {
          const members = this.listed.get(group);
          if (members === undefined) this.listed.set(group, [node.name]);
          else members.push(node.name);
        }
      }
    }
    return this.listed;
  }
}

function isDynamic(table: Table, row: Row): boolean {
  return table.value(row, 'grouptype')?.trim().toLowerCase() === 'dynamic';
}
