/** The node listener of a whole server: policy, the classic lists, reports, proxies, IPv6 and second interfaces. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { litehouse } from '../../test/server/command-line.ts';
import { askAs, startTestServer, type TestServer } from '../../test/server/harness.ts';
import { listen, nodeServerOptions } from '../listen.ts';
import { nodeHandler } from './app.ts';

const hosts = `#node,ip,otherinterfaces
n01,127.0.1.1,"-ib0:127.0.2.1,-v6:::1"
n02,127.0.1.2,
n03,127.0.1.3,
n11,127.0.1.11,
n12,127.0.1.12,
cnfs,10.0.0.2,
mn,10.0.0.1,
`;
const policy = `#priority,name,host,commands,noderange,parameters,time,rule
4.6,,,litetree,n03,,,deny
4.7,,,litefile,,,,allow
4.8,,,litetree,,,,allow
1,,n02,,,,,deny
`;

const lists = {
  'tables/litefile.csv': `#image,file,options
ALL,/etc/motd,ALL
ALL,/etc/blank/,
ALL,/etc/blank.d/x,rw
ALL,/etc/adjtime,ro
`,
  'tables/litetree.csv': '#priority,image,directory\n10,,cnfs:/gpfs/dallas/\n',
};

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({
    settings: { trustedProxies: ['127.0.9.0/24'] },
    files: { ...lists, 'tables/hosts.csv': hosts, 'tables/policy.csv': policy },
  });
});
afterAll(async () => {
  await server.stop();
  rmSync(server.dir, { recursive: true, force: true });
});

const at = (address: string, path: string) => askAs(address, server.node + path);

function post(localAddress: string, body: string, headers: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const outgoing = request(`${server.node}/status`, { method: 'POST', localAddress, agent: false, headers });
    outgoing.on('error', reject).on('response', (incoming) => resolve(incoming.resume().statusCode ?? 0));
    outgoing.end(body);
  });
}

describe('a booting node', () => {
  test('gets its answer on each of its addresses', async () => {
    for (const address of ['127.0.1.1', '127.0.2.1'])
      expect((await at(address, '/answer')).text, address).toContain('node\tn01\n');
  });

  test('gets it over IPv6 too, and over IPv4 from a listener for both', async () => {
    const both = await listen({
      address: { host: '::', port: 0 },
      name: 'node',
      flag: '--node',
      handler: nodeHandler(server.server.engine),
      server: nodeServerOptions,
    });
    try {
      const { port } = both.address;
      expect((await askAs('::1', `http://[::1]:${port}/answer`)).text).toContain('node\tn01\n');
      expect((await askAs('127.0.1.11', `http://127.0.0.1:${port}/answer`)).text).toContain('node\tn11\n');
    } finally {
      await both.close(0);
    }
  });

  test('gets its files as the original gave them, and as the command prints them', async () => {
    const litefile = await at('127.0.1.1', '/litefile');
    expect([litefile.status, litefile.text]).toEqual([
      200,
      [
        'n01: ro            /etc/adjtime',
        'n01: rw            /etc/blank.d/x',
        'n01: tmpfs,rw      /etc/blank/',
        'n01: ALL           /etc/motd',
        '',
      ].join('\n'),
    ]);
    expect((await litehouse(server.dir, 'litefile', 'n01', '--dir', server.dir)).out).toBe(litefile.text);
  });

  test('gets the servers of its trees by address, where the command prints what the table says', async () => {
    expect((await at('127.0.1.1', '/litetree')).text).toBe('n01: 10.0.0.2:/gpfs/dallas\n');
    expect((await litehouse(server.dir, 'litetree', 'n01', '--dir', server.dir)).out).toBe('n01: cnfs:/gpfs/dallas\n');
  });

  test('gets its boot file by HTTP too, whole or in part, and nothing that is not below the root', async () => {
    const whole = await fetch(`${server.node}/tftpboot/pxelinux.cfg/n01`);
    expect([whole.status, await whole.text()]).toEqual([
      200,
      readFileSync(join(server.dir, 'world/tftpboot/pxelinux.cfg/n01'), 'utf8'),
    ]);
    const part = await fetch(`${server.node}/tftpboot/pxelinux.cfg/n01`, { headers: { range: 'bytes=0-9' } });
    expect([part.status, await part.text()]).toEqual([206, '#statelite']);
    for (const path of ['nothing', '.litehouse/manifest', '%2e%2e/exports.d/litehouse.exports', 'pxelinux.cfg']) {
      expect((await fetch(`${server.node}/tftpboot/${path}`)).status, path).toBeGreaterThanOrEqual(403);
    }
    expect((await fetch(`${server.node}/tftpboot/x`, { method: 'PUT', body: '' })).status).toBe(405);
  });

  test('that the policy table refuses learns which row, and the log does too', async () => {
    const { status, text } = await at('127.0.1.2', '/answer');
    expect([status, text]).toEqual([403, expect.stringContaining("tables/policy.csv:5 says 'deny'")]);
    const said = () => server.log.filter((line) => line.includes('source=127.0.1.2'));
    // The line comes from the listener's thread, on its own way.
    while (said().length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(said()).toEqual([expect.stringContaining('tables/policy.csv:5')]);
  });

  test('that may ask for a part gets that part', async () => {
    expect((await at('127.0.1.3', '/answer')).status).toBe(403);
    expect((await at('127.0.1.3', '/litefile')).status).toBe(200);
    expect((await at('127.0.1.3', '/litetree')).status).toBe(403);
  });

  test('behind a listed proxy is told by the last hop, and nobody else may name one', async () => {
    const ask = (localAddress: string, hops: string) =>
      new Promise<string>((resolve, reject) => {
        const headers = { 'x-forwarded-for': hops };
        const outgoing = request(`${server.node}/answer?always=200`, { localAddress, agent: false, headers });
        outgoing.on('error', reject).on('response', (incoming) => {
          let text = '';
          incoming.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
          incoming.on('end', () => resolve(text));
        });
        outgoing.end();
      });
    expect(await ask('127.0.9.1', '127.0.1.2, 127.0.1.1')).toContain('node\tn01\n');
    expect(await ask('127.0.9.1', '127.0.1.1, 127.0.9.2')).toContain('node\tn01\n');
    expect(await ask('127.0.3.1', '127.0.1.1')).toContain('no node has the address 127.0.3.1');
    expect(await ask('127.0.1.1', '127.0.1.11')).toContain('node\tn01\n');
  });
});

describe('reports', () => {
  test('are shown by command and by admin listener, with who is behind and who was never seen', async () => {
    const { text } = await at('127.0.1.1', '/answer');
    const [, commit = '', generation = ''] = /commit\t(.*)\ngeneration\t(.*)\n/.exec(text) ?? [];
    const body = `stage\tbooted\ncommit\t${commit}\ngeneration\t${generation}\nlog\tmkdir -p /x\nlog\tdone\n`;
    expect(await post('127.0.2.1', body)).toBe(200);
    expect(await post('127.0.1.11', `stage=booted&commit=${'a'.repeat(40)}&generation=old`)).toBe(200);
    // The policy refuses it, and its report is news all the same.
    expect(await post('127.0.1.2', 'stage=failed')).toBe(200);
    expect(await post('127.0.3.3', 'stage=failed')).toBe(404);

    const shown = await litehouse(server.dir, 'nodes', 'n[01-03],n[11-12]', '--dir', server.dir);
    expect(shown.status).toBe(0);
    const lines = shown.out
      .replace(/ {2}\d{4}-.*$/gm, '')
      .trim()
      .split('\n');
    expect(lines).toEqual([
      `applied ${commit.slice(0, 10)}`,
      `booted ${commit.slice(0, 10)} (generation ${generation}): n01`,
      expect.stringMatching(/^behind aaaaaaaaaa \(generation old\), boot again for generation \w+: n11$/),
      'failed an unnamed commit: n02',
      'never seen: n12',
      'not due to boot from here: n03',
    ]);
    const json = JSON.parse((await litehouse(server.dir, 'nodes', 'n01', '--json', '--dir', server.dir)).out);
    expect(json).toMatchObject({ applied: commit, nodes: [{ node: 'n01', standing: 'current', boots: 1 }] });
    expect(await litehouse(server.dir, 'nodes', 'log', 'n01', '--dir', server.dir)).toMatchObject({
      status: 0,
      out: 'mkdir -p /x\ndone\n',
    });
    const logged = JSON.parse((await litehouse(server.dir, 'nodes', 'log', 'n01', '--json', '--dir', server.dir)).out);
    expect(logged).toMatchObject({ node: 'n01', standing: 'current', log: 'mkdir -p /x\ndone\n' });
    expect(await (await fetch(`${server.admin}/reports/n01`)).json()).toMatchObject({ log: 'mkdir -p /x\ndone\n' });
  });

  test('are there when no server runs', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'litehouse-nodes-'));
    try {
      const files = { 'tables/hosts.csv': hosts };
      const own = await startTestServer({ dir, files });
      own.server.reports.receive('n01', {
        stage: 'failed',
        commit: undefined,
        generation: undefined,
        boot: undefined,
        log: 'no\n',
      });
      await own.stop();
      expect((await litehouse(dir, 'nodes', 'n01', '--dir', dir)).out).toContain('failed an unnamed commit: n01');
      expect((await litehouse(dir, 'nodes', 'log', 'n01', '--dir', dir)).out).toBe('no\n');
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });

  test('of nodes that there are not, or that said nothing, are said not to be', async () => {
    const log = (node: string) => litehouse(server.dir, 'nodes', 'log', node, '--dir', server.dir);
    expect((await log('n12')).err).toContain('n12 never reported');
    expect((await log('n99')).err).toContain('no node n99');
    const missed = await litehouse(server.dir, 'nodes', 'n99', '--dir', server.dir);
    expect([missed.status, missed.err]).toEqual([1, 'neither a node nor a group: n99\n']);
    expect((await litehouse(server.dir, 'nodes', 'n[01-', '--dir', server.dir)).err).toContain('never closed');
  });
});
