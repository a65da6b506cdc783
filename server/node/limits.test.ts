import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { LogFacts } from '../log.ts';
import { RefusalLog } from '../once-a-minute.ts';
import { connectionLimit, strangerLimit, TokenBuckets } from './limits.ts';
import { noProxies, type Proxies, readProxies } from './source.ts';

describe('token buckets', () => {
  test('give a burst, then one every so often, and say how long to wait', () => {
    let now = 0;
    const buckets = new TokenBuckets(3, 10, () => now);
    expect([1, 2, 3, 4].map(() => buckets.take('a'))).toEqual([0, 0, 0, 10]);
    now = 4_000;
    expect(buckets.take('a')).toBe(6);
    now = 10_000;
    expect([buckets.take('a'), buckets.take('a')]).toEqual([0, 10]);
    now = 1_000_000;
    expect([1, 2, 3, 4].map(() => buckets.take('a'))).toEqual([0, 0, 0, 10]);
  });

  test('keep sources apart', () => {
    const buckets = new TokenBuckets(1, 10, () => 0);
    expect([buckets.take('a'), buckets.take('a'), buckets.take('b')]).toEqual([0, 10, 0]);
  });

  test('a clock that is set back takes nothing away for long', () => {
    let now = 1_000_000;
    const buckets = new TokenBuckets(1, 10, () => now);
    buckets.take('a');
    now = 0;
    expect(buckets.take('a')).toBe(10);
  });

  test('forget those that are full again', () => {
    let now = 0;
    const buckets = new TokenBuckets(2, 10, () => now);
    for (let i = 0; i < 1000; i++) buckets.take(`s${i}`);
    expect(buckets.size).toBe(1000);
    now = 20_000;
    buckets.take('new');
    expect(buckets.size).toBe(1);
  });
});

describe('a connection that asks for nothing', () => {
  const connect = (remoteAddress: string) => {
    const socket = Object.assign(new EventEmitter(), {
      remoteAddress,
      cut: false,
      destroy() {
        socket.cut = true;
      },
    });
    return socket;
  };
  const proxies: Proxies = { has: (address) => address === '10.0.0.5' };

  test('is cut off soon where its address is no node and no proxy, and left to the listener otherwise', async () => {
    const limit = strangerLimit((address) => address === '10.0.0.1', proxies, 20);
    const sockets = ['10.0.0.1', '10.0.0.5', '10.9.9.9', '::ffff:10.9.9.8', '10.9.9.7'].map(connect);
    for (const socket of sockets) limit.came(socket as unknown as Socket);
    limit.asked(sockets[4] as unknown as Socket);
    while (!sockets[3]?.cut) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(sockets.map(({ cut }) => cut)).toEqual([false, false, true, true, false]);
  });
});

describe('connections', () => {
  const connect = (remoteAddress: string) => Object.assign(new EventEmitter(), { remoteAddress }) as unknown as Socket;

  test('one source has so many, others are not concerned, and closed ones count no more', () => {
    const admit = connectionLimit(noProxies, 2);
    const [a, b] = [connect('10.0.0.1'), connect('::ffff:10.0.0.1')];
    expect([admit(a), admit(b), admit(connect('10.0.0.1')), admit(connect('10.0.0.2'))]).toEqual([
      true,
      true,
      false,
      true,
    ]);
    a.emit('close');
    expect([admit(connect('10.0.0.1')), admit(connect('10.0.0.1'))]).toEqual([true, false]);
  });

  test('a proxy speaks for many nodes and is not limited so', () => {
    const admit = connectionLimit(readProxies(['10.0.0.1']) as Proxies, 1);
    expect([admit(connect('10.0.0.1')), admit(connect('10.0.0.1'))]).toEqual([true, true]);
  });
});

describe('refusals in the log', () => {
  function open(most?: number) {
    let now = 0;
    const lines: LogFacts[] = [];
    const refusals = new RefusalLog(
      (_level, _what, facts = {}) => lines.push(facts),
      () => now,
      most,
    );
    return { refusals, lines, at: (time: number) => (now = time) };
  }

  test('are told once a minute a source, with what to change and how often it came again', () => {
    const { refusals, lines, at } = open();
    for (let i = 0; i < 100; i++) refusals.refused('10.0.0.1', 'answer', 404, 'look at tables/hosts.csv');
    refusals.refused('10.0.0.2', 'answer', 403, 'x');
    at(59_999);
    refusals.refused('10.0.0.1', 'answer', 404, 'x');
    expect(lines.map(({ source }) => source)).toEqual(['10.0.0.1', '10.0.0.2']);
    expect(lines[0]).toMatchObject({ status: 404, why: 'look at tables/hosts.csv', asked: 'answer' });
    at(60_000);
    refusals.refused('10.0.0.1', 'answer', 404, 'x');
    expect(lines[2]).toMatchObject({ source: '10.0.0.1', again: 100 });
  });

  test('of more sources than are remembered are counted, and told together', () => {
    const { refusals, lines, at } = open(10);
    for (let i = 0; i < 1000; i++) refusals.refused(`s${i}`, 'answer', 404, 'x');
    expect(lines).toHaveLength(10);
    at(60_000);
    refusals.refused('late', 'answer', 404, 'x');
    expect(lines.slice(10)).toEqual([
      { source: '990 requests of more sources' },
      expect.objectContaining({ source: 'late' }),
    ]);
  });
});
