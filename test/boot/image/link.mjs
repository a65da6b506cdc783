/**
 * What litehouse makes of an image, by its own code: `link.mjs ROOT ANSWER KERNEL-TREE DIRECTORY` makes the links of the answer's
 * litefile list in ROOT, and puts kernel and initrd into DIRECTORY.
 */
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commandRunner } from '../../../dist/core/apply/run-command.js';
import { buildInitrd } from '../../../dist/core/image/initrd/initrd.js';
import { findKernel } from '../../../dist/core/image/initrd/kernel.js';
import { linkImage } from '../../../dist/core/image/liteimg/link-image.js';
import { nodeProgram } from '../../../dist/core/image/node/program.js';

const [root = '', answer = '', tree = '', directory = ''] = process.argv.slice(2);
const fields = (await readFile(answer, 'utf8')).split('\n').map((line) => line.split('\t'));
const entries = fields
  .filter(([what]) => what === 'file' || what === 'directory')
  .map(([what, kind, path]) => ({ path, kind, directory: what === 'directory' }));
await linkImage(root, entries);

await mkdir(directory, { recursive: true });
const kernel = await findKernel(tree);
await copyFile(kernel.image, join(directory, 'kernel'));
await buildInitrd({
  rootimg: tree,
  kernelVersion: kernel.version,
  out: join(directory, 'initrd.gz'),
  netdrivers: [],
  permission: '755',
  program: nodeProgram(),
  localdisk: true,
  run: commandRunner(),
  log: (line) => console.log(`   ${line}`),
});
