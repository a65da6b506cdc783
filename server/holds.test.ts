/** From a node's report to its held export and back, through a whole server (RULES, State directories, exports, holds). */
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Status } from '../core/engine/types.ts';
import { startTestServer, type TestServer } from '../test/server/harness.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({
    files: { 'tables/hosts.csv': '#node,ip\nmn,10.0.0.1\nn11,127.0.1.11\nn12,127.0.1.12\ncnfs,10.0.0.2\n' },
  });
});
afterAll(() => server.stop());

const status = async (): Promise<Status> => (await (await fetch(`${server.admin}/status`)).json()) as Status;
const send = async (path: string, body: unknown): Promise<unknown> =>
  (
    await fetch(server.admin + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  ).json();
const exported = (): string => readFileSync(join(server.dir, 'world/exports.d/litehouse.exports'), 'utf8');

function report(localAddress: string, body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const outgoing = request(`${server.node}/status`, { method: 'POST', localAddress, agent: false });
    outgoing.on('error', reject).on('response', (incoming) => resolve(incoming.resume().statusCode ?? 0));
    outgoing.end(body);
  });
}

test('a node that said it booted keeps its state directory until it is released', async () => {
  const { applied } = await status();
  expect(exported()).toContain('127.0.1.11(rw,');
  expect(await report('127.0.1.11', `stage=booted&commit=${applied}`)).toBeLessThan(300);
  await send('/edit', { command: { kind: 'nodeset', noderange: 'n11,n12', state: 'boot' } });
  const { held, applied: now } = await status();
  expect(now).not.toBe(applied);
  expect(held.map(({ root, path, nodes }) => [root, path, nodes])).toContainEqual([
    'exports',
    'litehouse.exports',
    ['n11'],
  ]);
  expect(exported()).toContain('127.0.1.11(rw,');
  // n12 never said so.
  expect(exported()).not.toContain('127.0.1.12(rw,');
  expect(await send('/release', { nodes: 'n11,n12' })).toEqual({ released: ['n11'], unknown: ['n12'] });
  expect((await status()).held).toEqual([]);
  expect(exported()).not.toContain('127.0.1.11');
});
