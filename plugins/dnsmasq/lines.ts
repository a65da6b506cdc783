/** dnsmasq's lines about networks and boot files: ranges, routers, name servers, next-server. */
import ipaddr from 'ipaddr.js';
import { type KnownNetwork, networkIndex } from '../../core/boot/networks.ts';
import type { View } from '../../core/resolve/view.ts';
import type { Row } from '../../core/tables/table.ts';

export interface ServedNetwork {
  /** Tag of its options, from its place in the table: names may hold anything. */
  readonly tag: string;
  readonly net: string;
  readonly mask: string;
  /** First and last address that unknown machines may get; undefined: reservations only. */
  readonly dynamic: readonly [string, string] | undefined;
  /** Option name to value, in dnsmasq's spelling. */
  readonly options: readonly (readonly [string, string])[];
  readonly faults: readonly { readonly row: Row; readonly column: string; readonly text: string }[];
}

const isFour = (text: string): boolean => ipaddr.IPv4.isValidFourPartDecimal(text);
const isName = (text: string): boolean => /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(text);

/** IPv4 rows of networks; a row whose dhcpserver is another host's is that host's to serve. */
export function servedNetworks(view: View): ServedNetwork[] {
  const master = view.site.get('master');
  const own = new Set(master === undefined ? [] : [master, ...view.addressesOf(master)]);
  const index = networkIndex(view.tables.get('networks'));
  return index.networks
    .filter(({ client }) => !client.includes(':'))
    .filter(({ row }) => {
      const server = row.table.value(row, 'dhcpserver');
      return server === undefined || own.has(server) || own.has(view.addressOf(server) ?? '');
    })
    .map((network, at) => served(network, `net${at + 1}`));
}

function served({ row, client }: KnownNetwork, tag: string): ServedNetwork {
  const [net = '', mask = ''] = client.split('/');
  const faults: { row: Row; column: string; text: string }[] = [];
  const options: [string, string][] = [];
  const add = (column: string, option: string, good: (part: string) => boolean, many: boolean): void => {
    const text = row.table.value(row, column);
    // The original's own placeholder for `the server that faces this network`.
    if (text === undefined || text === '<xcatmaster>') return;
    const parts = text.split(',').map((part) => part.trim());
    if (parts.every(good) && (many || parts.length === 1)) options.push([option, parts.join(',')]);
    else faults.push({ row, column, text });
  };
  add('gateway', 'option:router', isFour, false);
  add('nameservers', 'option:dns-server', isFour, true);
  add('ntpservers', 'option:ntp-server', isFour, true);
  add('domain', 'option:domain-name', isName, false);
  add('mtu', 'option:mtu', (part) => /^\d{2,5}$/.test(part), false);
  const range = row.table.value(row, 'dynamicrange');
  const ends = range?.split('-').map((end) => end.trim()) ?? [];
  const [first, last] = ends;
  const whole = ends.length === 2 && first !== undefined && last !== undefined && isRange(client, first, last);
  if (range !== undefined && !whole) faults.push({ row, column: 'dynamicrange', text: range });
  return { tag, net, mask, dynamic: whole ? [first, last] : undefined, options, faults };
}

/** dnsmasq does not start with a range that leaves its network ("inconsistent DHCP range"), and then no node gets an address. */
function isRange(client: string, first: string, last: string): boolean {
  if (!isFour(first) || !isFour(last)) return false;
  const [low, high, net, mask] = [first, last, ...client.split('/')].map(numberOf);
  if (low === undefined || high === undefined || net === undefined || mask === undefined) return false;
  return low <= high && (low & mask) >>> 0 === (net & mask) >>> 0 && (high & mask) >>> 0 === (net & mask) >>> 0;
}

function numberOf(dotted: string): number {
  return dotted.split('.').reduce((number, part) => number * 256 + Number(part), 0);
}

/** Without a dynamic range only machines with a reservation get an address. */
export function networkLines(network: ServedNetwork, leaseTime: string): string[] {
  const { tag, net, mask, dynamic } = network;
  const lines = [`dhcp-range=set:${tag},${net},static,${mask},${leaseTime}`];
  if (dynamic !== undefined) lines.push(`dhcp-range=set:${tag},${dynamic[0]},${dynamic[1]},${mask},${leaseTime}`);
  for (const [option, value] of network.options) lines.push(`dhcp-option=tag:${tag},${option},${value}`);
  return lines;
}

/** Tag of a TFTP server's address. */
export function nextTag(address: string): string {
  return `next-${address.replaceAll('.', '-')}`;
}

/** One line for each loader and TFTP server that some node has. */
export function bootLines(
  bootFiles: Readonly<Record<string, string>>,
  loaders: readonly string[],
  servers: readonly string[],
): string[] {
  const lines: string[] = [];
  for (const loader of loaders) {
    const file = bootFiles[loader];
    if (file === undefined) continue;
    for (const server of servers) lines.push(`dhcp-boot=tag:${loader},tag:${nextTag(server)},${file},,${server}`);
  }
  return lines;
}
