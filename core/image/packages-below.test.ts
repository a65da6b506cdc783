/** A folder of packages is looked through within bounds. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { packagesBelow } from './packages-below.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'litehouse-below-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function put(path: string): void {
  mkdirSync(dirname(join(directory, path)), { recursive: true });
  writeFileSync(join(directory, path), '');
}
const packages = (name: string) => name.endsWith('.deb');

test('packages of a folder and those below it are found, in order; a FIFO of such a name is none', async () => {
  for (const path of ['b.deb', 'a/z.deb', 'a/readme', 'c/d/e.deb']) put(path);
  execFileSync('mkfifo', [join(directory, 'fifo.deb')]);
  symlinkSync('b.deb', join(directory, 'link.deb'));
  symlinkSync('/', join(directory, 'host'));
  expect(await packagesBelow(directory, packages)).toEqual(['a/z.deb', 'b.deb', 'c/d/e.deb', 'link.deb']);
});

test('what is too deep is left out and said; too many files are an error', async () => {
  for (const path of ['a.deb', '1/2/3.deb', '1/2/4/5.deb']) put(path);
  const said: string[] = [];
  expect(await packagesBelow(directory, packages, { deepest: 2, log: (line) => said.push(line) })).toEqual([
    '1/2/3.deb',
    'a.deb',
  ]);
  expect(said).toEqual([expect.stringContaining(`${directory}/1/2/4 is too deep`)]);
  await expect(packagesBelow(directory, packages, { most: 3 })).rejects.toThrow('holds more than 3 files');
});

test('other filesystems are left out: of a whole host not its processes', async () => {
  const said: string[] = [];
  await packagesBelow('/', packages, { deepest: 1, log: (line) => said.push(line) });
  expect(said).toContain('/proc is another filesystem: packages in it are left out');
});

test('the walk ends when the build does', async () => {
  put('a/b.deb');
  const controller = new AbortController();
  const found = packagesBelow(directory, packages, { signal: controller.signal });
  controller.abort(new Error('no longer wanted'));
  await expect(found).rejects.toThrow('no longer wanted');
});
