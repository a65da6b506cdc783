/** From a node's report to its held export and back, through a whole server (RULES, State directories, exports, holds). */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Status } from '../core/engine/types.ts';
import { litehouse, litehouseWith } from '../test/server/command-line.ts';
import { startServerProcess, startTestServer, type TestServer } from '../test/server/harness.ts';
import { temporaryDirs } from '../test/server/temporary.ts';
import { plan } from './admin/schemas.ts';

const temporary = temporaryDirs();

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

function report(localAddress: string, body: string, node = server.node): Promise<number> {
  return new Promise((resolve, reject) => {
    const outgoing = request(`${node}/status`, { method: 'POST', localAddress, agent: false });
    outgoing.on('error', reject).on('response', (incoming) => resolve(incoming.resume().statusCode ?? 0));
    outgoing.end(body);
  });
}

test('is released at a server elsewhere with a token for it, and with no lesser one', async () => {
  const token = async (scope: string) =>
    (await litehouse(server.dir, 'token', 'add', scope, '--scope', scope, '--dir', server.dir)).out.trim();
  const at = (secret: string, ...args: string[]) =>
    litehouseWith({ LITEHOUSE_SERVER: server.admin, LITEHOUSE_TOKEN: secret }, server.dir, 'release', ...args);
  const { applied } = await status();
  expect(await report('127.0.1.12', `stage=booted&commit=${applied}`)).toBeLessThan(300);
  const push = await at(await token('push'), 'n12');
  expect([push.status, push.err]).toEqual([2, expect.stringContaining('this needs admin')]);
  expect(push.err).toContain('give a token of scope admin');
  const admin = await token('admin');
  expect((await at(admin, 'n[')).err).toContain("the server says: noderange 'n['");
  expect(await at(admin, 'n12')).toMatchObject({ status: 0, out: expect.stringContaining('released n12') });
  const again = await litehouse(server.dir, 'release', 'n12', '--server', server.admin, '--json');
  expect([again.status, JSON.parse(again.out)]).toEqual([1, { released: [], unknown: ['n12'] }]);
});

test('how many nodes booted a commit is told in the status and the history, with and without a server', async () => {
  const { applied = '' } = await status();
  const count = async () => JSON.parse((await litehouse(server.dir, 'status', '--dir', '.', '--json')).out).boots;
  const [before] = await count();
  expect(before).toMatchObject({ commit: applied });
  expect(await report('127.0.1.11', `stage=booted&commit=${applied}`)).toBeLessThan(300);
  const [after] = await count();
  // The other test's n12 has booted already, in whichever order they run.
  expect(after).toMatchObject({ nodes: before.nodes, booted: before.booted + 1, running: before.running + 1 });
  const text = `by ${after.booted}/${after.nodes} nodes`;
  expect((await litehouse(server.dir, 'status', '--dir', '.')).out).toContain(`booted   ${text}`);
  expect((await litehouse(server.dir, 'history', '--dir', '.')).out).toContain(`applied, booted ${text}`);
});

test('a node that said it booted keeps its state directory until it is released', async () => {
  const { applied } = await status();
  expect(exported()).toContain('127.0.1.11(rw,');
  expect(await report('127.0.1.11', `stage=booted&commit=${applied}`)).toBeLessThan(300);
  await send('/edit', { command: { kind: 'nodeset', noderange: 'n11,n12', state: 'boot' } });
  const heldLine =
    /^ {2}held +(= )?exports:litehouse\.exports: \S*\/world\/state\/\S+ for n11, until they boot again or are released$/m;
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
  // Every plan says so, in the words of a push: that of a clone beside the server, of a dry run, and of the listener.
  const clone = join(temporary(), 'c');
  spawnSync('git', ['clone', '-q', join(server.dir, 'config.git'), clone]);
  const planned = await litehouse(clone, 'plan', '--dir', server.dir);
  expect([planned.status, planned.out]).toEqual([0, expect.stringMatching(heldLine)]);
  expect(planned.out).toContain('nothing changes');
  expect(JSON.parse((await litehouse(clone, 'plan', '--dir', server.dir, '--json')).out).held[0].nodes).toEqual([
    'n11',
  ]);
  const dry = await litehouse(server.dir, 'nodeset', 'n01', 'boot', '--dry-run', '--dir', '.');
  expect(dry.out).toMatch(heldLine);
  expect(await (await fetch(`${server.admin}/plan?format=markdown`)).text()).toMatch(/^- held: .* for n11, /m);
  const { error } = plan.safeParse(await (await fetch(`${server.admin}/plan`)).json());
  expect(error?.issues ?? []).toEqual([]);
  expect(await send('/release', { nodes: 'n11,n12' })).toEqual({ released: ['n11'], unknown: ['n12'] });
  expect((await status()).held).toEqual([]);
  expect((await litehouse(clone, 'plan', '--dir', server.dir)).out).not.toContain('held');
  expect(exported()).not.toContain('127.0.1.11');
});

test('a boot is known only by a commit whose set the node has, or had before the last change: another holds nothing', async () => {
  const { applied = '' } = await status();
  const bodies = ['', `&commit=${'a'.repeat(40)}`, `&commit=${applied.slice(0, 10)}`, '&generation=deadbeef'];
  for (const more of bodies) {
    expect(await report('127.0.1.12', `stage=booted${more}`), more).toBeLessThan(300);
    expect(await send('/release', { nodes: 'n12' }), more).toEqual({ released: [], unknown: ['n12'] });
  }
  // A generation that is not known any more is no matter: the commit says which set it is.
  expect(await report('127.0.1.12', `stage=booted&commit=${applied}&generation=deadbeef`)).toBeLessThan(300);
  expect(await send('/release', { nodes: 'n12' })).toEqual({ released: ['n12'], unknown: [] });
});

test('a node that left the tables is held until it is released, also when its reports are forgotten', async () => {
  await send('/edit', { command: { kind: 'nodeset', noderange: 'n12', state: 'statelite' } });
  const { applied } = await status();
  expect(await report('127.0.1.12', `stage=booted&commit=${applied}`)).toBeLessThan(300);
  await send('/edit', { command: { kind: 'nodeset', noderange: 'n12', state: 'boot' } });
  for (const table of ['nodelist', 'hosts', 'mac', 'chain', 'noderes', 'nodetype', 'nodehm'])
    await send('/edit', { command: { kind: 'chtab', key: { node: 'n12' }, set: {}, remove: [table] } });
  expect(server.server.engine.view?.nodes.has('n12')).toBe(false);
  const { reports } = server.server;
  const later = (days: number) => vi.setSystemTime(Date.now() + days * 86_400_000);
  vi.useFakeTimers({ toFake: ['Date'] });
  const prune = () => reports.prune((node) => node !== 'n12');
  try {
    expect(await prune()).toEqual([]);
    later(31);
    expect(await prune()).toEqual(['n12']);
  } finally {
    vi.useRealTimers();
  }
  expect(reports.of('n12')).toBeUndefined();
  expect((await status()).held.flatMap(({ nodes }) => nodes)).toContain('n12');
  expect(exported()).toContain('127.0.1.12(rw,');
  expect(await send('/release', { nodes: 'n12' })).toEqual({ released: ['n12'], unknown: [] });
  expect(exported()).not.toContain('127.0.1.12');
});

test('a boot that was answered 200 is known after a kill -9 in that instant, with what is held for it', async () => {
  const dir = temporary();
  const files = { 'tables/hosts.csv': '#node,ip\nmn,10.0.0.1\nn11,127.0.1.11\nn12,127.0.1.12\ncnfs,10.0.0.2\n' };
  const first = await startServerProcess({ dir, files });
  const { applied } = (await (await fetch(`${first.admin}/status`)).json()) as Status;
  const answer = await (await fetch(`${first.admin}/nodes/n12/answer`)).text();
  const [, generation] = /^generation\t(.*)$/m.exec(answer) ?? [];
  const booted = `stage=booted&commit=${applied}&generation=${generation}`;
  expect(await report('127.0.1.12', booted, first.node)).toBe(200);
  expect(await first.end('SIGKILL')).toBeNull();
  const nodes = await litehouse(dir, 'nodes', 'n12', '--dir', dir);
  expect(nodes.out).toContain(`booted ${applied?.slice(0, 10)}`);
  // Only what is remembered to hold something can be released.
  const second = await startServerProcess({ dir });
  const released = await litehouse(dir, 'release', 'n12', '--server', second.admin, '--json');
  expect(JSON.parse(released.out)).toEqual({ released: ['n12'], unknown: [] });
  await second.end('SIGTERM');
});
