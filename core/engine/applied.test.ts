/** How an apply is told: in grammar, and with what it had to leave out. */
import { describe, expect, test } from 'vitest';
import type { ApplyReport } from '../apply/report.ts';
import type { World } from '../plan/world.ts';
import { appliedLines, effectLine, withoutOf } from './applied.ts';
import { lostImages, lostText } from './lost.ts';

const report = (parts: object) => ({ outcome: 'applied', blocked: [], live: [], ...parts }) as unknown as ApplyReport;

test('one node keeps what it has, several keep what they have', () => {
  const told = (count: number): string | undefined => {
    const waiting = new Map(Array.from({ length: count }, (_, i) => [`n${i}`, {}]));
    const summary = { written: 0, removed: 0, milliseconds: 0 };
    return appliedLines('c', report({}), { waiting } as unknown as World, summary, undefined)[1]?.trim();
  };
  expect([told(0), told(1), told(1200)]).toEqual([
    undefined,
    '1 node keeps what it has until its image is built',
    '1,200 nodes keep what they have until their images are built',
  ]);
});

test('paths that are blocked or cannot be laid are counted, and are no failed apply', () => {
  const live = [{ troubles: [{}, {}] }, { troubles: [] }];
  expect(withoutOf(report({ blocked: [{}], live }))).toEqual({ without: 3 });
  expect(withoutOf(report({}))).toEqual({});
  expect(withoutOf(report({ outcome: 'failed', blocked: [{}] }))).toEqual({});
  expect(effectLine({ commit: 'c', changed: true, ok: true, lines: [] }, 'the push is taken')).toBeUndefined();
});

describe('an image that lost something', () => {
  const needs = ['generation', 'boot', 'base'];
  const set = { needs, image: { name: 'img' } };
  const sets = new Map(['n01', 'n02'].map((node) => [node, set])) as unknown as Parameters<typeof lostImages>[0];
  const kind = (id: string) => id as 'generation' | 'boot' | 'base';
  const told = (there: readonly string[], failed = false) =>
    lostImages(sets, (id) => there.includes(id)).map((one) => lostText(one, kind, () => failed));

  test('is told with its nodes; where only the base is gone they boot', () => {
    expect(told(needs)).toEqual([]);
    expect(told(['base'])).toEqual([
      "image img has lost its tree and its kernel and initrd: n[01-02] can't boot until it is built again, litehouse images img shows how far that is",
    ]);
    expect(told(['generation', 'boot'])[0]).toMatch(/^image img has lost its base: nodes boot/);
    expect(told(['base', 'boot'], true)[0]).toContain('litehouse apply --retry-builds');
  });
});
