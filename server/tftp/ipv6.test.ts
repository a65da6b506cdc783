import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { temporaryDirs } from '../../test/server/temporary.ts';
import { fetchFile } from '../../test/server/tftp-client.ts';
import { startTftp, type TftpServer } from './server.ts';

const temporary = temporaryDirs();
/** curl's own status of it. */
const notFound = 68;
const run = promisify(execFile);
let server: TftpServer | undefined;
afterEach(() => server?.close(0));

/** A server at ::1 with one file of many blocks. */
async function lab(): Promise<{ readonly root: string; readonly port: number; readonly bytes: Buffer }> {
  const root = temporary();
  const bytes = randomBytes(1_000_003);
  writeFileSync(join(root, 'initrd'), bytes);
  server = await startTftp({ root, listen: { host: '::1', port: 0 }, log: () => {} });
  return { root, port: server.addresses()[0]?.port ?? 0, bytes };
}

test.each([
  [{}, {}],
  [
    { blksize: 1408, tsize: 0 },
    { blksize: '1408', tsize: '1000003' },
  ],
  [
    { blksize: 1428, windowsize: 16, timeout: 3 },
    { blksize: '1428', windowsize: '16', timeout: '3' },
  ],
])('over IPv6 a file comes whole with the options %j, from the address that was asked', async (options, agreed) => {
  const { port, bytes } = await lab();
  const fetched = await fetchFile('initrd', { host: '::1', port, options });
  expect(fetched.agreed).toEqual(agreed);
  expect(fetched.server.address).toBe('::1');
  expect(fetched.bytes.equals(bytes)).toBe(true);
  await expect.poll(() => server?.figures()).toMatchObject({ outcomes: { sent: 1 } });
});

test('over IPv6 a real client gets the file, and hears where there is none', async () => {
  const { root, port, bytes } = await lab();
  const curl = (name: string) =>
    run('curl', ['-6', '-sS', '--tftp-blksize', '1428', '-o', join(root, 'got'), `tftp://[::1]:${port}/${name}`]);
  await curl('initrd');
  expect(readFileSync(join(root, 'got')).equals(bytes)).toBe(true);
  await expect(curl('none')).rejects.toMatchObject({ code: notFound });
});

test('a machine with several addresses answers from the one that was asked, of IPv6 and of IPv4', async () => {
  const hosts = ['fd77::1', 'fd77::2', '10.77.0.1', '10.77.0.2'];
  const clients = ['10.77.0.9', 'fd77::9'];
  const addresses = [...clients, ...hosts].map(
    (host) => `ip addr add ${host}/${host.includes(':') ? '128 nodad' : '32'} dev lo`,
  );
  const child = fileURLToPath(new URL('../../test/server/tftp-addresses.ts', import.meta.url));
  const script = `ip link set lo up; ${addresses.join('; ')}; exec "$@"`;
  const own = process.getuid?.() === 0 ? '-n' : '-rn';
  const command = [process.execPath, '--import', import.meta.resolve('tsx'), child, ...clients, ...hosts];
  const { stdout } = await run('unshare', [own, 'sh', '-c', script, 'sh', ...command]);
  expect(JSON.parse(stdout)).toEqual(hosts.map((host) => ({ asked: host, answered: host, same: true })));
});
