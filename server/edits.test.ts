import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { litehouseWith } from '../test/server/command-line.ts';
import { gitAs } from '../test/server/git.ts';
import { type HarnessOptions, startTestServer, type TestServer } from '../test/server/harness.ts';
import { temporaryDirs } from '../test/server/temporary.ts';

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

/** A command line in a folder of its own, as Ada. */
function run(env: Readonly<Record<string, string>>, ...args: string[]) {
  const ada = {
    GIT_CONFIG_COUNT: '2',
    GIT_CONFIG_KEY_0: 'user.name',
    GIT_CONFIG_VALUE_0: 'Ada',
    GIT_CONFIG_KEY_1: 'user.email',
    GIT_CONFIG_VALUE_1: 'ada@example.com',
  };
  return litehouseWith({ ...ada, ...env }, tmpdir(), ...args);
}
const litehouse = (...args: string[]) => run({}, ...args);

const git = (cwd: string, ...args: string[]) => gitAs('Bob', cwd, ...args);

const bare = (server: TestServer, ...args: string[]): string =>
  spawnSync('git', ['--git-dir', join(server.dir, 'config.git'), ...args], { encoding: 'utf8' }).stdout;

/** An editor that is a shell script. */
function editor(text: string): string {
  const path = join(temporary(), 'editor.sh');
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
}

describe('an edit by command', () => {
  test('is a commit of its author, planned, applied, and shown with its undo', async () => {
    const server = await start();
    const { status, out, err } = await litehouse('nodeset', 'n01', 'boot', '--dir', server.dir);
    expect([status, err]).toEqual([0, '']);
    expect(out).toContain('+[LOCALBOOT 0]');
    expect(out).toMatch(/^undo, in a clone: git pull && git revert --no-edit [0-9a-f]{9} && git push$/m);
    expect(bare(server, 'log', '-1', '--format=%an <%ae> %cn: %s', 'main').trim()).toBe(
      'Ada <ada@example.com> litehouse: nodeset n01 boot',
    );
    expect(bare(server, 'show', '--numstat', '--format=', 'main').trim()).toBe('1\t0\ttables/chain.csv');
    expect(readFileSync(join(server.dir, 'world/tftpboot/pxelinux.cfg/n01'), 'utf8')).toContain('LOCALBOOT 0');
    expect(bare(server, 'fsck', '--strict')).toBe('');
    const history = await litehouse('history', '--dir', server.dir, '--json', '--limit', '1');
    expect(JSON.parse(history.out)[0]).toMatchObject({ record: { pusher: 'litehouse', via: 'http' } });
    await litehouse('nodeset', 'n01', 'statelite', '--dir', server.dir);
    expect(bare(server, 'diff', 'main~2', 'main')).toBe('');
  });

  test('has the author that git would name, by its own precedence', async () => {
    const dir = temporary();
    await litehouse('init', '--dir', dir);
    const bob = { GIT_AUTHOR_NAME: 'Bob', GIT_AUTHOR_EMAIL: 'bob@example.com' };
    expect((await run(bob, 'nodeset', 'n01', 'boot', '--dir', dir)).err).toBe('');
    const said = spawnSync('git', ['--git-dir', join(dir, 'config.git'), 'log', '-1', '--format=%an <%ae>'], {
      encoding: 'utf8',
    });
    expect(said.stdout.trim()).toBe('Bob <bob@example.com>');
  });

  test('works with no server running, too, and says who did it', async () => {
    const server = await start({ dir: temporary() });
    await running.pop()?.stop();
    const { status, out } = await litehouse('nodeset', 'n01,n02', 'offline', '--dir', server.dir, '-m', 'Moved away');
    expect([status, out]).toEqual([0, expect.stringContaining('undo')]);
    expect(bare(server, 'log', '-1', '--format=%s').trim()).toBe('Moved away');
  });

  test('changes nothing in a dry run, which shows the same plan', async () => {
    const server = await start();
    const before = bare(server, 'rev-parse', 'main');
    const objects = bare(server, 'count-objects');
    const dry = await litehouse('nodeset', 'n01', 'boot', '--dir', server.dir, '--dry-run');
    expect([dry.status, dry.out]).toEqual([0, expect.stringContaining('+[LOCALBOOT 0]')]);
    expect([bare(server, 'rev-parse', 'main'), bare(server, 'count-objects')]).toEqual([before, objects]);
    expect(dry.out).toMatch(/^plan [0-9a-f]{9} -> this edit$/m);
    const json = await litehouse('nodeset', 'n01', 'boot', '--dir', server.dir, '-n', '--json');
    expect(JSON.parse(json.out)).toMatchObject({ outcome: 'planned', diff: expect.anything() });
  });

  test('in a dry run without a server puts nothing in effect either, though the branch waits for it', async () => {
    const server = await start({ dir: temporary() });
    await running.pop()?.stop();
    const tree = bare(server, 'rev-parse', 'main^{tree}').trim();
    const who = ['-c', 'user.name=x', '-c', 'user.email=x'];
    const moved = bare(server, ...who, 'commit-tree', tree, '-p', 'main', '-m', 'while the server was down').trim();
    const applied = async () => JSON.parse((await litehouse('status', '--dir', server.dir, '--json')).out);
    const before = await applied();
    bare(server, 'update-ref', 'refs/heads/main', moved);
    const dry = await litehouse('nodeset', 'n01', 'boot', '--dir', server.dir, '--dry-run');
    expect([dry.status, dry.out]).toEqual([0, expect.stringContaining('+[LOCALBOOT 0]')]);
    expect((await applied()).applied).toBe(before.applied);
    expect(bare(server, 'rev-parse', 'main').trim()).toBe(moved);
  });

  test('is refused as a push of it would be, with place and mend, and leaves the branch', async () => {
    const server = await start();
    const before = bare(server, 'rev-parse', 'main');
    const bad = await litehouse('chtab', 'file=/etc/motd', 'litefile.options=persitent', '--dir', server.dir);
    expect([bad.status, bad.out]).toEqual([1, '']);
    expect(bad.err).toMatch(/tables\/litefile.csv:\d+:\d+: error LH401: .*persitent/);
    expect(bad.err).toContain('nothing was changed');
    expect((await litehouse('nodeset', 'n99', 'boot', '--dir', server.dir)).err).toContain('LH744');
    expect((await litehouse('chtab', 'x', '--dir', server.dir)).status).toBe(2);
    expect(bare(server, 'rev-parse', 'main')).toBe(before);
  });

  test('chtab takes what the cookbook prints; said twice it is no second commit', async () => {
    const server = await start();
    const words = ['priority=4.9', 'policy.commands=litefile', 'policy.rule=allow'];
    expect((await litehouse('chtab', ...words, '--dir', server.dir)).status).toBe(0);
    expect((await litehouse('tabch', ...words, '--dir', server.dir)).out).toContain('it is so already');
    const dump = await litehouse('tabdump', 'policy', '--dir', server.dir);
    expect(dump.out).toContain('\n"4.9",,,"litefile",,,,"allow",,\n');
    await litehouse('chtab', '-d', 'priority=4.9', 'policy', '--dir', server.dir);
    expect((await litehouse('tabdump', 'policy', '--dir', server.dir)).out).not.toContain('4.9');
    expect(bare(server, 'rev-list', '--count', 'main').trim()).toBe('3');
  });
});

describe('tabedit', () => {
  test('brings in what the editor wrote, and makes no commit of nothing', async () => {
    const server = await start();
    const add = editor(`echo '"4.9",,,"x",,,,"allow",,' >> "$1"`);
    const edited = await run({ EDITOR: add }, 'tabedit', 'policy', '--dir', server.dir);
    expect([edited.status, edited.err]).toEqual([0, '']);
    expect(bare(server, 'show', 'main:tables/policy.csv')).toContain('"4.9"');
    const same = await run({ VISUAL: editor('exit 0'), EDITOR: add }, 'tabedit', 'policy', '--dir', server.dir);
    expect(same.out).toContain('no change');
    expect(bare(server, 'rev-list', '--count', 'main').trim()).toBe('2');
  });

  test('takes nothing that cannot be read, and keeps the text', async () => {
    const server = await start();
    const { status, err } = await run(
      { EDITOR: editor(`echo '"broken' >> "$1"`) },
      'tabedit',
      'policy',
      '--dir',
      server.dir,
    );
    expect(status).toBe(1);
    expect(err).toMatch(/tables\/policy.csv:\d+:\d+: error LH1\d\d/);
    const kept = /kept in (\S+)/.exec(err)?.[1] ?? '';
    expect(readFileSync(kept, 'utf8')).toContain('"broken');
    rmSync(join(kept, '..'), { recursive: true });
  });

  test('leaves nothing behind where nothing was edited, also where the editor fails', async () => {
    const server = await start();
    vi.stubEnv('TMPDIR', temporary());
    const edit = (script: string) => run({ EDITOR: script }, 'tabedit', 'policy', '--dir', server.dir);
    const left = () => readdirSync(tmpdir()).filter((name) => name.startsWith('litehouse-tabedit-'));
    expect((await edit(editor('exit 0'))).out).toContain('no change');
    const missing = await edit('/no/such/editor');
    const failed = await edit(editor('exit 1'));
    const gone = await edit(editor('rm "$1"; exit 1'));
    for (const { status, err } of [missing, failed, gone]) {
      expect([status, err]).toEqual([2, expect.stringContaining('the editor failed')]);
      expect(err).not.toContain('kept');
    }
    const removed = await edit(editor('rm "$1"'));
    expect([removed.status, removed.err]).toEqual([1, expect.stringContaining('the editor left no')]);
    expect(removed.err).not.toContain('unexpected');
    const add = `echo '"4.9",,,"x",,,,"allow",,' >> "$1"`;
    expect((await run({ EDITOR: editor(add) }, 'tabedit', 'policy', '-n', '--dir', server.dir)).status).toBe(0);
    expect(left()).toEqual([]);
    // What somebody wrote is kept, and said where.
    const broken = await edit(editor(`${add}; exit 3`));
    const kept = /kept in (\S+)/.exec(broken.err)?.[1] ?? '';
    expect(readFileSync(kept, 'utf8')).toContain('"4.9"');
    expect(broken.err).toContain(`litehouse tabedit policy --resume ${join(kept, '..')} --dir ${server.dir}`);
    expect(left()).toHaveLength(1);
    vi.unstubAllEnvs();
  });

  test('resumes a kept text from the table that it began from: what others did meanwhile stays', async () => {
    const server = await start();
    const tabedit = (script: string, ...more: string[]) =>
      run({ EDITOR: editor(script) }, 'tabedit', 'policy', '--dir', server.dir, ...more);
    const broken = await tabedit(`echo '"4.9",,,"mine",,,,"allow",,' >> "$1"; echo '"broken' >> "$1"`);
    const [, dir = ''] = /--resume (\S+)/.exec(broken.err) ?? [];
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    expect((await tabedit(`echo '"4.95",,,"theirs",,,,"allow",,' >> "$1"`)).status).toBe(0);
    // A dry run leaves it, and shows what it would bring.
    const file = join(dir, 'policy.csv');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"broken\n', ''));
    expect((await tabedit('grep -q theirs "$1"', '--resume', dir, '--dry-run')).status).toBe(0);
    const resumed = await tabedit('grep -q theirs "$1" && grep -q mine "$1"', '--resume', dir);
    expect([resumed.status, resumed.err]).toEqual([0, '']);
    const text = bare(server, 'show', 'main:tables/policy.csv');
    expect([text.includes('"mine"'), text.includes('"theirs"')]).toEqual([true, true]);
    expect(existsSync(dir)).toBe(false);
  });

  test('resumed, is refused again where both changed one thing, and keeps the text again', async () => {
    const server = await start();
    const tabedit = (script: string, ...more: string[]) =>
      run({ EDITOR: editor(script) }, 'tabedit', 'policy', '--dir', server.dir, ...more);
    const broken = await tabedit(`echo '"4.9",,,"mine",,,,"allow",,' >> "$1"; exit 1`);
    const [, dir = ''] = /--resume (\S+)/.exec(broken.err) ?? [];
    await tabedit(`echo '"4.9",,,"theirs",,,,"allow",,' >> "$1"`);
    for (const _ of [1, 2]) {
      const refused = await tabedit('exit 0', '--resume', dir);
      expect([refused.status, refused.err]).toEqual([1, expect.stringContaining('both of you added a row for 4.9')]);
      expect(refused.err).toContain(`--resume ${dir}`);
    }
    expect(bare(server, 'show', 'main:tables/policy.csv')).toContain('"theirs"');
    rmSync(dir, { recursive: true });
    expect((await tabedit('exit 0', '--resume', dir)).err).toContain('keeps no text of policy');
  });

  test('refuses where there is no editor and no terminal, and opens none', async () => {
    const server = await start();
    const { status, err } = await run({}, 'tabedit', 'policy', '--dir', server.dir);
    expect([status, err]).toEqual([2, expect.stringContaining('there is no editor, and no terminal')]);
  });

  test('joins with a push that came while the editor was open', async () => {
    const server = await start();
    const dir = temporary();
    await git(dir, 'clone', '-q', server.clone, 'c');
    const script = `echo '"4.9",,,"mine",,,,"allow",,' >> "$1"
cd ${dir}/c && echo '"4.95",,,"theirs",,,,"allow",,' >> tables/policy.csv && git -c user.name=B -c user.email=b@x commit -qam theirs && git push -q 2>/dev/null`;
    const { status } = await run({ EDITOR: editor(script) }, 'tabedit', 'policy', '--dir', server.dir);
    expect(status).toBe(0);
    const text = bare(server, 'show', 'main:tables/policy.csv');
    expect([text.includes('"mine"'), text.includes('"theirs"')]).toEqual([true, true]);
  });
});

describe('from elsewhere', () => {
  test('with a token that may push, by option or environment; not with one that may only read', async () => {
    const server = await start({ settings: { access: { anonymousOnLoopback: false } } });
    const token = async (scope: string) =>
      (await litehouse('token', 'add', scope, '--scope', scope, '--dir', server.dir)).out.trim();
    const [push, read] = [await token('push'), await token('read')];
    vi.stubEnv('TMPDIR', temporary());
    const file = join(temporary(), 'token');
    writeFileSync(file, `${push}\n`);
    const edit = ['nodeset', 'n01', 'boot', '--server', server.admin];
    expect((await litehouse(...edit)).err).toContain('a token is needed');
    expect((await litehouse(...edit, '--dry-run')).err).toContain('a token is needed');
    const refused = await run({ LITEHOUSE_TOKEN: read }, ...edit);
    expect([refused.status, refused.err]).toEqual([2, expect.stringContaining('token read may read, this needs push')]);
    expect((await litehouse(...edit, '--token-file', file)).status).toBe(0);
    const env = { LITEHOUSE_SERVER: server.admin, LITEHOUSE_TOKEN: push };
    expect((await run(env, 'nodeset', 'n02', 'boot')).status).toBe(0);
    expect((await run({ ...env, LITEHOUSE_TOKEN: read }, 'nodels', 'n01-n03', 'chain.currstate')).out).toContain(
      'n02: boot\n',
    );
    expect((await run(env, 'litefile', 'n01')).out).toMatch(/^n01: tmpfs,rw {6}\/etc\/adjtime$/m);
    const add = editor(`echo '"4.9",,,"x",,,,"allow",,' >> "$1"`);
    expect((await run({ ...env, EDITOR: add }, 'tabedit', 'policy')).status).toBe(0);
    expect(bare(server, 'show', 'main:tables/policy.csv')).toContain('"4.9"');
    // Neither clones nor an accepted text are left behind.
    expect(readdirSync(tmpdir()).filter((name) => /^litehouse-(read|tabedit)-/.test(name))).toEqual([]);
    vi.unstubAllEnvs();
    const history = await run(env, 'history', '--dir', server.dir, '--json', '--limit', '3');
    expect((JSON.parse(history.out) as { record: { pusher: string } }[]).map(({ record }) => record.pusher)).toEqual([
      'push',
      'push',
      'push',
    ]);
  });

  test('a dry run needs a token that may read, and leaves all as it was', async () => {
    const server = await start({ settings: { access: { anonymousOnLoopback: false } } });
    const read = (await litehouse('token', 'add', 'r', '--scope', 'read', '--dir', server.dir)).out.trim();
    const env = { LITEHOUSE_SERVER: server.admin, LITEHOUSE_TOKEN: read };
    const world = join(server.dir, 'world');
    const seen = () => [
      bare(server, 'for-each-ref'),
      bare(server, 'count-objects', '-v'),
      readdirSync(world, { recursive: true }).sort(),
      readFileSync(join(world, 'tftpboot/pxelinux.cfg/n01'), 'utf8'),
    ];
    const before = seen();
    for (const words of [
      ['nodeset', 'n01', 'boot'],
      ['chtab', 'priority=4.9', 'policy.commands=litefile', 'policy.rule=allow'],
      ['chtab', '-d', 'priority=4.7', 'policy'],
    ]) {
      const { status, out } = await run(env, ...words, '--dry-run');
      expect([status, out], words.join(' ')).toEqual([0, expect.stringContaining('nothing was changed')]);
    }
    const edited = editor(`echo '"4.9",,,"x",,,,"allow",,' >> "$1"`);
    expect((await run({ ...env, EDITOR: edited }, 'tabedit', 'policy', '-n')).status).toBe(0);
    expect((await run(env, 'nodeset', 'n01', 'boot')).err).toContain('this needs push');
    expect(seen()).toEqual(before);
  });

  test('what is in effect, who booted what, how it came to be and why is told there, too', async () => {
    const server = await start({ settings: { access: { anonymousOnLoopback: false } } });
    const read = (await litehouse('token', 'add', 'r', '--scope', 'read', '--dir', server.dir)).out.trim();
    const env = { LITEHOUSE_TOKEN: read };
    const at = (...words: string[]) => run(env, ...words, '--server', server.admin);
    expect((await at('status')).out).toContain(`server   ${server.admin}\n`);
    expect((await litehouse('status', '--server', server.admin)).err).toContain('LITEHOUSE_TOKEN');
    expect((await at('nodes', 'n01')).out).toContain('never seen: n01');
    expect((await at('history', '--limit', '1')).out).toContain('applied, booted by 0/');
    expect((await at('verify')).out).toContain('no drift');
    expect((await at('explain', 'n01', 'nodetype.os')).out).toContain('nodetype');
    for (const node of ['n01', 'n99']) {
      const log = await at('nodes', 'log', node);
      expect([log.status, log.err], node).toEqual([1, expect.stringMatching(/never reported|no node n99\n.*nodels/)]);
    }
    // Here as there.
    const here = await litehouse('nodes', 'log', 'n99', '--dir', server.dir);
    expect([here.status, here.err]).toEqual([1, expect.stringContaining('litehouse nodels shows the nodes')]);
  });

  test('what is no edit is told so', async () => {
    const server = await start();
    const post = (body: string, headers: Record<string, string> = {}) =>
      fetch(`${server.admin}/edit`, { method: 'POST', body, headers });
    expect((await post('{}')).status).toBe(400);
    expect((await post('{"command":{"kind":"tabedit","table":"../x","text":""}}')).status).toBe(400);
    expect((await post('{"command":{"kind":"nodeset","noderange":"n99","state":"boot"}}')).status).toBe(422);
    expect((await post('{}', { origin: 'http://evil.example' })).status).toBe(403);
    const chtab = (rest: string) => post(`{"command":{"kind":"chtab",${rest}}}`);
    const proto = `'__proto__' is the name of no table and of no column`;
    for (const [body, why] of [
      ['"key":{"__proto__":"x"},"set":{"site":{"value":"y"}}', proto],
      ['"key":{"key":"master"},"set":{"site":{"\\u005f_proto__":"y"}}', proto],
      ['"key":{"key":"master"},"set":{"__proto__":{"value":"y"}}', proto],
      ['"key":{},"set":{},"remove":["nodelist"]', 'command.key: no key: which row is meant?'],
      ['"key":{"key":"master"},"set":{}', 'command: nothing to change'],
    ] as const) {
      const answer = await chtab(body);
      expect([answer.status, await answer.json()], body).toEqual([400, { error: `this is no edit: ${why}` }]);
    }
    expect(await (await post('{')).json()).toEqual({ error: 'this is no edit: the body is no JSON' });
    // Names that every object has are names like others.
    const odd = await chtab('"key":{"constructor":"x"},"set":{"toString":{"valueOf":"y"}},"remove":["hasOwnProperty"]');
    expect([odd.status, await odd.json()]).toMatchObject([422, { outcome: 'refused' }]);
    expect(bare(server, 'rev-list', '--count', 'main').trim()).toBe('1');
    const made = await post(
      '{"command":{"kind":"nodeset","noderange":"n01","state":"boot"},"author":{"name":"<>","email":"a\\nb"}}',
    );
    expect(made.status).toBe(200);
    expect(bare(server, 'log', '-1', '--format=%an|%ae').trim()).toBe('unknown|a b');
  });
});

describe('a working copy', () => {
  test('has its files edited, and nothing else happens', async () => {
    const server = await start();
    const dir = temporary();
    await git(dir, 'clone', '-q', server.clone, 'c');
    const clone = join(dir, 'c');
    const dry = await litehouse('nodeset', 'n01', 'boot', '--repo', clone, '--dry-run');
    expect([dry.status, dry.out]).toEqual([0, expect.stringContaining('+[LOCALBOOT 0]')]);
    expect((await git(clone, 'status', '--short')).out).toBe('');
    expect((await litehouse('nodeset', 'n01', 'boot', '--repo', clone)).out).toContain('wrote tables/chain.csv');
    expect((await git(clone, 'status', '--short')).out).toBe(' M tables/chain.csv\n');
    expect(bare(server, 'rev-list', '--count', 'main').trim()).toBe('1');
    expect((await litehouse('nodeset', 'n01', 'boot', '--repo', join(server.dir, 'config.git'))).status).toBe(2);
    expect(existsSync(join(clone, 'tables/chain.csv.new'))).toBe(false);
  });
});

describe('at the same time', () => {
  test('commands and pushes of several administrators to one table: nothing is lost', async () => {
    const server = await start();
    const dir = temporary();
    const writers = 2;
    const rounds = 3;
    const pushers = Array.from({ length: writers }, async (_, k) => {
      mkdirSync(join(dir, `p${k}`));
      const clone = join(dir, `p${k}`, 'c');
      await git(dir, 'clone', '-q', server.clone, clone);
      for (let i = 0; i < rounds; i++) {
        const row = `"8.${k}${i}","pusher",,,,,,"deny",,`;
        for (let tries = 0; ; tries++) {
          const path = join(clone, 'tables/policy.csv');
          writeFileSync(path, `${readFileSync(path, 'utf8')}${row}\n`);
          await git(clone, 'commit', '-qam', `push ${k} ${i}`);
          const { status, out } = await git(clone, 'push', '-q');
          if (status === 0) break;
          expect(tries, out).toBeLessThan(60);
          await git(clone, 'fetch', '-q');
          await git(clone, 'reset', '-q', '--hard', 'origin/main');
        }
      }
    });
    const commands = Array.from({ length: writers }, async (_, k) => {
      for (let i = 0; i < rounds; i++) {
        const done = await litehouse(
          'chtab',
          `priority=9.${k}${i}`,
          'policy.name=command',
          'policy.rule=deny',
          '--dir',
          server.dir,
        );
        expect([done.status, done.err]).toEqual([0, '']);
      }
    });
    await Promise.all([...pushers, ...commands]);
    const text = bare(server, 'show', 'main:tables/policy.csv');
    const wanted = [8, 9].flatMap((base) =>
      Array.from({ length: writers * rounds }, (_, n) => `${base}.${Math.floor(n / rounds)}${n % rounds}`),
    );
    for (const priority of wanted) expect(text, priority).toContain(`\n"${priority}",`);
    expect(bare(server, 'rev-list', '--count', 'main').trim()).toBe(String(1 + 2 * writers * rounds));
    expect(bare(server, 'rev-list', '--merges', '--count', 'main').trim()).toBe('0');
    const status = (await (await fetch(`${server.admin}/status`)).json()) as { head: string; applied: string };
    expect(status.applied).toBe(status.head);
  });

  test('a branch that somebody moves past the server: the edit is made again on what is there', async () => {
    const server = await start();
    const { openEdits } = await import('./edits.ts');
    const { Repository } = await import('../core/repo/repository.ts');
    const repository = await Repository.open(join(server.dir, 'config.git'));
    const { engine } = server.server;
    let moved = 0;
    let always = false;
    const judge: typeof engine.judge = async (snapshot) => {
      const preview = await engine.judge(snapshot);
      if (moved++ === 0 || always) {
        const tree = bare(server, 'rev-parse', 'main^{tree}').trim();
        const other = bare(
          server,
          '-c',
          'user.name=x',
          '-c',
          'user.email=x',
          'commit-tree',
          tree,
          '-p',
          'main',
          '-m',
          'past the server',
        ).trim();
        bare(server, 'update-ref', 'refs/heads/main', other);
      }
      return preview;
    };
    const parts = {
      settings: engine.settings,
      view: undefined,
      judge,
      received: engine.received.bind(engine),
      reconcile: engine.reconcile.bind(engine),
    };
    const edit = openEdits({ engine: parts, repository });
    const request = { command: { kind: 'nodeset', noderange: 'n01', state: 'boot' }, dryRun: false } as const;
    const outcome = await edit(request, { name: 'me', via: 'file' });
    always = true;
    const again = await edit(
      { command: { ...request.command, state: 'offline' }, dryRun: false },
      { name: 'me', via: 'file' },
    );
    expect([again.outcome, again.diagnostics[0]?.code]).toEqual(['refused', 'LH746']);
    await repository.close();
    expect([outcome.outcome, moved]).toEqual(['applied', 7]);
    expect(bare(server, 'log', '--format=%s', 'main').split('\n').slice(5, 7)).toEqual([
      'nodeset n01 boot',
      'past the server',
    ]);
  });
});
