import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { request } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { litehouse } from '../../test/server/command-line.ts';
import { type ServerProcess, startServerProcess } from '../../test/server/harness.ts';
import type { NodeDiagnosis } from './examine.ts';

let server: ServerProcess | undefined;
afterEach(async () => {
  server?.child.kill('SIGCONT');
  await server?.end('SIGKILL');
  if (server !== undefined) rmSync(server.dir, { recursive: true, force: true });
});

function report(url: string, from: string, body: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const outgoing = request(`${url}/status`, { method: 'POST', localAddress: from, agent: false });
    outgoing.on('error', reject).on('response', (incoming) => resolve(incoming.resume().statusCode));
    outgoing.end(body);
  });
}

test('a server that is stopped does not keep doctor from the rest: its tables, disk and reports are read beside it', async () => {
  server = await startServerProcess({
    settings: { images: 'external' },
    files: {
      'tables/nodelist.csv': '#node,groups\nn01,"rhel,newyork,compute,all"\n',
      'tables/hosts.csv': '#node,ip\nn01,127.0.1.11\n',
      'tables/noderes.csv': '#node,netboot,nfsserver,xcatmaster\ncompute,pxe,127.0.0.1,127.0.0.1\n',
      'tables/networks.csv': '#netname,net,mask\nlo,127.0.0.0,255.0.0.0\n',
      'tables/litetree.csv': '#priority,image,directory\n1,,127.0.0.1:/syncdirs/$node\n',
      'tables/site.csv': '#key,value\nmaster,127.0.0.1\ninstalldir,/install\nxcatdport,1\n',
    },
  });
  const { dir, node, child } = server;
  expect(await report(node, '127.0.1.11', 'stage\tfailed\nlog\t1.0 FAILED: mount\n')).toBe(200);
  child.kill('SIGSTOP');
  const { status, out, err } = await litehouse('/', 'doctor', 'n01', '--no-mount', '--json', '--dir', dir);
  expect([status, err]).toEqual([1, '']);
  const findings = (JSON.parse(out) as { nodes: NodeDiagnosis[] }).nodes[0]?.findings ?? [];
  expect(findings[0]).toMatchObject({
    ...{ step: 'tables', verdict: 'fault', mend: expect.stringContaining(`kill -CONT ${child.pid}`) },
    what: `the server here (process ${child.pid}) does not answer: no answer within 10 s; what is below is read without it`,
  });
  const told = findings.map(({ step, verdict, what, mend = '' }) => `${step} ${verdict}: ${what} (${mend})`).join('\n');
  expect(told).toContain('tables ok: state statelite');
  expect(told).toContain(`tftp fault: the TFTP server 127.0.0.1:69 does not answer`);
  expect(told).toMatch(
    /http fault: nobody answers at XCAT=127\.0\.0\.1:1: .*the server here \(process \d+\) does not answer/,
  );
  expect(told).toMatch(/http ok: its answer: commit [0-9a-f]{10}, generation /);
  expect(told).toContain(
    `nfs fault: the image's directory ${dir}/world/install/netboot/rhels5.4/x86_64/compute is not there`,
  );
  expect(told).toContain('reports warning: it said last that its boot failed\n| 1.0 FAILED: mount');
  // Nothing was written, and nothing is in the way of the server when it goes on.
  child.kill('SIGCONT');
  expect(await (await fetch(`${server.admin}/health`)).text()).toBe('ok\n');
  expect(spawnSync('git', ['-C', `${dir}/config.git`, 'fsck']).status).toBe(0);
});
