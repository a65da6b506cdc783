/** What one transfer begins with: the bytes in the mode that was asked for, and a socket of its own. */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { close, readFile } from 'node:fs';
import { promisify } from 'node:util';
import type { LocalAddress } from './addresses.ts';
import { mostNetasciiBytes, toNetascii } from './netascii.ts';
import type { OpenedFile, RefusedFile } from './tree.ts';

const readWhole = promisify(readFile);

export type Source = { readonly fd: number; readonly size: number } | { readonly bytes: Buffer; readonly size: number };

/** What is sent for an opened file in one of the two modes, or why nothing is. Owns the descriptor unless it gives it back. */
export async function sourceOf({ fd, stats }: OpenedFile, mode: string): Promise<Source | RefusedFile> {
  if (mode === 'octet') return { fd, size: stats.size };
  try {
    if (stats.size > mostNetasciiBytes)
      return { kind: 'refused', why: 'netascii is for small texts; ask for mode octet' };
    const bytes = toNetascii(await readWhole(fd));
    return { bytes, size: bytes.length };
  } finally {
    close(fd, () => {});
  }
}

/**
 * A socket of its own for one transfer, with the address that was asked, connected to the client: the system then passes on only what this
 * client sends (others are told that nobody listens), and tells when its port is closed.
 */
export async function connect(at: LocalAddress, to: RemoteInfo): Promise<Socket> {
  const socket = createSocket(at.family === 4 ? 'udp4' : 'udp6');
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind({ address: at.address, port: 0, exclusive: true }, () =>
        socket.connect(to.port, to.address, () => resolve()),
      );
    });
    socket.removeAllListeners('error');
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}
