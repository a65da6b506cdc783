/** Who serves a node: its image server and its master, as the node's own network sees them (RULES, Nodes). */
import { unresolvedServer, unresolvedServiceNode } from '../diagnostic/catalogue/resolve.ts';
import type { Facing } from './facing.ts';
import type { Findings } from './findings.ts';
import type { NodeLookup } from './lookup.ts';

export interface ServerContext {
  readonly lookup: NodeLookup;
  readonly facing: Facing;
  readonly findings: Findings;
  /** site.master as written. */
  readonly siteMaster: string | undefined;
}

export interface Server {
  readonly name: string;
  readonly address: string;
}

function serverIn(
  context: ServerContext,
  node: string,
  addresses: readonly string[],
  columns: readonly string[],
): Server | undefined {
  for (const column of columns) {
    const value = context.lookup.value(node, 'noderes', column);
    const name = value?.text.trim();
    if (value === undefined || name === undefined || name === '') continue;
    const address = context.facing.of(name, addresses);
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
    const address = context.facing.ofHead(name, addresses);
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
  return (
    serverIn(context, node, addresses, ['nfsserver', 'tftpserver', 'xcatmaster']) ??
    headServer(context, node, addresses)
  );
}

/** Whom the node asks: noderes.xcatmaster, else the head server of its network. */
export function masterOf(context: ServerContext, node: string, addresses: readonly string[]): Server | undefined {
  return serverIn(context, node, addresses, ['xcatmaster']) ?? headServer(context, node, addresses);
}
