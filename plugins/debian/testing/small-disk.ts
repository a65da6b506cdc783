/** Builds a base in the directory that it is told, and prints why it could not; run where that directory is a small disk. */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { commandRunner } from '../../../core/apply/run-command.ts';
import { buildBase } from '../../../core/image/base/build-base.ts';
import { debianFamily } from '../index.ts';
import { baseOf } from './build.ts';

const [disk = '', cache = ''] = process.argv.slice(2);
const directory = join(disk, 'build');
const signal = new AbortController().signal;
async function main(): Promise<void> {
  await mkdir(directory);
  const context = {
    directory,
    cache,
    commit: 'c0',
    inputs: new Map(),
    log: () => undefined,
    signal,
    run: commandRunner(signal),
  };
  await buildBase(debianFamily, baseOf([]), 'd0', {
    ...context,
    rootDirectory: () => undefined,
    readFile: async () => Buffer.alloc(0),
    secret: async () => undefined,
  });
}
main().catch(async (error: Error) => {
  console.log(error.message, await readdir(directory));
});
