/** Who serves a node: its image server and its master, as the node's own network sees them (RULES, Nodes). */
import { unresolvedServer, unresolvedServiceNode } from '../diagnostic/catalogue/resolve.ts';
import type { Addresses, Network } from './addresses.ts';
import type { Findings } from './findings.ts';
import type { NodeLookup } from './lookup.ts';

export interface ServerContext {
  readonly lookup: NodeLookup;
  readonly addresses: Addresses;
  readonly networks: readonly Network[];
  readonly findings: Findings;
  /** site.master as written. */
  readonly siteMaster: string | undefined;
}

export interface Server {
  readonly name: string;
  readonly address: string;
}

/** The address of a server in a network that also holds one of the node's addresses; else its first; undefined: unknown. */
function facing(context: ServerContext, server: string, nodeAddresses: readonly string[]): string | undefined {
  const all = context.addresses.all(server);
  if (all.length < 2) return all[0];
  for (const address of nodeAddresses) {
    for (const network of context.networks) {
      if (!network.contains(address)) continue;
      const near = all.find((candidate) => network.contains(candidate));
      if (near !== undefined) return near;
    }
  }
  return all[0];
}

function serverIn(context: ServerContext, node: string, columns: readonly string[]): Server | undefined {
  for (const column of columns) {
    const value = context.lookup.value(node, 'noderes', column);
    const name = value?.text.trim();
    if (value === undefined || name === undefined || name === '') continue;
    const address = context.addresses.first(name);
    if (address === undefined) {
      context.findings.add(`server:${name}`, node, () =>
        unresolvedServer(value.row.table.at(value.row, column), { name }),
      );
    }
    return { name, address: address ?? name };
  }
  return undefined;
}

/** The node's service node, or the management node, by the address that the node can reach. */
function headServer(context: ServerContext, node: string, addresses: readonly string[]): Server | undefined {
  const value = context.lookup.value(node, 'noderes', 'servicenode');
  const listed = (value?.text.split(',') ?? []).map((part) => part.trim()).filter((part) => part !== '');
  const candidates = context.siteMaster === undefined ? listed : [...listed, context.siteMaster];
  for (const [i, name] of candidates.entries()) {
    const address = facing(context, name, addresses);
    if (address !== undefined) return { name, address };
    const instead = candidates[i + 1];
    if (value === undefined || instead === undefined) continue;
    context.findings.add(`servicenode:${name} ${instead}`, node, () =>
      unresolvedServiceNode(value.row.table.at(value.row, 'servicenode'), { name, instead }),
    );
  }
  // The last resort is written as it stands, as any server is.
  const name = candidates.at(-1);
  if (name === undefined) return undefined;
  context.findings.add(`server:${name}`, node, () => unresolvedServer(undefined, { name }));
  return { name, address: name };
}

/** noderes.nfsserver, else tftpserver, else xcatmaster, else the head server of the node's network. */
export function imageServerOf(context: ServerContext, node: string, addresses: readonly string[]): Server | undefined {
  return serverIn(context, node, ['nfsserver', 'tftpserver', 'xcatmaster']) ?? headServer(context, node, addresses);
}

/** Whom the node asks: noderes.xcatmaster, else the head server of its network. */
export function masterOf(context: ServerContext, node: string, addresses: readonly string[]): Server | undefined {
  return serverIn(context, node, ['xcatmaster']) ?? headServer(context, node, addresses);
}
