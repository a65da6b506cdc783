/** Further names under which pxelinux looks for a node's file: its addresses in hex, its macs, names of its interfaces. */
import { hexName } from '../../core/boot/hex-name.ts';
import type { Node, View } from '../../core/resolve/view.ts';

/**
 * Names of links to a node's file, without repeats: `01-<mac>` for each Ethernet mac (a loader asks for it first),
 * the upper-case hex of each IPv4 address, and for `MAC!hostname` that name and its address. A hostname that is a node
 * is left out, since that node's own file stands there; so is one that means other machines to the loader.
 */
export function linkNames(view: View, node: Node): string[] {
  const names = ownNames(view, node);
  // A node that is named as its own address is asked for has its file there.
  names.delete(node.name);
  return [...names];
}

/** All names that its loader asks for, but for its own as a node. */
export function ownNames(view: View, node: Node): Set<string> {
  const names = new Set<string>();
  for (const { mac, hostname } of node.macs) {
    if (/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(mac)) names.add(`01-${mac.toLowerCase().replaceAll(':', '-')}`);
    if (hostname === undefined || view.nodes.has(hostname)) continue;
    if (meaningOf(hostname) === undefined) names.add(hostname);
    const address = view.addressOf(hostname);
    if (address !== undefined) addHex(names, address);
  }
  for (const address of node.addresses) addHex(names, address);
  return names;
}

/** What the loader takes a name for: the last one that every machine asks for, or one of a certain address, mac or UUID. */
export function meaningOf(name: string): 'everybody' | 'somebody' | undefined {
  if (name === 'default') return 'everybody';
  const somebodys = /^([0-9A-F]{1,8}|01(-[0-9a-f]{2}){6}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;
  return somebodys.test(name) ? 'somebody' : undefined;
}

function addHex(names: Set<string>, address: string): void {
  const name = hexName(address);
  if (name !== undefined) names.add(name);
}
