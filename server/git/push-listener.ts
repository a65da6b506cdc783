/** The server's side of pushes: a unix socket on which git's hooks ask, and that reads the pushed objects through them. */
import { chmod, lstat, rename, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { NO_OBJECT } from '../../core/repo/object-format.ts';
import type { ObjectSource } from '../../core/repo/objects.ts';
import { PROTOCOL_VERSION, type RefUpdate, readFrames, writeFrame } from './hook-protocol.ts';
import { Relay } from './relay.ts';

/** A push, as the hook tells it. `pusher` and `via` are what the hook says: for the log, not for permissions. */
export interface Push {
  readonly updates: readonly RefUpdate[];
  readonly options: readonly string[];
  readonly pusher: string;
  readonly via: 'http' | 'ssh' | 'file';
  /** True where the new commit does not contain the old one: a forced push. False for refs made or deleted. */
  nonFastForward(update: RefUpdate): Promise<boolean>;
}

export type Print = (line: string) => void;

export interface PushHandlers {
  /** Decides on a push before git moves any ref. `signal` aborts when the pusher goes away. */
  preReceive(
    push: Push,
    source: ObjectSource,
    print: Print,
    signal: AbortSignal,
  ): Promise<{ readonly accept: boolean }>;
  /** Told after git moved the refs; runs to its end also when the pusher goes away. */
  postReceive(push: Push, print: Print): Promise<void>;
  /**
   * What the pusher asked to be told after that, for as long as it takes: it counts as no push under way, and `signal` aborts when
   * the pusher goes away or the server stops.
   */
  linger?(push: Push, print: Print, signal: AbortSignal): Promise<void>;
}

export interface ListenOptions {
  readonly socketPath: string;
  /** The socket's mode; who may open it may push. */
  readonly mode?: number;
  /** The setting that the socket's path comes from, for the refusal of one that is too long. */
  readonly setting?: string;
  readonly maxConnections?: number;
  /** A hook that says nothing for so long, although it is its turn, is given up (milliseconds). */
  readonly silence?: number;
  readonly log?: (line: string) => void;
}

/** Pushers that wait for builds; more of them are let go at once. */
const MOST_LINGERING = 512;

/** A path of a unix socket has room for so many bytes, the final NUL not counted. */
const LONGEST_PATH = 107;

const pushFrame = z.object({
  type: z.literal('push'),
  version: z.number(),
  hook: z.enum(['pre-receive', 'post-receive']),
  updates: z
    .array(
      z.object({
        ref: z.string().max(4096),
        old: z.string().regex(/^[0-9a-f]{40}$/),
        new: z.string().regex(/^[0-9a-f]{40}$/),
      }),
    )
    .max(20_000),
  options: z.array(z.string().max(10_000)).max(100),
  pusher: z.string().max(500),
  via: z.enum(['http', 'ssh', 'file']),
});

/**
 * Listens for hooks. A socket file that a dead server left is replaced; a live server is an error. Throws with a text for people
 * where the path is too long or is no socket. `close` ends all connections: their pushes are refused by the hook.
 */
export async function listenForPushes(
  options: ListenOptions,
  handlers: PushHandlers,
): Promise<{ readonly socketPath: string; close(): Promise<void> }> {
  const { socketPath, setting = 'socket', log = () => {} } = options;
  // Made under another name, so that it appears with its mode, and a live server's is never touched.
  const making = join(dirname(socketPath), `.${basename(socketPath)}.${process.pid}`);
  const long = Buffer.byteLength(making) - LONGEST_PATH;
  if (long > 0)
    throw new Error(
      `the path of the socket, ${socketPath}, is too long by ${long} bytes for the system: set '${setting}' to a shorter one, such as /run/litehouse/push.sock`,
    );
  await refuseLiveServer(socketPath);
  const open = new Set<Socket>();
  // Who only waits for builds keeps nobody from pushing.
  const lingering = new Set<Socket>();
  const server = createServer((socket) => {
    socket.on('error', () => {});
    if (open.size - lingering.size >= (options.maxConnections ?? 64)) {
      void refuse(socket, 'too many pushes at once: push again in a while');
      return;
    }
    open.add(socket);
    socket.on('close', () => {
      open.delete(socket);
      lingering.delete(socket);
    });
    const mayLinger = (): boolean => {
      if (lingering.size >= MOST_LINGERING) return false;
      lingering.add(socket);
      return true;
    };
    converse(socket, handlers, options.silence ?? 60_000, mayLinger).catch((error: unknown) => {
      log(`push: ${error instanceof Error ? error.message : String(error)}`);
      hangUp(socket);
    });
  });
  await rm(making, { force: true });
  await listen(server, making);
  await chmod(making, options.mode ?? 0o660);
  await rename(making, socketPath);
  const ours = (await lstat(socketPath)).ino;
  return {
    socketPath,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of open) socket.destroy();
      await closed;
      const now = await lstat(socketPath).catch(() => undefined);
      if (now?.ino === ours) await rm(socketPath, { force: true });
    },
  };
}

/** One connection: the first frame says what is pushed, then we ask and the hook answers, and at last we give the verdict. */
async function converse(
  socket: Socket,
  handlers: PushHandlers,
  silence: number,
  mayLinger: () => boolean,
): Promise<void> {
  const gone = new AbortController();
  const relay = new Relay(socket);
  const frames = readFrames(socket);
  const timer = setTimeout(() => socket.destroy(), silence);
  const first = await frames.next();
  clearTimeout(timer);
  if (first.done === true) return;
  const parsed = pushFrame.safeParse(first.value.header);
  if (!parsed.success) throw new Error(`the hook sent no push: ${z.prettifyError(parsed.error)}`);
  const asked = parsed.data;
  if (asked.version !== PROTOCOL_VERSION)
    return refuse(
      socket,
      'the hook in this repository is of another release: restart the server, which mends it, and push again',
    );
  const push: Push = {
    updates: asked.updates,
    options: asked.options,
    pusher: printable(asked.pusher),
    via: asked.via,
    nonFastForward: async ({ old, new: next }) =>
      old !== NO_OBJECT && next !== NO_OBJECT && !(await relay.isAncestor(old, next)),
  };
  const print: Print = (line) => {
    for (const each of line.split('\n')) void writeFrame(socket, { type: 'print', line: printable(each) });
  };

  const giveUp = (why: Error) => {
    relay.end(why);
    gone.abort(why);
  };
  void (async () => {
    try {
      for await (const frame of frames) {
        try {
          relay.take(frame);
        } catch (error) {
          // The connection stays, so that the pusher still reads why the push is refused.
          giveUp(error as Error);
        }
      }
      giveUp(new Error('the pusher went away'));
    } catch (error) {
      giveUp(error instanceof Error ? error : new Error(String(error)));
    }
  })();
  let accept = true;
  try {
    if (asked.hook === 'pre-receive')
      ({ accept } = await handlers.preReceive(push, watched(relay, socket, silence), print, gone.signal));
    else {
      await handlers.postReceive(push, print);
      // The pusher went away: not an error, and nobody to tell.
      if (handlers.linger !== undefined && mayLinger()) await handlers.linger(push, print, gone.signal);
    }
  } catch (error) {
    await refuse(socket, error instanceof Error ? error.message : String(error));
    throw error;
  }
  await writeFrame(socket, { type: 'verdict', accept });
  hangUp(socket);
}

/** Lets the other end read what was sent, and does not wait for it for ever. */
function hangUp(socket: Socket): void {
  socket.end();
  setTimeout(() => socket.destroy(), 5000).unref();
}

async function refuse(socket: Socket, why: string): Promise<void> {
  socket.resume();
  await writeFrame(socket, { type: 'print', line: printable(`litehouse: ${why}`) });
  await writeFrame(socket, { type: 'verdict', accept: false });
  hangUp(socket);
}

/** Gives up a hook that is asked and does not answer; while we compute, silence is fine. */
function watched(relay: Relay, socket: Socket, silence: number): ObjectSource {
  let asked = 0;
  socket.on('timeout', () => socket.destroy());
  return {
    async read(oids) {
      if (++asked === 1) socket.setTimeout(silence);
      try {
        return await relay.read(oids);
      } finally {
        if (--asked === 0) socket.setTimeout(0);
      }
    },
  };
}

/** Names and texts from a push go to a terminal: nothing that it would act on. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  return text.replace(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g, '\u{FFFD}');
}

async function refuseLiveServer(socketPath: string): Promise<void> {
  const there = await lstat(socketPath).catch(() => undefined);
  if (there === undefined) return;
  if (!there.isSocket()) throw new Error(`${socketPath} is in the way: it is no socket, and stays untouched`);
  if (await answers(socketPath)) throw new Error(`a litehouse server is already running: it answers on ${socketPath}`);
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = connect({ path: socketPath });
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false);
      else reject(error);
    });
  });
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
