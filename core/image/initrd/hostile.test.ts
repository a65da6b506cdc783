/** Modules of an image whose packages and scripts mean ill: bombs, FIFOs, and what is no module. */
import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { commandRunner } from '../../apply/run-command.ts';
import { findKernel } from './kernel.ts';
import { initrdLimit, moduleLimit, readModuleIndex, readModules } from './modules.ts';

let directory: string;
let root: string;
let at: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'litehouse-hostile-'));
  root = join(directory, 'rootimg');
  at = join(root, 'lib/modules/6');
  mkdirSync(at, { recursive: true });
  mkdirSync(join(root, 'boot'));
  writeFileSync(join(root, 'boot/vmlinuz-6'), 'k');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const limits = { module: 2 ** 20, all: 5 * 2 ** 19 };

/** A file that begins as a module and goes on with noughts. */
function module(name: string, bytes: number): void {
  const file = openSync(join(at, name), 'w');
  writeSync(file, '\x7fELF');
  ftruncateSync(file, bytes);
  closeSync(file);
}

async function read(files: readonly string[]) {
  writeFileSync(join(at, 'modules.dep'), files.map((file) => `${file}:\n`).join(''));
  const index = await readModuleIndex(root, at);
  return await readModules(root, at, index, [...index.files.keys()], commandRunner(), limits);
}

describe('a module', () => {
  test.each([
    ['plain', undefined, ''],
    ['gzip', ['gzip'], '.gz'],
    ['xz', ['xz', '-0'], '.xz'],
    ['zstd', ['zstd', '-q', '--rm'], '.zst'],
  ])('of too many bytes is refused, and no more than the limit is unpacked (%s)', async (_how, pack, ending) => {
    module('net.ko', 2 ** 20);
    module('bomb.ko', 2 ** 26);
    if (pack !== undefined)
      for (const name of ['net.ko', 'bomb.ko']) execFileSync(pack[0] ?? '', [...pack.slice(1), join(at, name)]);
    expect((await read([`net.ko${ending}`])).get('net')?.length).toBe(2 ** 20);
    await expect(read([`bomb.ko${ending}`])).rejects.toThrow(
      `module /lib/modules/6/bomb.ko${ending} of the image has more than 1 MiB unpacked`,
    );
  });

  test('is refused where it and those before it are too many bytes together', async () => {
    for (const name of ['a', 'b', 'c']) module(`${name}.ko`, 2 ** 20);
    expect((await read(['a.ko', 'b.ko'])).size).toBe(2);
    await expect(read(['a.ko', 'b.ko', 'c.ko'])).rejects.toThrow(
      'the modules of the initrd have more than 3 MiB unpacked (/lib/modules/6/c.ko of the image is the one too many)',
    );
  });

  test.each(['x.ko', 'x.ko.gz', 'x.ko.xz', 'x.ko.zst'])('that is none is refused (%s)', async (name) => {
    writeFileSync(join(at, name), 'no module');
    await expect(read([name])).rejects.toThrow(`module /lib/modules/6/${name} of the image is no ELF file`);
  });

  test.each(['x.ko', 'x.ko.gz', 'x.ko.xz', 'x.ko.zst'])('is never waited for (%s as a FIFO)', async (name) => {
    execFileSync('mkfifo', [join(at, name)]);
    await expect(read([name])).rejects.toThrow('is no plain file');
  });

  test('has the limits that the book says', () => {
    expect([moduleLimit, initrdLimit]).toEqual([64 * 2 ** 20, 512 * 2 ** 20]);
  });
});

test('modules.dep as a FIFO is refused at once', async () => {
  execFileSync('mkfifo', [join(at, 'modules.dep')]);
  const { modules } = await findKernel(root);
  await expect(readModuleIndex(root, modules)).rejects.toThrow('modules.dep is no plain file');
});
