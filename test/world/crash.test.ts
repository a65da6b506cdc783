/** Law 1: kill -9 at every named step of an apply, start again: the world equals the plan, nothing half written or left over. */
import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { randomWalk } from '../cluster/walk.ts';
import { freshWorld, labEngine, setMain, temporary, worldOf } from './engine-lab.ts';

const child = fileURLToPath(new URL('crash-child.ts', import.meta.url));
const lab = temporary('crash');
const repository = join(lab.dir, 'config.git');
let from = '';
let to = '';
let wanted: Record<string, unknown> = {};

beforeAll(async () => {
  const commits = await randomWalk({ seed: 26, steps: 12, dir: repository, nodes: 8, invalidOnceIn: 0 });
  [from, to] = [commits[0]?.commit ?? '', commits.at(-1)?.commit ?? ''];
  wanted = await freshWorld(repository, to);
  setMain(repository, from);
  const engine = await labEngine({ repository, dir: join(lab.dir, 'start') });
  await engine.reconcile('test');
  await engine.close();
});
afterAll(() => lab.remove());

/** The steps that an apply from `from` to `to` takes, by running one. */
async function stepsOf(): Promise<string[]> {
  const dir = join(lab.dir, 'probe');
  cpSync(join(lab.dir, 'start'), dir, { recursive: true, verbatimSymlinks: true });
  const steps: string[] = [];
  setMain(repository, to);
  const engine = await labEngine({
    repository,
    dir,
    onStep: (step, subject) => {
      steps.push(`${step} ${subject}`.trim());
    },
  });
  await engine.reconcile('test');
  await engine.close();
  return steps;
}

describe('killed at each step of an apply', () => {
  test('the next start finishes the job, and the world equals a fresh apply', async () => {
    const steps = await stepsOf();
    expect(new Set(steps.map((step) => step.split(' ')[0]))).toEqual(
      new Set(['begin', 'intend', 'make', 'settle', 'reload', 'flip', 'prune', 'finish']),
    );
    for (const step of steps) {
      const dir = join(lab.dir, `killed-${step.replaceAll(' ', '-')}`);
      cpSync(join(lab.dir, 'start'), dir, { recursive: true, verbatimSymlinks: true });
      setMain(repository, to);
      const killed = spawnSync(process.execPath, [
        '--import',
        import.meta.resolve('tsx'),
        child,
        repository,
        dir,
        step,
      ]);
      expect(killed.signal, `${step}: ${killed.stderr}`).toBe('SIGKILL');
      const engine = await labEngine({ repository, dir });
      const result = await engine.reconcile('start');
      expect(result.ok, step).toBe(true);
      expect(worldOf(engine, dir), step).toEqual(wanted);
      expect(await engine.verify(), step).toEqual([]);
      await engine.close();
      for (const root of ['syncdirs', 'exports', 'tftp']) {
        expect(readdirSync(join(dir, root, '.litehouse', 'tmp')), step).toEqual([]);
      }
    }
  });

  test('killed on the way, then reverted before the start: the world is the old one', async () => {
    const dir = join(lab.dir, 'killed-reverted');
    cpSync(join(lab.dir, 'start'), dir, { recursive: true, verbatimSymlinks: true });
    setMain(repository, to);
    const killed = spawnSync(process.execPath, [
      '--import',
      import.meta.resolve('tsx'),
      child,
      repository,
      dir,
      'flip',
    ]);
    expect(killed.signal).toBe('SIGKILL');
    const old = await freshWorld(repository, from);
    setMain(repository, from);
    const engine = await labEngine({ repository, dir });
    await engine.reconcile('start');
    expect(worldOf(engine, dir)).toEqual(old);
    await engine.close();
  });
});
