import { mkdirSync, readdirSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirs } from '../../test/server/temporary.ts';
import { sendTree, serveTree, type TreeAnswer, type TreeRequest } from './http.ts';

const temporary = temporaryDirs();
const bytes = Buffer.from(Array.from({ length: 1000 }, (_, i) => i % 251));

function tree(): string {
  const root = temporary();
  mkdirSync(join(root, 'xcat'));
  writeFileSync(join(root, 'xcat/kernel 1'), bytes);
  writeFileSync(join(root, 'empty'), '');
  return root;
}

async function bodyOf({ body }: TreeAnswer): Promise<Buffer> {
  if (body === undefined || typeof body === 'string') return Buffer.from(body ?? '');
  return Buffer.concat(await body.toArray());
}

const get = (root: string, path: string, more: Partial<TreeRequest> = {}) =>
  serveTree(root, path, { method: 'GET', ...more });

test('a file is sent whole, with its length', async () => {
  const answer = await get(tree(), 'xcat/kernel%201');
  expect(answer).toMatchObject({ status: 200, headers: { 'content-length': '1000', 'accept-ranges': 'bytes' } });
  expect((await bodyOf(answer)).equals(bytes)).toBe(true);
});

test('HEAD says what GET would send', async () => {
  const root = tree();
  const head = await get(root, 'xcat/kernel%201', { method: 'HEAD' });
  const whole = await get(root, 'xcat/kernel%201');
  await bodyOf(whole);
  expect(head).toEqual({ ...whole, body: undefined });
});

test('a range is sent as it was asked for', async () => {
  const root = tree();
  for (const [range, from, to] of [
    ['bytes=0-0', 0, 0],
    ['bytes=10-19', 10, 19],
    ['bytes=990-', 990, 999],
    ['bytes=-5', 995, 999],
    ['bytes=-5000', 0, 999],
    ['bytes=500-99999', 500, 999],
  ] as const) {
    const answer = await get(root, 'xcat/kernel%201', { range });
    expect(answer, range).toMatchObject({
      status: 206,
      headers: { 'content-range': `bytes ${from}-${to}/1000`, 'content-length': String(to - from + 1) },
    });
    expect((await bodyOf(answer)).equals(bytes.subarray(from, to + 1)), range).toBe(true);
  }
});

test('a range beyond the end is refused, and what is no single range is answered with all', async () => {
  const root = tree();
  expect(await get(root, 'xcat/kernel%201', { range: 'bytes=1000-' })).toMatchObject({
    status: 416,
    headers: { 'content-range': 'bytes */1000' },
  });
  for (const range of ['bytes=0-1,5-6', 'bytes=5-1', 'bytes=-', 'lines=1-2', 'x']) {
    const answer = await get(root, 'xcat/kernel%201', { range });
    expect([answer.status, (await bodyOf(answer)).length], range).toEqual([200, 1000]);
  }
});

test('a range of a file that was replaced meanwhile is answered with all of the new one', async () => {
  const root = tree();
  const first = await get(root, 'xcat/kernel%201', { range: 'bytes=0-9' });
  await bodyOf(first);
  const again = await get(root, 'xcat/kernel%201', { range: 'bytes=10-19', ifRange: first.headers.etag });
  expect(again.status).toBe(206);
  await bodyOf(again);
  writeFileSync(join(root, 'new'), 'other');
  renameSync(join(root, 'new'), join(root, 'xcat/kernel 1'));
  const other = await get(root, 'xcat/kernel%201', { range: 'bytes=10-19', ifRange: first.headers.etag });
  expect([other.status, (await bodyOf(other)).toString()]).toEqual([200, 'other']);
});

test('who has it already is told so', async () => {
  const root = tree();
  const { headers } = await get(root, 'empty');
  expect(await get(root, 'empty', { ifNoneMatch: `"x", ${headers.etag}` })).toMatchObject({
    status: 304,
    body: undefined,
  });
});

test('an empty file is one, and a missing or forbidden one says why', async () => {
  const root = tree();
  expect(await get(root, 'empty')).toMatchObject({ status: 200, headers: { 'content-length': '0' } });
  expect(await get(root, 'none')).toMatchObject({ status: 404, body: '404: none: no such file\n' });
  expect(await get(root, 'xcat/')).toMatchObject({ status: 403 });
  expect(await get(root, '%2e%2e/etc/passwd')).toMatchObject({ status: 403 });
  expect(await get(root, '%00')).toMatchObject({ status: 403 });
  expect(await get(root, '%zz')).toMatchObject({ status: 400 });
});

test('a client that goes away leaves no open file behind', async () => {
  const root = tree();
  writeFileSync(join(root, 'large'), Buffer.alloc(20_000_000));
  const open = () => readdirSync('/proc/self/fd').length;
  const server = createServer(async (incoming, outgoing) => {
    sendTree(await get(root, (incoming.url ?? '').slice('/tftpboot/'.length)), outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const before = open();
  const { port } = server.address() as AddressInfo;
  await Promise.all(
    Array.from(
      { length: 20 },
      () =>
        new Promise<void>((resolve) => {
          const asking = request({ host: '127.0.0.1', port, path: '/tftpboot/large', agent: false }, (response) => {
            response.once('data', () => asking.destroy());
            response.once('close', resolve);
          });
          asking.on('error', () => {});
          asking.end();
        }),
    ),
  );
  await new Promise((resolve) => server.close(resolve));
  await expect.poll(open).toBeLessThanOrEqual(before);
});

test('a file that is cut while it is sent cuts the connection: what is missing is not waited for', async () => {
  const root = tree();
  const large = join(root, 'large');
  writeFileSync(large, Buffer.alloc(20_000_000));
  const server = createServer(async (_incoming, outgoing) => {
    const answer = await get(root, 'large');
    // After the length was said, before the last byte was read.
    truncateSync(large, 1_000_000);
    sendTree(answer, outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  // A connection that is not kept would be closed in any case.
  const agent = new Agent({ keepAlive: true });
  const outcome = await new Promise<string>((resolve) => {
    const asking = request({ host: '127.0.0.1', port, path: '/', agent }, (response) => {
      response.resume();
      response.once('end', () => resolve('ended'));
      response.once('error', (error) => resolve(error.message));
    });
    asking.on('error', () => {});
    asking.end();
  });
  agent.destroy();
  expect(outcome).toBe('aborted');
  await new Promise((resolve) => server.close(resolve));
});
