/** The node listener's thread: what it goes on with while the server is busy, what becomes of it when it dies, and its end. */
import { request } from 'node:http';
import { connect } from 'node:net';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, test } from 'vitest';
import type { Answering } from '../../core/engine/types.ts';
import { askAs } from '../../test/server/harness.ts';
import { until } from '../../test/until.ts';
import type { Failure } from '../command/failure.ts';
import type { Listener } from '../listen.ts';
import type { LogFacts } from '../log.ts';
import type { StatusReport } from '../reports/report.ts';
import { NodeFigures } from './figures.ts';
import { NodeThread } from './thread.ts';

const bodyOf = (commit: string): string => `state\tstatelite\ntree\t1\tours\t10.0.0.1\t/trees/${commit}\n`;

/** Nodes n0 to n29 at 127.0.1.1 to 127.0.1.30, each told one commit and its generation. */
function answeringOf(commit: string): Answering {
  const generation = { id: `g-${commit}`, image: 'img', litefile: `file\tlink\t/etc/${commit}\n`, lines: 1 };
  const names = Array.from({ length: 30 }, (_, i) => `n${i}`);
  const answer = { kind: 'answer', commit, generation: generation.id, body: bodyOf(commit), lines: 2 } as const;
  return {
    world: {
      answers: new Map(names.map((name) => [name, answer])),
      addresses: new Map(names.map((name, i) => [`127.0.1.${i + 1}`, [name]])),
      generations: new Map([[generation.id, generation]]),
    },
    generations: new Map(),
  };
}

/** What stands round the thread: an engine whose commit a test changes, and reports that are kept as a test says. */
class House {
  answering = answeringOf('c1');
  tell: (() => Promise<void>) | undefined;
  readonly received: [string, StatusReport][] = [];
  readonly asked: [node: string, generation: string][] = [];
  readonly logged: [what: string, facts: LogFacts][] = [];
  readonly figures = new NodeFigures();
  readonly ends: Failure[] = [];
  stored: () => Promise<void> = async () => {};
  tried: () => Promise<boolean> = () => this.stored().then(() => true);
  bootsWritten: () => Promise<void> = async () => {};
  readonly thread: NodeThread;
  listener: Listener | undefined;

  constructor() {
    this.thread = new NodeThread({
      figures: this.figures,
      log: (_level, what, facts = {}) => this.logged.push([what, facts]),
    });
  }

  async open(port = 0): Promise<Listener> {
    const house = this;
    this.listener = await this.thread.listen({
      address: { host: '127.0.0.1', port },
      engine: {
        get answering() {
          return house.answering;
        },
        onAnswering(listener) {
          house.tell = () => listener(house.answering);
          return () => {
            house.tell = undefined;
          };
        },
        asked: (...pair) => this.asked.push(pair),
        bootsWritten: () => this.bootsWritten(),
      },
      reports: {
        receive: (node, report) => this.received.push([node, report]) > 0,
        stored: () => this.stored(),
        tried: () => this.tried(),
      },
      onEnd: (failure) => this.ends.push(failure),
    });
    return this.listener;
  }

  get url(): string {
    return this.listener?.url ?? '';
  }

  async put(commit: string): Promise<void> {
    this.answering = answeringOf(commit);
    await this.tell?.();
  }

  /** Ends the thread as a fault in it would. */
  async kill(): Promise<void> {
    await (this.thread as unknown as { readonly worker: Worker }).worker.terminate();
  }

  async close(): Promise<void> {
    await this.listener?.close(0);
    await this.thread.end();
  }
}

const houses: House[] = [];
afterEach(async () => {
  for (const house of houses.splice(0)) await house.close();
});

async function openHouse(): Promise<House> {
  const house = new House();
  houses.push(house);
  await house.open();
  return house;
}

function post(from: string, url: string, body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const outgoing = request(`${url}/status`, { method: 'POST', localAddress: from, agent: false });
    outgoing.on('error', reject).on('response', (incoming) => resolve(incoming.resume().statusCode ?? 0));
    outgoing.end(body);
  });
}

/** Sends requests from a thread of their own while this one stands still, and gives their statuses. */
function whileBusy(requests: readonly { method: string; url: string; from: string; body?: string }[]): number[] {
  const shared = new Int32Array(new SharedArrayBuffer(4 * (requests.length + 1)));
  const program = `
    const { workerData: { shared, requests } } = require('node:worker_threads');
    const { request } = require('node:http');
    let left = requests.length;
    requests.forEach(({ method, url, from, body }, i) => {
      const outgoing = request(url, { method, localAddress: from, agent: false }, (incoming) => {
        incoming.resume().on('end', () => {
          Atomics.store(shared, i + 1, incoming.statusCode);
          if (--left > 0) return;
          Atomics.store(shared, 0, 1);
          Atomics.notify(shared, 0);
        });
      });
      outgoing.end(body);
    });`;
  const client = new Worker(program, { eval: true, execArgv: [], workerData: { shared, requests } });
  client.on('error', () => {});
  // Nothing else runs here until the client is done, or until it is clear that it waits for us.
  Atomics.wait(shared, 0, 0, 30_000);
  return [...shared.subarray(1)];
}

describe('while the server is busy', () => {
  test('nodes are answered, refused and counted', async () => {
    const house = await openHouse();
    const ask = (from: string, path: string) => ({ method: 'GET', url: house.url + path, from });
    expect(
      whileBusy([
        ask('127.0.1.1', '/answer'),
        ask('127.0.1.2', '/answer?generation=g-c1&always=200'),
        ask('127.0.1.1', '/litefile'),
        ask('127.0.9.9', '/answer'),
        ask('127.0.1.1', '/answer?generation=none'),
      ]),
    ).toEqual([200, 200, 200, 404, 409]);
    expect(house.figures.answers().filter(([, count]) => count > 0)).toEqual([
      ['answer', 3],
      ['404', 1],
      ['409', 1],
    ]);
    // What was answered is told, so that it stays; a refusal, and one part alone, is no boot.
    await until('both answers are told', () => house.asked.length === 2);
    expect(house.asked).toEqual([
      ['n0', 'g-c1'],
      ['n1', 'g-c1'],
    ]);
    // The log's lines come as soon as somebody can write them.
    await until('both refusals in the log', () => house.logged.length === 2);
    expect(house.logged[0]).toEqual([
      'refused',
      expect.objectContaining({ source: '127.0.9.9', why: expect.stringContaining('look at tables/hosts.csv') }),
    ]);
  });
});

describe('reports', () => {
  test('are answered 200 when they and what follows from them are on the disk, and not before', async () => {
    const house = await openHouse();
    const steps: string[] = [];
    let write: () => void = () => {};
    house.stored = () => new Promise((resolve) => (write = resolve));
    house.bootsWritten = async () => void steps.push('boots');
    const posted = post('127.0.1.1', house.url, 'stage=booted').then((status) => steps.push(`${status}`));
    await until('it is received', () => house.received.length === 1);
    // An answer that came now would have come before this one, which is asked for later.
    await askAs('127.0.1.2', `${house.url}/answer`);
    expect(steps).toEqual([]);
    write();
    await posted;
    expect(steps).toEqual(['boots', '200']);
  });

  test.each(['tried', 'bootsWritten'] as const)('are answered 503 where the disk refuses (%s)', async (step) => {
    const house = await openHouse();
    if (step === 'tried') house.tried = async () => false;
    else house.bootsWritten = () => Promise.reject(new Error('no space'));
    expect(await post('127.0.1.1', house.url, 'stage=booted')).toBe(503);
    expect(house.received).toHaveLength(1);
  });
});

describe('reports that cannot be written', () => {
  test('are refused once 16 MiB of them wait, none that was taken is lost, and the rest may come later', async () => {
    const house = await openHouse();
    let write: (() => void)[] = [];
    house.stored = () => new Promise((resolve) => write.push(resolve));
    const body = `stage=booted&log=${'x'.repeat(65_536)}`;
    const statuses: number[] = [];
    const posts = Array.from({ length: 300 }, async (_, i) =>
      statuses.push(await post(`127.0.1.${(i % 30) + 1}`, house.url, body)),
    );
    const most = Math.floor((16 * 2 ** 20) / (65_536 + 256));
    await until('the rest is refused', () => statuses.length === 300 - most);
    expect(new Set(statuses)).toEqual(new Set([503]));
    await until('what there is room for is received', () => house.received.length === most);
    expect(await post('127.0.1.1', house.url, body)).toBe(503);
    for (const done of write) done();
    write = [];
    await Promise.all(posts);
    expect(statuses.filter((status) => status === 200)).toHaveLength(most);
    await until('room again', () => house.figures.waiting === 0);
    house.stored = async () => {};
    expect(await post('127.0.1.1', house.url, body)).toBe(200);
  });
});

describe('a flip', () => {
  test('is over when every request is answered from the new world, and from nothing else', async () => {
    const house = await openHouse();
    for (const commit of ['c2', 'c3', 'c4']) {
      await house.put(commit);
      const { text } = await askAs('127.0.1.1', `${house.url}/answer`);
      expect(text).toBe(
        `litehouse\t1\nnode\tn0\ncommit\t${commit}\ngeneration\tg-${commit}\nimage\timg\n${bodyOf(commit)}file\tlink\t/etc/${commit}\nend\t8\n`,
      );
    }
  });

  test('never mixes two worlds in an answer, however many are asked for meanwhile', async () => {
    const house = await openHouse();
    let flipping = true;
    const seen = new Set<string>();
    const asking = Array.from({ length: 8 }, async (_, i) => {
      while (flipping) {
        const { text } = await askAs(`127.0.1.${i + 1}`, `${house.url}/answer`);
        const [, commit] = /^commit\t(.*)$/m.exec(text) ?? [];
        expect(text).toContain(
          `generation\tg-${commit}\nimage\timg\n${bodyOf(commit ?? '')}file\tlink\t/etc/${commit}\nend\t8\n`,
        );
        seen.add(commit ?? '');
      }
    });
    for (let i = 0; i < 200; i++) await house.put(`c${i}`);
    flipping = false;
    await Promise.all(asking);
    expect(seen.size).toBeGreaterThan(1);
  });
});

describe('a thread that dies', () => {
  test('is begun again at the same port with what is in effect by then, and the log says so', async () => {
    const house = await openHouse();
    house.answering = answeringOf('c2');
    await house.kill();
    await until('it answers', async () => (await askAs('127.0.1.1', `${house.url}/answer`).catch(() => null)) !== null);
    expect((await askAs('127.0.1.1', `${house.url}/answer`)).text).toContain('commit\tc2\n');
    await house.put('c3');
    expect((await askAs('127.0.1.1', `${house.url}/answer`)).text).toContain('commit\tc3\n');
    expect(await post('127.0.1.1', house.url, 'stage=booted')).toBe(200);
    expect(house.received).toHaveLength(1);
    expect(house.logged.map(([what]) => what)).toEqual([
      'the node listener ended and is begun again',
      'the node listener answers again',
    ]);
    expect(house.figures.answers()[0]?.[1]).toBeGreaterThan(2);
  });

  test('holds up no apply', async () => {
    const house = await openHouse();
    const dying = house.kill();
    await house.put('c2');
    await dying;
    await until('it answers', async () =>
      ((await askAs('127.0.1.1', `${house.url}/answer`).catch(() => null))?.text ?? '').includes('commit\tc2\n'),
    );
  });

  test('loses no report that it answered', async () => {
    const house = await openHouse();
    const statuses = await Promise.all(
      Array.from({ length: 200 }, (_, i) => {
        if (i === 100) void house.kill();
        return post(`127.0.1.${(i % 30) + 1}`, house.url, `stage=booted&log=${i}`).catch(() => 0);
      }),
    );
    const taken = statuses.filter((status) => status === 200).length;
    await until('all are received', () => house.received.length >= taken);
  });

  test('three times in a minute ends the server', async () => {
    const house = await openHouse();
    for (let i = 0; i < 3; i++) {
      await until('it lives', async () => (await askAs('127.0.1.1', `${house.url}/answer`).catch(() => null)) !== null);
      await house.kill();
    }
    await until('the end', () => house.ends.length > 0);
    // The server ends in good order: what waits for the answers to flip does not wait for ever.
    await house.put('c2');
    expect(house.ends).toEqual([expect.objectContaining({ what: 'the thread of the node listener ended' })]);
    await expect(askAs('127.0.1.1', `${house.url}/answer`)).rejects.toThrow('ECONNREFUSED');
  });
});

test('a thread that cannot even begin is a failure', async () => {
  const house = new House();
  houses.push(house);
  await house.kill();
  await expect(house.open()).rejects.toMatchObject({ name: 'Failure', what: expect.stringContaining('ended') });
});

describe('its end', () => {
  test('waits for a request under way, takes no other, and hands its report over first', async () => {
    const house = await openHouse();
    const url = new URL(house.url);
    const socket = connect({ port: Number(url.port), host: url.hostname, localAddress: '127.0.1.1' });
    let said = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk;
    });
    const over = new Promise((resolve) => socket.once('close', resolve));
    socket.write(
      'POST /status HTTP/1.1\r\nhost: x\r\ncontent-length: 12\r\nconnection: close\r\nexpect: 100-continue\r\n\r\n',
    );
    await until('the request is under way', () => said.includes('100 Continue'));
    const closed = house.listener?.close(20_000).then(() => house.received.length);
    await until(
      'it takes no other',
      async () => (await askAs('127.0.1.2', `${house.url}/answer`).catch(() => null)) === null,
    );
    socket.write('stage=booted');
    expect(await closed).toBe(1);
    await over;
    expect(said).toMatch(/HTTP\/1\.1 200 OK[\s\S]*ok\n$/);
  });

  test('does not wait for a thread that is dead', async () => {
    const house = await openHouse();
    void house.kill();
    await house.listener?.close(60_000);
    expect(house.ends).toEqual([]);
  });

  test('a port that is taken is a failure that names it and the flag', async () => {
    const house = await openHouse();
    const other = new House();
    houses.push(other);
    const { port } = house.listener?.address ?? { port: 0 };
    await expect(other.open(port)).rejects.toMatchObject({
      name: 'Failure',
      what: expect.stringContaining(`port ${port} of 127.0.0.1 is taken`),
      mend: expect.stringContaining('--node 127.0.0.1:'),
    });
    expect((await askAs('127.0.1.1', `${house.url}/answer`)).status).toBe(200);
  });
});
