import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expandNoderange } from './expand.ts';
import { foldNodes } from './fold.ts';

const expandAgain = (text: string, names: ReadonlySet<string>) =>
  expandNoderange(text, { nodes: names, groups: () => undefined, value: () => undefined });

function padded(prefix: string, from: number, to: number, width: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, i) => prefix + String(from + i).padStart(width, '0'));
}

describe('folding', () => {
  test('runs and single numbers share one pair of brackets, padding kept', () => {
    expect(foldNodes([...padded('n', 1, 100, 4), 'n0200', 'login1'])).toBe('login1,n[0001-0100,0200]');
  });
  test('unpadded numbers run on through ten', () => {
    expect(foldNodes(padded('n', 1, 12, 0))).toBe('n[1-12]');
    expect(foldNodes(padded('n', 98, 101, 3))).toBe('n[098-101]');
  });
  test('differently padded names do not run together', () => {
    expect(foldNodes(['n1', 'n01', 'n2', 'n02', 'n03'])).toBe('n[1-2,01-03]');
    expect(foldNodes(['n9', 'n010'])).toBe('n[9,010]');
  });
  test('names of several numbers fold on the last one that varies', () => {
    expect(foldNodes([...padded('r05u', 1, 42, 2)])).toBe('r05u[01-42]');
    expect(foldNodes([...padded('r01u', 1, 3, 2), ...padded('r02u', 1, 3, 2)])).toBe('r01u[01-03],r02u[01-03]');
    expect(foldNodes(['r01n1', 'r02n1', 'r03n1'])).toBe('r[01-03]n1');
    expect(foldNodes(padded('x-', 1, 3, 0).map((name) => `${name}-y.cluster2.example`))).toBe(
      'x-[1-3]-y.cluster2.example',
    );
  });
  test('order and repetition of the names do not matter', () => {
    expect(foldNodes(['n3', 'n1', 'n2', 'n1'])).toBe(foldNodes(['n1', 'n2', 'n3']));
    const numbers = fc.uniqueArray(fc.tuple(fc.nat(12), fc.nat(3)), { maxLength: 30 });
    fc.assert(
      fc.property(numbers, (pairs) => {
        const names = pairs.map(([number, width]) => `n${String(number).padStart(width, '0')}`);
        expect(foldNodes([...names].reverse())).toBe(foldNodes(names));
      }),
    );
  });
  test('nothing folds to nothing', () => {
    expect(foldNodes([])).toBe('');
  });
  test('a hundred thousand names that share nothing but their shape are one range', () => {
    expect(foldNodes(padded('n', 1, 100_000, 6))).toBe('n[000001-100000]');
  });
});

describe('a limit', () => {
  const odd = padded('n', 1, 9950, 4).filter((_, i) => i % 2 === 0);
  test('cuts at a comma and tells how many nodes there are in all', () => {
    const text = foldNodes(odd, 60);
    expect(text).toBe('n[0001,0003,0005,0007,0009,0011,0013,0015,… (4,975 nodes)');
    expect(text.length).toBeLessThanOrEqual(60);
  });
  test('leaves what fits alone', () => {
    expect(foldNodes(['n1', 'n2'], 6)).toBe('n[1-2]');
  });
  test('is kept for every set', () => {
    fc.assert(
      fc.property(
        fc.array(fc.stringMatching(/^[a-z]{1,3}[0-9]{0,3}$/)),
        fc.integer({ min: 20, max: 60 }),
        (names, at) => {
          expect(foldNodes(names, at).length).toBeLessThanOrEqual(at);
        },
      ),
    );
  });
});

describe('expanding what was folded', () => {
  const name = fc.oneof(
    fc.stringMatching(/^[a-z]{1,2}[0-9]{1,3}$/),
    fc.stringMatching(/^[ab][0-9]{1,2}[uv][0-9]{1,2}$/),
    fc.stringMatching(/^[xy]-[0-9]{1,2}-[xy]$/),
    fc.stringMatching(/^[0-9]{1,4}$/),
    fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,12}$/),
    fc.stringMatching(/^n[0-9]{14,18}$/),
  );
  test('gives the same set, whatever the names', () => {
    fc.assert(
      fc.property(fc.uniqueArray(name, { maxLength: 60 }), (names) => {
        const set = new Set(names);
        const got = expandAgain(foldNodes(names), set);
        expect(got.nodes).toEqual([...names].sort());
        expect([got.missed, got.errors]).toEqual([[], []]);
      }),
      { numRuns: 1000 },
    );
  });
  test('gives dense sets of several paddings again', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 120 }), fc.integer({ min: 0, max: 4 })), { maxLength: 80 }),
        (numbers) => {
          const names = new Set(numbers.map(([number, width]) => `n${String(number).padStart(width, '0')}`));
          expect(expandAgain(foldNodes(names), names).nodes).toEqual([...names].sort());
        },
      ),
      { numRuns: 1000 },
    );
  });
});
