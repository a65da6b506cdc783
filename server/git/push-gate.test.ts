/**
 * Promises about pushes, kept with the real git client pushing to a file path through the real hook.
 * One file, although long: the promises are one policy, and each needs the same surroundings.
 */
import { execFile } from 'node:child_process';
import { chmod, lstat, readdir } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { git } from '../../core/repo/git.ts';
import { type Lab, makeLab, START } from './git-lab.ts';
import { pushGate } from './push-gate.ts';

let lab: Lab;
let clone: string;
let before: string;
beforeEach(async () => {
  lab = await makeLab({ 'tables/site.csv': '#key,value\n', 'tables/policy.csv': '#priority\n' });
  clone = await lab.clone(lab.repositoryDir, 'one');
  before = (await lab.repository.head()) ?? '';
});
afterEach(() => lab.end());

const run = promisify(execFile);

/** With root the pusher is another account; without, the same tests run with one account: the modes still apply. */
const root = process.getuid?.() === 0;
const asNobody = root ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : [];
const nobody = root ? 'nobody' : userInfo().username;

async function giveToNobody(...dirs: string[]): Promise<void> {
  if (root) await run('chown', ['-R', '65534:65534', ...dirs]);
}

const head = (): Promise<string | undefined> => lab.repository.head();

describe('the branch of the cluster', () => {
  test('is judged with the pushed state, while its objects are still in quarantine, and applied after', async () => {
    const seen: string[] = [];
    await lab.gate({
      judgeMain: async ({ old, new: next, snapshot, via, branch }) => {
        const { entries } = await snapshot.list('tables');
        const [text] = await snapshot.blobs(
          entries.filter(({ path }) => path === 'tables/site.csv').map(({ oid }) => oid),
        );
        const known = await git(['cat-file', '-e', next], { cwd: lab.repositoryDir, accept: [0, 1, 128] });
        seen.push(`${branch} ${via} ${old === before} ${known.code === 0} ${entries.length} ${text?.toString()}`);
        return { accept: true, lines: ['plan: 1 file changes'] };
      },
      applied: async (oid, print) => {
        seen.push(oid);
        print('applied; to undo: git revert HEAD && git push');
      },
    });
    const oid = await lab.commit(clone, { 'tables/site.csv': '#key,value\n"a","b"\n' });
    const said = await lab.git(['push'], { cwd: clone });
    expect(said.code).toBe(0);
    expect(said.output).toContain('remote: plan: 1 file changes');
    expect(said.output).toContain('remote: applied; to undo: git revert HEAD && git push');
    expect(seen).toEqual(['main file true false 2 #key,value\n"a","b"\n', oid]);
    expect(await head()).toBe(oid);
  });

  test('without a server: refused, with the command that starts one', async () => {
    await lab.commit(clone, { a: 'a' });
    const said = await lab.git(['push'], { cwd: clone });
    expect(said.code).toBe(1);
    expect(said.output).toContain(`remote: Start it, and push again: ${START}`);
    expect(await head()).toBe(before);
  });

  test('a server that dies while it judges: refused, and said so', async () => {
    let listener: { close(): Promise<void> } | undefined;
    listener = await lab.gate({
      judgeMain: async () => {
        void listener?.close();
        return new Promise(() => {});
      },
    });
    await lab.commit(clone, { a: 'a' });
    const said = await lab.git(['push'], { cwd: clone });
    expect(said.code).toBe(1);
    expect(said.output).toContain('remote: litehouse stopped while it checked this push: nothing was changed.');
    expect(said.output).toContain(START);
    expect(await head()).toBe(before);
  });

  test('a server that dies between check and apply: the push stands, and the pusher knows what comes', async () => {
    let listener: { close(): Promise<void> } | undefined;
    listener = await lab.gate({
      applied: async () => {
        void listener?.close();
        return new Promise(() => {});
      },
    });
    const oid = await lab.commit(clone, { a: 'a' });
    const said = await lab.git(['push'], { cwd: clone });
    expect(said.code).toBe(0);
    expect(said.output).toContain('will be applied when it starts');
    expect(await head()).toBe(oid);
  });

  test('a judge that throws refuses the push', async () => {
    await lab.gate({ judgeMain: () => Promise.reject(new Error('out of paper')) });
    await lab.commit(clone, { a: 'a' });
    const said = await lab.git(['push'], { cwd: clone });
    expect(said.code).toBe(1);
    expect(said.output).toContain('LH728: the push could not be checked: out of paper');
    expect(await head()).toBe(before);
  });

  test('is never deleted', async () => {
    await lab.gate({});
    const said = await lab.git(['push', 'origin', ':main'], { cwd: clone });
    expect(said.code).toBe(1);
    expect(said.output).toContain('LH721');
    expect(said.output).toContain('git revert COMMIT');
    expect(await head()).toBe(before);
  });

  test('is never forced back, whatever was pushed with it', async () => {
    await lab.gate({});
    await lab.commit(clone, { a: 'a' });
    await lab.git(['push'], { cwd: clone });
    const now = await head();
    await lab.git(['reset', '-q', '--hard', 'HEAD~1'], { cwd: clone });
    await lab.commit(clone, { b: 'b' });
    const said = await lab.git(['push', '--force', 'origin', 'main', 'main:refs/heads/other'], { cwd: clone });
    expect(said.code).toBe(1);
    expect(said.output).toContain('LH722');
    expect(said.output).toContain('git pull --rebase origin main');
    expect(said.output).toContain('with it the whole push');
    expect(await head()).toBe(now);
    expect(await lab.repository.head('other')).toBeUndefined();
  });

  test('can be pushed into a repository that has none yet', async () => {
    await git(['update-ref', '-d', 'refs/heads/main'], { cwd: lab.repositoryDir });
    const olds: (string | undefined)[] = [];
    await lab.gate({
      judgeMain: async ({ old }) => {
        olds.push(old);
        return { accept: true, lines: [] };
      },
    });
    expect(await lab.git(['push', 'origin', 'main'], { cwd: clone })).toMatchObject({ code: 0 });
    expect(olds).toEqual([undefined]);
    expect(await head()).toBe(before);
  });

  test('two pushes at once: one is judged at a time, the second is told that the branch moved', async () => {
    const other = await lab.clone(lab.repositoryDir, 'two');
    const mine = await lab.commit(clone, { a: 'mine' });
    const theirs = await lab.commit(other, { a: 'theirs' });
    let judging = 0;
    let most = 0;
    let queued: () => void = () => {};
    const secondWaits = new Promise<void>((resolve) => {
      queued = resolve;
    });
    const gate = pushGate({
      repository: lab.repository,
      judge: {
        judgeMain: async () => {
          most = Math.max(most, ++judging);
          await secondWaits;
          judging -= 1;
          return { accept: true, lines: [] };
        },
        judgeBranch: async () => ({ lines: [] }),
        applied: async () => {},
      },
    });
    await lab.listen({
      postReceive: gate.postReceive,
      preReceive: (push, source, print, signal) =>
        gate.preReceive(
          push,
          source,
          (line) => {
            if (line.includes('another push')) queued();
            print(line);
          },
          signal,
        ),
    });
    const said = await Promise.all([lab.git(['push'], { cwd: clone }), lab.git(['push'], { cwd: other })]);
    expect(most).toBe(1);
    const won = said.findIndex(({ code }) => code === 0);
    expect(said.map(({ code }) => code).sort()).toEqual([0, 1]);
    expect(await head()).toBe([mine, theirs][won]);
    expect(said[1 - won]?.output).toContain('LH725');
    expect(said[1 - won]?.output).toContain('another push is being checked');
  });

  test('a push that waits too long for another is refused, not lost', async () => {
    const other = await lab.clone(lab.repositoryDir, 'two');
    await lab.commit(clone, { a: 'mine' });
    await lab.commit(other, { a: 'theirs' });
    let finish: (verdict: { accept: boolean; lines: string[] }) => void = () => {};
    let begin: () => void = () => {};
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    await lab.gate(
      {
        judgeMain: () =>
          new Promise((resolve) => {
            finish = resolve;
            begin();
          }),
      },
      { patience: 100 },
    );
    const first = lab.git(['push'], { cwd: clone });
    await begun;
    const second = await lab.git(['push'], { cwd: other });
    expect(second.code).toBe(1);
    expect(second.output).toContain('LH726');
    finish({ accept: true, lines: [] });
    expect((await first).code).toBe(0);
  });

  test('git that is killed while it waits for the verdict gives the turn back', async () => {
    let slow = true;
    let gone: (() => void) | undefined;
    let begin: () => void = () => {};
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const aborted = new Promise<void>((resolve) => {
      gone = resolve;
    });
    await lab.gate({
      judgeMain: ({ signal }) => {
        if (!slow) return Promise.resolve({ accept: true, lines: [] });
        begin();
        return new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            gone?.();
            reject(signal.reason);
          });
        });
      },
    });
    const oid = await lab.commit(clone, { a: 'a' });
    const push = lab.start(['push'], { cwd: clone });
    await begun;
    process.kill(-push.pid, 'SIGKILL');
    await push.done;
    await aborted;
    expect(await head()).toBe(before);
    slow = false;
    expect(await lab.git(['push'], { cwd: clone })).toMatchObject({ code: 0 });
    expect(await head()).toBe(oid);
  });
});

describe('push options', () => {
  test('-o plan shows and changes nothing, for main and for other branches', async () => {
    await lab.gate({});
    await lab.commit(clone, { a: 'a' });
    const said = await lab.git(['push', '-o', 'plan', 'origin', 'main', 'main:refs/heads/try'], { cwd: clone });
    expect(said.code).toBe(1);
    expect(said.output).toContain('remote: plan: fine');
    expect(said.output).toContain('remote: branch try: fine');
    expect(said.output).toContain('remote: nothing was changed: you asked with -o plan');
    expect(await head()).toBe(before);
    expect(await lab.repository.head('try')).toBeUndefined();
    const branch = await lab.git(['push', '-o', 'plan', 'origin', 'main:refs/heads/try'], { cwd: clone });
    expect(branch.code).toBe(1);
    expect(await lab.repository.head('try')).toBeUndefined();
  });

  test('an unknown one is refused, with those that are known', async () => {
    await lab.gate({});
    await lab.commit(clone, { a: 'a' });
    const said = await lab.git(['push', '-o', 'plna'], { cwd: clone });
    expect(said.code).toBe(1);
    expect(said.output).toContain("LH723: unknown push option 'plna'");
    expect(said.output).toContain('known: plan (show the plan and change nothing)');
    expect(await head()).toBe(before);
  });
});

describe('a secret in clear', () => {
  const clear = { 'tables/passwd.csv': '#key,username,password\n"system","root","cluster"\n' };
  const taken = async (ref: string) => (await lab.repository.resolve(ref)) !== undefined;

  test.each([
    ['a branch', ['HEAD:refs/heads/try']],
    ['a tag', ['v1']],
    ['a branch beside main', ['HEAD:refs/heads/try', 'HEAD~1:main']],
  ])('does not get in by %s', async (_, refs) => {
    await lab.gate({});
    await lab.commit(clone, { a: 'a' });
    const commit = await lab.commit(clone, clear);
    await lab.git(['tag', '-a', '-m', 'x', 'v1'], { cwd: clone });
    const said = await lab.git(['push', 'origin', ...refs], { cwd: clone });
    expect(said.code).toBe(1);
    expect(said.output).toContain(`remote: commit ${commit.slice(0, 9)} would bring a secret into the history`);
    expect(said.output).toMatch(
      /remote: tables\/passwd\.csv:2:18: error LH321: passwd\.password holds a secret in clear/,
    );
    expect(said.output).not.toContain('cluster"');
    expect([await head(), await taken('try'), await taken('v1')]).toEqual([before, false, false]);
  });

  test('does not get into main by a commit that the next one mends, nor does a private key', async () => {
    await lab.gate({});
    const key = '-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----\n';
    const first = await lab.commit(clone, { ...clear, 'custom/netboot/debian/compute.postinstall': key });
    await lab.git(['rm', '-q', '-r', 'tables/passwd.csv', 'custom'], { cwd: clone });
    await lab.git(['commit', '-q', '-m', 'Take it out'], { cwd: clone });
    const said = await lab.git(['push'], { cwd: clone });
    expect(said.code).toBe(1);
    expect(said.output).toContain(`commit ${first.slice(0, 9)} would bring`);
    for (const code of ['LH321', 'LH322']) expect(said.output).toContain(code);
    expect(said.output).toContain('git rebase -i');
    expect(await head()).toBe(before);
  });

  test("that is in the repository already is nobody else's: a branch on top of it is taken", async () => {
    const listener = await lab.gate({});
    await lab.commit(clone, clear);
    // The judge of this test lets all pass.
    expect((await lab.git(['push'], { cwd: clone })).code).toBe(0);
    await lab.commit(clone, { a: 'a' });
    await lab.commit(clone, { b: 'b' });
    expect((await lab.git(['push', 'origin', 'HEAD:refs/heads/try'], { cwd: clone })).code).toBe(0);
    await listener.close();
  });
});

describe('other refs', () => {
  test('a tag at something that is no commit is refused', async () => {
    await lab.gate({});
    const said = await lab.git(['push', 'origin', 'HEAD^{tree}:refs/tags/tree'], { cwd: clone });
    expect([said.code, said.output]).toEqual([1, expect.stringContaining('LH727: refs/tags/tree would be at a tree')]);
  });

  test('branches are shown and taken, also forced and deleted; tags are taken', async () => {
    await lab.gate({ judgeMain: () => Promise.reject(new Error('main is not pushed')) });
    await lab.commit(clone, { a: 'a' });
    await lab.git(['tag', '-a', '-m', 'x', 'v1'], { cwd: clone });
    const said = await lab.git(['push', 'origin', 'HEAD:refs/heads/try', 'v1'], { cwd: clone });
    expect(said).toMatchObject({ code: 0 });
    expect(said.output).toContain('remote: branch try: fine');
    expect(await lab.repository.resolve('v1')).toBeDefined();
    await lab.git(['commit', '-q', '--amend', '-m', 'b'], { cwd: clone });
    expect(await lab.git(['push', '-f', 'origin', 'HEAD:refs/heads/try'], { cwd: clone })).toMatchObject({ code: 0 });
    expect(await lab.git(['push', 'origin', ':try', ':v1'], { cwd: clone })).toMatchObject({ code: 0 });
    expect(await lab.repository.head('try')).toBeUndefined();
    expect(await head()).toBe(before);
  });

  test('nothing else is taken: refs/litehouse, notes, a branch at something that is no commit', async () => {
    await lab.gate({});
    for (const ref of ['refs/notes/commits', 'refs/heads'])
      expect((await lab.git(['push', 'origin', `HEAD:${ref}`], { cwd: clone })).code).not.toBe(0);
    const own = await lab.git(['push', 'origin', 'HEAD:refs/litehouse/keep/x'], { cwd: clone });
    expect(own.code).toBe(1);
    const blob = await lab.git(['push', 'origin', 'HEAD^{tree}:refs/heads/tree'], { cwd: clone });
    expect(blob.code).toBe(1);
    expect((await git(['for-each-ref', '--format=%(refname)'], { cwd: lab.repositoryDir })).stdout.toString()).toBe(
      'refs/heads/main\n',
    );
  });

  test('several refs with main refused: nothing is taken, and it is said', async () => {
    await lab.gate({ judgeMain: async () => ({ accept: false, lines: ['no'] }) });
    await lab.commit(clone, { a: 'a' });
    const said = await lab.git(['push', 'origin', 'main', 'main:refs/heads/try'], { cwd: clone });
    expect(said.code).toBe(1);
    expect(said.output).toContain('nothing was changed: main is refused, and with it the whole push');
    expect(await lab.repository.head('try')).toBeUndefined();
  });
});

describe('server and pusher as two accounts', () => {
  test('the push is read in a quarantine that only the pusher may open', async () => {
    // The repository belongs to nobody; the server (this process) reads it, and sees the push only through the hook.
    for (const dir of [lab.dir, join(lab.dir, 'home')]) await chmod(dir, 0o755);
    await lab.commit(clone, { a: 'from nobody' });
    await giveToNobody(clone, lab.repositoryDir);
    const modes: number[] = [];
    await lab.gate(
      {
        judgeMain: async ({ snapshot, pusher }) => {
          const { entries } = await snapshot.list('');
          const [data] = await snapshot.blobs(entries.filter(({ path }) => path === 'a').map(({ oid }) => oid));
          for (const name of await readdir(join(lab.repositoryDir, 'objects')))
            if (name.startsWith('tmp_objdir'))
              modes.push((await lstat(join(lab.repositoryDir, 'objects', name))).mode & 0o777);
          return { accept: true, lines: [`${pusher} pushes '${data?.toString()}'`] };
        },
      },
      {},
    );
    await chmod(lab.socketPath, 0o666);
    const said = await lab.git(['push'], { cwd: clone, as: asNobody });
    expect(said).toMatchObject({ code: 0 });
    expect(said.output).toContain(`remote: ${nobody} pushes 'from nobody'`);
    expect(modes).toEqual([0o700]);
  });

  test('a pusher who may not open the socket is told so', async () => {
    for (const dir of [lab.dir, join(lab.dir, 'home')]) await chmod(dir, 0o755);
    await lab.commit(clone, { a: 'a' });
    await giveToNobody(clone, lab.repositoryDir);
    await lab.gate({});
    await chmod(lab.socketPath, root ? 0o600 : 0);
    const said = await lab.git(['push'], { cwd: clone, as: asNobody });
    expect(said.code).toBe(1);
    expect(said.output).toContain('your account may not open its socket');
    expect(await head()).toBe(before);
  });

  test('the server reads a push whose quarantine it never opens', async () => {
    // Also without root: the only source the server has for the new commit is the hook's relay.
    await lab.gate({
      judgeMain: async ({ new: next, snapshot }) => {
        const [own] = await lab.repository.objects.read([next]);
        return { accept: own === undefined && (await snapshot.list('')).entries.length === 3, lines: [] };
      },
    });
    await lab.commit(clone, { a: 'a' });
    expect(await lab.git(['push'], { cwd: clone })).toMatchObject({ code: 0 });
  });
});
