/** The invariant (DESIGN 1): for random walks over commits, the world after A → B equals a fresh apply of B. */
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { randomWalk } from '../cluster/walk.ts';
import { freshWorld, labEngine, setMain, temporary, worldOf } from './engine-lab.ts';

let cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups) cleanup();
  cleanups = [];
});

function scratch(name: string): string {
  const { dir, remove } = temporary(name);
  cleanups.push(remove);
  return dir;
}

describe.each([1, 2, 3, 4, 5, 6])('a random walk with seed %i', (seed) => {
  test('after every commit the world equals a fresh apply of that commit; a refused commit changes nothing', async () => {
    const repository = join(scratch('walk'), 'config.git');
    const commits = await randomWalk({ seed, steps: 14, dir: repository, nodes: 12, invalidOnceIn: 6 });
    const dir = scratch('world');
    const engine = await labEngine({ repository, dir });
    let applied = 0;
    let refused = 0;
    try {
      for (const { commit, branch, valid } of commits) {
        if (branch === 'side') continue;
        const before = worldOf(engine, dir);
        setMain(repository, commit);
        const result = await engine.reconcile('test');
        if (!result.ok) {
          refused++;
          expect(worldOf(engine, dir)).toEqual(before);
          continue;
        }
        expect(valid).toBe(true);
        applied++;
        expect(worldOf(engine, dir)).toEqual(await freshWorld(repository, commit));
      }
    } finally {
      await engine.close();
    }
    // A walk on which nothing happens would prove nothing.
    expect(applied).toBeGreaterThan(5);
    expect(applied + refused).toBeGreaterThan(10);
  });
});

test('a revert brings back the world of before, byte for byte, and writes only what differs', async () => {
  const repository = join(scratch('walk'), 'config.git');
  const commits = await randomWalk({ seed: 11, steps: 6, dir: repository, nodes: 12, invalidOnceIn: 0 });
  const dir = scratch('world');
  const [first, last] = [commits[0]?.commit ?? '', commits.at(-1)?.commit ?? ''];
  const engine = await labEngine({ repository, dir });
  try {
    setMain(repository, first);
    await engine.reconcile('test');
    const before = worldOf(engine, dir);
    setMain(repository, last);
    await engine.reconcile('test');
    expect(worldOf(engine, dir)).not.toEqual(before);
    setMain(repository, first);
    await engine.reconcile('test');
    expect(worldOf(engine, dir)).toEqual(before);
    const again = await engine.reconcile('test');
    expect(again.changed).toBe(false);
  } finally {
    await engine.close();
  }
});
