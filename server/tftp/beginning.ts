/** What one transfer begins with: the bytes in the mode that was asked for, and a socket of its own. */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { close, read } from 'node:fs';
import type { LocalAddress } from './addresses.ts';
import type { Room } from './blocks.ts';
import { mostNetasciiBytes, toNetascii } from './netascii.ts';
import type { OpenedFile, RefusedFile } from './tree.ts';

/** `discard` gives back what it holds, where no transfer comes of it. */
export type Source = { readonly size: number; discard(): void } & (
  | { readonly fd: number }
  | { readonly bytes: Buffer; readonly room: Room }
);

/** There is no memory for it at this moment. */
export interface NoRoom {
  readonly kind: 'limited';
}

/**
 * What is sent for an opened file in one of the two modes, or why nothing is. Owns the descriptor unless it gives it back. A text is
 * read and converted only after `hold` has found room for it at its largest.
 */
export async function sourceOf(
  { fd, stats }: OpenedFile,
  mode: string,
  hold: (bytes: number) => Room | undefined,
): Promise<Source | RefusedFile | NoRoom> {
  if (mode === 'octet') return { fd, size: stats.size, discard: () => close(fd, () => {}) };
  let room: Room | undefined;
  try {
    if (stats.size > mostNetasciiBytes)
      return { kind: 'refused', why: 'netascii is for small texts; ask for mode octet' };
    room = hold(2 * stats.size);
    if (room === undefined) return { kind: 'limited' };
    const bytes = toNetascii(await readFirst(fd, stats.size));
    room.shrink(bytes.length);
    const held = room;
    return { bytes, room, size: bytes.length, discard: () => held.give() };
  } catch (error) {
    room?.give();
    throw error;
  } finally {
    close(fd, () => {});
  }
}

/** As much as there was when it was opened, or less: a file that grows meanwhile takes no more memory than it was given. */
async function readFirst(fd: number, size: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(size);
  let length = 0;
  while (length < size) {
    const got = await new Promise<number>((resolve, reject) =>
      read(fd, bytes, length, size - length, length, (error, count) =>
        error === null ? resolve(count) : reject(error),
      ),
    );
    if (got === 0) break;
    length += got;
  }
  return bytes.subarray(0, length);
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
