import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { memoryStore } from '../../core/apply/store.ts';
import type { NodeAnswer, World } from '../../core/plan/world.ts';
import { fakeEngine, quietStatus } from '../../test/server/fake-engine.ts';
import { forgetNodes } from '../daily.ts';
import { bootLines, bootsOf } from './boots.ts';
import { bootCounts, bootCountText, statusWithBoots } from './counts.ts';
import { type NodeReports, openReports } from './reports.ts';

const report = (stage: string, more: { commit?: string; generation?: string; log?: string } = {}) => ({
  ...{ stage, commit: more.commit ?? 'c0ffee12', generation: more.generation ?? 'g1', boot: undefined, log: more.log },
});

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('reports of nodes', () => {
  let state: string;
  let open: NodeReports | undefined;
  beforeEach(() => {
    state = mkdtempSync(join(tmpdir(), 'litehouse-reports-'));
  });
  afterEach(async () => {
    await open?.close();
    open = undefined;
    rmSync(state, { recursive: true, force: true });
  });

  test('are there at once, and after a restart', async () => {
    open = await openReports(state);
    expect(open.receive('n01', report('booted', { log: 'one\n' }))).toBe(true);
    expect([open.of('n01')?.stage, open.log('n01')]).toEqual(['booted', 'one\n']);
    await open.close();
    open = await openReports(state);
    expect([open.of('n01')?.boots, open.of('n01')?.generation, open.log('n01')]).toEqual([1, 'g1', 'one\n']);
    expect([open.of('n02'), open.log('n02')]).toEqual([undefined, undefined]);
  });

  test('are known to be stored when they are on the disk, and no sooner', async () => {
    const store = memoryStore();
    const batches: (() => void)[] = [];
    const slow = {
      ...store,
      batch: async (changes: Parameters<typeof store.batch>[0]) => {
        await new Promise<void>((resolve) => batches.push(resolve));
        return store.batch(changes);
      },
    };
    open = await openReports(state, { store: slow });
    const stored: string[] = [];
    const receive = (node: string): void => {
      open?.receive(node, report('booted'));
      void open?.stored().then(() => stored.push(node));
    };
    receive('n01');
    const written = open.written();
    await until(() => batches.length === 1);
    receive('n02');
    batches[0]?.();
    await until(() => batches.length === 2);
    expect(stored).toEqual(['n01']);
    batches[1]?.();
    await written;
    expect(stored).toEqual(['n01', 'n02']);
    await open.stored();
  });

  test('without a log keep the one before', async () => {
    open = await openReports(state);
    open.receive('n01', report('booted', { log: 'one\n' }));
    open.receive('n01', report('booting'));
    await open.written();
    expect([open.log('n01'), open.of('n01')?.logged]).toEqual(['one\n', true]);
    open.receive('n01', report('booting'));
    await open.written();
    expect(open.log('n01')).toBe('one\n');
  });

  test('are written many at a time', async () => {
    const store = memoryStore();
    let batches = 0;
    const counting = {
      ...store,
      batch: (changes: Parameters<typeof store.batch>[0]) => {
        batches++;
        return store.batch(changes);
      },
    };
    open = await openReports(state, { store: counting });
    for (let i = 0; i < 1000; i++) open.receive(`n${i}`, report('booted', { log: 'x' }));
    await open.written();
    expect([batches, [...store.range('reports')].length, [...store.range('logs')].length]).toEqual([1, 1000, 1000]);
  });

  test('that the disk can not keep up with are refused, and taken again later', async () => {
    open = await openReports(state, { store: memoryStore() });
    const log = 'x'.repeat(65_536);
    let taken = 0;
    while (taken < 1000 && open.receive(`n${taken}`, report('booted', { log }))) taken++;
    expect(taken).toBe(256);
    await open.written();
    expect(open.receive('n999', report('booted', { log }))).toBe(true);
  });

  test('of one node that sends without end take the room of one log', async () => {
    open = await openReports(state, { store: memoryStore() });
    for (let i = 0; i < 1000; i++) expect(open.receive('n1', report('booted', { log: 'x'.repeat(65_536) }))).toBe(true);
  });

  test('wait where the disk is full, are said so once, and are written once there is space', async () => {
    const said: string[] = [];
    const failing: boolean[] = [];
    const memory = memoryStore();
    let refused = 0;
    let full = true;
    const store = {
      ...memory,
      batch: async (changes: Parameters<typeof memory.batch>[0]) => {
        if (!full) return memory.batch(changes);
        refused++;
        throw new Error('ENOSPC');
      },
    };
    const log = (_level: string, what: string): number => said.push(what);
    open = await openReports(state, { store, log, onFailing: (now) => failing.push(now), retry: 10 });
    open.receive('n01', report('booted', { log: 'x' }));
    open.receive('n02', report('booted', { log: 'first' }));
    let stored = false;
    void open.stored().then(() => {
      stored = true;
    });
    await open.written();
    expect([open.of('n01')?.stage, open.log('n01'), open.problem]).toEqual(['booted', 'x', 'ENOSPC']);
    // A later log counts; a later report without one leaves the log that waits.
    open.receive('n02', report('booted', { log: 'second' }));
    open.receive('n01', report('booting'));
    await until(() => refused >= 3);
    expect([said, failing, stored]).toEqual([['node reports are not written'], [true], false]);
    full = false;
    await until(() => stored && memory.get('logs', 'n02') === 'second');
    expect([memory.get('logs', 'n01'), open.problem, failing]).toEqual(['x', undefined, [true, false]]);
    expect((memory.get('reports', 'n01') as { stage: string }).stage).toBe('booting');
    expect(said).toEqual(['node reports are not written', 'node reports are written again']);
    // Their room is free again, all of it.
    const big = 'x'.repeat(65_536);
    full = true;
    let taken = 0;
    while (taken < 1000 && open.receive(`m${taken}`, report('booted', { log: big }))) taken++;
    expect(taken).toBe(256);
    full = false;
  });

  test('that wait are written as the server stops', async () => {
    const memory = memoryStore();
    let full = true;
    const store = {
      ...memory,
      batch: (changes: Parameters<typeof memory.batch>[0]) =>
        full ? Promise.reject(new Error('ENOSPC')) : memory.batch(changes),
    };
    const reports = await openReports(state, { store, retry: 60_000 });
    reports.receive('n01', report('booted', { log: 'x' }));
    await reports.written();
    full = false;
    await reports.close();
    expect(memory.get('logs', 'n01')).toBe('x');
  });

  test('that are damaged on disk are put aside: the server starts', async () => {
    await (await openReports(state)).close();
    const file = join(state, 'reports', 'data.mdb');
    expect(existsSync(file)).toBe(true);
    writeFileSync(file, 'this is no store');
    open = await openReports(state);
    expect(open.all.size).toBe(0);
    expect(readdirSync(state).filter((name) => name.startsWith('reports.damaged-'))).toHaveLength(1);
  });

  test('are told to whoever listens, with what was known before', async () => {
    open = await openReports(state, { store: memoryStore() });
    const heard: unknown[] = [];
    const off = open.on((node, now, before) => heard.push([node, now.stage, before?.stage]));
    open.receive('n01', report('booting'));
    open.receive('n01', report('booted'));
    off();
    open.receive('n01', report('booted'));
    expect(heard).toEqual([
      ['n01', 'booting', undefined],
      ['n01', 'booted', 'booting'],
    ]);
  });
});

describe('nodes that left the tables', () => {
  const day = 86_400_000;

  test('are forgotten thirty days after they were missed, with their logs, and not before', async () => {
    const store = memoryStore();
    let time = Date.parse('2026-01-01T00:00:00Z');
    const openAgain = () => openReports('/nowhere', { store, now: () => new Date(time) });
    let reports = await openAgain();
    for (const node of ['n01', 'n02', 'n03']) reports.receive(node, report('booted', { log: 'x\n' }));
    // n01 booted long before it is missed: what counts is since when it is gone.
    time += 300 * day;
    const without = (...names: string[]) => reports.prune((node) => !names.includes(node));
    expect(await without('n01', 'n02')).toEqual([]);
    await reports.close();
    time += 29 * day;
    reports = await openAgain();
    // n02 came back once: its time begins anew.
    expect(await without('n01')).toEqual([]);
    expect(await without('n01', 'n02')).toEqual([]);
    time += day;
    expect([reports.log('n01'), await without('n01', 'n02'), reports.log('n01')]).toEqual(['x\n', ['n01'], undefined]);
    expect([...reports.all.keys()]).toEqual(['n02', 'n03']);
    await reports.close();
    reports = await openAgain();
    expect([reports.of('n01'), reports.of('n02')?.boots]).toEqual([undefined, 1]);
    expect([...store.range('gone')].map(({ key }) => key)).toEqual(['n02']);
    // A clock that was wrong by years forgets nobody when it is put right.
    time -= 400 * day;
    expect(await without('n02')).toEqual([]);
    expect(reports.of('n02')?.boots).toBe(1);
    await reports.close();
  });

  test('are none while nobody knows which nodes there are', async () => {
    const reports = { prune: () => Promise.reject(new Error('asked')) };
    await expect(forgetNodes({ view: undefined }, reports, () => {})).resolves.toBeUndefined();
  });
});

describe('how far a commit came', () => {
  const [now, old] = ['c0ffee1234567', 'abcdef1234567'];
  const set = (commit: string): NodeAnswer => ({ kind: 'answer', commit, generation: 'g', body: '', lines: 0 });

  test('counts nodes whose last whole boot names the commit of the set that they have now', async () => {
    const reports = await openReports('/nowhere', { store: memoryStore() });
    const answers = new Map<string, NodeAnswer>([
      ...['n1', 'n2', 'n3', 'n4'].map((node) => [node, set(now)] as const),
      // They wait, and keep the set of before.
      ...['w1', 'w2'].map((node) => [node, set(old)] as const),
      ['off', { kind: 'refusal', commit: now, reason: 'offline' }],
    ]);
    reports.receive('n1', report('booted', { commit: now }));
    reports.receive('n2', report('booted', { commit: old }));
    // On its way again, or failed at it: its last whole boot counts.
    reports.receive('n3', report('booted', { commit: now }));
    reports.receive('n3', report('booting', { commit: now }));
    reports.receive('n4', report('failed', { commit: now }));
    reports.receive('w1', report('booted', { commit: old }));
    reports.receive('off', report('booted', { commit: now }));
    reports.receive('gone', report('booted', { commit: now }));
    expect([...bootCounts({ answers }, reports).values()]).toEqual([
      { commit: now, nodes: 4, booted: 2, running: 3 },
      { commit: old, nodes: 2, booted: 1, running: 2 },
    ]);
    expect(bootCounts(undefined, reports).size).toBe(0);
    await reports.close();
  });

  test('is told with the commit in effect first, and with each commit of the history', async () => {
    const answers = new Map([['w1', set(old)] as const, ['n1', set(now)] as const]);
    const world = { answers } as unknown as World;
    const engine = fakeEngine({ world, status: async () => ({ ...quietStatus, applied: now }) });
    const status = await statusWithBoots(engine, undefined);
    expect(status.boots.map(({ commit, nodes }) => [commit, nodes])).toEqual([
      [now, 1],
      [old, 1],
    ]);
    expect(bootCountText({ commit: now, nodes: 1, booted: 1, running: 1 })).toBe('booted by 1/1 node');
    expect(bootCountText({ commit: now, nodes: 0, booted: 0, running: 1 })).toBe('1 node still runs it');
  });
});

describe('who booted what', () => {
  const [now, old] = ['c0ffee1234567', 'abcdef1234567'];
  const answer = { kind: 'answer', commit: now, generation: 'g2', body: '', lines: 0 } as const;
  const refusal = { kind: 'refusal', commit: now, reason: 'offline' } as const;
  const names = Array.from({ length: 9 }, (_, i) => `n${i + 1}`);
  const answers = new Map<string, NodeAnswer>(names.map((node) => [node, answer]));
  for (const node of ['off1', 'off2']) answers.set(node, refusal);

  async function lines(): Promise<string[]> {
    const reports = await openReports('/nowhere', {
      store: memoryStore(),
      now: () => new Date('2026-03-04T05:06:07Z'),
    });
    for (const node of ['n1', 'n2']) reports.receive(node, report('booted', { commit: now, generation: 'g2' }));
    reports.receive('n3', report('booted', { commit: old, generation: 'g2' }));
    for (const node of ['n4', 'n5']) reports.receive(node, report('booted', { commit: old, generation: 'g1' }));
    reports.receive('n6', report('failed', { commit: now, generation: 'g2' }));
    reports.receive('n7', report('mounting', { commit: now, generation: 'g2' }));
    reports.receive('off1', report('booted', { commit: old, generation: 'g1' }));
    const found = bootLines(bootsOf({ answers }, reports));
    await reports.close();
    return found;
  }

  test('is one line for all that stand alike, the best first', async () => {
    expect(await lines()).toEqual([
      'booted c0ffee1234 (generation g2): n[1-2]  2026-03-04 05:06 UTC',
      'booted abcdef1234 (generation g1): off1  2026-03-04 05:06 UTC',
      'behind abcdef1234 (generation g2), same image as c0ffee1234: n3  2026-03-04 05:06 UTC',
      'behind abcdef1234 (generation g1), boot again for generation g2: n[4-5]  2026-03-04 05:06 UTC',
      'failed c0ffee1234 (generation g2): n6  2026-03-04 05:06 UTC',
      'mounting c0ffee1234 (generation g2): n7  2026-03-04 05:06 UTC',
      'never seen: n[8-9]',
      'not due to boot from here: off2',
    ]);
  });

  test('of a hundred thousand nodes is found in a moment, and short', () => {
    const many = new Map(Array.from({ length: 100_000 }, (_, i) => [`n${String(i).padStart(6, '0')}`, answer]));
    expect(bootLines(bootsOf({ answers: many }, { of: () => undefined }))).toEqual(['never seen: n[000000-099999]']);
  });
});
