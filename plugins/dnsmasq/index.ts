/** dnsmasq: DHCP for a cluster that has no server of its own: reservations, routers and names, next-server and boot file. */
import { z } from 'zod';
import { type NetworkIndex, networkIndex } from '../../core/boot/networks.ts';
import type { Diagnostic } from '../../core/diagnostic/diagnostic.ts';
import type { Output } from '../../core/plugin/output.ts';
import { managementNode } from '../../core/plugin/output.ts';
import { contractVersion, definePlugin, type Place } from '../../core/plugin/plugin.ts';
import { type Node, originOf, type View } from '../../core/resolve/view.ts';
import { nearest } from '../../core/tables/nearest.ts';
import { bootLines, networkLines, servedNetworks } from './lines.ts';
import { interfaceWithoutAddress, messages, noAddressInNetwork, unsafeCell } from './messages.ts';
import { interfaceAddress, type NoAddress, reservations } from './reservations.ts';

const options = z.strictObject({
  /** Nothing is written before this is set: two DHCP servers in one network are worse than none. */
  serve: z.boolean().default(false),
  /** Loader to boot file below the TFTP root, by the word in noderes.netboot. */
  bootFiles: z
    .record(z.string().regex(/^[a-z0-9]+$/), z.string().regex(/^[\w./-]+$/))
    .default({ pxe: 'pxelinux.0', pxelinux: 'pxelinux.0', yaboot: 'yaboot' }),
  /** As dnsmasq writes it: `12h`, `45m`, `infinite`. */
  leaseTime: z
    .string()
    .regex(/^(\d+[smhdw]?|infinite)$/)
    .default('12h'),
  /** Run by the engine after the ranges, options or boot files changed; the reservations alone need a signal only. */
  restart: z.array(z.string()).min(1).default(['systemctl', 'restart', 'dnsmasq']),
  reload: z.array(z.string()).min(1).default(['systemctl', 'reload', 'dnsmasq']),
});

type Options = z.output<typeof options>;

/** In root `dnsmasq`: what dnsmasq reads at its start, and the reservations, which it reads again on SIGHUP. */
const configFile = 'litehouse.conf';
const hostsFile = 'litehouse.hosts';

export const dnsmasq = definePlugin<Options>({
  name: 'dnsmasq',
  contract: contractVersion,
  version: '1',
  about:
    'Writes dnsmasq configuration (DHCP reservations, next-server, boot file) from mac, hosts, networks and noderes.',
  reads: {
    mac: ['mac'],
    hosts: ['hostnames'],
    networks: [
      'net',
      'mask',
      'gateway',
      'dhcpserver',
      'tftpserver',
      'nameservers',
      'ntpservers',
      'dynamicrange',
      'domain',
      'mtu',
    ],
    noderes: ['netboot', 'tftpserver', 'xcatmaster'],
  },
  messages,
  options,
  setup: (given) => ({
    check: (view) => (given.serve ? check(view) : []),
    plan: (view, place) => (given.serve ? plan(view, given, place) : []),
  }),
});

function plan(view: View, given: Options, place: Place | undefined): Output[] {
  const config = { target: managementNode, root: 'dnsmasq', path: configFile } as const;
  const hosts = { target: managementNode, root: 'dnsmasq', path: hostsFile } as const;
  const directory = place?.directory(managementNode, 'dnsmasq') ?? '/var/lib/litehouse/world/dnsmasq';
  const header = [
    `# Written by litehouse; do not edit. dnsmasq reads it by the line conf-file=${directory}/${configFile}`,
  ];
  const outputs: Output[] = [
    { ...config, kind: 'shared-file', mode: 0o644, header },
    {
      ...hosts,
      kind: 'shared-file',
      mode: 0o644,
      header: ['# Written by litehouse: mac, tags, address, name, lease.'],
    },
    { ...config, kind: 'part', order: 0, line: `dhcp-hostsfile=${directory}/${hostsFile}` },
    reloadOf('dnsmasq restart', given.restart, configFile),
    reloadOf('dnsmasq reload', given.reload, hostsFile),
  ];
  const networks = servedNetworks(view);
  for (const [index, network] of networks.entries()) {
    for (const line of networkLines(network, given.leaseTime)) {
      outputs.push({ ...config, kind: 'part', order: 10 + index, line });
    }
  }
  const served = networkIndex(view.tables.get('networks'));
  const servers = new Set<string>();
  const loaders = new Set<string>();
  for (const node of view.nodes.values()) {
    for (const one of reservations(view, node, served, given)) {
      outputs.push({ ...hosts, kind: 'part', order: 10, line: one.line, node: node.name });
      if (one.next === undefined || one.loader === undefined) continue;
      servers.add(one.next);
      loaders.add(one.loader);
    }
  }
  for (const line of bootLines(given.bootFiles, [...loaders].sort(), [...servers].sort())) {
    outputs.push({ ...config, kind: 'part', order: 100_000, line });
  }
  return outputs;
}

function reloadOf(name: string, command: readonly string[], path: string): Output {
  const [first = 'true', ...rest] = command;
  return { kind: 'reload', target: managementNode, name, command: [first, ...rest], when: { root: 'dnsmasq', path } };
}

/** A node that boots by network and gets no address is the fault that wakes an administrator. */
function check(view: View): Diagnostic[] {
  const found: Diagnostic[] = [];
  const index = networkIndex(view.tables.get('networks'));
  const outside: Node[] = [];
  for (const node of view.nodes.values()) {
    if (node.state === undefined || node.addresses.length === 0) continue;
    if (node.macs.every(({ noAddress }) => noAddress)) continue;
    if (!node.addresses.some((address) => !address.includes(':') && index.of(address) !== undefined))
      outside.push(node);
  }
  const first = outside[0];
  if (first !== undefined) {
    found.push(
      noAddressInNetwork(
        originOf({ row: first.row }),
        { count: outside.length },
        outside.map(({ name }) => name),
      ),
    );
  }
  found.push(...interfaces(view, index));
  for (const { row, column, text } of servedNetworks(view).flatMap((network) => network.faults)) {
    found.push(unsafeCell(originOf({ row, column }), { column: `networks.${column}`, text }));
  }
  return found;
}

/** Interfaces that the mac table names and that get no reservation: each reason once, with all nodes that have such a one. */
function interfaces(view: View, index: NetworkIndex): Diagnostic[] {
  const found = new Map<NoAddress, { readonly node: Node; readonly hostname: string; readonly nodes: string[] }>();
  for (const node of view.nodes.values()) {
    if (node.state === undefined) continue;
    for (const { hostname } of node.macs) {
      const named =
        hostname === undefined || hostname === node.name ? undefined : interfaceAddress(view, hostname, index);
      if (hostname === undefined || named === undefined || 'address' in named) continue;
      const known = found.get(named.why) ?? { node, hostname, nodes: [] };
      found.set(named.why, known);
      known.nodes.push(node.name);
    }
  }
  return [...found].map(([why, { node, hostname, nodes }]) =>
    interfaceWithoutAddress(
      originOf(view.value(node.name, 'mac', 'mac') ?? { row: node.row }),
      {
        hostname,
        why,
        count: nodes.length,
        nearest: why === 'unknown' ? nearest(hostname, hostNames(view)) : undefined,
      },
      [...new Set(nodes)],
    ),
  );
}

function* hostNames(view: View): Iterable<string> {
  for (const row of view.tables.get('hosts')?.rows ?? []) {
    const names = [row.table.value(row, 'node'), row.table.value(row, 'hostnames')];
    for (const text of names) if (text !== undefined) yield* text.split(/[\s,]+/);
  }
}
