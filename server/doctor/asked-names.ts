/** The names under which a boot loader asks for its configuration, in its order. */
import { hexName } from '../../core/boot/hex-name.ts';

export type Loader = 'pxelinux' | 'yaboot';

/**
 * pxelinux: `01-<mac>`, the address in upper-case hex, that name shortened digit by digit, `default`. (The machine's UUID, which it asks
 * for before all these, is in no table.) yaboot: `yaboot.conf-<mac>`, `etc/<hex>`. Without repeats.
 */
export function askedNames(loader: Loader, macs: readonly string[], addresses: readonly string[]): string[] {
  const names = new Set<string>();
  const dashed = macs
    .filter((mac) => /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(mac))
    .map((mac) => mac.replaceAll(':', '-'));
  const hexes = addresses.flatMap((address) => hexName(address) ?? []);
  if (loader === 'yaboot') {
    for (const mac of dashed) names.add(`yaboot.conf-${mac}`);
    for (const hex of hexes) names.add(`etc/${hex.toLowerCase()}`);
    return [...names];
  }
  for (const mac of dashed) names.add(`pxelinux.cfg/01-${mac}`);
  for (const hex of hexes) for (let length = 8; length > 0; length--) names.add(`pxelinux.cfg/${hex.slice(0, length)}`);
  names.add('pxelinux.cfg/default');
  return [...names];
}
