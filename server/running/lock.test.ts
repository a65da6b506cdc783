import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirs } from '../../test/server/temporary.ts';
import { lockHolder, takeLock } from './lock.ts';

const temporary = temporaryDirs();

async function takenLock(path: string): Promise<() => Promise<void>> {
  const outcome = await takeLock(path, 'test');
  if (outcome.kind !== 'taken') throw new Error(`busy: ${JSON.stringify(outcome.holder)}`);
  return outcome.release;
}

test('a lock is had by one at a time, and says by whom', async () => {
  const path = join(temporary(), 'state', 'lock');
  const release = await takenLock(path);
  const second = await takeLock(path, 'other');
  expect(second).toMatchObject({ kind: 'busy', holder: { pid: process.pid, doing: 'test' } });
  await release();
  expect(await lockHolder(path)).toBeUndefined();
  await (await takenLock(path))();
});

test('the lock of a process that was killed is taken over', async () => {
  const path = join(temporary(), 'lock');
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000); console.log("up")'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await once(child.stdout, 'data');
  const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8');
  const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  writeFileSync(path, JSON.stringify({ pid: child.pid, started, boot, doing: 'serve' }));
  expect(await takeLock(path, 'test')).toMatchObject({ kind: 'busy', holder: { pid: child.pid } });
  child.kill('SIGKILL');
  await once(child, 'exit');
  await (await takenLock(path))();
});

test('a process that has the number of a dead holder is not taken for it', async () => {
  const path = join(temporary(), 'lock');
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  writeFileSync(path, JSON.stringify({ pid: process.pid, started: '1', boot, doing: 'serve' }));
  await (await takenLock(path))();
});

test('a lock of an earlier boot, or a damaged one, holds nobody up', async () => {
  const path = join(temporary(), 'lock');
  writeFileSync(path, JSON.stringify({ pid: 1, started: '0', boot: 'earlier', doing: 'serve' }));
  await (await takenLock(path))();
  writeFileSync(path, '');
  await (await takenLock(path))();
});

test('of many that find a stale lock at once, one gets it', async () => {
  const dir = temporary();
  for (let round = 0; round < 20; round++) {
    const path = join(dir, `lock${round}`);
    writeFileSync(path, JSON.stringify({ pid: 1, started: '0', boot: 'earlier', doing: 'serve' }));
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => takeLock(path, 'test')));
    expect(outcomes.filter(({ kind }) => kind === 'taken')).toHaveLength(1);
  }
  expect(readdirSync(dir).filter((name) => !/^lock\d+$/.test(name))).toEqual([]);
});

test('who gives a lock back that was taken from it does not take it from the next', async () => {
  const path = join(temporary(), 'lock');
  const release = await takenLock(path);
  writeFileSync(path, 'somebody else');
  await release();
  expect(readFileSync(path, 'utf8')).toBe('somebody else');
});
