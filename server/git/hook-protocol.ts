/** What git's hook and the server say to each other over the unix socket: frames of one JSON line, some with bytes behind it. */
import type { Socket } from 'node:net';
import type { ObjectType } from '../../core/repo/object-format.ts';

/** Raised when frames change their meaning; both ends refuse another version. */
export const PROTOCOL_VERSION = 1;

export interface RefUpdate {
  readonly ref: string;
  /** 40 zeros where the ref is created. */
  readonly old: string;
  /** 40 zeros where the ref is deleted. */
  readonly new: string;
}

/** The first frame of a connection. */
export interface PushFrame {
  readonly type: 'push';
  readonly version: number;
  readonly hook: 'pre-receive' | 'post-receive';
  readonly updates: readonly RefUpdate[];
  readonly options: readonly string[];
  readonly pusher: string;
  readonly via: 'http' | 'ssh' | 'file';
}

export type FromHook =
  | PushFrame
  /** One object; `bytes` follow. Without `kind` there is no such object; `size` alone: it is larger than the limit. */
  | { readonly type: 'object'; readonly id: number; readonly kind?: ObjectType; readonly size?: number }
  | { readonly type: 'ancestor'; readonly id: number; readonly yes: boolean };

export type FromServer =
  /** Each object is answered by a frame of its own, in the order asked. */
  | { readonly type: 'read'; readonly id: number; readonly oids: readonly string[] }
  | { readonly type: 'isAncestor'; readonly id: number; readonly ancestor: string; readonly descendant: string }
  | { readonly type: 'print'; readonly line: string }
  | { readonly type: 'verdict'; readonly accept: boolean };

/** Objects asked for in one frame, and the largest object that is relayed. */
export const OBJECTS_A_FRAME = 256;
export const LARGEST_OBJECT = 256 * 1024 * 1024;

/** A push of some thousand refs has a long first line; nothing else comes near. */
const LONGEST_HEADER = 4 * 1024 * 1024;

export interface Frame {
  readonly header: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

/** Writes a frame; resolves when the other end keeps up. Does nothing on a connection that is gone. */
export function writeFrame(
  socket: Socket,
  header: FromHook | FromServer,
  body: Buffer = Buffer.alloc(0),
): Promise<void> {
  if (socket.destroyed || socket.writableEnded) return Promise.resolve();
  const line = JSON.stringify(body.length === 0 ? header : { ...header, bytes: body.length });
  let roomy = socket.write(`${line}\n`);
  if (body.length > 0) roomy = socket.write(body);
  if (roomy) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.on('drain', done);
    socket.on('close', done);
  });
}

/** Reads frames until the other end closes. Throws on what is no frame, or is too large. */
export async function* readFrames(socket: Socket): AsyncGenerator<Frame> {
  let header: Readonly<Record<string, unknown>> | undefined;
  let wanted = 0;
  let pieces: Buffer[] = [];
  let held = 0;
  for await (const chunk of untilGone(socket)) {
    let rest: Buffer = chunk;
    while (rest.length > 0) {
      if (header === undefined) {
        const end = rest.indexOf(0x0a);
        if (held + (end < 0 ? rest.length : end) > LONGEST_HEADER) throw new Error('a frame is too long');
        if (end < 0) {
          pieces.push(rest);
          held += rest.length;
          break;
        }
        pieces.push(rest.subarray(0, end));
        rest = rest.subarray(end + 1);
        header = parseHeader(Buffer.concat(pieces).toString('utf8'));
        pieces = [];
        held = 0;
        wanted = sizeOf(header.bytes);
      } else {
        const piece = rest.subarray(0, wanted - held);
        pieces.push(piece);
        held += piece.length;
        rest = rest.subarray(piece.length);
      }
      if (header !== undefined && held === wanted) {
        yield { header, body: pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces) };
        header = undefined;
        pieces = [];
        held = 0;
        wanted = 0;
      }
    }
  }
}

/** A connection that breaks is one that ends: who reads sees that from what is missing. */
async function* untilGone(socket: Socket): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) yield chunk;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ERR_STREAM_PREMATURE_CLOSE' && code !== 'ECONNRESET' && code !== 'EPIPE') throw error;
  }
}

function parseHeader(line: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(line);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('a frame is not an object');
  return value as Readonly<Record<string, unknown>>;
}

function sizeOf(bytes: unknown): number {
  if (bytes === undefined) return 0;
  if (typeof bytes !== 'number' || !Number.isSafeInteger(bytes) || bytes < 0 || bytes > LARGEST_OBJECT)
    throw new Error('a frame has an impossible size');
  return bytes;
}
