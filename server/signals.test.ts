import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { litehouse } from '../test/server/command-line.ts';
import { type ServerProcess, startServerProcess } from '../test/server/harness.ts';
import { temporaryDirs } from '../test/server/temporary.ts';
import { until } from '../test/until.ts';
import type { CommandContext } from './command/context.ts';
import { runCommandLine } from './command/program.ts';

const temporary = temporaryDirs();
const running: ServerProcess[] = [];
afterEach(async () => {
  for (const { child } of running.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
});

async function start(dir: string): Promise<ServerProcess> {
  const server = await startServerProcess({ dir });
  running.push(server);
  return server;
}

/** Lines of the log, which the harness asks for as JSON. */
function logOf(server: ServerProcess): Record<string, unknown>[] {
  const lines = server
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{'));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

const git = (cwd: string, ...args: string[]): string =>
  spawnSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=a@b', ...args], { cwd, encoding: 'utf8' }).stdout.trim();

describe('SIGTERM during a push', () => {
  // Early the connection is refused, late the push is over; in between it is under way. Whatever the moment: what git says is so.
  test.each([
    0, 60, 150, 300, 600,
  ])('%i ms after it began: it is taken and applied, or refused and nothing changed', async (wait) => {
    const dir = temporary();
    const server = await start(dir);
    const copy = join(temporary(), 'copy');
    git(dir, 'clone', '-q', server.clone, copy);
    const before = git(copy, 'rev-parse', 'HEAD');
    git(copy, 'commit', '-q', '--allow-empty', '-m', 'Last minute');
    const after = git(copy, 'rev-parse', 'HEAD');
    const push = spawn('git', ['push'], { cwd: copy, stdio: 'ignore' });
    const pushed = new Promise<number | null>((resolve) => push.once('close', resolve));
    await new Promise((resolve) => setTimeout(resolve, wait));
    expect(await server.end('SIGTERM')).toBe(0);
    const taken = (await pushed) === 0;
    expect(git(join(dir, 'config.git'), 'rev-parse', 'main')).toBe(taken ? after : before);
    const status = JSON.parse((await litehouse(dir, 'status', '--dir', dir, '--json')).out) as { applied: string };
    expect(status.applied).toBe(taken ? after : before);
  });
});

test('SIGTERM while the server starts ends it in good order, and is no failure', async () => {
  const dir = temporary();
  const main = fileURLToPath(new URL('main.ts', import.meta.url));
  const listen = ['--node', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--tftp', '127.0.0.1:0'];
  const child = spawn(
    process.execPath,
    ['--import', import.meta.resolve('tsx'), main, 'serve', '--dir', dir, ...listen],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk;
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  await until('the lock', () => existsSync(join(dir, 'state/lock')));
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
  expect(output).toMatch(/ stopping [\s\S]* stopped$/m);
  expect(readdirSync(join(dir, 'state')).filter((name) => /lock|server/.test(name))).toEqual([]);
});

describe('SIGHUP', () => {
  test('says what of the settings needs a restart, whether they are good, and the server goes on', async () => {
    const dir = temporary();
    const server = await start(dir);
    const said = (what: string) => logOf(server).filter((line) => line.what === what);
    server.child.kill('SIGHUP');
    await until('settings as they were', () => said('settings as they were').length === 1);
    writeFileSync(join(dir, 'litehouse.json'), '{"holdSeconds": 1, "pollSeconds": 3}');
    server.child.kill('SIGHUP');
    await until('settings changed', () => said('settings changed').length === 1);
    expect(said('settings changed')[0]).toMatchObject({ level: 'warn', changed: 'holdSeconds,pollSeconds' });
    writeFileSync(join(dir, 'litehouse.json'), '{"holdSecond": 1}');
    server.child.kill('SIGHUP');
    await until('settings', () => said('settings').length === 1);
    expect(said('settings')[0]?.error).toContain('write "holdSeconds"');
    await until('looked', () => said('looked at the branch').length === 3);
    expect((await fetch(`${server.admin}/ready`)).status).toBe(200);
    writeFileSync(join(dir, 'litehouse.json'), '{}');
    expect(await server.end('SIGTERM')).toBe(0);
  });
});

describe('status --watch', () => {
  test('prints the status, what happens and the status after it, until the server stops', async () => {
    const dir = temporary();
    const server = await start(dir);
    const events: { event: string; data: { applied?: string; line?: string } }[] = [];
    const errors: string[] = [];
    const context: CommandContext = {
      terminal: {
        out: (line) => void events.push(JSON.parse(line)),
        err: (line) => void errors.push(line),
        colour: false,
        width: 100,
        during: (_, work) => work,
      },
      cwd: dir,
      env: {},
      systemDir: '/nonexistent',
      status: 0,
    };
    const watching = runCommandLine(['status', '--watch', '--dir', dir, '--json'], context, '0');
    await until('the first status', () => events.length > 0);
    expect(events[0]).toMatchObject({ event: 'status' });
    const metrics = async () => (await fetch(`${server.admin}/metrics`)).text();
    expect(await metrics()).toContain('litehouse_pushes_total{outcome="accepted"} 0');
    const copy = join(temporary(), 'copy');
    git(dir, 'clone', '-q', server.clone, copy);
    git(copy, 'commit', '-q', '--allow-empty', '-m', 'Seen');
    git(copy, 'push', '-q');
    const commit = git(copy, 'rev-parse', 'HEAD');
    expect(await metrics()).toContain('litehouse_pushes_total{outcome="accepted"} 1');
    const applied = () => events.some(({ event, data }) => event === 'status' && data.applied === commit);
    await until('a status with the commit', applied);
    expect(events.some(({ event, data }) => event === 'change' && data.line?.includes('pushed by') === true)).toBe(
      true,
    );
    expect(await server.end('SIGTERM')).toBe(0);
    expect([await watching, errors]).toEqual([1, ['the server has stopped']]);
  });

  test('needs a server', async () => {
    const dir = temporary();
    expect(await litehouse(dir, 'status', '--watch', '--dir', dir)).toMatchObject({
      status: 2,
      err: expect.stringContaining('no server runs on'),
    });
  });
});
