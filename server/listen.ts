/** Opens an HTTP listener for an app, says plainly when its port is taken, and closes it without cutting anybody off. */
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Failure } from './command/failure.ts';
import { type ListenAddress, urlOf } from './listen-address.ts';

export interface Listener {
  /** Where it is reached from this machine, with the port that it really has. */
  readonly url: string;
  readonly address: ListenAddress;
  /** Takes no new connection, lets requests under way end for at most `graceMilliseconds`, then cuts them off. */
  close(graceMilliseconds: number): Promise<void>;
}

export interface ListenOptions {
  readonly address: ListenAddress;
  /** `node` or `admin`: stands in messages. */
  readonly name: string;
  /** Flag that moves it elsewhere. */
  readonly flag: string;
  readonly handler: (incoming: IncomingMessage, outgoing: ServerResponse) => unknown;
  /** Whether a connection that comes in is kept; undefined: all are. */
  readonly admit?: (socket: Socket) => boolean;
  readonly server: ServerOptions & { readonly maxConnections?: number; readonly socketTimeout?: number };
}

/** Nodes: small requests, many at once, none of them slow for a good reason. */
export const nodeServerOptions = {
  headersTimeout: 15_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 5_000,
  maxHeaderSize: 8_192,
  maxConnections: 20_000,
  // Also for those who ask and then do not read.
  socketTimeout: 30_000,
} as const;

/** People and git: a push may be as slow as its line is, so no limit on a whole request, only on silence. */
export const adminServerOptions = {
  headersTimeout: 30_000,
  requestTimeout: 0,
  keepAliveTimeout: 5_000,
  maxHeaderSize: 16_384,
  maxConnections: 1_000,
  socketTimeout: 600_000,
} as const;

/** Listens, or throws a Failure that names the address and the flag. */
export async function listen(options: ListenOptions): Promise<Listener> {
  const { maxConnections, socketTimeout, ...serverOptions } = options.server;
  const server = createServer(serverOptions, options.handler);
  if (maxConnections !== undefined) server.maxConnections = maxConnections;
  if (socketTimeout !== undefined) server.setTimeout(socketTimeout);
  const { admit } = options;
  if (admit !== undefined) server.on('connection', (socket: Socket) => admit(socket) || socket.destroy());
  const { host, port } = options.address;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenFailure(options, error)));
    // A boot storm opens thousands of connections at once: node's own backlog of 511 would drop SYNs.
    server.listen({ host, port, backlog: 4096 }, () => resolve());
  });
  server.on('error', () => {});
  const address = { host, port: (server.address() as AddressInfo).port };
  return { url: urlOf(address), address, close: (grace) => closeServer(server, grace) };
}

function listenFailure(options: ListenOptions, error: NodeJS.ErrnoException): Failure {
  const { address, name, flag } = options;
  const place = `${address.host}:${address.port}`;
  const elsewhere = `${flag} ${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port + 1000}`;
  if (error.code === 'EADDRINUSE') {
    return new Failure({
      what: `port ${address.port} of ${address.host} is taken (the ${name} listener)`,
      why: 'another program, or another litehouse, listens there',
      mend: `stop it, or choose another: ${elsewhere}`,
    });
  }
  if (error.code === 'EACCES') {
    return new Failure({
      what: `this user may not listen on ${place} (the ${name} listener)`,
      mend: `choose another port: ${elsewhere}`,
    });
  }
  return new Failure({
    what: `cannot listen on ${place} (the ${name} listener)`,
    why: error.message,
    mend: `choose an address of this machine: ${flag} HOST:PORT`,
  });
}

async function closeServer(server: Server, graceMilliseconds: number): Promise<void> {
  const timer = setTimeout(() => server.closeAllConnections(), graceMilliseconds);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
  clearTimeout(timer);
}
