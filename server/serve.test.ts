import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type CommandResult, litehouse, litehouseWith } from '../test/server/command-line.ts';
import { gitAs } from '../test/server/git.ts';
import {
  askAs,
  type HarnessOptions,
  startServerProcess,
  startTestServer,
  type TestServer,
} from '../test/server/harness.ts';
import { temporaryDirs } from '../test/server/temporary.ts';
import { lockOrFail } from './running/engine.ts';
import { writeNote } from './running/note.ts';
import { startServer } from './serve.ts';
import { readSettings } from './settings.ts';

const temporary = temporaryDirs();
const running: TestServer[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop();
});

async function start(options: HarnessOptions = {}): Promise<TestServer> {
  const server = await startTestServer(options);
  running.push(server);
  return server;
}

const git = (cwd: string, ...args: string[]) => gitAs('Ada', cwd, ...args);

const noteOf = (dir: string): { readonly stopping?: boolean } | undefined => {
  const file = join(dir, 'state/server.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
};

const json = async (url: string): Promise<Record<string, unknown>> =>
  (await (await fetch(url)).json()) as Record<string, unknown>;

const hosts = '#node,ip,hostnames,otherinterfaces,comments,disable\n"n01","127.0.1.1",,,,\n"n02","127.0.1.2",,,,\n';

describe('a server', () => {
  test('removes what pushes left in quarantine that were killed days ago, and nothing younger', async () => {
    const dir = temporary();
    await (await start({ dir })).stop();
    running.pop();
    const left = (name: string): string => join(dir, 'config.git/objects', `tmp_objdir-incoming-${name}`);
    for (const name of ['old', 'new']) mkdirSync(left(name));
    utimesSync(left('old'), new Date(0), new Date(Date.now() - 3 * 86_400_000));
    await (await start({ dir })).stop();
    running.pop();
    expect([existsSync(left('old')), existsSync(left('new'))]).toEqual([false, true]);
  });

  test('keeps to itself what it remembers: others can read who runs it and nothing more, also where an older version left more', async () => {
    const dir = temporary();
    const state = join(dir, 'state');
    const readable = () =>
      readdirSync(state, { recursive: true, withFileTypes: true })
        .filter((entry) => !entry.isDirectory())
        .map((entry) => join(entry.parentPath, entry.name))
        .filter((path) => (statSync(path).mode & 0o077) !== 0 && (statSync(join(path, '..')).mode & 0o005) !== 0)
        .map((path) => `${path.slice(state.length + 1)} ${(statSync(path).mode & 0o777).toString(8)}`)
        .sort();
    await start({ dir });
    await litehouse(dir, 'token', 'add', 'x', '--dir', '.');
    // The socket is for pushers of the server's group; the lock says which process runs.
    const open = ['lock 644', 'push.sock 660'];
    expect(readable()).toEqual(open);
    await running.pop()?.stop();
    for (const name of ['lmdb', 'reports']) {
      chmodSync(join(state, name), 0o755);
      for (const file of ['data.mdb', 'lock.mdb']) chmodSync(join(state, name, file), 0o644);
    }
    await start({ dir });
    expect(readable()).toEqual(open);
  });

  test('makes its directory, applies the first configuration, and answers for a real node', async () => {
    const { admin, server, dir } = await start();
    expect(server.made).toBe(true);
    expect(await json(`${admin}/status`)).toMatchObject({ state: 'applied', nodes: expect.any(Number) });
    expect((await fetch(`${admin}/nodes/n01/answer`)).status).toBe(200);
    const nodes = (await json(`${admin}/nodes`)) as unknown as { name: string }[];
    expect(nodes.map(({ name }) => name)).toContain('n01');
    expect(await json(`${admin}/nodes/n01`)).toMatchObject({
      name: 'n01',
      from: expect.stringMatching(/^tables\/nodelist\.csv:\d+$/),
    });
    expect(existsSync(join(dir, 'world/tftpboot'))).toBe(true);
    expect((await fetch(`${admin}/verify`)).status).toBe(200);
  });

  test('tells nodes apart by their source address, and none under an address that no node has', async () => {
    const { node } = await start({ files: { 'tables/hosts.csv': hosts } });
    const first = await askAs('127.0.1.1', `${node}/answer`);
    expect([first.status, first.text]).toEqual([200, expect.stringContaining('n01')]);
    expect((await askAs('127.0.1.2', `${node}/answer`)).text).not.toBe(first.text);
    expect((await askAs('127.0.1.99', `${node}/answer`)).status).toBe(404);
    expect((await askAs('127.0.1.1', `${node}/history`)).status).toBe(404);
  });

  test('whose repository was moved away does not begin a new cluster over the world of the old one', async () => {
    const dir = temporary();
    await (await start({ dir })).stop();
    running.pop();
    renameSync(join(dir, 'config.git'), join(dir, 'elsewhere.git'));
    await expect(start({ dir })).rejects.toThrow(/config\.git is missing, but what was made of it stands in/);
    expect(existsSync(join(dir, 'config.git'))).toBe(false);
    expect(existsSync(join(dir, 'world/tftpboot/pxelinux.cfg/n01'))).toBe(true);
    renameSync(join(dir, 'elsewhere.git'), join(dir, 'config.git'));
    await (await start({ dir })).stop();
    running.pop();
  });

  test('hosts an empty repository that was made by hand: clones of it have main', async () => {
    const dir = temporary();
    await git(dir, 'init', '-q', '--bare', '-b', 'master', 'config.git');
    const { admin } = await start({ dir });
    expect(await json(`${admin}/status`)).toMatchObject({ state: 'no commit yet' });
    expect((await git(dir, '-C', 'config.git', 'symbolic-ref', 'HEAD')).out.trim()).toBe('refs/heads/main');
  });

  test('says plainly that it cannot host what is no bare sha1 repository', async () => {
    for (const args of [
      ['init', '-q', 'config.git'],
      ['init', '-q', '--bare', '--object-format=sha256', 'config.git'],
    ]) {
      const dir = temporary();
      await git(dir, ...args);
      await expect(start({ dir })).rejects.toThrow(/cannot host .*config\.git/);
    }
  });

  test('keeps a second one off its directory, and leaves nothing behind but its data', async () => {
    const first = await start({ dir: temporary() });
    await expect(startTestServer({ dir: first.dir })).rejects.toMatchObject({
      what: expect.stringContaining(`in use by process ${process.pid}`),
    });
    expect(statSync(join(first.dir, 'state/server.json')).mode & 0o777).toBe(0o600);
    await running.pop()?.stop();
    for (const name of ['server.json', 'lock', 'push.sock'])
      expect(existsSync(join(first.dir, 'state', name)), name).toBe(false);
    await start({ dir: first.dir });
  });

  test('is asked by commands of its machine, wherever it listens and whoever else may come in', async () => {
    const dir = temporary();
    expect((await litehouse(dir, 'init', '--dir', dir)).status).toBe(0);
    const alone = await litehouse(dir, 'apply', '--dir', dir);
    expect([alone.status, alone.err]).toEqual([0, '']);
    expect((await litehouse(dir, 'status', '--dir', dir)).out).toContain('server   not running');
    const { admin, log } = await start({ dir, settings: { access: { anonymousOnLoopback: false } } });
    // Whoever tries tokens leaves a trace, and no flood.
    for (const token of ['guess1', 'guess2'])
      await fetch(`${admin}/status`, { headers: { authorization: `Bearer ${token}` } });
    expect(log.filter((line) => line.includes(' refused '))).toEqual([
      expect.stringMatching(
        / warn +refused source=127\.0\.0\.1 asked="GET \/status" status=401 why="this token is not known/,
      ),
    ]);
    const wrong = { LITEHOUSE_TOKEN: 'guess3' };
    const [status, dump] = [
      await litehouseWith(wrong, dir, 'status', '--server', admin),
      await litehouseWith(wrong, dir, 'tabdump', 'site', '--server', admin),
    ];
    expect(status.err).toContain('this token is not known here');
    expect(dump).toEqual(status);
    const authorization = `Bearer ${JSON.parse(readFileSync(join(dir, 'state/server.json'), 'utf8')).key}`;
    const metrics = await (await fetch(`${admin}/metrics`, { headers: { authorization } })).text();
    expect(metrics).toContain('litehouse_admin_refusals_total{wrong="token"} ');
    expect((await fetch(`${admin}/status`)).status).toBe(401);
    expect((await litehouse(dir, 'status', '--dir', dir)).out).toContain(`server   ${admin}`);
    expect((await litehouse(dir, 'verify', '--dir', dir)).status).toBe(0);
    expect((await litehouse(dir, 'apply', '--dir', dir, '--json')).status).toBe(0);
    expect((await litehouse(dir, 'history', '--dir', dir)).out).toMatch(/ applied, booted by 0\/13 nodes /);
    expect((await litehouse(dir, 'plan', '--dir', dir)).out).toContain('nothing changes');
  });

  test('finds drift, and mends it when asked', async () => {
    const { dir } = await start({ dir: temporary() });
    const boot = join(dir, 'world/tftpboot/pxelinux.cfg');
    rmSync(boot, { recursive: true, force: true });
    const { status, out } = await litehouse(dir, 'verify', '--dir', dir);
    expect([status, out]).toEqual([1, expect.stringContaining('tftp:pxelinux.cfg')]);
    expect((await litehouse(dir, 'apply', '--repair', '--dir', dir)).status).toBe(0);
    expect((await litehouse(dir, 'verify', '--dir', dir)).status).toBe(0);
    expect(existsSync(boot)).toBe(true);
  });

  test('finds a commit that came in past it', async () => {
    const { admin, dir, server } = await start({ settings: { pollSeconds: 0.2 } });
    const before = await json(`${admin}/status`);
    const bare = join(dir, 'config.git');
    const tree = (await git(bare, 'rev-parse', 'main^{tree}')).out.trim();
    const commit = (await git(bare, 'commit-tree', '-p', 'main', '-m', 'Past the hooks', tree)).out.trim();
    const applied = new Promise<void>((resolve) => {
      const off = server.engine.on('change', async () => {
        if ((await server.engine.status()).applied !== commit) return;
        off();
        resolve();
      });
    });
    await git(bare, 'update-ref', 'refs/heads/main', commit);
    await applied;
    expect(await json(`${admin}/status`)).toMatchObject({ applied: commit });
    expect(before.applied).not.toBe(commit);
  });
});

describe('git over HTTP', () => {
  /** The clone URL with a token as its password, as git would send it. */
  const as = (url: string, token: string) => url.replace('http://', `http://any:${token}@`);

  test('needs a token of the right kind where nobody comes in without, and history names its owner', async () => {
    const { clone, dir } = await start({ dir: temporary(), settings: { access: { anonymousOnLoopback: false } } });
    const token = async (name: string, scope: string) =>
      (await litehouse(dir, 'token', 'add', name, '--scope', scope, '--dir', dir)).out.trim();
    const [reader, alice] = [await token('reader', 'read'), await token('alice', 'push')];
    const work = temporary();
    expect((await git(work, 'clone', clone, 'none')).out).toMatch(/could not read Username|terminal prompts disabled/);
    expect((await git(work, 'clone', '-q', as(clone, reader), 'copy')).status).toBe(0);
    const copy = join(work, 'copy');
    await git(copy, 'commit', '-q', '--allow-empty', '-m', 'Nothing');
    expect(await git(copy, 'push')).toMatchObject({ status: 128, out: expect.stringContaining('403') });
    const pushed = await git(copy, 'push', as(clone, alice), 'main');
    expect(pushed.status, pushed.out).toBe(0);
    expect(pushed.out).toMatch(/remote: undo: git revert --no-edit [0-9a-f]{9} && git push/);
    expect((await litehouse(dir, 'history', '--dir', dir)).out).toMatch(
      /^[0-9a-f]{10} {2}\d+[smh] +Ada +alice +applied, booted by 0\/13 nodes {2}Nothing$/m,
    );
    await litehouse(dir, 'token', 'remove', 'alice', '--dir', dir);
    expect((await git(copy, 'push', as(clone, alice), 'main:topic')).status).toBe(128);
  });

  test('a push under way when the server is told to stop still ends, and is applied', async () => {
    const { clone, server, dir } = await start({ dir: temporary() });
    const work = temporary();
    await git(work, 'clone', '-q', clone, 'copy');
    const copy = join(work, 'copy');
    await git(copy, 'commit', '-q', '--allow-empty', '-m', 'Last minute');
    // The judge is held until the stop has begun.
    const { engine } = server;
    const judge = engine.judge.bind(engine);
    let stopping: Promise<void> | undefined;
    let asked: Promise<CommandResult> | undefined;
    engine.judge = async (snapshot) => {
      stopping = server.stop();
      while (noteOf(dir)?.stopping !== true) await new Promise((resolve) => setTimeout(resolve, 5));
      // Who asks now waits for the end of it, and is not told to end it.
      asked = litehouse(dir, 'status', '--dir', dir);
      return judge(snapshot);
    };
    const pushed = await git(copy, 'push');
    expect([pushed.status, pushed.out]).toEqual([0, expect.stringContaining('remote: applied')]);
    await stopping;
    expect(await asked).toMatchObject({ status: 0, err: '', out: expect.stringContaining('server   not running') });
  });

  test('an edit under way when the server is told to stop still ends, and is in effect', async () => {
    const { server, dir } = await start({ dir: temporary() });
    const { engine } = server;
    const judge = engine.judge.bind(engine);
    let stopping: Promise<void> | undefined;
    engine.judge = async (snapshot) => {
      stopping ??= server.stop();
      while (noteOf(dir)?.stopping !== true) await new Promise((resolve) => setTimeout(resolve, 5));
      return judge(snapshot);
    };
    const edited = await litehouse(dir, 'nodeset', 'n01', 'boot', '--dir', dir);
    expect([edited.status, edited.err, edited.out]).toEqual([0, '', expect.stringContaining('applied')]);
    await stopping;
    expect(readFileSync(join(dir, 'world/tftpboot/pxelinux.cfg/n01'), 'utf8')).toContain('LOCALBOOT 0');
  });
});

test('a port that is taken is a failure with its number, and leaves the directory free', async () => {
  const first = await start();
  const dir = temporary();
  const port = new URL(first.admin).port;
  const { status, err } = await litehouse(
    dir,
    'serve',
    '--dir',
    dir,
    '--node',
    '127.0.0.1:0',
    '--admin',
    `127.0.0.1:${port}`,
    '--tftp',
    '127.0.0.1:0',
  );
  expect(status).toBe(2);
  expect(err).toContain(`port ${port} of 127.0.0.1 is taken (the admin listener)`);
  expect(err).toContain('--admin 127.0.0.1:');
  await (await startTestServer({ dir })).stop();
});

describe('a server that starts', () => {
  const settingsOf = (dir: string) =>
    readSettings(dir, { node: '127.0.0.1:0', admin: '127.0.0.1:0', tftp: '127.0.0.1:0' });

  test('waits for a command that has the directory, and says for whom', async () => {
    const dir = temporary();
    await (await start({ dir })).stop();
    running.pop();
    const settings = await settingsOf(dir);
    const release = await lockOrFail(settings, 'status');
    const said: unknown[] = [];
    const server = await startServer(settings, (_level, what, facts) => {
      if (what !== 'waiting') return;
      said.push(facts);
      void release();
    });
    await server.stop();
    expect(said).toEqual([{ process: process.pid, for: 'litehouse status', stopping: false }]);
  });

  test('is not taken for the server that was killed with the same process id', async () => {
    const settings = await settingsOf(temporary());
    mkdirSync(settings.state, { recursive: true });
    const started = new Date(0).toISOString();
    await writeNote(settings, { pid: process.pid, admin: 'http://127.0.0.1:1', node: '', started, key: 'k' });
    const noted: unknown[] = [];
    const server = await startServer(settings, (_level, what) => {
      if (what === 'made repository') noted.push(noteOf(settings.dir));
    });
    await server.stop();
    expect(noted).toEqual([undefined]);
  });

  test('answers commands before its first look at the branch has ended, and can be told to stop', async () => {
    const settings = await settingsOf(temporary());
    const server = await startServer(settings, () => {}, AbortSignal.abort());
    // The first apply is under way, and nobody waited for it.
    expect((await server.engine.status()).state).toBe('applying');
    expect((await litehouse(settings.dir, 'status', '--dir', settings.dir)).out).toContain(
      `server   ${server.urls.admin}`,
    );
    await server.stop();
    expect(existsSync(join(settings.state, 'server.json'))).toBe(false);
  });
});

test('an unknown setting stops the server before it makes anything', async () => {
  const dir = temporary();
  writeFileSync(join(dir, 'litehouse.json'), '{"reload":true}');
  expect(await litehouse(dir, 'serve', '--dir', dir)).toMatchObject({
    status: 2,
    err: expect.stringContaining('write "reloads"'),
  });
  expect(existsSync(join(dir, 'config.git'))).toBe(false);
});

describe('as a process', () => {
  test('says where to go on, ends with 0 on SIGTERM, and comes back after a kill', async () => {
    const dir = temporary();
    const first = await startServerProcess({ dir });
    expect(first.output()).toContain(`git clone ${first.clone} cluster`);
    const url = /curl (\S+\/nodes\/\S+\/answer)/.exec(first.output())?.[1] ?? '';
    expect((await fetch(url)).status).toBe(200);
    expect(await first.end('SIGKILL')).toBeNull();
    const second = await startServerProcess({ dir });
    expect((await json(`${second.admin}/status`)).state).toBe('applied');
    expect(await second.end('SIGTERM')).toBe(0);
    expect(existsSync(join(dir, 'state/server.json'))).toBe(false);
    expect(readFileSync(join(dir, 'config.git/HEAD'), 'utf8')).toBe('ref: refs/heads/main\n');
  });
});
