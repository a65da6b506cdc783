/** What stays on the disk of built images, and why. */
import { describe, expect, test } from 'vitest';
import type { GenerationRecord } from './image-records.ts';
import { type RetentionInput, retention } from './retention.ts';

const generation = (order: number, base = 'b'): GenerationRecord => ({
  ...{ image: 'img', generation: `g${order}`, base, boot: 'i', order, at: order },
  artifacts: [`g${order}`, `boot-${base}`],
});
const inputs = (id: string) => (id.startsWith('g') ? [id === 'g1' ? 'old' : 'b'] : []);

function kept(parts: Partial<RetentionInput>): Record<string, string[]> {
  const reasons = retention({
    owned: ['b', 'old', 'boot-b', 'boot-old', 'g1', 'g2', 'g3', 'g4', 'g5'],
    wanted: new Set(),
    needed: [],
    generations: [5, 4, 3, 2, 1].map((order) => generation(order, order === 1 ? 'old' : 'b')),
    pins: new Map(),
    keep: 1,
    record: (id) => ({ image: 'img', kind: 'other', inputs: inputs(id) }),
    linked: new Set(),
    ...parts,
  });
  return Object.fromEntries(
    [...reasons].filter(([, why]) => why.length > 0).map(([id, why]) => [id, why.map((it) => it.why)]),
  );
}

describe('kept are', () => {
  test('the newest generation and so many before it, with base and boot directory', () => {
    expect(Object.keys(kept({})).sort()).toEqual(['b', 'boot-b', 'g4', 'g5']);
    expect(Object.keys(kept({ keep: 2 })).sort()).toEqual(['b', 'boot-b', 'g3', 'g4', 'g5']);
  });
  test('what a node booted, with what it was made from and boots from', () => {
    const found = kept({ pins: new Map([['g1', ['n1', 'n2']]]), all: true });
    expect(found).toEqual({ g1: ['pinned'], old: ['pinned'], 'boot-old': ['pinned'] });
  });
  test('what nodes have now, what the plan wants, what a link leads to: also when all else is to go', () => {
    const needed = ['g3'];
    const found = kept({ needed: [needed, needed], wanted: new Set(['g5']), linked: new Set(['g2']), all: true });
    expect(found).toEqual({
      g2: ['a link leads to it'],
      g3: ['nodes have it'],
      g5: ['planned'],
      b: ['planned', 'nodes have it', 'a link leads to it'],
    });
  });
  test('what nothing is known of, until all is to go', () => {
    const nothing = { generations: [], record: () => undefined };
    expect(kept(nothing).g1).toEqual(['not known']);
    expect(kept({ ...nothing, all: true })).toEqual({});
  });
});
