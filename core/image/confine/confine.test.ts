/** What a confined command is given: arguments, input, environment, outputs, binds. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { confineRunner } from './confine.ts';

let work: string;
const confine = confineRunner();
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'litehouse-confine-test-'));
});
afterAll(() => rm(work, { recursive: true, force: true }));

it('hands arguments over as they are', async () => {
  const words = ["it's", 'a "b"', '$HOME `id`', '', '-e', 'two\nlines', 'A=b', '\\'];
  const { stdout } = await confine({ view: 'server' }, 'printf', ['[%s]', ...words]);
  expect(stdout).toBe(words.map((word) => `[${word}]`).join(''));
});

it('feeds its input, and an empty one where there is none', async () => {
  expect((await confine({ view: 'server', input: 'one\ntwo\n' }, 'cat', [])).stdout).toBe('one\ntwo\n');
  expect((await confine({ view: 'server' }, 'cat', [])).stdout).toBe('');
});

it('gives an environment of its own, and what is named', async () => {
  const { stdout } = await confine({ view: 'server', env: { DEBIAN_FRONTEND: 'noninteractive' } }, 'env', []);
  const plain = ['DEBIAN_FRONTEND=noninteractive', 'HOME=/root', 'LANG=C.UTF-8', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin'];
  expect(
    stdout
      .trim()
      .split('\n')
      .filter((line) => !/^(PWD|OLDPWD|SHLVL|_)=/.test(line))
      .sort(),
  ).toEqual([...plain, 'TERM=dumb']);
});

it('lets a script write to /dev/stderr by name', async () => {
  const { stdout, stderr } = await confine({ view: 'server' }, 'sh', [
    '-c',
    'echo a > /dev/stdout; echo b > /dev/stderr',
  ]);
  expect([stdout, stderr]).toEqual(['a\n', 'b\n']);
});

it('names the command, its end and its last lines where it fails', async () => {
  const failing = confine({ view: 'server' }, 'sh', ['-c', 'echo out; echo the reason >&2; exit 3']);
  await expect(failing).rejects.toThrow(/^sh ended with status 3 \(confined\):\nthe reason\ncommand: sh -c/);
  await expect(confine({ view: 'server' }, 'no-such-tool', [])).rejects.toThrow('no-such-tool: not found');
  await expect(confine({ view: 'server', cwd: '/nowhere' }, 'true', [])).rejects.toThrow('/nowhere');
});

it('keeps the end of an output without bounds, and logs a bounded number of lines', async () => {
  const lines: string[] = [];
  const confined = confineRunner(undefined, (line) => lines.push(line));
  const { stdout } = await confined({ view: 'server' }, 'sh', [
    '-c',
    'yes 0123456789abcdef | head -c 30000000; echo; echo last',
  ]);
  expect(stdout.length).toBeLessThan(5 << 20);
  expect(stdout.endsWith('last\n')).toBe(true);
  expect(lines.length).toBe(20_000);
  expect(lines.at(-1)).toContain('left out');
});

it('binds directories and files where they are asked for, read-only or not', async () => {
  await mkdir(join(work, 'in/deep'), { recursive: true });
  await mkdir(join(work, 'out'));
  await writeFile(join(work, 'in/deep/file'), 'content');
  const binds = [
    { from: join(work, 'in'), to: '/srv/in', writable: false },
    { from: join(work, 'in/deep/file'), to: '/etc/one', writable: false },
    { from: join(work, 'out'), to: '/install/a/b/out', writable: true },
  ];
  const text = 'cat /srv/in/deep/file /etc/one; echo x > out/made; (echo x > /srv/in/no) 2>/dev/null || echo -no';
  const { stdout } = await confine({ view: 'server', binds, cwd: '/install/a/b' }, 'sh', ['-c', text]);
  expect(stdout).toBe('contentcontent-no\n');
  expect(await readFile(join(work, 'out/made'), 'utf8')).toBe('x\n');
});

it('runs nothing once the signal has aborted', async () => {
  const aborted = confineRunner(AbortSignal.abort(new Error('the server stops')));
  await expect(aborted({ view: 'server' }, 'true', [])).rejects.toThrow('the server stops');
});
