/** Files of a tree: a plain one is read, everything else is refused at once. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { copyPlain, NotPlain, readPlain } from './plain-file.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'litehouse-plain-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('a plain file is read and copied whole', async () => {
  const path = join(directory, 'x');
  writeFileSync(path, 'words');
  expect((await readPlain(path)).toString()).toBe('words');
  await copyPlain(path, join(directory, 'y'), 5);
  expect(readFileSync(join(directory, 'y'), 'utf8')).toBe('words');
});

test.each(['fifo', 'link', 'directory', 'device'])('a %s is refused, and nobody waits for it', async (kind) => {
  const path = join(directory, kind);
  if (kind === 'fifo') execFileSync('mkfifo', [path]);
  else if (kind === 'directory') mkdirSync(path);
  else if (kind === 'device') execFileSync('mknod', [path, 'c', '1', '5']);
  else symlinkSync('/etc/passwd', path);
  await expect(readPlain(path)).rejects.toThrow(NotPlain);
  await expect(copyPlain(path, join(directory, 'to'), 100)).rejects.toThrow('is no plain file');
});

test('a file beyond the limit is refused before it is read', async () => {
  const path = join(directory, 'large');
  writeFileSync(path, '');
  truncateSync(path, 2 ** 40);
  await expect(readPlain(path)).rejects.toThrow('1048576 MiB, more than the 64 MiB that are taken');
  await expect(copyPlain(path, join(directory, 'to'), 2 ** 20)).rejects.toThrow(NotPlain);
});
