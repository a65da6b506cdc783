/** Who serves a node: its image server and its master, as the node's own network sees them (RULES, Nodes). */
import { unresolvedServer } from '../diagnostic/catalogue/resolve.ts';
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
  const serviceNode = context.lookup.value(node, 'noderes', 'servicenode')?.text.split(',')[0]?.trim();
  for (const name of [serviceNode, context.siteMaster]) {
    if (name === undefined || name === '') continue;
    const address = facing(context, name, addresses);
    if (address !== undefined) return { name, address };
  }
  const name = context.siteMaster;
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
