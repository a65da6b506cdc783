import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { litehouse } from '../test/server/command-line.ts';
import { startServerProcess, startTestServer, type TestServer } from '../test/server/harness.ts';
import { temporaryDirs } from '../test/server/temporary.ts';

const temporary = temporaryDirs();
const running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop();
});

async function start(dir: string): Promise<TestServer> {
  const server = await startTestServer({ dir });
  running.push(server);
  return server;
}

const settings = '{"holdSeconds": 7}\n';
const secrets = '{"secrets":{"system":"hash"}}\n';

/** A directory with settings, a secret and a token, on which a server has run; and its history. */
async function lived(): Promise<{ readonly dir: string; readonly token: string }> {
  const dir = temporary();
  mkdirSync(join(dir, 'state'));
  writeFileSync(join(dir, 'litehouse.json'), settings);
  writeFileSync(join(dir, 'state/secrets.json'), secrets, { mode: 0o600 });
  const token = (await litehouse(dir, 'token', 'add', 'alice', '--dir', dir)).out.trim();
  return { dir, token };
}

const historyOf = async (server: TestServer): Promise<unknown> => (await fetch(`${server.admin}/history`)).json();

describe('a backup', () => {
  test('into a directory that is not there says so, and leaves nothing', async () => {
    const { dir } = await lived();
    const made = await litehouse(dir, 'backup', '/nonexistent/dir/b.tar', '--dir', dir);
    expect([made.status, made.err]).toEqual([
      2,
      'litehouse: there is no directory /nonexistent/dir\n  mend: make it, or choose another file\n',
    ]);
    expect(readdirSync(join(dir, 'state')).filter((name) => name.startsWith('backup-'))).toEqual([]);
  });

  test('of a running server, restored beside a clone of its repository, gives the same server back', async () => {
    const { dir, token } = await lived();
    // A process of its own, as it is in life: the store is open there, and read here.
    const first = await startServerProcess({ dir });
    const file = join(temporary(), 'backup.tar');
    const history = await (await fetch(`${first.admin}/history`)).json();
    const made = await litehouse(dir, 'backup', file, '--dir', dir);
    expect([made.status, made.out]).toEqual([
      0,
      `wrote ${file}: secrets.json, tokens.json, litehouse.json, reports.mdb, engine.mdb\n`,
    ]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await first.end('SIGTERM');

    const other = temporary();
    spawnSync('git', ['clone', '-q', '--mirror', join(dir, 'config.git'), join(other, 'config.git')]);
    const back = await litehouse(other, 'restore', file, '--dir', other);
    expect([back.status, back.err]).toEqual([0, '']);
    expect(readFileSync(join(other, 'litehouse.json'), 'utf8')).toBe(settings);
    expect(readFileSync(join(other, 'state/secrets.json'), 'utf8')).toBe(secrets);
    expect(statSync(join(other, 'state/secrets.json')).mode & 0o777).toBe(0o600);
    const second = await start(other);
    const status = (await (await fetch(`${second.admin}/status`)).json()) as { state: string; problem?: string };
    expect([status.state, status.problem]).toEqual(['applied', undefined]);
    const [was] = history as { record: { receivedAt: string } }[];
    const [is] = (await historyOf(second)) as { record: { receivedAt: string } }[];
    expect(is?.record.receivedAt).toBe(was?.record.receivedAt);
    const asAlice = await fetch(`${second.admin}/status`, { headers: { authorization: `Bearer ${token}` } });
    expect(asAlice.status).toBe(200);
    expect(readdirSync(join(other, 'state')).filter((name) => name.startsWith('backup-'))).toEqual([]);
  });

  test('never takes the place of a file, nor a restore that of what is there, unless told to', async () => {
    const { dir } = await lived();
    const file = join(temporary(), 'backup.tar');
    writeFileSync(file, 'mine');
    expect(await litehouse(dir, 'backup', file, '--dir', dir)).toMatchObject({
      status: 2,
      err: expect.stringContaining('--force'),
    });
    expect(readFileSync(file, 'utf8')).toBe('mine');
    expect((await litehouse(dir, 'backup', file, '--dir', dir, '--force')).status).toBe(0);
    // Damaged settings are a reason to restore, and must not stand in its way.
    writeFileSync(join(dir, 'litehouse.json'), '{');
    expect((await litehouse(dir, 'restore', file, '--dir', dir)).status).toBe(2);
    expect(readFileSync(join(dir, 'litehouse.json'), 'utf8')).toBe('{');
    expect((await litehouse(dir, 'restore', file, '--dir', dir, '--force')).status).toBe(0);
    expect(readFileSync(join(dir, 'litehouse.json'), 'utf8')).toBe(settings);
  });

  test('is not restored under a running server', async () => {
    const { dir } = await lived();
    await start(dir);
    const file = join(temporary(), 'backup.tar');
    expect((await litehouse(dir, 'backup', file, '--dir', dir)).status).toBe(0);
    expect(await litehouse(dir, 'restore', file, '--dir', dir, '--force')).toMatchObject({
      status: 2,
      err: expect.stringContaining(`in use by process ${process.pid}`),
    });
  });

  test('that is cut off, changed, or made by somebody else restores nothing at all', async () => {
    const { dir } = await lived();
    const from = temporary();
    const file = join(from, 'backup.tar');
    await litehouse(dir, 'backup', file, '--dir', dir);
    const whole = readFileSync(file);
    const tampered = Buffer.from(whole);
    const at = tampered.indexOf('holdSeconds');
    tampered[at] = 'H'.charCodeAt(0);
    // A link under a name that is kept, and a file that climbs out.
    symlinkSync('/etc/passwd', join(from, 'tokens.json'));
    const files = { 'tokens.json': { sha256: 'x', bytes: 1 } };
    const manifest = (more: object): void =>
      writeFileSync(
        join(from, 'manifest.json'),
        JSON.stringify({ litehouse: '1', format: 1, made: '', files: { ...files, ...more } }),
      );
    const packed = (): Buffer =>
      spawnSync('tar', ['-C', from, '-cf', '-', 'manifest.json', 'tokens.json'], { encoding: 'buffer' }).stdout;
    manifest({});
    const linked = packed();
    manifest({ '../../../etc/cron.d/x': { sha256: 'x', bytes: 1 } });
    const climbing = packed();
    for (const bytes of [
      whole.subarray(0, 700),
      whole.subarray(0, 1600),
      tampered,
      linked,
      climbing,
      Buffer.from('no'),
    ]) {
      const other = temporary();
      writeFileSync(file, bytes);
      expect(await litehouse(other, 'restore', file, '--dir', other)).toMatchObject({
        status: 2,
        err: expect.stringContaining('is no whole backup'),
      });
      expect(existsSync(join(other, 'litehouse.json'))).toBe(false);
      expect(readdirSync(join(other, 'state'))).toEqual([]);
    }
  });
});
