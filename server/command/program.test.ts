import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { litehouse } from '../../test/server/command-line.ts';
import { temporaryDirs } from '../../test/server/temporary.ts';

const temporary = temporaryDirs();
const root = fileURLToPath(new URL('../../', import.meta.url));

/** A folder with the template's files. */
function copyOfTemplate(): string {
  const dir = join(temporary(), 'cluster');
  cpSync(join(root, 'repo-template'), dir, { recursive: true });
  return dir;
}

function git(cwd: string, ...args: string[]): string {
  const identity = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com'];
  const { status, stdout, stderr } = spawnSync('git', [...identity, ...args], { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`);
  return stdout.trim();
}

function workingCopy(): string {
  const dir = copyOfTemplate();
  git(dir, 'init', '-q', '-b', 'main');
  git(dir, 'add', '-A');
  git(dir, 'commit', '-qm', 'First');
  return dir;
}

describe('check', () => {
  test('finds the template well, in the folder where it stands', async () => {
    const { status, out } = await litehouse(copyOfTemplate(), 'check');
    expect(status).toBe(0);
    expect(out).toMatch(/no errors|all well/);
  });

  test('ends with 1 where there are errors, and says where and how to mend', async () => {
    const dir = copyOfTemplate();
    appendFileSync(join(dir, 'tables/litefile.csv'), '"ALL","/etc/x","persistant",,\n');
    const { status, out } = await litehouse(dir, 'check');
    expect(status).toBe(1);
    expect(out).toMatch(/^tables\/litefile\.csv:\d+:\d+: error LH\d+: .*persistant/m);
    expect(out).toMatch(/^ {2}mend: /m);
    const json = JSON.parse((await litehouse(dir, 'check', '--json')).out) as {
      ok: boolean;
      diagnostics: { severity: string; file: string }[];
    };
    expect(json.ok).toBe(false);
    expect(json.diagnostics.find(({ severity }) => severity === 'error')?.file).toBe('tables/litefile.csv');
  });

  test('reads a working copy with its uncommitted changes, and a commit without them', async () => {
    const dir = workingCopy();
    appendFileSync(join(dir, 'tables/litefile.csv'), '"ALL","/etc/x","persistant",,\n');
    expect((await litehouse('/', 'check', '--repo', dir)).status).toBe(1);
    expect((await litehouse('/', 'check', '--repo', dir, '--at', 'HEAD')).status).toBe(0);
  });
});

describe('plan and diff', () => {
  test('say what an uncommitted row changes, against main', async () => {
    const dir = workingCopy();
    expect((await litehouse(dir, 'plan')).out).toContain('nothing changes');
    appendFileSync(join(dir, 'tables/litefile.csv'), '"ALL","/etc/x","tmpfs",,\n');
    const { status, out } = await litehouse(dir, 'plan');
    expect(status).toBe(0);
    expect(out).not.toContain('nothing changes');
    git(dir, 'commit', '-qam', 'Second');
    expect((await litehouse(dir, 'plan')).out).toContain('nothing changes');
    expect((await litehouse(dir, 'plan', '--from', 'HEAD~1')).out).not.toContain('nothing changes');
    const diff = JSON.parse((await litehouse(dir, 'diff', 'HEAD', 'HEAD~1', '--json')).out) as {
      diff: { from: string; to: string };
    };
    expect([diff.diff.from, diff.diff.to]).toEqual([git(dir, 'rev-parse', 'HEAD'), git(dir, 'rev-parse', 'HEAD~1')]);
  });

  test('in a clone compare with what was pushed', async () => {
    const clone = join(temporary(), 'clone');
    git('/', 'clone', '-q', workingCopy(), clone);
    appendFileSync(join(clone, 'tables/litefile.csv'), '"ALL","/etc/x","tmpfs",,\n');
    git(clone, 'commit', '-qam', 'Not pushed yet');
    expect((await litehouse(clone, 'plan')).out).not.toContain('nothing changes');
  });

  test('name a commit that is not there', async () => {
    const { status, err } = await litehouse(workingCopy(), 'diff', 'HEAD', 'nowhere');
    expect(status).toBe(2);
    expect(err).toContain('there is no commit "nowhere"');
  });
});

test('history lists commits, newest first', async () => {
  const dir = workingCopy();
  git(dir, 'commit', '-q', '--allow-empty', '-m', 'Second');
  const { status, out } = await litehouse(dir, 'history');
  expect(status).toBe(0);
  expect(
    out
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/^[0-9a-f]{10} {2}\d+s {2}/, '')),
  ).toEqual(['Ada  -  -  Second', 'Ada  -  -  First']);
  expect((await litehouse(dir, 'history', '--limit', '1', '--json')).out).toContain('"subject": "Second"');
  expect((await litehouse(dir, 'history', '--limit', 'x')).status).toBe(2);
});

describe('init and token', () => {
  test('make a directory that can be read, and leave one that is there alone', async () => {
    const cwd = temporary();
    expect((await litehouse(cwd, 'init')).out).toContain(`made ${cwd}/var/config.git`);
    expect((await litehouse(cwd, 'init')).out).toContain('is there already');
    expect((await litehouse(cwd, 'check')).status).toBe(0);
    expect(git(join(cwd, 'var/config.git'), 'rev-list', '--count', 'main')).toBe('1');
    expect(statSync(join(cwd, 'var/config.git/hooks/pre-receive')).mode & 0o111).toBe(0o111);
  });

  test('a token is printed alone on stdout, listed without its secret, and removed', async () => {
    const cwd = temporary();
    const secret = (await litehouse(cwd, 'token', 'add', 'alice', '--scope', 'read')).out.trim();
    expect(secret).toMatch(/^lh_[\w-]{43}$/);
    const { out } = await litehouse(cwd, 'token', 'list', '--json');
    expect(JSON.parse(out)).toMatchObject([{ name: 'alice', scope: 'read' }]);
    expect(out).not.toContain(secret);
    expect((await litehouse(cwd, 'token', 'remove', 'alice')).status).toBe(0);
    expect((await litehouse(cwd, 'token', 'remove', 'alice')).status).toBe(1);
    expect((await litehouse(cwd, 'token', 'add', 'bob', '--scope', 'root')).status).toBe(2);
  });
});

describe('mistakes', () => {
  test('end with 2, say how to mend them, and show no stack', async () => {
    const empty = temporary();
    const damaged = temporary();
    mkdirSync(join(damaged, 'var'));
    writeFileSync(join(damaged, 'var/litehouse.json'), '{"nodeLisen":"x"}');
    const lines: [string, string[]][] = [
      [empty, ['check']],
      [empty, ['plan', '--repo', 'nowhere']],
      [empty, ['history', '--repo', '.']],
      [empty, ['status']],
      [empty, ['apply', '--dir', 'nowhere']],
      [empty, ['help', 'LH000']],
      [empty, ['help', 'chek']],
      [empty, ['serve', '--admin', 'nowhere']],
      [damaged, ['init']],
    ];
    for (const [cwd, args] of lines) {
      const { status, err, out } = await litehouse(cwd, ...args);
      expect([args.join(' '), status, out]).toEqual([args.join(' '), 2, '']);
      expect(err, args.join(' ')).toMatch(/^litehouse: .*\n( {2}why: .*\n)? {2}mend: .*\n$/);
    }
  });

  test('of the command line itself end with 2 and a suggestion', async () => {
    expect(await litehouse('/', 'chek')).toMatchObject({
      status: 2,
      err: expect.stringContaining('Did you mean check?'),
    });
    expect((await litehouse('/', 'check', '--jsn')).status).toBe(2);
    expect((await litehouse('/', 'diff', 'one')).status).toBe(2);
  });
});

describe('help', () => {
  test('of every command has a sentence, an example and the exit statuses', async () => {
    for (const args of [
      'init',
      'serve',
      'check',
      'plan',
      'diff',
      'apply',
      'status',
      'verify',
      'history',
      'token',
      'help',
    ]) {
      const { status, out } = await litehouse('/', args, '--help');
      expect(status, args).toBe(0);
      expect(out, args).toMatch(/\n\n[A-Z].*\.?\n[\s\S]*\nExample:\n {2}\$ litehouse .*\n[\s\S]*Exit status: 0/);
      expect((await litehouse('/', 'help', args)).out, args).toBe(out);
    }
  });

  test('explains a code', async () => {
    const { status, out } = await litehouse('/', 'help', 'lh902');
    expect(status).toBe(0);
    expect(out).toMatch(/^LH902 \(error\): a setting that litehouse does not know\n\n/);
    expect((await litehouse('/', 'help', 'codes')).out).toContain('LH902  error    a setting');
  });
});

test('the program as a process: exit status, plain output, no colours in a pipe', () => {
  const run = (...args: string[]) =>
    spawnSync(process.execPath, ['--import', import.meta.resolve('tsx'), join(root, 'server/main.ts'), ...args], {
      cwd: temporary(),
      encoding: 'utf8',
      env: { ...process.env, FORCE_COLOR: undefined },
    });
  const good = run('check', '--repo', join(root, 'repo-template'));
  expect([good.status, good.stdout.includes('\u001b[')]).toEqual([0, false]);
  expect(run('check').status).toBe(2);
  expect(run('--version').stdout.trim()).toMatch(/^\d+\.\d+\.\d+$/);
});

test('what is not built says how to build it', () => {
  const dir = temporary();
  cpSync(join(root, 'bin'), join(dir, 'bin'), { recursive: true });
  const { status, stderr } = spawnSync(join(dir, 'bin/litehouse'), { encoding: 'utf8' });
  expect([status, stderr]).toEqual([2, expect.stringContaining('npm run build')]);
});
