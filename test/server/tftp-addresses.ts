/** Run in a network namespace of its own: a server at `::`, asked from the first two addresses given at each of the others; prints who answered what. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTftp } from '../../server/tftp/server.ts';
import { fetchFile } from './tftp-client.ts';

const root = mkdtempSync(join(tmpdir(), 'litehouse-test-'));
const bytes = randomBytes(200_000);
writeFileSync(join(root, 'initrd'), bytes);
const server = await startTftp({ root, listen: { host: '::', port: 0 }, log: () => {} });
const port = server.addresses()[0]?.port ?? 0;
const digest = (of: Buffer): string => createHash('sha256').update(of).digest('hex');
const answers = [];
const [four, six, ...hosts] = process.argv.slice(2);
for (const host of hosts) {
  // From another address: to one that asks itself, the system would answer from there by itself.
  const from = host.includes(':') ? six : four;
  const fetched = await fetchFile('initrd', { host, port, from, options: { blksize: 1408, windowsize: 8 } });
  answers.push({ asked: host, answered: fetched.server.address, same: digest(fetched.bytes) === digest(bytes) });
}
await server.close(0);
rmSync(root, { recursive: true });
console.log(JSON.stringify(answers));
