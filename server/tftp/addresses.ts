/** Which addresses of this machine are listened on, one socket each, so that each answer leaves from the address that was asked. */
import type { NetworkInterfaceInfo } from 'node:os';

export interface LocalAddress {
  /** As sockets take it: a link-local one names its interface (`fe80::1%eth0`). */
  readonly address: string;
  readonly family: 4 | 6;
}

/** `0.0.0.0` and `::`, which mean every address of the machine; `::` those of IPv4 as well, as it does for HTTP. */
export function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

/** The addresses that a wildcard stands for at this moment. */
export function addressesOf(
  host: '0.0.0.0' | '::' | (string & {}),
  interfaces: Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>,
): LocalAddress[] {
  const found = new Map<string, LocalAddress>();
  for (const [name, infos] of Object.entries(interfaces)) {
    for (const info of infos ?? []) {
      const family = info.family === 'IPv4' ? 4 : 6;
      if (family === 6 && host === '0.0.0.0') continue;
      const linkLocal = family === 6 && info.scopeid !== undefined && info.scopeid !== 0;
      const address = linkLocal ? `${info.address}%${name}` : info.address;
      found.set(address, { address, family });
    }
  }
  return [...found.values()];
}
