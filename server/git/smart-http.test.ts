/** Promises of clone, fetch and push over HTTP, kept with the real git client. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { git } from '../../core/repo/git.ts';
import { until } from '../../test/until.ts';
import { type Lab, makeLab } from './git-lab.ts';

const run = promisify(execFile);

let lab: Lab;
beforeEach(async () => {
  lab = await makeLab({ 'tables/site.csv': '#key,value\n', 'syncdirs/a/x': 'x\n' });
});
afterEach(() => lab.end());

describe('git over HTTP', () => {
  test.each(['0', '2'])('clones and fetches with protocol version %s', async (version) => {
    await lab.gate({});
    const url = await lab.http();
    const protocol = ['-c', `protocol.version=${version}`];
    const one = join(lab.dir, 'one');
    expect(await lab.git([...protocol, 'clone', '-q', url, one])).toMatchObject({ code: 0 });
    expect(await readFile(join(one, 'syncdirs/a/x'), 'utf8')).toBe('x\n');
    const two = await lab.clone(url, 'two');
    const oid = await lab.commit(two, { 'tables/site.csv': '#key,value\n"master","mn"\n' });
    expect(await lab.git([...protocol, 'push', '-q'], { cwd: two })).toMatchObject({ code: 0 });
    expect(await lab.git([...protocol, 'fetch', '-q'], { cwd: one })).toMatchObject({ code: 0 });
    expect((await git(['rev-parse', 'origin/main'], { cwd: one })).stdout.toString().trim()).toBe(oid);
  });

  test('never shows refs/litehouse to a client', async () => {
    const head = (await lab.repository.head()) ?? '';
    await lab.repository.keep(head);
    const url = await lab.http();
    const { output } = await lab.git(['ls-remote', url]);
    expect(output).toContain('refs/heads/main');
    expect(output).not.toContain('litehouse');
  });

  test('records who pushed in the reflog, and tells the judge', async () => {
    const pushers: string[] = [];
    await lab.gate({
      judgeMain: async ({ pusher, via }) => {
        pushers.push(`${pusher} ${via}`);
        return { accept: true, lines: [] };
      },
    });
    const clone = await lab.clone(await lab.http({ authorize: () => ({ pusher: 'Bob <evil>\n' }) }), 'one');
    await lab.commit(clone, { a: 'a' });
    expect(await lab.git(['push', '-q'], { cwd: clone })).toMatchObject({ code: 0 });
    expect(pushers).toEqual(['Bob evil http']);
    const log = await git(['reflog', 'show', '--format=%gn <%ge>', 'main'], { cwd: lab.repositoryDir });
    expect(log.stdout.toString()).toContain('Bob evil <Bob.evil@http>');
  });

  test('a judged and refused push reaches the pusher as text, and changes nothing', async () => {
    await lab.gate({
      judgeMain: async () => ({ accept: false, lines: ["tables/litefile.csv:3:9: unknown option 'tmpsf'"] }),
    });
    const clone = await lab.clone(await lab.http(), 'one');
    const before = await lab.repository.head();
    await lab.commit(clone, { a: 'a' });
    const said = await lab.git(['push'], { cwd: clone });
    expect(said.code).toBe(1);
    expect(said.output).toContain("remote: tables/litefile.csv:3:9: unknown option 'tmpsf'");
    expect(said.output).toContain('remote: nothing was changed');
    expect(await lab.repository.head()).toBe(before);
  });

  test('takes a push of 90 MB in pieces: the server never holds it', async () => {
    await lab.gate({});
    const clone = await lab.clone(await lab.http(), 'one');
    // The client need not try to pack what is random.
    await git(['config', 'core.compression', '0'], { cwd: clone });
    // Written by another process: what this one has of them would count, or be collected meanwhile.
    for (const name of ['big1', 'big2'])
      await run('sh', ['-c', `head -c 45000000 /dev/urandom > ${name}`], { cwd: clone });
    const oid = await lab.commit(clone, {});
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage().arrayBuffers);
    }, 5);
    const before = process.memoryUsage().arrayBuffers;
    const said = await lab.git(['push'], { cwd: clone });
    clearInterval(watch);
    expect(said).toMatchObject({ code: 0 });
    expect(await lab.repository.head()).toBe(oid);
    // Pieces that wait for the collector count too; a server that holds pushes would come to 90 MB.
    expect(most - before).toBeLessThan(65e6);
  });

  test('understands requests that the client packs with gzip', async () => {
    // A client packs what it asks when that is longer than 1 kB: many commits that the server has not.
    await lab.gate({});
    const url = await lab.http();
    const clone = await lab.clone(url, 'one');
    for (let index = 0; index < 40; index++) await lab.commit(clone, { a: `${index}` });
    // Else it would name the commit that both have at once.
    await git(['update-ref', '-d', 'refs/remotes/origin/main'], { cwd: clone });
    const other = await lab.clone(url, 'two');
    await lab.commit(other, { b: 'b' });
    expect(await lab.git(['push', '-q'], { cwd: other })).toMatchObject({ code: 0 });
    const said = await lab.git(['fetch'], { cwd: clone, env: { GIT_TRACE_CURL: '1', GIT_CURL_VERBOSE: '1' } });
    expect(said.code).toBe(0);
    expect(said.output.toLowerCase().includes('content-encoding: gzip')).toBe(true);
    expect((await git(['log', '-1', '--format=%T', 'origin/main'], { cwd: clone })).stdout.length).toBe(41);
  });

  test('asks the authorisation for reading and for pushing, with what the client sent', async () => {
    const asked: string[] = [];
    await lab.gate({});
    const url = await lab.http({
      authorize: (c, access) => {
        const token = c.req.header('authorization');
        asked.push(`${access} ${token ?? 'nothing'}`);
        if (token === undefined)
          return c.text('who are you?\n', 401, { 'www-authenticate': 'Basic realm="litehouse"' });
        if (access === 'push' && token === 'Bearer reader') return c.text('this token may only read\n', 403);
        return { pusher: 'ann' };
      },
    });
    expect(await lab.git(['clone', '-q', url, 'no'])).toMatchObject({ code: 128 });
    const reader = ['-c', 'http.extraHeader=Authorization: Bearer reader'];
    expect(await lab.git([...reader, 'clone', '-q', url, 'one'])).toMatchObject({ code: 0 });
    const clone = join(lab.dir, 'one');
    await lab.commit(clone, { a: 'a' });
    const refused = await lab.git([...reader, 'push'], { cwd: clone });
    expect(refused.code).not.toBe(0);
    expect(refused.output).toContain('403');
    const basic = url.replace('http://', 'http://ann:secret@');
    expect(await lab.git(['push', '-q', basic, 'main'], { cwd: clone })).toMatchObject({ code: 0 });
    expect(asked).toContain('read nothing');
    expect(asked).toContain('push Bearer reader');
    expect(asked).toContain(`push Basic ${Buffer.from('ann:secret').toString('base64')}`);
  });

  test('a push larger than the limit is refused in words', async () => {
    await lab.gate({});
    await git(['config', 'receive.maxInputSize', '1m'], { cwd: lab.repositoryDir });
    const clone = await lab.clone(await lab.http(), 'one');
    const before = await lab.repository.head();
    await lab.commit(clone, { big: randomBytes(8e6) });
    const said = await lab.git(['push'], { cwd: clone });
    expect(said.code).not.toBe(0);
    expect(said.output).toMatch(/exceeds maximum allowed size/);
    expect(await lab.repository.head()).toBe(before);
  });

  test('a client that is killed while it is judged changes nothing, leaves no process, and gives the turn back', async () => {
    let judging = 0;
    let aborted = false;
    let slow = true;
    await lab.gate({
      judgeMain: ({ signal }) => {
        judging += 1;
        if (!slow) return Promise.resolve({ accept: true, lines: [] });
        return new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            aborted = true;
            resolve({ accept: true, lines: [] });
          });
        });
      },
    });
    const clone = await lab.clone(await lab.http(), 'one');
    const before = await lab.repository.head();
    const oid = await lab.commit(clone, { a: 'a' });
    const push = lab.start(['push'], { cwd: clone });
    await until('it is judged', () => judging === 1);
    process.kill(-push.pid, 'SIGKILL');
    await push.done;
    await until('the judge hears of it', () => aborted);
    expect(await lab.repository.head()).toBe(before);
    slow = false;
    expect(await lab.git(['push', '-q'], { cwd: clone })).toMatchObject({ code: 0 });
    expect(await lab.repository.head()).toBe(oid);
    await until('git is gone', async () => (await processesWith(lab.repositoryDir)) === 0);
  });

  test('a client that breaks off in the middle of its pack leaves no process and no quarantine', async () => {
    await lab.gate({ judgeMain: () => Promise.reject(new Error('it never came whole')) });
    const { port } = new URL(await lab.http());
    const socket = connect(Number(port), '127.0.0.1');
    const update = `${'0'.repeat(40)} ${'1'.repeat(40)} refs/heads/try\0report-status`;
    const line = `${(update.length + 4).toString(16).padStart(4, '0')}${update}0000`;
    // A pack that promises 1000 objects, so that git unpacks into quarantine, and then silence.
    const pack = Buffer.concat([Buffer.from(line), Buffer.from('PACK\0\0\0\u0002\0\0\u0003\u00e8', 'latin1')]);
    socket.write(
      `POST /config.git/git-receive-pack HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-git-receive-pack-request\r\ncontent-length: 100000\r\n\r\n`,
    );
    socket.write(pack);
    const quarantines = async () =>
      (await readdir(join(lab.repositoryDir, 'objects'))).filter((name) => name.startsWith('tmp_'));
    await until('there is a quarantine', async () => (await quarantines()).length > 0);
    // The process that unpacks is there too.
    await new Promise((resolve) => setTimeout(resolve, 200));
    socket.destroy();
    await until('git is gone', async () => (await processesWith(lab.repositoryDir)) === 0);
    expect(await quarantines()).toEqual([]);
  });

  test('wrong addresses are told the right one; requests that git would not make are refused', async () => {
    const url = await lab.http();
    const lost = await fetch(`${url}/tree/main`);
    expect(lost.status).toBe(404);
    expect(await lost.text()).toContain(`git clone ${url}`);
    expect((await fetch(`${url}/info/refs`)).status).toBe(403);
    expect((await fetch(`${url}/info/refs?service=git-evil`)).status).toBe(403);
    const posted = { method: 'POST', body: '0000', headers: { 'content-type': 'text/plain' } };
    expect((await fetch(`${url}/git-receive-pack`, posted)).status).toBe(415);
    const packed = { 'content-type': 'application/x-git-upload-pack-request', 'content-encoding': 'br' };
    expect((await fetch(`${url}/git-upload-pack`, { method: 'POST', body: 'x', headers: packed })).status).toBe(415);
  });

  test('a body that says gzip and is none ends in an error, not in a waiting client', async () => {
    const url = await lab.http();
    const headers = { 'content-type': 'application/x-git-upload-pack-request', 'content-encoding': 'gzip' };
    const answer = await fetch(`${url}/git-upload-pack`, { method: 'POST', body: 'not gzip', headers }).catch(
      () => undefined,
    );
    expect(answer === undefined || answer.status >= 400).toBe(true);
    expect((await fetch(`${url}/info/refs?service=git-upload-pack`)).status).toBe(200);
  });
});

/** How many git processes other than object readers serve a repository. */
async function processesWith(dir: string): Promise<number> {
  let count = 0;
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (command.includes(dir) && command.includes('-pack')) count += 1;
  }
  return count;
}
