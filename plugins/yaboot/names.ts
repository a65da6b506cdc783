/** Further names (hard links) under which Open Firmware and yaboot look for a node's file: its macs, its addresses in hex. */
import { hexName } from '../../core/boot/hex-name.ts';
import type { Node } from '../../core/resolve/view.ts';

/**
 * Names below the TFTP root, without repeats: `yaboot.conf-<mac>` with dashes for each Ethernet mac, and `etc/<hex>` in lower
 * case for each IPv4 address (facts 7).
 */
export function hardLinkNames(node: Node): string[] {
  const names = new Set<string>();
  for (const { mac } of node.macs) {
    if (/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(mac)) {
      names.add(`yaboot.conf-${mac.toLowerCase().replaceAll(':', '-')}`);
    }
  }
  for (const address of node.addresses) {
    const hex = hexName(address);
    if (hex !== undefined) names.add(`etc/${hex.toLowerCase()}`);
  }
  return [...names];
}
