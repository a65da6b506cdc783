/** Tests of table columns: `nodetype.os==rhels5.5` in a noderange, and the rows of nodegroup that define dynamic groups. */
import { nearest } from '../tables/nearest.ts';
import { compileRegex, type Regex } from './regex.ts';

/** Gives a column's value for a node, patterns and groups applied; undefined where it has none. */
export type ColumnLookup = (node: string, table: string, column: string) => string | undefined;

/** The tables and columns that may be named. */
export interface KnownColumns {
  /** Columns of a table, its schema's and its file's; undefined: no such table. */
  readonly known: (table: string) => readonly string[] | undefined;
  readonly tables: readonly string[];
}

export interface AttributeTest {
  readonly table: string;
  readonly column: string;
  /** Whether a node with this value (empty text where it has none) passes. */
  readonly holds: (value: string) => boolean;
  /** The test is a regular expression: dearer than a comparison. */
  readonly dear: boolean;
}

export interface AttributeError {
  readonly message: string;
  readonly mend: string;
}

/** Names that stand for `table.column` where the table is left out. */
const shortNames: Readonly<Record<string, readonly [table: string, column: string]>> = {
  node: ['nodelist', 'node'],
  groups: ['nodelist', 'groups'],
  tags: ['nodelist', 'groups'],
  mgt: ['nodehm', 'mgt'],
  os: ['nodetype', 'os'],
  arch: ['nodetype', 'arch'],
  profile: ['nodetype', 'profile'],
  provmethod: ['nodetype', 'provmethod'],
  rack: ['nodepos', 'rack'],
  u: ['nodepos', 'u'],
  unit: ['nodepos', 'u'],
  room: ['nodepos', 'room'],
  chassis: ['nodepos', 'chassis'],
  slot: ['nodepos', 'slot'],
  netboot: ['noderes', 'netboot'],
  nfsserver: ['noderes', 'nfsserver'],
  tftpserver: ['noderes', 'tftpserver'],
  servicenode: ['noderes', 'servicenode'],
  xcatmaster: ['noderes', 'xcatmaster'],
  ip: ['hosts', 'ip'],
  mac: ['mac', 'mac'],
  currstate: ['chain', 'currstate'],
};

const testForm = /^\s*([A-Za-z_][A-Za-z0-9_]*)(?:\.([A-Za-z_][A-Za-z0-9_]*))?\s*(==|=~|!=|!~|=)(.*)$/s;

/** Whether a text is meant as a test: a name, then one of the operators. */
export function looksLikeTest(text: string): boolean {
  return testForm.test(text);
}

/**
 * Reads one test: `table.column` or a short name, then `==`, `=`, `!=` (the whole value), `=~` or `!~` (a regular
 * expression anywhere in the value, between slashes or bare).
 *
 * @param known where given, an unknown table or column is refused with the nearest name
 */
export function parseAttributeTest(
  text: string,
  known?: KnownColumns,
): AttributeTest | { readonly error: AttributeError } {
  const parts = testForm.exec(text);
  if (parts === null) {
    return {
      error: { message: `"${text}" is no test of an attribute`, mend: 'write table.column==value, !=, =~ or !~' },
    };
  }
  const [, first = '', second, operator] = parts;
  const wanted = (parts[4] ?? '').trim();
  const place = second === undefined ? shortName(first) : ([first, second] as const);
  if (place === undefined) {
    const meant = nearest(first, Object.keys(shortNames));
    return {
      error: {
        message: `"${first}" is no attribute's short name`,
        mend: meant === undefined ? 'write it as table.column' : `did you mean "${meant}"? Else write table.column`,
      },
    };
  }
  const [table, column] = place;
  const unknown = known && refuseUnknown(table, column, known);
  if (unknown !== undefined) return { error: unknown };
  if (operator === '=~' || operator === '!~') {
    const regex = compileRegex(/^\/.*\/$/s.test(wanted) && wanted.length > 1 ? wanted.slice(1, -1) : wanted);
    if ('error' in regex) return { error: regex.error };
    return { table, column, dear: true, holds: matching(regex, operator === '=~') };
  }
  const equal = operator !== '!=';
  return { table, column, dear: false, holds: (value) => (value === wanted) === equal };
}

function shortName(name: string): readonly [string, string] | undefined {
  return Object.hasOwn(shortNames, name) ? shortNames[name] : undefined;
}

function matching(regex: Regex, wanted: boolean): (value: string) => boolean {
  // Many nodes share few values, so that the engine is asked once for each.
  const seen = new Map<string, boolean>();
  return (value) => {
    let found = seen.get(value);
    if (found === undefined) {
      found = regex.test(value);
      if (seen.size < 1000) seen.set(value, found);
    }
    return found === wanted;
  };
}

/** Why a `table.column` can't be meant: no such table, no such column; undefined where it is known. */
export function refuseUnknown(
  table: string,
  column: string,
  known: KnownColumns,
): (AttributeError & { readonly what: 'table' | 'column' }) | undefined {
  const columns = known.known(table);
  if (columns === undefined) {
    const meant = nearest(
      table,
      known.tables.filter((name) => known.known(name) !== undefined),
    );
    return {
      what: 'table',
      message: `there is no table "${table}" with rows for nodes`,
      mend: meant === undefined ? 'name a table whose key is the node, such as nodetype' : `did you mean "${meant}"?`,
    };
  }
  if (columns.includes(column)) return undefined;
  const meant = nearest(column, columns);
  return {
    what: 'column',
    message: `the table ${table} has no column "${column}"`,
    mend: meant === undefined ? `its columns are ${columns.join(', ')}` : `did you mean "${meant}"?`,
  };
}

export interface DynamicGroup {
  readonly tests: readonly AttributeTest[];
}

/**
 * Reads nodegroup.wherevals of a row with grouptype `dynamic`: tests joined by `::`, all of which must hold.
 *
 * @example parseDynamicGroup('os=~^rhels::arch==x86_64')
 */
export function parseDynamicGroup(
  wherevals: string,
  known?: KnownColumns,
): DynamicGroup | { readonly error: AttributeError } {
  const tests: AttributeTest[] = [];
  for (const part of wherevals.split('::')) {
    if (part.trim() === '') continue;
    const test = parseAttributeTest(part, known);
    if ('error' in test) return test;
    tests.push(test);
  }
  // Without a test every node would be a member; nobody means that by an empty cell.
  if (tests.length === 0) {
    return { error: { message: 'a dynamic group has no test', mend: 'fill wherevals: attribute==value' } };
  }
  return { tests };
}

/** The nodes for which all tests of a dynamic group hold, in the order given. */
export function evaluateDynamicGroup(group: DynamicGroup, nodes: Iterable<string>, value: ColumnLookup): string[] {
  const members: string[] = [];
  for (const node of nodes) {
    if (group.tests.every((test) => test.holds(value(node, test.table, test.column) ?? ''))) members.push(node);
  }
  return members;
}
