import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../../test/server/harness.ts';
import { fetchFile } from '../../test/server/tftp-client.ts';

let running: TestServer | undefined;
afterEach(() => running?.stop());

test('a server gives boot files by TFTP from its first moment, counts them, and stops with the rest', async () => {
  running = await startTestServer();
  const { server, admin, dir } = running;
  const { hostname, port } = new URL(server.urls.tftp ?? '');
  const at = { host: hostname, port: Number(port), patience: 10_000 };
  const { bytes } = await fetchFile('pxelinux.cfg/n01', at);
  expect(bytes.toString()).toContain('NFSROOT=');
  expect(existsSync(join(dir, 'world/tftpboot/.litehouse/manifest'))).toBe(true);
  await expect(fetchFile('.litehouse/manifest', at)).rejects.toMatchObject({ code: 2 });
  await expect(fetchFile('pxelinux.cfg/none', at)).rejects.toMatchObject({ code: 1 });
  const metrics = async (): Promise<string[]> => (await (await fetch(`${admin}/metrics`)).text()).split('\n');
  await expect
    .poll(metrics)
    .toEqual(
      expect.arrayContaining([
        'litehouse_tftp_requests_total{outcome="sent"} 1',
        'litehouse_tftp_requests_total{outcome="absent"} 1',
        'litehouse_tftp_requests_total{outcome="refused"} 1',
        'litehouse_tftp_transfers 0',
      ]),
    );
  expect(running.log.join('')).toContain('tftp: 127.0.0.1 asked for pxelinux.cfg/none: no such file');
  await running.stop();
  running = undefined;
  await expect(fetchFile('pxelinux.cfg/n01', { ...at, patience: 100, tries: 3 })).rejects.toThrow();
});

test('a server that is told to leaves TFTP to others', async () => {
  running = await startTestServer({ settings: { tftpListen: 'off' } });
  expect(running.server.urls.tftp).toBeUndefined();
  expect(await (await fetch(`${running.admin}/metrics`)).text()).not.toContain('tftp');
});
