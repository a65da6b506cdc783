import { execFile, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../../test/server/harness.ts';
import { startDnsmasq, startHpa, type TftpPeer } from '../../test/server/tftp-servers.ts';

const run = promisify(execFile);
const programs = ['in.tftpd', 'dnsmasq', 'curl', 'tftp'];
/** A missing tool must never look like a pass where the project is judged. */
const able =
  process.getuid?.() === 0 &&
  spawnSync('sh', ['-c', programs.map((it) => `command -v ${it}`).join(' && ')]).status === 0;
const needed = `root, ${programs.join(', ')} are needed to show our tree to other TFTP servers`;

const image = 'xcat/netboot/rhels5.4/x86_64/compute';
let server: TestServer | undefined;
let [scratch, root] = ['', ''];
let peer: TftpPeer | undefined;

beforeAll(async () => {
  if (!able) return;
  scratch = mkdtempSync(join(tmpdir(), 'litehouse-test-'));
  // As /tftpboot is: dnsmasq reads as nobody.
  chmodSync(scratch, 0o755);
  root = join(scratch, 'tftpboot');
  server = await startTestServer({
    dir: join(scratch, 'var'),
    settings: { images: 'external', tftpListen: 'off', roots: { tftp: root } },
  });
  for (const name of ['kernel', 'initrd.gz']) {
    mkdirSync(join(root, image), { recursive: true });
    writeFileSync(join(root, image, name), randomBytes(300_000));
  }
});
afterEach(async () => {
  if (peer === undefined) return;
  const ended = new Promise((resolve) => peer?.child.once('exit', resolve));
  peer.child.kill();
  await ended;
  peer = undefined;
});
afterAll(async () => {
  await server?.stop();
  if (scratch !== '') rmSync(scratch, { recursive: true });
});

/** Every file and link below root tftp, but for what the engine knows of it. */
function names(): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .filter((name) => !name.startsWith('.litehouse'));
}

async function edit(command: unknown): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ command });
  const response = await fetch(`${server?.admin}/edit`, { method: 'POST', headers, body });
  return ((await response.json()) as { outcome: string }).outcome;
}

const servers: readonly (readonly [string, () => Promise<TftpPeer>])[] = [
  ['tftpd-hpa', () => startHpa(root)],
  ['dnsmasq', () => startDnsmasq(root, 'nobody')],
];

test.each(servers)('%s serves the tree as it was applied, and what changes in it', async (_, start) => {
  if (!able) {
    expect(process.env.CI, needed).toBeUndefined();
    process.stderr.write(`NOT CHECKED: ${needed}\n`);
    return;
  }
  peer = await start();
  const { host, port } = peer;
  const got = join(scratch, 'got');
  const curl = async (file: string): Promise<Buffer> => {
    await run('curl', ['-sS', '--tftp-blksize', '1408', '-o', got, `tftp://${host}:${port}/${file}`]);
    return readFileSync(got);
  };
  const asked = names();
  // Files, links by mac and by address, hard links, and what the administrator put beside them.
  expect(asked).toEqual(
    expect.arrayContaining([
      ...['pxelinux.cfg/n01', 'pxelinux.cfg/01-52-54-00-00-00-01', 'pxelinux.cfg/0A00000B', `${image}/initrd.gz`],
      ...['etc/hv32lpar05', 'yaboot.conf-52-54-00-00-32-05'],
    ]),
  );
  for (const file of asked) expect((await curl(file)).equals(readFileSync(join(root, file))), file).toBe(true);
  await expect(curl('.litehouse/manifest')).rejects.toThrow();
  // The client of tftp-hpa asks without options.
  const byTftp = async (): Promise<string> => {
    await run('tftp', ['-m', 'binary', host, String(port), '-c', 'get', 'pxelinux.cfg/0A00000B', got]);
    return readFileSync(got, 'utf8');
  };
  expect(await byTftp()).not.toContain('LOCALBOOT');
  expect(await edit({ kind: 'nodeset', noderange: 'n01', state: 'boot' })).toBe('applied');
  expect(await byTftp()).toContain('LOCALBOOT 0');
  expect(await edit({ kind: 'nodeset', noderange: 'n01', state: 'statelite' })).toBe('applied');
  expect(await byTftp()).not.toContain('LOCALBOOT');
});
