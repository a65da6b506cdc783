/** Finds the network of the networks table that an address lies in, and writes it as exports(5) and dhcp options want it. */
import ipaddr from 'ipaddr.js';
import type { Row, Table } from '../tables/table.ts';

/** One row of networks that is a network. */
export interface KnownNetwork {
  readonly row: Row;
  /** `10.0.0.0/255.255.0.0`, `fd00::/64`. */
  readonly client: string;
}

export interface NetworkIndex {
  /** The narrowest network that holds the address; undefined where none does. */
  of(address: string): KnownNetwork | undefined;
  /** In the order of the table. */
  readonly networks: readonly KnownNetwork[];
  /** Rows that are not a network. */
  readonly faulty: readonly Row[];
}

/** Reads net and mask once; asking costs one look-up for each different mask, not for each row. */
export function networkIndex(table: Table | undefined): NetworkIndex {
  /** Prefix to network to its client text: one string for all nodes in it. */
  const byPrefix = new Map<number, Map<number, KnownNetwork>>();
  const six: { range: [ipaddr.IPv6, number]; network: KnownNetwork }[] = [];
  const networks: KnownNetwork[] = [];
  const faulty: Row[] = [];
  for (const row of table?.rows ?? []) {
    const net = row.table.value(row, 'net');
    const mask = row.table.value(row, 'mask');
    if (net === undefined && mask === undefined) continue;
    const range = parseNetwork(net ?? '', mask ?? '');
    if (range === undefined) {
      faulty.push(row);
      continue;
    }
    const client =
      range.kind === 6 ? `${net}/${range.prefix}` : `${toDotted(range.net)}/${toDotted(maskOf(range.prefix))}`;
    const network = { row, client };
    networks.push(network);
    if (range.kind === 6) six.push({ range: [range.net, range.prefix], network });
    else {
      const nets = byPrefix.get(range.prefix) ?? new Map<number, KnownNetwork>();
      byPrefix.set(range.prefix, nets.set(range.net, network));
    }
  }
  const byMask = [...byPrefix]
    .sort(([left], [right]) => right - left)
    .map(([prefix, nets]) => [maskOf(prefix), nets] as const);
  six.sort((left, right) => right.range[1] - left.range[1]);

  return {
    faulty,
    networks,
    of: (address) => {
      if (address.includes(':')) {
        if (!ipaddr.IPv6.isValid(address)) return undefined;
        const parsed = ipaddr.IPv6.parse(address);
        return six.find(({ range }) => parsed.match(range))?.network;
      }
      const number = fromDotted(address);
      if (number === undefined) return undefined;
      for (const [mask, nets] of byMask) {
        const network = nets.get((number & mask) >>> 0);
        if (network !== undefined) return network;
      }
      return undefined;
    },
  };
}

type Network =
  | { readonly kind: 4; readonly net: number; readonly prefix: number }
  | { readonly kind: 6; readonly net: ipaddr.IPv6; readonly prefix: number };

/** A prefix of 0 would be everybody, which a table row does not get to say: the option `widest` does. */
function parseNetwork(net: string, mask: string): Network | undefined {
  const length = /^\/?(\d{1,3})$/.exec(mask)?.[1];
  if (net.includes(':')) {
    const prefix = Number(length ?? Number.NaN);
    return ipaddr.IPv6.isValid(net) && prefix >= 1 && prefix <= 128
      ? { kind: 6, net: ipaddr.IPv6.parse(net), prefix }
      : undefined;
  }
  const number = fromDotted(net);
  const prefix = length === undefined ? prefixOf(mask) : Number(length);
  if (number === undefined || prefix === undefined || prefix < 1 || prefix > 32) return undefined;
  return { kind: 4, net: (number & maskOf(prefix)) >>> 0, prefix };
}

/** Prefix length of a dotted mask; undefined where its ones are not together at the front. */
function prefixOf(mask: string): number | undefined {
  const number = fromDotted(mask);
  if (number === undefined) return undefined;
  const prefix = Math.clz32(~number >>> 0);
  return maskOf(prefix) === number ? prefix : undefined;
}

function maskOf(prefix: number): number {
  return prefix === 0 ? 0 : (0xffffffff << (32 - prefix)) >>> 0;
}

/** Read sign by sign: check and plan ask for every address of every node, and splitting makes five objects each time. */
function fromDotted(text: string): number | undefined {
  let number = 0;
  let part = 0;
  let digits = 0;
  let dots = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x2e) {
      if (digits === 0 || ++dots > 3) return undefined;
      number = number * 256 + part;
      part = 0;
      digits = 0;
    } else {
      if (code < 0x30 || code > 0x39 || ++digits > 3) return undefined;
      part = part * 10 + code - 0x30;
      if (part > 255) return undefined;
    }
  }
  return dots === 3 && digits > 0 ? number * 256 + part : undefined;
}

function toDotted(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.');
}
