/** Which addresses of this machine are listened on, one socket each, so that each answer leaves from the address that was asked. */
import { createSocket } from 'node:dgram';
import { readFile } from 'node:fs/promises';
import { SocketAddress } from 'node:net';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';

export interface LocalAddress {
  /** As sockets take it: a link-local one names its interface (`fe80::1%eth0`). */
  readonly address: string;
  readonly family: 4 | 6;
}

/** `0.0.0.0` and `::`, which mean every address of the machine; `::` those of IPv4 as well, as it does for HTTP. */
export function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

/** The addresses that a wildcard stands for at this moment; `more`: those that the kernel's own lists have. */
export function addressesOf(
  host: '0.0.0.0' | '::' | (string & {}),
  interfaces: Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>,
  more: readonly LocalAddress[] = [],
): LocalAddress[] {
  const found = new Map<string, LocalAddress>();
  const add = (at: LocalAddress): void => {
    if (at.family === 4 || host !== '0.0.0.0') found.set(at.address, at);
  };
  for (const [name, infos] of Object.entries(interfaces)) {
    for (const info of infos ?? []) {
      const family = info.family === 'IPv4' ? 4 : 6;
      const linkLocal = family === 6 && info.scopeid !== undefined && info.scopeid !== 0;
      add({ address: linkLocal ? `${info.address}%${name}` : info.address, family });
    }
  }
  for (const at of more) add(at);
  return [...found.values()];
}

/** The addresses that a wildcard stands for: node leaves out those of an interface whose cable is not in, or whose switch starts. */
export async function localAddresses(host: string): Promise<LocalAddress[]> {
  const text = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
  const [four, six] = await Promise.all([text('/proc/net/fib_trie'), text('/proc/net/if_inet6')]);
  return addressesOf(host, networkInterfaces(), [...fromFibTrie(four), ...fromIfInet6(six)]);
}

/** Addresses of IPv4 in the text of `/proc/net/fib_trie`: leaves that are one address (`/32`) of this host (`LOCAL`). */
export function fromFibTrie(text: string): LocalAddress[] {
  const found = new Set<string>();
  let leaf = '';
  for (const line of text.split('\n')) {
    const [, address] = /^\s*\|-- ([\d.]+)$/.exec(line) ?? [];
    if (address !== undefined) leaf = address;
    else if (/^\s*\/32 host LOCAL$/.test(line) && leaf !== '') found.add(leaf);
  }
  return [...found].map((address) => ({ address, family: 4 }));
}

/** Of `/proc/net/if_inet6`: those that can be used, which one is not before it is known that nobody else has it. */
const [unusable, linkLocalScope] = [0x40 | 0x08, 0x20];

/** Addresses of IPv6 in the text of `/proc/net/if_inet6`: address, interface number, prefix, scope, flags, name. */
export function fromIfInet6(text: string): LocalAddress[] {
  const found: LocalAddress[] = [];
  for (const line of text.split('\n')) {
    const [digits = '', , , scope = '', flags = '', name = ''] = line.trim().split(/\s+/);
    if (!/^[0-9a-f]{32}$/.test(digits) || (Number.parseInt(flags, 16) & unusable) !== 0) continue;
    // In the spelling that node has, so that no address is there twice.
    const groups = digits.match(/.{4}/g)?.join(':') ?? '';
    const { address } = new SocketAddress({ address: groups, family: 'ipv6' });
    found.push({
      address: Number.parseInt(scope, 16) === linkLocalScope ? `${address}%${name}` : address,
      family: 6,
    });
  }
  return found;
}

/** Whether the machine has the address still: only where the system says that it has not, it has not. */
export function exists({ address, family }: LocalAddress): Promise<boolean> {
  const socket = createSocket({ type: family === 4 ? 'udp4' : 'udp6', ipv6Only: family === 6 });
  return new Promise((resolve) => {
    const answer = (it: boolean): void => {
      socket.close();
      resolve(it);
    };
    socket.once('error', ({ code }: NodeJS.ErrnoException) =>
      // The others: a link-local address whose interface is gone.
      answer(!['EADDRNOTAVAIL', 'EINVAL', 'ENODEV', 'ENXIO'].includes(code ?? '')),
    );
    socket.bind({ address, port: 0, exclusive: true }, () => answer(true));
  });
}
