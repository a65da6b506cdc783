/** Promises of the socket on which hooks ask: who may listen, what a hook may say, and what it can't make us believe. */
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { objectId } from '../../core/repo/object-format.ts';
import { type Frame, type FromServer, PROTOCOL_VERSION, readFrames, writeFrame } from './hook-protocol.ts';
import { type ListenOptions, listenForPushes, type PushHandlers } from './push-listener.ts';

let dir: string;
let socketPath: string;
const ends: (() => Promise<unknown> | unknown)[] = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lh-push-'));
  socketPath = join(dir, 'push.sock');
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  await rm(dir, { recursive: true, force: true });
});

const never: PushHandlers = {
  preReceive: () => Promise.reject(new Error('nothing should be judged')),
  postReceive: () => Promise.reject(new Error('nothing should be applied')),
};

async function listen(handlers: PushHandlers, options: Partial<ListenOptions> = {}) {
  const listener = await listenForPushes({ socketPath, ...options }, handlers);
  ends.push(() => listener.close());
  return listener;
}

const asked = {
  type: 'push' as const,
  version: PROTOCOL_VERSION,
  hook: 'pre-receive' as const,
  updates: [{ ref: 'refs/heads/main', old: '0'.repeat(40), new: '1'.repeat(40) }],
  options: [],
  pusher: 'ann',
  via: 'file' as const,
};

async function hook(): Promise<Socket> {
  const socket = connect({ path: socketPath });
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('connect', resolve));
  ends.push(() => socket.destroy());
  return socket;
}

/** Plays a hook: says `first`, answers reads by `answer`, gives all that the server printed and its verdict. */
async function play(first: object, answer: (oid: string) => Buffer | undefined = () => undefined) {
  const socket = await hook();
  await writeFrame(socket, first as typeof asked);
  const printed: string[] = [];
  let accept: boolean | undefined;
  for await (const { header } of readFrames(socket) as AsyncGenerator<Frame & { header: FromServer }>) {
    if (header.type === 'print') printed.push(header.line);
    if (header.type === 'verdict') {
      accept = header.accept;
      break;
    }
    if (header.type === 'isAncestor') await writeFrame(socket, { type: 'ancestor', id: header.id, yes: true });
    if (header.type !== 'read') continue;
    for (const oid of header.oids) {
      const data = answer(oid);
      if (data === undefined) await writeFrame(socket, { type: 'object', id: header.id });
      else await writeFrame(socket, { type: 'object', id: header.id, kind: 'blob' }, data);
    }
  }
  return { printed, accept };
}

describe('listening', () => {
  test('the socket appears with its mode and goes with the server', async () => {
    const listener = await listen(never, { mode: 0o600 });
    expect((await stat(socketPath)).mode & 0o777).toBe(0o600);
    await listener.close();
    await expect(stat(socketPath)).rejects.toThrow();
  });

  test('a live server is not pushed aside', async () => {
    await listen(never);
    await expect(listenForPushes({ socketPath }, never)).rejects.toThrow('already running');
    await hook();
  });

  test('the socket of a dead server is replaced', async () => {
    // Renamed away before closing, so that node does not remove it: as after a kill.
    const dead = createServer();
    await new Promise<void>((resolve) => dead.listen(socketPath, resolve));
    const { rename } = await import('node:fs/promises');
    await rename(socketPath, `${socketPath}.kept`);
    await new Promise((resolve) => dead.close(resolve));
    await rename(`${socketPath}.kept`, socketPath);
    await listen({ ...never, preReceive: async () => ({ accept: true }) });
    expect((await play(asked)).accept).toBe(true);
  });

  test('a file that is no socket is left alone', async () => {
    await writeFile(socketPath, 'mine');
    await expect(listenForPushes({ socketPath }, never)).rejects.toThrow('is no socket');
    expect((await stat(socketPath)).isFile()).toBe(true);
  });

  test('a path that is too long for the system is refused, with the name of the setting', async () => {
    const long = join(dir, `${'x'.repeat(100)}.sock`);
    await expect(listenForPushes({ socketPath: long, setting: 'pushSocket' }, never)).rejects.toThrow(
      /too long.*'pushSocket'/,
    );
  });
});

describe('what a hook says', () => {
  test('objects come in the order asked, missing ones as missing', async () => {
    const blobs = new Map(
      Array.from({ length: 1000 }, (_, index) => Buffer.from(`${index}`)).map((data) => [objectId('blob', data), data]),
    );
    const oids = [...blobs.keys(), 'f'.repeat(40)];
    let read: (string | undefined)[] = [];
    await listen({
      ...never,
      preReceive: async (_push, source) => {
        read = (await source.read(oids)).map((object) => object?.data.toString());
        return { accept: true };
      },
    });
    expect((await play(asked, (oid) => blobs.get(oid))).accept).toBe(true);
    expect(read).toEqual([...[...blobs.values()].map(String), undefined]);
  });

  test('wrong bytes for an object are never given on, and refuse the push', async () => {
    const oid = objectId('blob', Buffer.from('true'));
    let got: unknown = 'nothing';
    await listen({
      ...never,
      preReceive: async (_push, source) => {
        got = await source.read([oid]);
        return { accept: true };
      },
    });
    const { accept, printed } = await play(asked, () => Buffer.from('lies'));
    expect(accept).toBe(false);
    expect(printed.join()).toContain(`wrong bytes for object ${oid}`);
    expect(got).toBe('nothing');
  });

  test('a hook of another release is refused in words', async () => {
    await listen(never);
    const { accept, printed } = await play({ ...asked, version: 99 });
    expect(accept).toBe(false);
    expect(printed.join()).toContain('restart the server');
  });

  test.each([
    ['no JSON', 'hello\n'],
    ['another question', '{"type":"verdict"}\n'],
    ['an impossible size', '{"type":"push","bytes":-1}\n'],
    ['a size beyond the limit', '{"type":"push","bytes":99999999999}\n'],
    ['a line without end', 'x'.repeat(5_000_000)],
    ['answers that nobody asked for', `${JSON.stringify(asked)}\n{"type":"object","id":7}\n`],
  ])('%s ends that connection, and no other', async (_name, bytes) => {
    const judged: string[] = [];
    await listen({
      ...never,
      preReceive: async (push, source) => {
        judged.push(push.pusher);
        if (push.pusher === 'ann') await source.read(['1'.repeat(40)]);
        return { accept: true };
      },
    });
    const socket = await hook();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.resume();
    socket.write(bytes);
    await closed;
    expect((await play({ ...asked, pusher: 'bob' })).accept).toBe(true);
  });

  test('a hook that never says anything, or never answers, is given up', async () => {
    let tell: (failed: string) => void = () => {};
    const failed = new Promise<string>((resolve) => {
      tell = resolve;
    });
    const preReceive: PushHandlers['preReceive'] = async (_push, source) => {
      await source.read(['1'.repeat(40)]).catch((error: unknown) => {
        tell(String(error));
      });
      return { accept: true };
    };
    // Who speaks has the time to.
    for (const [first, silence] of [
      [undefined, 100],
      [asked, 5000],
    ] as const) {
      const listener = await listen({ ...never, preReceive }, { silence });
      const socket = await hook();
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.resume();
      if (first !== undefined) await writeFrame(socket, first);
      await closed;
      await listener.close();
    }
    expect(await failed).toContain('went away');
  });

  test('more hooks at once than the limit are told to come again', async () => {
    await listen({ ...never, preReceive: async () => ({ accept: true }) }, { maxConnections: 1 });
    const first = await hook();
    // A round trip, so that the first connection is counted.
    const { accept, printed } = await play(asked);
    expect(accept).toBe(false);
    expect(printed.join()).toContain('too many pushes at once');
    first.destroy();
  });

  test('the signal aborts when the pusher goes away; what is printed can not move the terminal', async () => {
    let aborted: (() => void) | undefined;
    const gone = new Promise<void>((resolve) => {
      aborted = resolve;
    });
    await listen({
      ...never,
      preReceive: async ({ pusher }, _source, print, signal) => {
        if (pusher === 'ann') {
          await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
          aborted?.();
        }
        print(`two\nlines of ${pusher}`);
        return { accept: true };
      },
    });
    const socket = await hook();
    await writeFrame(socket, asked);
    socket.destroy();
    await gone;
    const { printed } = await play({ ...asked, pusher: 'x\u001b[2J' });
    expect(printed).toEqual(['two', 'lines of x\u{FFFD}[2J']);
  });

  test('a forced push is asked about; a new or deleted ref is none', async () => {
    const forced: boolean[] = [];
    await listen({
      ...never,
      preReceive: async (push) => {
        for (const update of push.updates) forced.push(await push.nonFastForward(update));
        return { accept: true };
      },
    });
    await play({ ...asked, updates: [...asked.updates, { ...asked.updates[0], old: '2'.repeat(40) }] });
    expect(forced).toEqual([false, false]);
  });
});
