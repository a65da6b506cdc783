/** What becomes of pushes as the server stops, by the way that knows no listener: a push into the repository's own folder. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Preview } from '../core/engine/types.ts';
import { fakeView } from '../core/plugin/testing/view.ts';
import { Repository } from '../core/repo/repository.ts';
import { fakeEngine } from '../test/server/fake-engine.ts';
import { temporaryDirs } from '../test/server/temporary.ts';
import { makeServerDir } from './make-dir.ts';
import { receivePushes } from './pushes.ts';
import { readSettings } from './settings.ts';

const temporary = temporaryDirs();

function git(cwd: string, ...args: string[]): Promise<{ readonly status: number | null; readonly out: string }> {
  return new Promise((resolve) => {
    const child = spawn('git', ['-c', 'user.name=Ada', '-c', 'user.email=a@b', ...args], { cwd });
    let out = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        out += chunk.toString('utf8');
      });
    child.on('close', (status) => resolve({ status, out: out.trim() }));
  });
}

test('a push that comes as the server stops is refused and changes nothing; the one under way is finished', async () => {
  const settings = await readSettings(join(temporary(), 'server'));
  await makeServerDir(settings);
  const repository = await Repository.open(settings.repository);
  let judged: () => void = () => {};
  const underWay = new Promise<void>((resolve) => {
    judged = resolve;
  });
  let decide: () => void = () => {};
  const decision = new Promise<void>((resolve) => {
    decide = resolve;
  });
  const fine: Preview = {
    commit: undefined,
    diagnostics: [],
    ok: true,
    view: fakeView({}),
    world: undefined,
    diff: undefined,
  };
  const engine = fakeEngine({
    async judge() {
      judged();
      await decision;
      return fine;
    },
  });
  const close = await receivePushes(settings, engine, repository, () => {});
  const clones = await Promise.all(
    ['first', 'late', 'after'].map(async (name) => {
      const clone = join(temporary(), name);
      await git('/', 'clone', '-q', settings.repository, clone);
      await git(clone, 'commit', '-q', '--allow-empty', '-m', name);
      return clone;
    }),
  );
  const [first = '', late = '', after = ''] = clones;
  const pushing = git(first, 'push');
  await underWay;
  const closed = close(30_000);
  const refused = await git(late, 'push');
  expect(refused.status).toBe(1);
  expect(refused.out).toMatch(/LH728: .*litehouse is stopping[\s\S]*push again when it runs[\s\S]*nothing was changed/);
  decide();
  // It hears what became of it.
  expect(await pushing).toMatchObject({ status: 0, out: expect.stringContaining('remote: nothing to do') });
  await closed;
  await git(after, 'pull', '-q', '--rebase');
  await git(after, 'commit', '-q', '--allow-empty', '-m', 'after');
  const gone = await git(after, 'push');
  expect([gone.status, gone.out]).toEqual([1, expect.stringContaining('Start it, and push again')]);
  expect((await git(settings.repository, 'log', '-1', '--format=%s', 'main')).out).toBe('first');
  expect((await git(settings.repository, 'fsck', '--strict')).status).toBe(0);
  await repository.close();
});
