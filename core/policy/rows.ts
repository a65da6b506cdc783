/** Rows of the policy table that can decide what a node asks for, in the order in which they are asked. */
import { normalAddress } from '../resolve/addresses.ts';
import type { View } from '../resolve/view.ts';
import type { Row, Table } from '../tables/table.ts';

/** What nodes ask for, in the words of the policy table. */
export const nodeCommands = ['litefile', 'litetree'] as const;
export type NodeCommand = (typeof nodeCommands)[number];

/** A row as it is written, before names are looked up. */
export interface PolicyRow {
  readonly row: Row;
  readonly priority: number;
  readonly commands: ReadonlySet<NodeCommand>;
  /** Names and addresses; undefined: any. */
  readonly hosts: readonly string[] | undefined;
  readonly noderange: string | undefined;
  readonly rule: string;
  readonly allows: boolean;
}

const yes: ReadonlySet<string> = new Set(['allow', 'accept', 'trusted']);

/** A cell that says something: the original takes `*` for "any" in every column, as it does nothing at all. */
export function condition(table: Table, row: Row, column: string): string | undefined {
  const text = table.value(row, column)?.trim();
  return text === undefined || text === '' || text === '*' ? undefined : text;
}

export function words(text: string): string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

/** Which of the nodes' commands a row is about. A row with a name is about nobody without a certificate: about no node. */
export function commandsOf(table: Table, row: Row): readonly NodeCommand[] {
  if (condition(table, row, 'name') !== undefined) return [];
  const text = condition(table, row, 'commands');
  if (text === undefined) return nodeCommands;
  const named = words(text);
  return nodeCommands.filter((command) => named.includes(command));
}

/** The rows that can match a request of a node: by number, equal numbers as they stand in the file (facts 9). */
export function readPolicy(table: Table): PolicyRow[] {
  const rows: PolicyRow[] = [];
  for (const row of table.rows) {
    const commands = commandsOf(table, row);
    if (commands.length === 0) continue;
    const hosts = condition(table, row, 'host');
    const rule = table.value(row, 'rule')?.trim() ?? '';
    rows.push({
      row,
      priority: priorityOf(table, row) ?? Number.POSITIVE_INFINITY,
      commands: new Set(commands),
      hosts: hosts === undefined ? undefined : words(hosts),
      noderange: condition(table, row, 'noderange'),
      rule,
      allows: yes.has(rule.toLowerCase()),
    });
  }
  return rows.sort((a, b) => (a.priority === b.priority ? 0 : a.priority - b.priority));
}

/** The number of a row; undefined where it is none, which the check refuses. */
export function priorityOf(table: Table, row: Row): number | undefined {
  const text = table.value(row, 'priority')?.trim() ?? '';
  return /^\d+(\.\d*)?$|^\.\d+$/.test(text) ? Number(text) : undefined;
}

/** Whom the host column of a row means. */
export interface Hosts {
  /** Nodes meant by name: with all their addresses. */
  readonly nodes: ReadonlySet<string>;
  /** Addresses written as such. */
  readonly addresses: ReadonlySet<string>;
  readonly unknown: readonly string[];
}

/** Looks the words of a host column up in the hosts table. `owner`: the node that has an address. */
export function resolveHosts(
  hosts: readonly string[],
  view: View,
  owner: (address: string) => string | undefined,
): Hosts {
  const [nodes, addresses, unknown] = [new Set<string>(), new Set<string>(), [] as string[]];
  for (const word of hosts) {
    const literal = normalAddress(word);
    if (literal !== undefined) {
      addresses.add(literal);
      continue;
    }
    // As the original, which asks for the name of the peer: a name means a host with all its interfaces.
    if (view.nodes.has(word)) {
      nodes.add(word);
      continue;
    }
    const address = view.addressOf(word);
    const node = address === undefined ? undefined : owner(address);
    if (node !== undefined) nodes.add(node);
    if (address === undefined) unknown.push(word);
  }
  return { nodes, addresses, unknown };
}
