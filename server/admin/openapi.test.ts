import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { fakeEngine } from '../../test/server/fake-engine.ts';
import { startTestServer, type TestServer } from '../../test/server/harness.ts';
import { nodeBoot } from '../doctor/facts.ts';
import { gitRoutes } from '../git/smart-http.ts';
import { serverMetrics } from '../server-metrics.ts';
import { adminApp } from './app.ts';
import { EventFeed } from './events.ts';
import { openApiDocument, operations } from './openapi.ts';
import * as schemas from './schemas.ts';

describe('the document', () => {
  test('has every route of the listener, and no other (add a route to `operations` in openapi.ts)', () => {
    const engine = fakeEngine();
    const { app } = adminApp({
      engine,
      access: { tokens: () => undefined, anonymousOnLoopback: true },
      snapshot: async () => undefined,
      events: new EventFeed(engine),
      edit: async () => ({ outcome: 'unchanged', lines: [], diagnostics: [] }),
      metrics: serverMetrics(engine, '0'),
    });
    app.route('/', gitRoutes({ repositoryDir: '/nowhere', authorize: () => ({ pusher: '' }) }));
    const routes = app.routes
      .filter(({ method }) => method !== 'ALL')
      .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`);
    expect([...new Set(routes)].sort()).toEqual(Object.keys(operations).sort());
  });

  test('is OpenAPI 3.1: every operation has responses, every parameter of a path stands in it', () => {
    const document = JSON.parse(JSON.stringify(openApiDocument('1.2.3'))) as {
      openapi: string;
      info: { version: string };
      paths: Record<
        string,
        Record<string, { responses: Record<string, unknown>; parameters?: { name: string; in: string }[] }>
      >;
    };
    expect([document.openapi, document.info.version]).toEqual(['3.1.0', '1.2.3']);
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const [method, { responses, parameters = [] }] of Object.entries(methods)) {
        expect(Object.keys(responses), `${method} ${path}`).toContain('200');
        const inPath = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => `{${name}}`);
        expect(path.match(/\{\w+\}/g) ?? [], path).toEqual(inPath);
      }
    }
  });
});

describe('what a real server answers', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.stop());

  const ask = (path: string, init?: RequestInit): Promise<Response> => fetch(server.admin + path, init);
  const json = async (path: string, init?: RequestInit): Promise<unknown> => (await ask(path, init)).json();

  test.each<[string, z.ZodType]>([
    ['/status', schemas.status],
    ['/history', schemas.history],
    ['/nodes', schemas.nodeList],
    ['/nodes/n01', schemas.node],
    ['/nodes/hv32lpar05', schemas.node],
    ['/nodes/n01/boot', nodeBoot],
    ['/nodes/n09/boot', nodeBoot],
    ['/nodes/hv32lpar05/boot', nodeBoot],
    ['/nodes/nobody/boot', schemas.failure],
    ['/plan', schemas.plan],
    ['/diagnostics?commit=main', schemas.diagnostics],
    ['/verify', schemas.drift],
    ['/reports', schemas.reports],
    ['/reports/n01', schemas.nodeReport],
    ['/reports/nobody', schemas.failure],
    ['/explain?node=n01&what=/etc/motd', schemas.explanation],
    ['/nodes/nobody', schemas.failure],
    ['/plan?commit=nowhere', schemas.failure],
  ])('GET %s has the shape that the document says', async (path, schema) => {
    const parsed = schema.safeParse(await json(path));
    expect(parsed.error?.issues ?? []).toEqual([]);
  });

  test('every node has the shape that the document says', async () => {
    for (const { name } of schemas.nodeList.parse(await json('/nodes')))
      expect(schemas.node.safeParse(await json(`/nodes/${name}`)).error?.issues ?? [], name).toEqual([]);
  });

  test('drift and its mending have it too', async () => {
    rmSync(join(server.dir, 'world/tftpboot/pxelinux.cfg/n01'));
    const { drift } = schemas.drift.parse(await json('/verify'));
    expect(drift.map(({ path }) => path)).toContain('pxelinux.cfg/n01');
    expect(await (await ask('/metrics')).text()).toMatch(/^litehouse_drift [1-9]/m);
    const done = await json('/apply', { method: 'POST', body: '{"repair":true}' });
    expect(schemas.reconciled.parse(done).ok).toBe(true);
    expect(schemas.drift.parse(await json('/verify')).drift).toEqual([]);
  });

  test('the document itself is served', async () => {
    expect(await json('/openapi.json')).toMatchObject({ openapi: '3.1.0' });
  });

  test('a plan is Markdown for who asks for it', async () => {
    for (const response of [
      await ask('/plan?format=markdown'),
      await ask('/plan', { headers: { accept: 'text/markdown' } }),
    ]) {
      expect(response.headers.get('content-type')).toContain('text/markdown');
      expect(await response.text()).toMatch(/^### Plan .*\n[\s\S]*Nothing changes\.\n$/);
    }
    expect((await ask('/plan?format=xml')).status).toBe(400);
  });

  test('an explanation names the row and its commit, as text too, and refuses what makes no sense', async () => {
    const one = (await json('/explain?node=n01&what=noderes.netboot')) as { at: { file: string }; author: object };
    expect(one).toMatchObject({ at: { file: 'tables/noderes.csv' }, author: { author: 'litehouse' } });
    expect(await (await ask('/explain?node=n01&what=/etc/motd&format=text')).text()).toContain('litefile.csv');
    expect(await json('/explain?node=n[01-02]&what=noderes.netboot')).toMatchObject({ table: 'noderes' });
    const status = async (query: string): Promise<number> => (await ask(`/explain${query}`)).status;
    expect(await Promise.all(['', '?node=nobody', '?node=n01&what=site.nokey'].map(status))).toEqual([400, 404, 404]);
    expect(await Promise.all(['?node=n01&what=no.column', '?node=n[01', '?node=^/etc/passwd'].map(status))).toEqual([
      400, 400, 400,
    ]);
  });

  test('is ready once a commit is in effect', async () => {
    const response = await ask('/ready');
    expect([response.status, await response.text()]).toEqual([200, expect.stringMatching(/^ready: applied/)]);
  });

  test('figures count what nodes were told', async () => {
    const before = /litehouse_answers_total\{outcome="404"\} (\d+)/.exec(await (await ask('/metrics')).text())?.[1];
    expect((await fetch(`${server.node}/answer`)).status).toBe(404);
    const after = await (await ask('/metrics')).text();
    expect(after).toContain(`litehouse_answers_total{outcome="404"} ${Number(before) + 1}`);
    expect(after).toMatch(/^litehouse_apply_seconds_count [1-9]/m);
  });
});
