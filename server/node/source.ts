/** Where a request comes from: the peer's address, or what a proxy that the settings name says of it. */
import type { IncomingMessage } from 'node:http';
import ipaddr from 'ipaddr.js';
import { normalAddress } from '../../core/resolve/addresses.ts';

/** Addresses whose X-Forwarded-For is believed. */
export interface Proxies {
  has(address: string): boolean;
}

export const noProxies: Proxies = { has: () => false };

/** Reads addresses and CIDR networks, as the setting `trustedProxies` has them; gives the first text that is neither. */
export function readProxies(texts: readonly string[]): Proxies | { readonly wrong: string } {
  const networks: (readonly [ipaddr.IPv4 | ipaddr.IPv6, number])[] = [];
  for (const text of texts) {
    const network = networkOf(text.trim());
    if (network === undefined) return { wrong: text };
    networks.push(network);
  }
  if (networks.length === 0) return noProxies;
  return {
    has(address) {
      if (!ipaddr.isValid(address)) return false;
      const parsed = ipaddr.process(address);
      return networks.some(([base, bits]) => parsed.kind() === base.kind() && parsed.match(base, bits));
    },
  };
}

function networkOf(text: string): readonly [ipaddr.IPv4 | ipaddr.IPv6, number] | undefined {
  if (ipaddr.isValidCIDR(text)) return ipaddr.parseCIDR(text);
  const address = normalAddress(text);
  if (address === undefined) return undefined;
  const parsed = ipaddr.parse(address);
  return [parsed, parsed.kind() === 'ipv4' ? 32 : 128];
}

/**
 * The address that a request is judged by. From a trusted proxy: the rightmost hop of X-Forwarded-For that is no trusted proxy
 * itself, because everything left of it was said by somebody whom we do not trust. A hop that is no address is given as it is
 * written, so that the refusal shows it.
 */
export function sourceOf(incoming: Pick<IncomingMessage, 'socket' | 'headers'>, proxies: Proxies): string {
  const peer = peerAddress(incoming.socket.remoteAddress);
  if (proxies === noProxies || !proxies.has(peer)) return peer;
  const header = incoming.headers['x-forwarded-for'];
  const hops = (Array.isArray(header) ? header.join(',') : (header ?? '')).split(',').map((hop) => hop.trim());
  let source = peer;
  for (let hop = hops.pop(); hop !== undefined && hop !== ''; hop = hops.pop()) {
    source = normalAddress(withoutPort(hop)) ?? hop.slice(0, 64);
    if (!proxies.has(source)) return source;
  }
  return source;
}

/** Some proxies add the port that they were asked from: `10.0.0.7:333`, `[fd00::7]:8080`, and brackets without one. */
function withoutPort(hop: string): string {
  return /^\[([^\]]+)\](?::\d{1,5})?$/.exec(hop)?.[1] ?? /^(\d{1,3}(?:\.\d{1,3}){3}):\d{1,5}$/.exec(hop)?.[1] ?? hop;
}

/** A listener on `::` sees IPv4 peers as `::ffff:10.0.0.7`; the tables have `10.0.0.7`. A link-local one has a zone, `%eth0`. */
export function peerAddress(address: string | undefined): string {
  if (address === undefined) return '';
  if (!address.includes(':')) return address;
  const bare = address.replace(/%.*$/, '');
  return normalAddress(bare) ?? bare;
}
