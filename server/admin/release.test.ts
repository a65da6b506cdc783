import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fakeView } from '../../core/plugin/testing/view.ts';
import { fakeEngine } from '../../test/server/fake-engine.ts';
import { startTestServer, type TestServer } from '../../test/server/harness.ts';
import { releaseNodes } from './release.ts';

const view = fakeView({ nodes: { n01: { groups: ['rack1'] }, n02: { groups: ['rack1'] } } });

describe('releasing a noderange', () => {
  test('names its nodes, and names that are in no table any more as they are', async () => {
    const engine = fakeEngine({ view, release: async (nodes) => [...nodes].filter((node) => node !== 'n02') });
    expect(await releaseNodes(engine, 'rack1,gone7')).toEqual({ released: ['n01', 'gone7'], unknown: ['n02'] });
  });

  test('that cannot be read releases nothing', async () => {
    const engine = fakeEngine({ view });
    expect(await releaseNodes(engine, 'n[1-')).toMatchObject({ wrong: expect.stringContaining("noderange 'n[1-'") });
    expect(await releaseNodes(fakeEngine(), 'n01')).toEqual({ wrong: 'nothing is in effect yet' });
    expect(engine.calls).toEqual([]);
  });
});

describe('the route', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.stop());

  test('refuses a body that names no nodes', async () => {
    for (const body of ['', '{}', '{"nodes":7}', '{"nodes":"n01","more":1}']) {
      const { status } = await fetch(`${server.admin}/release`, { method: 'POST', body });
      expect(status).toBe(400);
    }
  });
});
