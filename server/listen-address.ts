/** Addresses to listen on, as people write them. */

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** `HOST:PORT`, `[V6]:PORT`, or a bare `PORT` (then on 127.0.0.1). Undefined where it is none of these. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]:|([^\s:[\]/]+):)?(\d{1,5})$/.exec(text.trim());
  if (match === null) return undefined;
  const port = Number(match[3]);
  return port > 65535 ? undefined : { host: match[1] ?? match[2] ?? '127.0.0.1', port };
}

/** Whether two listeners would be in each other's way: one port, at one address or at a wildcard that includes the other's. */
export function listenersCollide(a: ListenAddress, b: ListenAddress): boolean {
  // The system chooses different ones for port 0.
  if (a.port !== b.port || a.port === 0) return false;
  const [one, other] = [hostOf(a), hostOf(b)];
  if (one === other) return true;
  // `::` takes IPv4, too.
  if (one === '::' || other === '::') return true;
  const isIpv6 = (host: string): boolean => host.includes(':');
  return (one === '0.0.0.0' && !isIpv6(other)) || (other === '0.0.0.0' && !isIpv6(one));
}

function hostOf({ host }: ListenAddress): string {
  return host === 'localhost' ? '127.0.0.1' : host.toLowerCase();
}

/** The URL under which this machine reaches a listener; a wildcard address is reached through loopback. */
export function urlOf(address: ListenAddress): string {
  const host = address.host === '0.0.0.0' ? '127.0.0.1' : address.host === '::' ? '::1' : address.host;
  return `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
}
