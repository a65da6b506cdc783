/** Which of our hosts answers at an address, and which hosts serve a node's boot files: the targets of boot outputs. */
import { managementNode } from '../plugin/output.ts';
import type { Node, View } from '../resolve/view.ts';

/** A service that the servicenode table can give to a service node. */
export type Service = 'nfsserver' | 'tftpserver';

export interface OurServers {
  /** The management node first, then service nodes in byte order. */
  readonly targets: readonly string[];
  /** The target that has this address; undefined where no host of ours has it. */
  targetOf(address: string | undefined): string | undefined;
}

/** A node that boots from us: state statelite or shell, and nothing stands against it. Only such nodes get outputs. */
export function bootsFromUs(node: Node): boolean {
  return (node.state === 'statelite' || node.state === 'shell') && node.problems.length === 0;
}

/** Whether the servicenode table gives a node this service (`1`, `yes` or `y`, as in the original). */
export function givesService(view: View, node: string, service: Service): boolean {
  return /^(1|y|yes)$/i.test(view.value(node, 'servicenode', service)?.text ?? '');
}

/** Our hosts that give a service: the management node always, and every node whose servicenode row says so. */
export function ourServers(view: View, service: Service): OurServers {
  const targets = [managementNode];
  const byAddress = new Map<string, string>();
  if ((view.tables.get('servicenode')?.rows.length ?? 0) > 0) {
    for (const node of view.nodes.values()) {
      if (!givesService(view, node.name, service)) continue;
      targets.push(node.name);
      for (const address of node.addresses) byAddress.set(address, node.name);
    }
  }
  // Last, so that the management node wins where it is listed as a service node too.
  const master = view.site.get('master');
  const addresses = master === undefined ? [] : view.addressesOf(master);
  const itself = master === undefined ? undefined : view.nodes.get(master);
  if (master !== undefined && addresses.length === 0) byAddress.set(master, managementNode);
  // Nodes of its second network are told its address there.
  for (const own of [...addresses, ...(itself?.addresses ?? [])]) byAddress.set(own, managementNode);
  return {
    targets: targets.filter((target) => target !== itself?.name),
    targetOf: (asked) => (asked === undefined ? undefined : byAddress.get(asked)),
  };
}

/**
 * Targets that hold a node's boot files: the management node, and those of noderes.servicenode that give TFTP.
 * `servers` is `ourServers(view, 'tftpserver')`, made once a plan.
 */
export function bootTargets(view: View, node: Node, servers: OurServers): readonly string[] {
  if (servers.targets.length === 1) return servers.targets;
  const named = view.value(node.name, 'noderes', 'servicenode')?.text.split(',') ?? [];
  const wanted = new Set(named.map((name) => name.trim()));
  return [managementNode, ...[...wanted].filter((name) => servers.targets.includes(name) && name !== managementNode)];
}
