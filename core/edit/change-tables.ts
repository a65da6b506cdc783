/** `chtab`: changes, adds or deletes the row that a key names, in each table that is named. */
import { groupNames, hostTables } from '../check/names.ts';
import { editKey, editUnknown, editWords } from '../diagnostic/catalogue/edit.ts';
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import { shown } from '../explain/secret.ts';
import { noderangeContext } from '../noderange/context.ts';
import { expandNoderange } from '../noderange/expand.ts';
import { isNodeName } from '../resolve/nodes.ts';
import type { View } from '../resolve/view.ts';
import type { Edit } from '../tables/edit.ts';
import { nearest } from '../tables/nearest.ts';
import { schemas } from '../tables/schemas.ts';
import type { Row, Table } from '../tables/table.ts';
import { type ChangeTables, type EditResult, refuse } from './edit.ts';
import { shellWord } from './shell-word.ts';
import { addEdited, columnsOf, tableToEdit } from './table-file.ts';

/**
 * Reads the words of a chtab command line.
 *
 * @example parseChtab(['priority=4.7', 'policy.commands=litefile', 'policy.rule=allow'], false)
 */
export function parseChtab(words: readonly string[], remove: boolean): ChangeTables | { readonly fault: Diagnostic } {
  const key: Record<string, string> = Object.create(null);
  const set: Record<string, Record<string, string>> = Object.create(null);
  const tables = new Set<string>();
  for (const word of words) {
    const fault = listWord(word);
    if (fault !== undefined) return { fault };
    const match = /^([A-Za-z][\w-]*)(?:\.([A-Za-z][\w.-]*))?(?:=([\s\S]*))?$/.exec(word);
    const [, name = '', column, value] = match ?? [];
    if (match !== null && column === undefined && value !== undefined) key[name] = value;
    else if (match !== null && remove) tables.add(name);
    else if (match !== null && column !== undefined && value !== undefined) {
      set[name] ??= Object.create(null) as Record<string, string>;
      set[name][column] = value;
    } else {
      const mend = remove
        ? 'write litehouse chtab -d KEY=VALUE TABLE'
        : 'write litehouse chtab KEY=VALUE TABLE.COLUMN=VALUE';
      return { fault: editWords(undefined, { what: `'${word}' is not understood`, mend }) };
    }
  }
  const missing =
    Object.keys(key).length === 0
      ? 'no key: which row is meant?'
      : tables.size === 0 && Object.keys(set).length === 0
        ? 'nothing to change'
        : undefined;
  if (missing !== undefined) {
    const mend = remove
      ? 'litehouse chtab -d priority=4.7 policy'
      : 'litehouse chtab priority=4.7 policy.commands=litefile policy.rule=allow';
    return { fault: editWords(undefined, { what: missing, mend: `for example: ${mend}` }) };
  }
  return { kind: 'chtab', key, set, remove: [...tables] };
}

/** `nodelist.groups+=rack1`, as later versions of the original have it for lists. */
function listWord(word: string): Diagnostic | undefined {
  const [, table, column, sign, value] = /^([A-Za-z][\w-]*)\.([A-Za-z][\w.]*)([+-])=([\s\S]*)$/.exec(word) ?? [];
  if (table === undefined) return undefined;
  return editWords(undefined, {
    what: `'${word}': chtab sets a whole value, ${sign}= is not there`,
    mend: `write the whole list, ${sign === '+' ? 'with' : 'without'} ${value}: litehouse tabdump ${table} shows it as it is, then litehouse chtab KEY=VALUE ${table}.${column}=A,B,C`,
  });
}

/** `node=n01,node=n02`: two keys in one word, which would name a row of that strange name. */
function twoKeys(key: Key, columns: readonly string[]): Diagnostic | undefined {
  for (const [column, value] of Object.entries(key)) {
    const [, second] =
      [...value.matchAll(/,\s*([A-Za-z][\w-]*)=/g)].find(([, name = '']) => columns.includes(name)) ?? [];
    if (second === undefined) continue;
    return editKey(undefined, {
      what: `'${column}=${value}' names two keys in one word`,
      mend:
        second === column
          ? `one row at a time: a chtab for each, or ${column}=GROUP for a row that all of a group have`
          : `put a blank between them: ${column}=${value.replace(/,\s*(?=[A-Za-z][\w-]*=)/g, ' ')}`,
    });
  }
  return undefined;
}

export function changeTables(view: View, command: ChangeTables): EditResult {
  const files = new Map<string, string>();
  for (const name of new Set([...Object.keys(command.set), ...command.remove])) {
    const table = tableToEdit(view, name);
    if ('fault' in table) return refuse(table.fault);
    const cells = command.set[name] ?? {};
    const unknown = [...Object.keys(command.key), ...Object.keys(cells)].find((it) => !columnsOf(table).includes(it));
    if (unknown !== undefined) {
      const near = nearest(unknown, columnsOf(table));
      return refuse(editUnknown(undefined, { what: `column '${name}.${unknown}'`, nearest: near }));
    }
    const two = twoKeys(command.key, columnsOf(table));
    if (two !== undefined) return refuse(two);
    const edits = command.remove.includes(name) ? removal(table, command.key) : change(table, command.key, cells);
    if ('fault' in edits) return refuse(edits.fault);
    const nobody = edits.some(({ kind }) => kind === 'add') ? keyOfNobody(view, command, name) : undefined;
    if (nobody !== undefined) return refuse(nobody);
    addEdited(files, table, edits);
  }
  return { kind: 'files', files };
}

/** A new row for what is neither node nor group would do nothing; a noderange is what people mean, and no key. */
function keyOfNobody(view: View, command: ChangeTables, table: string): Diagnostic | undefined {
  const key = schemas.get(table)?.keyedBy === 'node' ? command.key.node : undefined;
  if (key === undefined || view.nodes.has(key)) return undefined;
  // A host need not be a node, and a node may be made by this very command.
  if (isNodeName(key) && (hostTables.has(table) || command.set.nodelist !== undefined)) return undefined;
  const groups = groupNames(view);
  if (groups.has(key)) return undefined;
  const { nodes, missed, errors } = expandNoderange(key, noderangeContext(view));
  if (errors.length === 0 && (missed.length === 0 || !isNodeName(key)))
    return editKey(undefined, {
      what: `'${key}' is a noderange: a row has one key, a node or a group`,
      mend: `${eachNode(command, key, nodes, missed)}a row for a group that they all have: node=GROUP`,
    });
  const near = nearest(key, [...groups, ...[...view.nodes.keys()].slice(0, 10_000)]);
  const add = `add it first: litehouse chtab node=${shellWord(key)} nodelist.groups=GROUP`;
  return editKey(undefined, {
    what: `'${key}' is neither a node nor a group: the row would do nothing`,
    mend: near === undefined ? add : `did you mean ${near}? Else ${add}`,
  });
}

/** The command for each node of a noderange; nothing where too many of them are in no table yet. */
function eachNode(
  { key, set }: ChangeTables,
  text: string,
  nodes: readonly string[],
  missed: readonly string[],
): string {
  const few = nodes.length + missed.length <= 16;
  if (!few && missed.length > 0) return '';
  const all = few ? [...nodes, ...missed].map(shellWord).join(' ') : `$(litehouse noderange ${shellWord(text)})`;
  const words = [
    ...Object.entries(key).map(([column, value]) =>
      column === 'node' ? 'node=$node' : shellWord(`${column}=${value}`),
    ),
    ...Object.entries(set).flatMap(([table, cells]) =>
      Object.entries(cells).map(([column, value]) => shellWord(`${table}.${column}=${shown(table, column, value)}`)),
    ),
  ];
  return `for node in ${all}; do litehouse chtab ${words.join(' ')}; done; or `;
}

type Key = Readonly<Record<string, string>>;

function removal(table: Table, key: Key): readonly Edit[] | { readonly fault: Diagnostic } {
  const rows = [...table.rows, ...table.disabled].filter((row) => matches(table, row, key));
  if (rows.length > 0) return rows.map((row) => ({ kind: 'remove', row }));
  return {
    fault: editKey(undefined, {
      what: `${table.name} has no row with ${keyText(key)}`,
      mend: `look what it has: litehouse tabdump ${table.name}`,
    }),
  };
}

function change(table: Table, key: Key, cells: Key): readonly Edit[] | { readonly fault: Diagnostic } {
  const rows = table.rows.filter((row) => matches(table, row, key));
  const [row, another] = rows;
  if (another !== undefined) {
    const more = (schemas.get(table.name)?.key ?? table.columns).filter((column) => key[column] === undefined);
    return {
      fault: editKey(undefined, {
        what: `${table.name} has ${rows.length} rows with ${keyText(key)}`,
        mend: `say which: add ${more.map((column) => `${column}=…`).join(' or ') || 'another column'} to the key`,
      }),
    };
  }
  if (row !== undefined) return [{ kind: 'set', row, cells }];
  const off = table.disabled.find((candidate) => matches(table, candidate, key));
  if (off === undefined) return [{ kind: 'add', cells: { ...key, ...cells } }];
  if (cells.disable !== undefined) return [{ kind: 'set', row: off, cells }];
  return {
    fault: editKey(undefined, {
      what: `the row of ${table.name} with ${keyText(key)} is switched off (line ${off.line})`,
      mend: `switch it on with ${table.name}.disable= as well`,
    }),
  };
}

function matches(table: Table, row: Row, key: Key): boolean {
  return Object.entries(key).every(([column, value]) => (table.value(row, column) ?? '') === value);
}

function keyText(key: Key): string {
  return Object.entries(key)
    .map(([column, value]) => `${column}=${value}`)
    .join(' ');
}
