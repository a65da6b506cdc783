/** Random trees, lists and walks over live sets: the way there does not matter, the way back is exact, a stop anywhere is mended. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { liteKinds } from '../../check/nesting.ts';
import type { LinkEntry } from '../liteimg/entry.ts';
import { linkImage } from '../liteimg/link-image.ts';
import { makeTree, type Piece, readTree, removeScratch } from '../liteimg/testing/trees.ts';
import { generationOf, type LiveWords, lay, setOf } from './testing/ground.ts';

afterEach(removeScratch);

const runs = Number(process.env.LIVE_RUNS ?? 25);
const part = fc.constantFrom('a', 'b', 'c');
const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => `/${parts.join('/')}`);
const target = fc.oneof(
  path,
  path.map((text) => text.slice(1)),
  path.map((text) => `..${text}`),
  fc.constantFrom('..', '.', '/', 'gone', '../../../../..', '../b/../a'),
);
const pieceOf = (links: boolean): fc.Arbitrary<Piece> =>
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({ path, type: fc.constant('dir' as const), mode: fc.constantFrom('0755', '0700') }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        ...{ path, type: fc.constant('file' as const) },
        ...{ mode: fc.constantFrom('0644', '4755'), content: fc.constantFrom('', 'one', 'two') },
      }),
    },
    {
      weight: links ? 2 : 0,
      arbitrary: fc.record({ path, type: fc.constant('symlink' as const), target }),
    },
  );

/** What of random pieces can be made. */
function sound(all: readonly Piece[]): Piece[] {
  const kept = new Map<string, Piece>([['/.statelite', { path: '/.statelite', type: 'dir', mode: '0755' }]]);
  for (const each of all) {
    const parents = [...kept.values()].filter((it) => it.type !== 'dir' && each.path.startsWith(`${it.path}/`));
    const inside = [...kept.keys()].some((it) => it.startsWith(`${each.path}/`));
    if (!kept.has(each.path) && parents.length === 0 && !(inside && each.type !== 'dir')) kept.set(each.path, each);
  }
  return [...kept.values()];
}

const treeOf = (links: boolean) => fc.array(pieceOf(links), { maxLength: 14 }).map(sound);
const list: fc.Arbitrary<LinkEntry[]> = fc.uniqueArray(
  fc.record({ path, directory: fc.boolean(), kind: fc.constantFrom(...liteKinds) }),
  { selector: (entry) => entry.path, maxLength: 5 },
);
const liveOf = (word: fc.Arbitrary<string>): fc.Arbitrary<LiveWords> =>
  fc.array(fc.tuple(path, word), { maxLength: 5 }).map((pairs) => {
    const kept = new Map<string, string>();
    for (const [name, text] of pairs) {
      if ([...kept.keys()].some((it) => it.startsWith(`${name}/`) || name.startsWith(`${it}/`))) continue;
      kept.set(name, text);
    }
    return Object.fromEntries(kept);
  });
const texts = fc.constantFrom('live one', 'live two');
const live = liveOf(fc.oneof({ weight: 4, arbitrary: texts }, { weight: 1, arbitrary: target.map((to) => `> ${to}`) }));

describe('live files, for any image, any litefile list and any walk over commits', () => {
  it('depend on the commit alone, come back to the tree of before exactly, and change no shared inode', async () => {
    await fc.assert(
      fc.asyncProperty(
        treeOf(true),
        list,
        fc.array(live, { minLength: 1, maxLength: 4 }),
        async (all, entries, walk) => {
          const base = makeTree(all);
          const pristine = readTree(base);
          const generation = await generationOf(base, entries);
          const linked = readTree(generation.rootimg);
          for (const words of walk) {
            const laying = await lay(generation, setOf(words));
            const fresh = await generationOf(base, entries);
            const first = await lay(fresh, setOf(words));
            expect(readTree(generation.rootimg)).toEqual(readTree(fresh.rootimg));
            if (laying !== undefined) expect(laying.troubles).toEqual(first?.troubles ?? []);
            await lay(generation, setOf(words), (change, where) => {
              throw new Error(`second run: ${change} ${where}`);
            });
            expect(readTree(base)).toEqual(pristine);
          }
          await lay(generation, setOf({}));
          expect(readTree(generation.rootimg)).toEqual(linked);
          expect(existsSync(join(generation.directory, 'live.json'))).toBe(false);
          expect(existsSync(join(generation.directory, 'hidden'))).toBe(false);
          expect(readTree(base)).toEqual(pristine);
          removeScratch();
        },
      ),
      { numRuns: runs },
    );
  });

  it('are the same after a run that was stopped at any change, and one more', async () => {
    await fc.assert(
      fc.asyncProperty(
        ...([treeOf(true), list, live, live, live, fc.nat(30)] as const),
        async (all, entries, before, aim, after, stop) => {
          const base = makeTree(all);
          const generation = await generationOf(base, entries);
          const linked = readTree(generation.rootimg);
          await lay(generation, setOf(before));
          let left = stop;
          const step = () => {
            if (left-- === 0) throw new Error('power cut');
          };
          await lay(generation, setOf(aim), step).catch((error: Error) => expect(error.message).toBe('power cut'));
          await lay(generation, setOf(after));
          const fresh = await generationOf(base, entries);
          await lay(fresh, setOf(after));
          expect(readTree(generation.rootimg)).toEqual(readTree(fresh.rootimg));
          await lay(generation, setOf(after), (change, where) => {
            throw new Error(`not settled: ${change} ${where}`);
          });
          await lay(generation, setOf({}));
          expect(readTree(generation.rootimg)).toEqual(linked);
          removeScratch();
        },
      ),
      { numRuns: runs },
    );
  });

  it('give one tree, whether they are laid before the links are made or after', async () => {
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(treeOf(false), list, liveOf(texts), async (all, entries, words) => {
        const base = makeTree(all);
        const after = await generationOf(base, entries);
        const last = await lay(after, setOf(words));
        const before = await generationOf(base, []);
        const first = await lay(before, setOf(words));
        const report = await linkImage(before.rootimg, entries);
        // What can't be laid in one of the two is told, and is no tree to compare.
        if ([...(last?.troubles ?? []), ...(first?.troubles ?? [])].length > 0) return removeScratch();
        if (report.entries.some(({ role }) => role === 'skipped')) return removeScratch();
        expect(readTree(after.rootimg)).toEqual(readTree(before.rootimg));
        compared++;
        removeScratch();
      }),
      { numRuns: runs * 2 },
    );
    expect(compared).toBeGreaterThan(runs / 4);
  });
});
