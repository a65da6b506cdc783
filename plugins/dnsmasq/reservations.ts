/** A node's reservations: its macs, tags, address and name, as a line of dnsmasq's hosts file. */
import type { NetworkIndex } from '../../core/boot/networks.ts';
import type { Node, View } from '../../core/resolve/view.ts';
import { nextTag } from './lines.ts';

export interface Reservation {
  readonly line: string;
  /** noderes.netboot, where a boot file is known for it and the node has a state that boots. */
  readonly loader: string | undefined;
  /** Address of the TFTP server, in the boot reply. */
  readonly next: string | undefined;
}

interface ReservationOptions {
  readonly bootFiles: Readonly<Record<string, string>>;
  readonly leaseTime: string;
}

/**
 * Macs without a name of their own share the node's first IPv4 address (dnsmasq takes several macs for one), `MAC!hostname` gets
 * that name's address, `MAC!*NOIP*` no answer. A mac that is no Ethernet one, or has no address in a served network, gets nothing.
 */
export function reservations(
  view: View,
  node: Node,
  networks: NetworkIndex,
  options: ReservationOptions,
): Reservation[] {
  const bare: string[] = [];
  const found: Reservation[] = [];
  const boots = node.state !== undefined && node.state !== 'offline';
  const loader =
    boots && node.netboot !== undefined && Object.hasOwn(options.bootFiles, node.netboot) ? node.netboot : undefined;
  const add = (macs: readonly string[], name: string, address: string): void => {
    const network = networks.of(address);
    if (macs.length === 0 || network === undefined) return;
    const next =
      loader === undefined ? undefined : nextServer(view, node, network.row.table.value(network.row, 'tftpserver'));
    const tags = loader === undefined || next === undefined ? [] : [`set:${loader}`, `set:${nextTag(next)}`];
    const names = isHostName(name) ? [name] : [];
    found.push({ line: [...macs, ...tags, address, ...names, options.leaseTime].join(','), loader, next });
  };
  for (const { mac, hostname, noAddress } of node.macs) {
    if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(mac)) continue;
    // Without it, a dynamic range would give it an address.
    if (noAddress) found.push({ line: `${mac},ignore`, loader: undefined, next: undefined });
    else if (hostname === undefined || hostname === node.name) bare.push(mac);
    else {
      const named = interfaceAddress(view, hostname, networks);
      if ('address' in named) add([mac], hostname, named.address);
    }
  }
  const address = node.addresses.find((it) => isFour(it) && networks.of(it) !== undefined);
  if (address !== undefined) add(bare, node.name, address);
  return found;
}

/** The address that `MAC!hostname` gets, or why dnsmasq cannot give it one. */
export function interfaceAddress(
  view: View,
  hostname: string,
  networks: NetworkIndex,
): { readonly address: string } | { readonly why: NoAddress } {
  if (view.nodes.has(hostname)) return { why: 'another node' };
  const address = view.addressOf(hostname);
  if (address === undefined) return { why: 'unknown' };
  if (!isFour(address)) return { why: 'not IPv4' };
  return networks.of(address) === undefined ? { why: 'no network' } : { address };
}

export type NoAddress = 'another node' | 'unknown' | 'not IPv4' | 'no network';

/**
 * dnsmasq tells the parts of a line by their form: `ignore` would refuse the machine its address, `45m` be its lease. A name that is no
 * host name makes it pass over the whole line.
 */
function isHostName(name: string): boolean {
  if (name === 'ignore' || name === 'infinite' || /^\d+[smhdw]?$/i.test(name)) return false;
  return name.length <= 253 && name.split('.').every((label) => /^[A-Za-z0-9]([\w-]{0,61}[A-Za-z0-9])?$/.test(label));
}

/** Who has the boot files: noderes.tftpserver, else the network's tftpserver, else the node's master; by address. */
function nextServer(view: View, node: Node, ofNetwork: string | undefined): string | undefined {
  const names = [view.value(node.name, 'noderes', 'tftpserver')?.text, ofNetwork, node.master?.address];
  for (const name of names) {
    if (name === undefined || name === '<xcatmaster>') continue;
    const address = view.addressOf(name);
    if (address !== undefined && isFour(address)) return address;
  }
  return undefined;
}

function isFour(address: string): boolean {
  return /^\d+\.\d+\.\d+\.\d+$/.test(address);
}
