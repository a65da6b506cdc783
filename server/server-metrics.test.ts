import { describe, expect, test } from 'vitest';
import type { CommitRecord, Status } from '../core/engine/types.ts';
import { quietStatus } from '../test/server/fake-engine.ts';
import { gauge, Metrics } from './metrics.ts';
import { serverMetrics } from './server-metrics.ts';

/** Every line is one of the three that the format has, and every sample stands below the type of its family. */
function holdsFormat(text: string): void {
  expect(text.endsWith('\n')).toBe(true);
  let family = '';
  const seen = new Set<string>();
  for (const line of text.trimEnd().split('\n')) {
    const type = /^# TYPE (\w+) (counter|gauge|histogram)$/.exec(line);
    if (type !== null) {
      family = type[1] ?? '';
      expect(seen.has(family), `${family} twice`).toBe(false);
      seen.add(family);
    } else if (!/^# HELP \w+ .+$/.test(line)) {
      expect(line).toMatch(/^\w+(\{\w+="([^"\\]|\\.)*"(,\w+="([^"\\]|\\.)*")*\})? -?[\d.]+(e[+-]?\d+)?$/);
      expect(line.startsWith(family), line).toBe(true);
    }
  }
}

describe('figures', () => {
  test('of a counter begin at 0 where their values are known, and take any other', () => {
    const metrics = new Metrics();
    const counter = metrics.counter('c_total', 'C.', 'outcome', ['good']);
    expect(metrics.lines()).toContain('c_total{outcome="good"} 0');
    counter.add('good');
    counter.add('a "quoted"\\ line\nbreak');
    expect(metrics.lines()).toContain('c_total{outcome="good"} 1');
    expect(metrics.lines()).toContain('c_total{outcome="a \\"quoted\\"\\\\ line\\nbreak"} 1');
    holdsFormat(`${metrics.lines().join('\n')}\n`);
  });

  test('of a histogram count up: each bound holds those below it', () => {
    const metrics = new Metrics();
    const histogram = metrics.histogram('h', 'H.', [1, 10]);
    for (const value of [0.5, 1, 5, 50]) histogram.observe(value);
    expect(metrics.lines().slice(2)).toEqual([
      'h_bucket{le="1"} 2',
      'h_bucket{le="10"} 3',
      'h_bucket{le="+Inf"} 4',
      'h_sum 56.5',
      'h_count 4',
    ]);
  });

  test('that are not known are left out, not 0', () => {
    expect(gauge('g', 'G.', [])).toEqual([]);
  });
});

describe('a server', () => {
  const record = (appliedAt: string): CommitRecord => ({
    commit: 'c',
    pusher: undefined,
    via: 'found',
    receivedAt: '',
    checkedAt: '',
    appliedAt,
    failed: undefined,
    summary: { written: 1, removed: 0, milliseconds: 40 },
  });

  function open() {
    let status: Status = quietStatus;
    let say: (line: string) => void = () => {};
    const metrics = serverMetrics(
      {
        status: async () => status,
        on(event, listener) {
          if (event === 'change') say = listener;
          return () => {};
        },
      },
      '1.2.3',
    );
    return {
      metrics,
      looked: async (now: Partial<Status>) => {
        status = { ...status, ...now };
        say('done');
        await Promise.resolve();
      },
    };
  }

  test('counts each apply once, however often the branch is looked at', async () => {
    const { metrics, looked } = open();
    await looked({ record: record('1') });
    await looked({ record: record('1') });
    await looked({ record: record('2') });
    await looked({ record: undefined });
    const text = await metrics.text();
    expect(text).toContain('litehouse_apply_seconds_count 2\n');
    expect(text).toContain('litehouse_apply_seconds_bucket{le="0.025"} 0\n');
    expect(text).toContain('litehouse_apply_seconds_bucket{le="0.05"} 2\n');
    holdsFormat(text);
  });

  test('tells its state, its nodes and those that wait, and drift once it was looked for', async () => {
    const { metrics, looked } = open();
    const group = (nodes: string[]) => ({ image: 'i', why: 'image i', nodes });
    await looked({ state: 'applied, waiting', nodes: 5, waiting: [group(['a']), group(['b', 'c'])] });
    const before = await metrics.text();
    expect(before).toContain('litehouse_state{state="applied, waiting"} 1\n');
    expect(before).toContain('litehouse_state{state="failed"} 0\n');
    expect(before).toContain('litehouse_nodes 5\n');
    expect(before).toContain('litehouse_nodes_waiting 3\n');
    expect(before).not.toContain('litehouse_drift');
    metrics.verified(2);
    expect(await metrics.text()).toContain('litehouse_drift 2\n');
    expect(before).toMatch(/^process_resident_memory_bytes \d{7,}$/m);
  });
});
