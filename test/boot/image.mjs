/** Builds kernel and initrd of the boot test with litehouse's own code: `initrd.mjs TREE-WITH-KERNEL DIRECTORY`. */
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commandRunner } from '../../dist/core/apply/run-command.js';
import { buildInitrd } from '../../dist/core/image/initrd/initrd.js';
import { findKernel } from '../../dist/core/image/initrd/kernel.js';
import { nodeProgram } from '../../dist/core/image/node/program.js';

const [tree = '', directory = ''] = process.argv.slice(2);
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
