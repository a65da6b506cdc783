/** Law 1: killed at any instant, or out of space at any effect, the next apply finishes the job. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KillOrder } from '../../test/world/apply-child.ts';
import { applierOptions, openApplier, type WorldSpec, worldOf } from '../../test/world/build.ts';
import { readTree } from '../../test/world/compare.ts';
import type { ApplyOptions } from './apply.ts';
import type { Effects } from './effects.ts';
import { memoryStore, openStore, type Store } from './store.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'litehouse-recovery-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const stateDirectory = { directory: true as const, lifetime: 'create-only' as const };
const before: WorldSpec = {
  install: {
    'd/kept': { text: 'kept' },
    'd/changed': { text: 'old' },
    'file-to-dir': { text: 'x' },
    'dir-to-file/a/b': { text: 'x' },
  },
  exports: { 'conf/one': { text: 'one' }, 'state/n1': stateDirectory },
  tftp: { boot: { text: 'boot 1' }, more: { hardlink: 'boot' }, gone: { link: 'boot' } },
};
const after: WorldSpec = {
  install: {
    'd/kept': { text: 'kept' },
    'd/changed': { text: 'new!' },
    'file-to-dir/x': { text: 'y' },
    'dir-to-file': { text: 'f' },
  },
  exports: { 'conf/two': { text: 'two' }, 'state/n1': stateDirectory, 'state/n2': stateDirectory },
  tftp: { boot: { text: 'boot 2' }, more: { hardlink: 'boot' }, new: { link: 'more', mode: 0 } },
};
const roots = ['install', 'exports', 'tftp'];

async function applied(base: string, store: Store, specs: readonly WorldSpec[], how: Partial<ApplyOptions> = {}) {
  mkdirSync(base, { recursive: true });
  const applier = await openApplier(applierOptions(base, store, ...specs));
  const recovery = await applier.recover();
  for (const spec of specs) {
    const report = await applier.apply(worldOf(spec), { stamp: 's', ...how });
    expect(report).toMatchObject({ outcome: 'applied', blocked: [], kept: [] });
  }
  const drift = await applier.verify(worldOf(specs.at(-1) ?? {}));
  expect(drift).toEqual([]);
  await applier.close();
  return recovery;
}

const trees = (base: string) => roots.map((root) => readTree(join(base, root)));

/** Nothing temporary is left, in any root. */
function expectClean(base: string): void {
  for (const root of roots) expect(readdirSync(join(base, root, '.litehouse', 'tmp'))).toEqual([]);
}

describe('kill -9', () => {
  const steps: string[] = ['begin', 'flip', 'finish'];
  for (const root of roots) steps.push(`intend ${root}`, `make ${root}`, `settle ${root}`, `prune ${root}`);
  const effects = Array.from({ length: 22 }, (_, i) => ({ effect: Math.floor(i / 2), after: i % 2 === 1 }));

  /** Applies `before`, starts a process that is killed while it applies `after`, and finishes. */
  async function killAndFinish(killAt: KillOrder['killAt'], name: string): Promise<void> {
    const base = join(dir, name);
    const order: KillOrder = { dir: base, spec: after, killAt };
    const first = openStore(join(base, 'state'));
    await applied(base, first, [before]);
    await first.close();
    writeFileSync(`${base}.json`, JSON.stringify(order));
    const child = join(import.meta.dirname, '../../test/world/apply-child.ts');
    const ended = await new Promise<string>((resolve) => {
      execFile(process.execPath, ['--import', 'tsx', child, `${base}.json`], (error, stdout, stderr) => {
        resolve(error === null ? `not killed: ${stdout}${stderr}` : `${error.signal}${stderr}`);
      });
    });
    expect(`${name}: ${ended}`).toBe(`${name}: SIGKILL`);
    const second = openStore(join(base, 'state'));
    const recovery = await applied(base, second, [after]);
    if (killAt !== 'begin') expect(recovery.open).toMatchObject({ commit: 'c1', stamp: 's' });
    expectClean(base);
    await second.close();
    expect(trees(base)).toEqual(trees(join(dir, 'fresh')));
  }

  it('at every step: a restart finishes, and the world equals a fresh one', async () => {
    await applied(join(dir, 'fresh'), memoryStore(), [after]);
    for (const step of steps) await killAndFinish(step, `step ${step}`.replaceAll(' ', '-'));
  });

  it('before and after every effect: the same', async () => {
    await applied(join(dir, 'fresh'), memoryStore(), [after]);
    for (const at of effects) await killAndFinish(at, `effect-${at.effect}-${at.after}`);
  });

  it('then a plan for the earlier world leads back to it', async () => {
    await applied(join(dir, 'fresh'), memoryStore(), [before]);
    for (const stop of ['make install', 'make exports', 'flip', 'finish']) {
      for (const way of ['straight', 'through nothing']) {
        const base = join(dir, `${stop} ${way}`.replaceAll(' ', '-'));
        const store = memoryStore();
        await applied(base, store, [before]);
        const applier = await openApplier(applierOptions(base, store, after));
        const report = await applier.apply(worldOf(after), {
          stamp: 's',
          onStep: (step, subject) => {
            if (`${step} ${subject}`.trim() === stop) throw new Error('stop here');
          },
        });
        expect(report.outcome).toBe('failed');
        await applier.close();
        await applied(base, store, [...(way === 'through nothing' ? [{}] : []), before]);
        rmSync(join(base, 'exports', 'state', 'n2'), { recursive: true, force: true });
        expect(trees(base)).toEqual(trees(join(dir, 'fresh')));
      }
    }
  });
});

describe('no space left', () => {
  it('at any effect: the answers do not flip, nothing is removed that was not replaced, and a later apply finishes', async () => {
    await applied(join(dir, 'fresh'), memoryStore(), [after]);
    let failures = 0;
    for (let limit = 0; ; limit++) {
      const base = join(dir, `n${limit}`);
      const store = memoryStore();
      await applied(base, store, [before]);
      let count = 0;
      const full = async <T>(effect: () => Promise<T>): Promise<T> => {
        if (count++ === limit) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
        return effect();
      };
      const effects = (real: Effects): Effects => ({
        ...real,
        put: (...args) => full(() => real.put(...args)),
        link: (...args) => full(() => real.link(...args)),
        hardlink: (...args) => full(() => real.hardlink(...args)),
        directory: (...args) => full(() => real.directory(...args)),
      });
      const applier = await openApplier({ ...applierOptions(base, store, after), effects });
      let flips = 0;
      const report = await applier.apply(worldOf(after), { stamp: 's', flip: () => void flips++ });
      await applier.close();
      if (report.outcome === 'applied') break;
      failures += 1;
      expect(report.failure).toMatchObject({ code: 'LH601', mend: expect.stringContaining('free space') });
      expect(report.failure?.message).toMatch(/can't write (install|exports|tftp):/);
      expect(flips).toBe(0);
      expect(readFileSync(join(base, 'exports', 'conf', 'one'), 'utf8')).toBe('one');
      const recovery = await applied(base, store, [after]);
      expect(recovery.open).toBeDefined();
      expectClean(base);
      expect(trees(base)).toEqual(trees(join(dir, 'fresh')));
    }
    expect(failures).toBeGreaterThan(8);
  });

  it('a stop by signal leaves the journal open, and a later apply finishes', async () => {
    const store = memoryStore();
    const controller = new AbortController();
    const applier = await openApplier(applierOptions(dir, store, after));
    const report = await applier.apply(worldOf(after), {
      stamp: 's',
      signal: controller.signal,
      onStep: (step) => {
        if (step === 'make') controller.abort();
      },
    });
    expect(report).toMatchObject({ outcome: 'stopped', failure: undefined });
    await applier.close();
    expect((await applied(dir, store, [after])).open).toBeDefined();
  });

  it('a path intended and never made is ours at recovery, even if an identical file is there', async () => {
    const store = memoryStore();
    const applier = await openApplier(applierOptions(dir, store, after));
    await applier.apply(worldOf(after), {
      stamp: 's',
      onStep: (step, subject) => {
        if (step !== 'make' || subject !== 'exports') return;
        mkdirSync(join(dir, 'exports', 'conf'));
        writeFileSync(join(dir, 'exports', 'conf', 'two'), 'two');
        throw new Error('stop here');
      },
    });
    await applier.close();
    await applied(dir, store, [after]);
  });
});
