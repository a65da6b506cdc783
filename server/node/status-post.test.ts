/** What hostile, slow and broken clients can do to the node listener: nothing to others. */
import { type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { World } from '../../core/plan/world.ts';
import { refusal } from '../../test/server/fake-engine.ts';
import { type Listener, listen, nodeServerOptions } from '../listen.ts';
import type { LogFacts } from '../log.ts';
import type { StatusReport } from '../reports/report.ts';
import { nodeHandler, type Taken } from './app.ts';
import { connectionLimit } from './limits.ts';
import { noProxies } from './source.ts';

let now = 0;
let taking: Taken = 'stored';
const received: [string, StatusReport][] = [];
const logged: LogFacts[] = [];
const addresses = new Map([
  ['127.0.1.7', ['n07']],
  ['127.0.1.8', ['n08']],
  ['127.0.1.9', ['n09', 'n10']],
]);
/** More than the buffers of both ends of a connection hold. */
const longText = 'x'.repeat(16 * 2 ** 20);
let longAsked = 0;
const engine = {
  world: { addresses } as unknown as World,
  answerFor(address: string) {
    const answer = { kind: 'answer' as const, node: 'n07', commit: 'c', generation: 'g' };
    if (address === '127.0.1.7') return { ...answer, text: 'answer of n07\n' };
    if (address !== '127.0.1.6') return refusal(404, `no node has ${address}`);
    longAsked++;
    return { ...answer, text: longText, plain: true };
  },
};

const handler = nodeHandler(engine, {
  now: () => now,
  log: (_level, _what, facts = {}) => logged.push(facts),
  reports: {
    receive: (node, report) => {
      if (taking === 'stored') received.push([node, report]);
      return taking;
    },
  },
});

/** Connections of the listeners, open and closed. */
const accepted = new Set<Socket>();
/** The first has the server's own patience; the second has little, so that tests of stalled clients need little. */
let listener: Listener;
let hasty: Listener;
beforeAll(async () => {
  const open = (server: object): Promise<Listener> => {
    const limit = connectionLimit(noProxies);
    return listen({
      address: { host: '127.0.0.1', port: 0 },
      name: 'node',
      flag: '--node',
      handler,
      admit(socket) {
        accepted.add(socket);
        return limit(socket);
      },
      server: { ...nodeServerOptions, ...server },
    });
  };
  listener = await open({});
  hasty = await open({
    headersTimeout: 2_000,
    requestTimeout: 3_000,
    connectionsCheckingInterval: 50,
    socketTimeout: 4_000,
  });
});
afterAll(async () => {
  await listener.close(0);
  await hasty.close(0);
});
afterEach(() => {
  received.length = 0;
  logged.length = 0;
  taking = 'stored';
  // Buckets are full again.
  now += 1_000_000;
});

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: IncomingMessage['headers'];
}

function send(
  localAddress: string,
  body: string | undefined,
  options: { path?: string; method?: string; headers?: Record<string, string | number> } = {},
): Promise<Answer> {
  const { path = '/status', method = 'POST', headers = {} } = options;
  return new Promise((resolve, reject) => {
    const outgoing = request(`${listener.url}${path}`, { method, localAddress, agent: false, headers }, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, body: text, headers: incoming.headers }));
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

const post = async (from: string, body: string, headers = {}) => (await send(from, body, { headers })).status;

/** A bare connection as a node; resolves `closed` with all that was said. */
function bare(localAddress: string, at = listener): Promise<{ socket: Socket; closed: Promise<string> }> {
  return new Promise((resolve) => {
    const socket = connect({ port: at.address.port, host: '127.0.0.1', localAddress });
    let said = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk;
    });
    socket.on('error', () => {});
    const closed = new Promise<string>((done) => socket.once('close', () => done(said)));
    socket.once('connect', () => resolve({ socket, closed }));
  });
}

describe('a report', () => {
  test('of a known node is taken in, in both forms and under whatever content type', async () => {
    expect(await send('127.0.1.7', 'stage\tbooted\ncommit\tc0ffee12\n')).toMatchObject({ status: 200, body: 'ok\n' });
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    expect(await post('127.0.1.8', 'stage=booting&generation=g1', form)).toBe(200);
    expect(await post('127.0.1.8', 'stage\tfailed\nlog\tmount: no\n', form)).toBe(200);
    expect(received.map(([node, { stage }]) => [node, stage])).toEqual([
      ['n07', 'booted'],
      ['n08', 'booting'],
      ['n08', 'failed'],
    ]);
  });

  test('is filed under who sent it, whomever it names', async () => {
    const headers = { 'x-forwarded-for': '127.0.1.8', forwarded: 'for=127.0.1.8', host: 'n08' };
    await send('127.0.1.7', 'stage=booted&node=n08', { headers, path: '/status?node=n08' });
    expect(received.map(([node]) => node)).toEqual(['n07']);
  });

  test('of no node, or of an address that two nodes have, is refused with what to change', async () => {
    expect(await send('127.0.1.1', 'stage=booted')).toMatchObject({
      status: 404,
      body: '404: no node has the address 127.0.1.1: look at tables/hosts.csv\n',
    });
    expect(await send('127.0.1.9', 'stage=booted')).toMatchObject({
      status: 404,
      body: expect.stringContaining('belongs to n09 and n10: give each its own'),
    });
    expect(received).toEqual([]);
    expect(logged).toEqual([
      expect.objectContaining({ source: '127.0.1.1', asked: 'status', status: 404 }),
      expect.objectContaining({ source: '127.0.1.9' }),
    ]);
  });

  test('that says nothing that can be read is refused with why', async () => {
    expect(await send('127.0.1.7', 'hello')).toMatchObject({ status: 400, body: expect.stringContaining('no stage') });
    expect(await send('127.0.1.7', undefined)).toMatchObject({ status: 400 });
    expect(await post('127.0.1.7', `stage=${'\0'.repeat(100)}`)).toBe(400);
  });

  test('is posted, and not asked for', async () => {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const { status, headers } = await send('127.0.1.7', undefined, { method });
      expect([status, headers.allow], method).toEqual([405, 'POST']);
    }
  });

  test('waits while the server takes none', async () => {
    for (const [outcome, said] of [
      ['too many', 'too many reports at once'],
      ['not stored', 'reports cannot be stored on the server now'],
    ] as const) {
      taking = outcome;
      expect(await send('127.0.1.7', 'stage=booted')).toMatchObject({
        status: 503,
        headers: { 'retry-after': '5' },
        body: expect.stringContaining(said),
      });
    }
  });
});

describe('too much', () => {
  test('a log of 64 KiB is taken, also where every byte of it is escaped', async () => {
    expect(await post('127.0.1.7', `stage=booted&log=${'%0A'.repeat(65_536)}`)).toBe(200);
    expect(received[0]?.[1].log).toHaveLength(65_536);
  });

  test('a larger log is refused, and says what to send', async () => {
    expect(await send('127.0.1.7', `stage=booted&log=${'x'.repeat(65_537)}`)).toMatchObject({
      status: 413,
      body: expect.stringContaining('send its end'),
    });
  });

  test('a body that says it is huge is not read', async () => {
    const { socket, closed } = await bare('127.0.1.7');
    socket.write('POST /status HTTP/1.1\r\nhost: x\r\ncontent-length: 9999999999\r\n\r\nstage=b');
    expect(await closed).toMatch(/^HTTP\/1.1 413 /);
  });

  test('a body that does not say how huge it is is cut off', async () => {
    const { socket, closed } = await bare('127.0.1.7');
    socket.write('POST /status HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n');
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    let [ended, chunks] = [false, 0];
    void closed.then(() => {
      ended = true;
    });
    while (!ended && chunks < 2000) {
      socket.write(chunk);
      chunks++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(chunks).toBeLessThan(2000);
    expect(received).toEqual([]);
  });

  test('reports beyond twenty at once wait three seconds each, whatever other nodes do', async () => {
    const statuses: number[] = [];
    for (let i = 0; i < 22; i++) statuses.push(await post('127.0.1.7', 'stage=booting'));
    expect(statuses.filter((status) => status === 200)).toHaveLength(20);
    expect(await send('127.0.1.7', 'stage=booting')).toMatchObject({ status: 429, headers: { 'retry-after': '3' } });
    expect(await post('127.0.1.8', 'stage=booting')).toBe(200);
    now += 3_000;
    expect([await post('127.0.1.7', 'stage=booting'), await post('127.0.1.7', 'stage=booting')]).toEqual([200, 429]);
  });

  test('headers without end are refused', async () => {
    const { socket, closed } = await bare('127.0.1.7');
    socket.write(`GET /answer HTTP/1.1\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`);
    expect(await closed).toMatch(/^HTTP\/1.1 431 /);
  });
});

describe('a hostile node', () => {
  test('gets its own answer, whatever path, query and headers it invents', async () => {
    const tricks = [
      '/answer?node=n08',
      '/answer?generation=g&address=127.0.1.8&node=n08',
      '/answer?',
      '/answer#n08',
      '//answer',
      '/answer/../answer',
      '/answer/n08',
      '/answer%00',
      '/%61nswer',
      '/nodes/n08/answer',
      '/../../etc/passwd',
      '/status/../answer',
      '/litefile/n08',
      '/config.git/HEAD',
      'http://127.0.1.8/answer',
    ];
    for (const path of tricks) {
      const { socket, closed } = await bare('127.0.1.7');
      socket.write(
        `GET ${path} HTTP/1.1\r\nhost: 127.0.1.8\r\nx-real-ip: 127.0.1.8\r\nx-forwarded-for: 127.0.1.8\r\nconnection: close\r\n\r\n`,
      );
      expect(await closed, path).toMatch(/^HTTP\/1.1 (200 OK[\s\S]*answer of n07\n$|400 |404 )/);
    }
  });

  test('that smuggles a second request into a first gets no other answer', async () => {
    const { socket, closed } = await bare('127.0.1.7');
    socket.write(
      'POST /status HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /answer HTTP/1.1\r\n\r\n',
    );
    expect(await closed).toMatch(/^HTTP\/1.1 400 /);
  });

  test('holds 64 connections at the most, and others go on', async () => {
    await expect.poll(() => [...accepted].every((socket) => socket.closed)).toBe(true);
    const open = await Promise.all(Array.from({ length: 64 }, () => bare('127.0.1.8')));
    for (let i = 0; i < 2000; i += 50) {
      const more = await Promise.all(Array.from({ length: 50 }, () => bare('127.0.1.8')));
      expect(await Promise.all(more.map(({ closed }) => closed))).toEqual(more.map(() => ''));
    }
    const { socket, closed } = await bare('127.0.1.7');
    socket.write('GET /answer HTTP/1.0\r\n\r\n');
    expect(await closed).toContain('answer of n07\n');
    for (const { socket } of open) socket.destroy();
    await Promise.all(open.map(({ closed }) => closed));
  });

  test('that asks a thousand times without being a node fills the log with one line', async () => {
    for (let i = 0; i < 1000; i += 50)
      await Promise.all(
        Array.from({ length: 50 }, () => send('127.0.1.1', undefined, { method: 'GET', path: '/answer' })),
      );
    expect(logged).toHaveLength(1);
  });
});

describe('a stalled client', () => {
  test.each([
    ['says nothing', ''],
    ['does not end its headers', 'GET /answer HTTP/1.1\r\nhost: x\r\n'],
    ['does not end its body', 'POST /status HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nstage=boo'],
  ])('that %s is cut off', async (_, text) => {
    const { socket, closed } = await bare('127.0.1.7', hasty);
    if (text !== '') socket.write(text);
    expect(await closed).toMatch(/^(HTTP\/1.1 408 [\s\S]*)?$/);
    expect(received).toEqual([]);
  });

  test('that sends a byte at a time is cut off too', async () => {
    const { socket, closed } = await bare('127.0.1.7', hasty);
    socket.write('POST /status HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n');
    const drip = setInterval(() => socket.write('s'), 20);
    await closed;
    clearInterval(drip);
    expect(received).toEqual([]);
  });

  /** A node that asks for the long answer, so many times in one go, and reads nothing; resolves with both ends of it. */
  async function ask(times: number): Promise<{ readonly client: Socket; readonly server: Socket }> {
    const before = new Set(accepted);
    const client = connect({ port: hasty.address.port, host: '127.0.0.1', localAddress: '127.0.1.6' });
    client.pause().on('error', () => {});
    await new Promise((resolve) => client.once('connect', resolve));
    client.write('GET /answer HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(times));
    for (;;) {
      const [server] = [...accepted].filter((each) => !before.has(each));
      if (server !== undefined) return { client, server };
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  test('that asks for a long answer and never reads it is cut off, and others are answered meanwhile', async () => {
    const { client, server } = await ask(1);
    const cut = new Promise((resolve) => server.once('close', resolve));
    expect((await send('127.0.1.7', undefined, { method: 'GET', path: '/answer' })).body).toBe('answer of n07\n');
    await cut;
    expect(server.bytesWritten).toBeGreaterThan(0);
    client.destroy();
  });

  test('that asks a thousand times in one go and reads nothing is cut off, and no thousand answers are kept for it', async () => {
    longAsked = 0;
    const { client, server } = await ask(1000);
    if (!server.closed) await new Promise((resolve) => server.once('close', resolve));
    expect(longAsked).toBeLessThan(10);
    client.destroy();
  });
});

test('limits by time hold though the wall clock is put forth or back', async () => {
  const told: LogFacts[] = [];
  const usual = await listen({
    address: { host: '127.0.0.1', port: 0 },
    name: 'node',
    flag: '--node',
    handler: nodeHandler(engine, {
      log: (_level, _what, facts = {}) => told.push(facts),
      reports: { receive: () => 'stored' },
    }),
    server: nodeServerOptions,
  });
  const report = () =>
    new Promise<number>((resolve, reject) => {
      const outgoing = request(`${usual.url}/status`, { method: 'POST', localAddress: '127.0.1.7', agent: false });
      outgoing.on('response', (incoming) => incoming.resume().on('end', () => resolve(incoming.statusCode ?? 0)));
      outgoing.on('error', reject).end('stage=booted');
    });
  vi.useFakeTimers({ toFake: ['Date'] });
  try {
    for (let i = 0; i < 20; i++) expect(await report()).toBe(200);
    for (const hours of [0, 1, -1]) {
      vi.setSystemTime(Date.now() + hours * 3_600_000);
      expect(await report()).toBe(429);
    }
  } finally {
    vi.useRealTimers();
    await usual.close(0);
  }
  expect(told).toHaveLength(1);
});

test('a client that asks a few times in one go is answered in order', async () => {
  const { socket, closed } = await bare('127.0.1.7');
  const ask = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nhost: x\r\n${more}\r\n`;
  socket.write(ask('/answer') + ask('/nothing') + ask('/answer', 'connection: close\r\n'));
  expect(await closed).toMatch(/^HTTP\/1.1 200 [\s\S]*n07\nHTTP\/1.1 404 [\s\S]*HTTP\/1.1 200 [\s\S]*n07\n$/);
});
