/** Random trees and random walks over lists: the way there does not matter, and the way back is exact. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { liteKinds } from '../../check/nesting.ts';
import type { LinkEntry } from './entry.ts';
import { linkImage } from './link-image.ts';
import { stateFile } from './state.ts';
import { cloneTree, makeTree, type Piece, readTree, removeScratch } from './testing/trees.ts';

afterEach(removeScratch);

const part = fc.constantFrom('a', 'b', 'c');
const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => `/${parts.join('/')}`);
const target = fc.oneof(
  path,
  path.map((text) => text.slice(1)),
  path.map((text) => `..${text}`),
  path.map((text) => `../..${text}`),
  fc.constantFrom('..', '.', '/', 'gone', '../../../../..', '/.default/a', '/.statelite/tmpfs/a', '../b/../a'),
);
const piece: fc.Arbitrary<Piece> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ path, type: fc.constant('dir' as const), mode: fc.constantFrom('0755', '0700', '1777') }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      path,
      type: fc.constant('file' as const),
      mode: fc.constantFrom('0644', '0600', '4755'),
      content: fc.constantFrom('', 'one', 'two'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ path, type: fc.constant('symlink' as const), target }) },
  { weight: 1, arbitrary: fc.record({ path, type: fc.constant('file' as const), same: path }) },
);

/** What of random pieces can be made: parents are directories, no path twice, second names have a first. */
function sound(all: readonly Piece[]): Piece[] {
  const kept = new Map<string, Piece>([['/.statelite', { path: '/.statelite', type: 'dir', mode: '0755' }]]);
  for (const each of all) {
    const parents = [...kept.values()].filter(({ path, type }) => type !== 'dir' && each.path.startsWith(`${path}/`));
    const inside = [...kept.keys()].some((path) => path.startsWith(`${each.path}/`));
    if (kept.has(each.path) || parents.length > 0 || (inside && each.type !== 'dir')) continue;
    const first = each.same === undefined ? undefined : kept.get(each.same);
    if (each.same !== undefined && first?.type !== 'file') continue;
    kept.set(each.path, each);
  }
  return [...kept.values()];
}

const tree = fc.array(piece, { maxLength: 14 }).map(sound);
const list: fc.Arbitrary<LinkEntry[]> = fc.uniqueArray(
  fc.record({ path, directory: fc.boolean(), kind: fc.constantFrom(...liteKinds) }),
  { selector: (entry) => entry.path, maxLength: 6 },
);
const walk = fc.array(list, { minLength: 1, maxLength: 4 });
const runs = Number(process.env.LITEIMG_RUNS ?? 60);

describe('the link farm, for any tree and any walk over lists', () => {
  it('depends on the list alone, comes back to the image exactly, and touches no shared inode', async () => {
    await fc.assert(
      fc.asyncProperty(tree, walk, async (all, lists) => {
        const base = makeTree(all);
        const pristine = readTree(base);
        const clone = cloneTree(base);
        for (const entries of lists) {
          const first = await linkImage(clone, entries);
          const linked = readTree(clone);
          const fresh = cloneTree(base);
          const report = await linkImage(fresh, entries);
          expect(linked).toEqual(readTree(fresh));
          expect(first.entries).toEqual(report.entries);
          if (report.entries.some(({ role }) => role !== 'skipped'))
            expect(readFileSync(clone + stateFile, 'utf8')).toBe(readFileSync(fresh + stateFile, 'utf8'));
          const again = await linkImage(clone, entries, {
            step: (change, path) => {
              throw new Error(`second run: ${change} ${path}`);
            },
          });
          expect(again.unchanged + again.skipped).toBe(entries.length);
          expect(readTree(base)).toEqual(pristine);
        }
        await linkImage(clone, []);
        expect(readTree(clone)).toEqual(pristine);
        expect(readTree(base)).toEqual(pristine);
        removeScratch();
      }),
      { numRuns: runs },
    );
  });

  it('is the same after a run that was stopped at any change, and one more', async () => {
    await fc.assert(
      fc.asyncProperty(tree, list, list, list, fc.nat(40), async (all, before, aim, after, stop) => {
        const base = makeTree(all);
        const clone = cloneTree(base);
        await linkImage(clone, before);
        let left = stop;
        const step = () => {
          if (left-- === 0) throw new Error('power cut');
        };
        await linkImage(clone, aim, { step }).catch((error: Error) => expect(error.message).toBe('power cut'));
        await linkImage(clone, after);
        const fresh = cloneTree(base);
        await linkImage(fresh, after);
        expect(readTree(clone)).toEqual(readTree(fresh));
        await linkImage(clone, []);
        expect(readTree(clone)).toEqual(readTree(base));
        removeScratch();
      }),
      { numRuns: runs },
    );
  });
});
