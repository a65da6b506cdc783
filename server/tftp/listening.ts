/** The sockets that requests come to: one for each address, looked up again every few seconds where all addresses are meant. */
import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { Failure } from '../command/failure.ts';
import type { ListenAddress } from '../listen-address.ts';
import type { Log } from '../log.ts';
import { exists, isWildcard, type LocalAddress, localAddresses } from './addresses.ts';

/** How often new addresses of the machine are looked for. */
const rescanTime = 5000;
/** Requests that wait while the process is busy: ten thousand nodes that are switched on together. */
const receiveBytes = 4 * 1024 * 1024;

export interface Listening {
  addresses(): readonly ListenAddress[];
  close(): void;
}

/** How the addresses of a wildcard are looked for. */
export interface Look {
  readonly every: number;
  readonly addresses: (host: string) => Promise<readonly LocalAddress[]>;
  readonly exists: (at: LocalAddress) => Promise<boolean>;
}

const usualLook: Look = { every: rescanTime, addresses: localAddresses, exists };

/** node:dgram does not tell which address a packet was sent to, so every address has a socket of its own. */
export async function listenOn(
  listen: ListenAddress,
  log: Log,
  onSocket: (socket: Socket, at: LocalAddress) => void,
  look: Look = usualLook,
): Promise<Listening> {
  const open = new Map<string, { readonly socket: Socket; readonly at: LocalAddress }>();
  const failures = new Map<string, number>();
  let { port } = listen;
  const add = async (at: LocalAddress): Promise<void> => {
    const socket = await bind(at, port);
    port = socket.address().port;
    open.set(at.address, { socket, at });
    socket.on('error', () => {});
    socket.on('close', () => open.get(at.address)?.socket === socket && open.delete(at.address));
    onSocket(socket, at);
  };
  const close = (): void => {
    for (const { socket } of open.values()) socket.close();
    open.clear();
  };
  const addresses = (): ListenAddress[] => [...open.keys()].map((host) => ({ host, port }));
  if (!isWildcard(listen.host)) {
    const { address, family } = await lookup(listen.host).catch((error: Error) => {
      throw listenFailure(listen, error);
    });
    await add({ address, family: family === 6 ? 6 : 4 }).catch((error: Error) => {
      throw listenFailure(listen, error);
    });
    return { addresses, close };
  }
  /** Gives the first failure of an address that cannot be listened on. */
  const rescan = async (): Promise<Failure | undefined> => {
    const now = await look.addresses(listen.host);
    const names = new Set(now.map(({ address }) => address));
    // An address that is in no list may be there all the same, and nodes may be booting from it.
    for (const [address, { socket, at }] of open)
      if (!names.has(address) && !(await look.exists(at)) && open.delete(address)) socket.close();
    let first: Failure | undefined;
    for (const at of now) {
      if (open.has(at.address)) continue;
      try {
        await add(at);
        failures.delete(at.address);
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        const lasting = code === 'EADDRINUSE' || code === 'EACCES';
        const failure = listenFailure({ host: at.address, port }, error as Error);
        if (lasting) first ??= failure;
        const times = (failures.get(at.address) ?? 0) + 1;
        failures.set(at.address, times);
        // An address of IPv6 can't be used in its first seconds; the next look finds it ready.
        if (times === (lasting ? 1 : 2))
          complaints.push(lasting ? failure.message : `cannot listen on ${at.address}: ${message}`);
      }
    }
    return first;
  };
  const complaints: string[] = [];
  const complain = (): void => {
    for (const what of complaints.splice(0)) log('warn', `tftp: ${what}`);
  };
  const none = await rescan().catch((error: unknown) => {
    close();
    throw error;
  });
  if (open.size === 0 && none !== undefined) throw none;
  complain();
  let closed = false;
  let said = '';
  const timer = setInterval(() => {
    if (closed) return;
    rescan().then(
      () => (closed ? close() : complain()),
      (error: Error) => {
        if (error.message !== said) log('error', `tftp: ${error.message}`);
        said = error.message;
      },
    );
  }, look.every).unref();
  return {
    addresses,
    close() {
      closed = true;
      clearInterval(timer);
      close();
    },
  };
}

function bind({ address, family }: LocalAddress, port: number): Promise<Socket> {
  const socket = createSocket({ type: family === 4 ? 'udp4' : 'udp6', ipv6Only: family === 6 });
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.bind({ address, port, exclusive: true }, () => {
      socket.removeAllListeners('error');
      try {
        socket.setRecvBufferSize(receiveBytes);
      } catch {
        // The system's own size then.
      }
      resolve(socket);
    });
  });
}

function listenFailure({ host, port }: ListenAddress, error: NodeJS.ErrnoException): Failure {
  const elsewhere = `--tftp ${host.includes(':') ? `[${host}]` : host}:${port < 1024 ? port + 6900 : port + 1000}`;
  if (error.code === 'EADDRINUSE')
    return new Failure({
      what: `port ${port} of ${host} is taken (TFTP)`,
      why: 'another TFTP server (tftpd-hpa, dnsmasq), or another litehouse, listens there',
      mend: `stop it, choose another: ${elsewhere}, or let it serve the same files: --tftp off`,
    });
  if (error.code === 'EACCES')
    return new Failure({
      what: `this user may not listen on ${host}:${port} (TFTP)`,
      why: 'ports below 1024 need root or the capability CAP_NET_BIND_SERVICE',
      mend: `use the systemd unit, which gives it, or choose another port: ${elsewhere}`,
    });
  return new Failure({
    what: `cannot listen on ${host}:${port} (TFTP)`,
    why: error.message,
    mend: 'choose an address of this machine: --tftp HOST:PORT, or none: --tftp off',
  });
}
