import type { HttpBindings } from '@hono/node-server';
import { describe, expect, test } from 'vitest';
import type { Engine, Preview } from '../../core/engine/types.ts';
import { fakeEngine, quietStatus, refusal } from '../../test/server/fake-engine.ts';
import type { NodeReports } from '../reports/reports.ts';
import { serverMetrics } from '../server-metrics.ts';
import { adminApp, type RefusedAccess } from './app.ts';
import { EventFeed } from './events.ts';

function open(parts: Partial<Engine> = {}, anonymousOnLoopback = true, reports?: NodeReports) {
  const refused: RefusedAccess[] = [];
  const engine = fakeEngine(parts);
  const events = new EventFeed(engine);
  const { app } = adminApp({
    engine,
    events,
    metrics: serverMetrics(engine, '1.2.3'),
    access: {
      tokens: (secret) => (secret === 'r' ? { name: 'reader', scope: 'read', hash: '', created: '' } : undefined),
      anonymousOnLoopback,
    },
    ...(reports === undefined ? {} : { reports }),
    onRefused: (refusal) => void refused.push(refusal),
    snapshot: async (name) =>
      name === 'main'
        ? { commit: 'c', list: async () => ({ tree: undefined, entries: [] }), blobs: async () => [] }
        : undefined,
  });
  const ask = (path: string, init: RequestInit = {}, peer = '127.0.0.1') =>
    app.request(path, { ...init, headers: { host: 'localhost:3080', ...(init.headers as Record<string, string>) } }, {
      incoming: { socket: { remoteAddress: peer } },
    } as unknown as HttpBindings);
  return { engine, ask, refused };
}

describe('the admin listener', () => {
  test('says where nodes cannot report, in the status and to whoever asks whether it is ready', async () => {
    const reports = { problem: 'no space left', of: () => undefined } as unknown as NodeReports;
    const { ask } = open({ status: async () => ({ ...quietStatus, state: 'applied', applied: 'c' }) }, true, reports);
    expect(await (await ask('/status')).json()).toMatchObject({ problem: expect.stringContaining('no space left') });
    const ready = await ask('/ready');
    expect([ready.status, await ready.text()]).toEqual([503, expect.stringContaining('free space there')]);
    expect(await (await ask('/ready', {}, '10.0.0.9')).text()).toBe('not ready: node reports are not stored\n');
  });

  test('says the same where only what the engine makes of reports cannot be stored', async () => {
    const status = async () => ({ ...quietStatus, state: 'applied' as const, applied: 'c' });
    const { ask } = open({ status, bootsProblem: 'no space in lmdb' });
    const problem = expect.stringMatching(/^node reports cannot be stored.*no space in lmdb/);
    expect(await (await ask('/status')).json()).toMatchObject({ problem });
    expect((await ask('/ready')).status).toBe(503);
  });

  test('tells of wrong tokens, also where nothing is refused for them, and not of none, which is how git begins', async () => {
    const { ask, refused } = open({}, false);
    await ask('/status', {}, '10.0.0.9');
    expect(refused).toEqual([]);
    await ask('/status', { headers: { authorization: 'Bearer guessed' } }, '::ffff:10.0.0.9');
    await ask('/ready', { headers: { authorization: 'Bearer guessed' } }, '10.0.0.9');
    await ask('/apply', { method: 'POST', headers: { authorization: 'Bearer r' } }, '10.0.0.9');
    await ask('/apply', { method: 'POST', headers: { origin: 'http://evil.example' } }, '10.0.0.9');
    expect(refused).toMatchObject([
      { source: '10.0.0.9', asked: 'GET /status', status: 401, wrong: 'token' },
      { source: '10.0.0.9', asked: 'GET /ready', wrong: 'token' },
      { asked: 'POST /apply', status: 403, wrong: 'scope' },
      { asked: 'POST /apply', status: 403, wrong: 'site' },
    ]);
    expect(JSON.stringify(refused)).not.toContain('guessed');
  });

  test('says what it has', async () => {
    const response = await open().ask('/');
    expect(await response.text()).toContain('GET  /nodes/NODE/answer');
  });

  test('says that its disk is full in words that the caller can use', async () => {
    const full = 'git write-tree failed: exit 128: No space left on device (command: git --git-dir=/x write-tree)';
    const response = await open({ status: () => Promise.reject(new Error(full)) }).ask('/status');
    expect([response.status, await response.json()]).toEqual([
      507,
      { error: 'there is no space left on the disk', mend: expect.stringMatching(/^on the server: free space/) },
    ]);
  });

  test('gives the status as JSON', async () => {
    const response = await open({ status: async () => ({ ...quietStatus, state: 'applied', applied: 'c' }) }).ask(
      '/status',
    );
    expect(await response.json()).toMatchObject({ state: 'applied', applied: 'c' });
  });

  test('gives a node its answer as text, and a refusal with its status', async () => {
    const answer: Engine['answer'] = (node) =>
      node === 'n01'
        ? { kind: 'answer', node, text: 'A\n', commit: 'c', generation: 'g' }
        : refusal(404, 'no such node');
    const { ask } = open({ answer });
    expect(await (await ask('/nodes/n01/answer')).text()).toBe('A\n');
    expect((await ask('/nodes/n99/answer')).status).toBe(404);
  });

  test('judges a branch without applying it, and knows no commit that is not there', async () => {
    const preview = {
      commit: 'c',
      ok: true,
      diagnostics: [],
      diff: { from: 'b', to: 'c', paths: [], nodes: [], builds: [], live: [] },
    };
    const { ask, engine } = open({ judge: async () => preview as unknown as Preview });
    expect(await (await ask('/plan?commit=main')).json()).toMatchObject({ ok: true, diff: { from: 'b', to: 'c' } });
    expect(await (await ask('/diagnostics')).json()).toEqual({ commit: 'c', ok: true, diagnostics: [] });
    expect((await ask('/plan?commit=nowhere')).status).toBe(404);
    expect(engine.calls).toEqual([]);
  });

  test('applies when asked, with the words that it knows and no others', async () => {
    const { ask, engine } = open();
    expect((await ask('/apply', { method: 'POST', body: '{"repair":true}' })).status).toBe(200);
    expect((await ask('/apply', { method: 'POST' })).status).toBe(200);
    expect((await ask('/apply', { method: 'POST', body: '{"repiar":true}' })).status).toBe(400);
    expect((await ask('/apply', { method: 'POST', body: '[' })).status).toBe(400);
    for (const path of ['tftp:../../x', 'tftp:/x', 'tftp:', 'nowhere:x', 'x']) {
      const said = await ask('/apply', { method: 'POST', body: JSON.stringify({ adopt: ['tftp:pxelinux.0', path] }) });
      expect([said.status, await said.json()], path).toEqual([
        400,
        { error: expect.stringContaining(`'${path}'`), mend: expect.stringContaining('ROOT:PATH') },
      ]);
    }
    expect((await ask('/apply', { method: 'POST', body: '{"adopt":["tftp:pxelinux.0"]}' })).status).toBe(200);
    expect((await ask('/apply')).status).toBe(404);
    expect(engine.calls).toEqual([
      ['reconcile', 'asked by anonymous@127.0.0.1', { repair: true, again: true }],
      ['reconcile', 'asked by anonymous@127.0.0.1', { again: true }],
      ['reconcile', 'asked by anonymous@127.0.0.1', { adopt: ['tftp:pxelinux.0'], again: true }],
    ]);
  });

  test('tells nobody from elsewhere anything but that it lives', async () => {
    const { ask, engine } = open();
    for (const path of [
      '/',
      '/status',
      '/history',
      '/nodes',
      '/nodes/n01',
      '/nodes/n01/answer',
      '/plan',
      '/diagnostics',
      '/verify',
      '/explain',
      '/events',
      '/metrics',
      '/openapi.json',
    ]) {
      const response = await ask(path, {}, '10.0.0.7');
      expect([response.status, response.headers.get('www-authenticate')], path).toEqual([
        401,
        'Basic realm="litehouse", charset="UTF-8"',
      ]);
    }
    expect((await ask('/apply', { method: 'POST' }, '10.0.0.7')).status).toBe(401);
    expect((await ask('/apply', { method: 'POST', headers: { authorization: 'Bearer r' } }, '10.0.0.7')).status).toBe(
      403,
    );
    expect((await ask('/status', { headers: { authorization: 'Bearer r' } }, '10.0.0.7')).status).toBe(200);
    expect((await ask('/health', {}, '10.0.0.7')).status).toBe(200);
    expect(engine.calls).toEqual([]);
  });

  test('shows an error in one line, without a stack', async () => {
    const { ask } = open({ status: () => Promise.reject(new Error('the store is gone')) });
    const response = await ask('/status');
    expect([response.status, await response.json()]).toEqual([500, { error: 'the store is gone' }]);
  });
});

describe('whether it is ready', () => {
  const ready = async (parts: Partial<typeof quietStatus>, peer?: string) => {
    const { ask } = open({ status: async () => ({ ...quietStatus, ...parts }) });
    const response = await ask('/ready', {}, peer);
    return [response.status, await response.text()];
  };

  test('anybody may ask, and nobody who may not read is told what is wrong', async () => {
    const failed = { applied: 'c', state: 'failed', problem: 'tables/hosts.csv:3 ...' } as const;
    expect(await ready(failed)).toEqual([503, 'not ready: failed\ntables/hosts.csv:3 ...\n']);
    expect(await ready(failed, '10.0.0.9')).toEqual([503, 'not ready: failed\n']);
    expect(await ready({ applied: 'c', state: 'applied' }, '10.0.0.9')).toEqual([200, 'ready: applied\n']);
  });

  test('is yes while a later commit is being applied or nodes wait, no before the first, where one is refused, and where nodes can no longer boot', async () => {
    const states = [
      'applying',
      'applied, waiting',
      'applied, blocked',
      'refused',
      'no commit yet',
      'applied, image lost',
    ] as const;
    const answers = await Promise.all(states.map((state) => ready({ applied: 'c', state })));
    expect(answers.map(([status]) => status)).toEqual([200, 200, 200, 503, 503, 503]);
    expect((await ready({ state: 'applying' }))[0]).toBe(503);
  });
});
