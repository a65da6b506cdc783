/** Decides by the policy table whether a node may ask for what it needs to boot: first match, and no match is no. */
import { noderangeContext, type ViewNoderange } from '../noderange/context.ts';
import { expandNoderange, type NoderangeContext } from '../noderange/expand.ts';
import type { Node, View } from '../resolve/view.ts';
import { type Hosts, type NodeCommand, type PolicyRow, readPolicy, resolveHosts } from './rows.ts';

export interface Policy {
  /**
   * Why a node may not ask for something, in a sentence that names the row; undefined: it may. `address`: the one that it asks
   * from; undefined where a node has none, and then rows for one address do not match.
   */
  refusal(node: Node, command: NodeCommand, address: string | undefined): Refusal | undefined;
  /** Whether the decision may differ between the addresses of this node. */
  tellsApart(node: Node): boolean;
  /** Whether all rows could be read; where not, the check refuses the commit, and decisions mean nothing. */
  readonly readable: boolean;
}

export interface Refusal {
  /** Equal for equal reasons, whichever node: `tables/policy.csv:4 says 'deny'`. */
  readonly why: string;
  /** The row that decided; undefined: none matched. */
  readonly row: PolicyRow | undefined;
}

interface Judged {
  /** Place in the order of the rows. */
  readonly index: number;
  readonly row: PolicyRow;
  readonly hosts: Hosts | undefined;
  readonly nodes: ReadonlySet<string> | undefined;
  readonly refusal: Refusal | undefined;
}

/** The policy of a commit; undefined where it has no policy table, and then every node may ask (ARCHITECTURE says why). */
export function policyOf(view: View): Policy | undefined {
  const table = view.tables.get('policy');
  if (table === undefined) return undefined;
  const owner = addressOwners(view);
  let range: ViewNoderange | undefined;
  let readable = true;
  const nodesOf = (text: string, context: NoderangeContext): ReadonlySet<string> => {
    const { nodes, errors } = expandNoderange(text, context);
    if (errors.length > 0) readable = false;
    return new Set(nodes);
  };
  const judged = readPolicy(table).map((row, index): Judged => {
    range ??= noderangeContext(view);
    return {
      index,
      row,
      hosts: row.hosts === undefined ? undefined : resolveHosts(row.hosts, view, owner),
      // site.excludenodes is for commands over many nodes; taking nodes out of a row here could allow what it refuses.
      nodes: row.noderange === undefined ? undefined : nodesOf(row.noderange, { ...range, excluded: new Set() }),
      refusal: row.allows ? undefined : { why: saysNo(row), row },
    };
  });
  const first = firstMatch(judged);
  const literal = new Set(judged.flatMap(({ hosts }) => [...(hosts?.addresses ?? [])]));
  const unmatched = new Map<NodeCommand, Refusal>();
  const noRow = (command: NodeCommand): Refusal => {
    const known = unmatched.get(command) ?? { why: `no row of ${table.file} allows it`, row: undefined };
    unmatched.set(command, known);
    return known;
  };
  return {
    refusal(node, command, address) {
      const row = first(node, command, address);
      return row === undefined ? noRow(command) : row.refusal;
    },
    readable,
    tellsApart: (node) => literal.size > 0 && node.addresses.some((address) => literal.has(address)),
  };
}

/**
 * Finds the first row that matches. Rows are kept by the nodes and addresses that they name, so that a table of one row a node costs
 * what it has rows, and not rows times nodes.
 */
function firstMatch(
  judged: readonly Judged[],
): (node: Node, command: NodeCommand, address: string | undefined) => Judged | undefined {
  const named = new Map<string, Judged[]>();
  const keep = (name: string, row: Judged): void => {
    const list = named.get(name);
    if (list === undefined) named.set(name, [row]);
    else list.push(row);
  };
  const anybody = new Map<NodeCommand, Judged>();
  const decided = new Set<string>();
  for (const one of judged) {
    const { row, hosts, nodes } = one;
    const commands = [...row.commands];
    if (hosts !== undefined) for (const name of [...hosts.nodes, ...hosts.addresses]) keep(name, one);
    else if (nodes === undefined) {
      for (const command of commands) if (!anybody.has(command)) anybody.set(command, one);
    } else {
      for (const name of nodes) {
        // A row behind one that decides for the same node is never reached.
        const open = commands.filter((command) => !decided.has(`${command} ${name}`));
        for (const command of open) decided.add(`${command} ${name}`);
        if (open.length > 0) keep(name, one);
      }
    }
  }
  return (node, command, address) => {
    let best = anybody.get(command);
    for (const name of address === undefined ? [node.name] : [node.name, address]) {
      for (const one of named.get(name) ?? []) {
        if (best !== undefined && one.index > best.index) break;
        const { row, hosts, nodes } = one;
        if (!row.commands.has(command) || nodes?.has(node.name) === false) continue;
        if (hosts !== undefined && !isOf(hosts, node, address)) continue;
        best = one;
        break;
      }
    }
    return best;
  };
}

function isOf(hosts: Hosts, node: Node, address: string | undefined): boolean {
  return hosts.nodes.has(node.name) || (address !== undefined && hosts.addresses.has(address));
}

function saysNo({ row, rule }: PolicyRow): string {
  return `${row.table.file}:${row.line} ${rule === '' ? 'has no rule, which means no' : `says '${rule}'`}`;
}

/** Which node has an address; worked out only when a row names a host that is no node. */
function addressOwners(view: View): (address: string) => string | undefined {
  let owners: Map<string, string> | undefined;
  return (address) => {
    if (owners === undefined) {
      owners = new Map();
      for (const node of view.nodes.values()) for (const each of node.addresses) owners.set(each, node.name);
    }
    return owners.get(address);
  };
}
