import { describe, expect, test } from 'vitest';
import { memoryStore, type Store } from '../apply/store.ts';
import { Holding } from './holding.ts';
import { BootedSets } from './holds.ts';
import { LaterWrites } from './later-writes.ts';
import { Pins } from './pins.ts';

/** A store on a disk that is full until it is told otherwise. */
function fullDisk(): { readonly store: Store; full: boolean; refused: number } {
  const memory = memoryStore();
  const disk = {
    full: true,
    refused: 0,
    store: {
      ...memory,
      batch: async (changes: Parameters<Store['batch']>[0]) => {
        if (!disk.full) return memory.batch(changes);
        disk.refused++;
        throw new Error('no space');
      },
    },
  };
  return disk;
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('what a full disk refuses', () => {
  test('is written once there is space again, though nothing else changes', async () => {
    const disk = fullDisk();
    const values = new Map([['n01', 'g1']]);
    const writes = new LaterWrites(disk.store, 'pinned', (key) => values.get(key), 10);
    writes.changed(['n01']);
    await until(() => disk.refused >= 2);
    values.set('n01', 'g2');
    disk.full = false;
    await until(() => disk.store.get('pinned', 'n01') !== undefined);
    expect(disk.store.get('pinned', 'n01')).toBe('g2');
    await writes.close();
  });

  test('is said once, and once that it is written', async () => {
    const disk = fullDisk();
    const [sets, pins] = [new BootedSets(disk.store), new Pins(disk.store)];
    const said: (string | undefined)[] = [];
    const holding = new Holding(
      sets,
      pins,
      async () => undefined,
      (problem) => said.push(problem),
    );
    pins.booted('n01', 'g1');
    pins.asked('n02', 'g1');
    for (let i = 0; i < 2; i++) await expect(holding.written()).rejects.toThrow('no space');
    expect([said, holding.problem]).toEqual([['no space'], 'no space']);
    disk.full = false;
    await holding.written();
    expect([said, holding.problem]).toEqual([['no space', undefined], undefined]);
    await holding.close();
  });

  test('is tried a last time as the server stops, and then no more', async () => {
    const disk = fullDisk();
    const pins = new Pins(disk.store);
    pins.booted('n01', 'g1');
    await expect(pins.written()).rejects.toThrow('no space');
    disk.full = false;
    await pins.close();
    expect(new Pins(disk.store).byGeneration()).toEqual(new Map([['g1', ['n01']]]));
    disk.full = true;
    const sets = new BootedSets(disk.store);
    sets.booted('n01', { outputs: [], trees: ['/x'] } as never);
    await expect(sets.close()).rejects.toThrow('no space');
  });
});

describe('written', () => {
  test('waits also for what somebody else is writing just now, and rejects where that is refused', async () => {
    let finish: (error?: Error) => void = () => {};
    const memory = memoryStore();
    const slow: Store = {
      ...memory,
      batch: () => new Promise((resolve, reject) => (finish = (error) => (error ? reject(error) : resolve()))),
    };
    const writes = new LaterWrites(slow, 'pinned', () => 'g1', 3_600_000);
    const ended: string[] = [];
    for (const outcome of ['written', 'refused']) {
      writes.changed(['n01']);
      const first = writes.written().then(() => ended.push('first'));
      // Nothing of its own is left for this one.
      const second = writes.written().then(() => ended.push('second'));
      await new Promise((resolve) => setImmediate(resolve));
      expect(ended).toEqual([]);
      if (outcome === 'written') {
        finish();
        await Promise.all([first, second]);
        expect(ended.splice(0).sort()).toEqual(['first', 'second']);
      } else {
        finish(new Error('no space'));
        await expect(first).rejects.toThrow('no space');
        await expect(second).rejects.toThrow('no space');
      }
    }
  });
});
