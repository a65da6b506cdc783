import { spawnSync } from 'node:child_process';
import { closeSync, linkSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirs } from '../../test/server/temporary.ts';
import { openInTree } from './tree.ts';

const temporary = temporaryDirs();

/** What a client that asks for `name` gets: the text of the file, or why not. */
async function ask(root: string, name: string): Promise<string> {
  const opened = await openInTree(root, name);
  if (opened.kind !== 'file') return `${opened.kind}: ${opened.why}`;
  try {
    return readFileSync(opened.fd, 'utf8');
  } finally {
    closeSync(opened.fd);
  }
}

function tree(): { readonly root: string; readonly outside: string } {
  const dir = temporary();
  const [root, outside] = [join(dir, 'root'), join(dir, 'root-secret')];
  mkdirSync(join(root, 'pxelinux.cfg'), { recursive: true });
  mkdirSync(outside);
  writeFileSync(join(root, 'pxelinux.cfg/C0A80001'), 'config');
  writeFileSync(join(outside, 'secret'), 'secret');
  return { root, outside };
}

test('leading and doubled slashes, backslashes and the name of the root are read as loaders mean them', async () => {
  const { root } = tree();
  for (const name of [
    'pxelinux.cfg/C0A80001',
    '/pxelinux.cfg/C0A80001',
    '//pxelinux.cfg//C0A80001',
    '\\pxelinux.cfg\\C0A80001',
    './pxelinux.cfg/./C0A80001',
    '/tftpboot/pxelinux.cfg/C0A80001',
  ])
    expect(await ask(root, name), name).toBe('config');
});

test('letters count as they are', async () => {
  const { root } = tree();
  expect(await ask(root, 'pxelinux.cfg/c0a80001')).toBe('absent: no such file');
});

test('nothing outside the root is served: no `..`, no absolute path, no link that leads out', async () => {
  const { root, outside } = tree();
  symlinkSync('/etc/hostname', join(root, 'absolute'));
  symlinkSync('../root-secret/secret', join(root, 'relative'));
  symlinkSync(outside, join(root, 'directory'));
  symlinkSync('directory', join(root, 'twice'));
  for (const name of [
    '../root-secret/secret',
    'pxelinux.cfg/../../root-secret/secret',
    '..',
    '\\..\\root-secret\\secret',
  ])
    expect(await ask(root, name), name).toMatch(/^refused: .*\.\./);
  for (const name of ['absolute', 'relative', 'directory/secret', 'twice/secret'])
    expect(await ask(root, name), name).toBe('refused: a link leads out of what is served');
  expect(await ask(root, '/etc/hostname')).toBe('absent: no such file');
  expect(await ask(root, join(outside, 'secret'))).toBe('absent: no such file');
});

test('links that stay inside are followed, hard or symbolic, and a root may itself be a link', async () => {
  const { root } = tree();
  symlinkSync('pxelinux.cfg/C0A80001', join(root, 'soft'));
  linkSync(join(root, 'pxelinux.cfg/C0A80001'), join(root, 'hard'));
  symlinkSync(root, `${root}-link`);
  for (const name of ['soft', 'hard']) expect(await ask(`${root}-link`, name), name).toBe('config');
});

test("litehouse's own corner is served to nobody, by no name", async () => {
  const { root } = tree();
  mkdirSync(join(root, '.litehouse'));
  writeFileSync(join(root, '.litehouse/manifest'), 'owned');
  symlinkSync('.litehouse/manifest', join(root, 'link'));
  for (const name of ['.litehouse/manifest', '/.litehouse/manifest', './.litehouse//manifest', '.litehouse', 'link'])
    expect(await ask(root, name), name).toMatch(/^refused: /);
});

test('what is no file is refused and not opened: directories, pipes, sockets, devices', async () => {
  const { root } = tree();
  for (const name of ['pxelinux.cfg', 'pxelinux.cfg/', '/', '.'])
    expect(await ask(root, name), name).toBe('refused: this is a directory');
  expect(spawnSync('mkfifo', ['-m', '644', join(root, 'pipe')]).status).toBe(0);
  const socket = createServer();
  await new Promise<void>((resolve) => socket.listen(join(root, 'socket'), resolve));
  symlinkSync('/dev/zero', join(root, 'zero'));
  for (const name of ['pipe', 'socket']) expect(await ask(root, name), name).toBe('refused: this is no ordinary file');
  expect(await ask(root, 'zero')).toMatch(/^refused: /);
  expect(await ask('/dev', 'zero')).toBe('refused: this is no ordinary file');
  await new Promise((resolve) => socket.close(resolve));
});

test('a file that not everybody may read is not served, whoever the server runs as', async () => {
  const { root } = tree();
  writeFileSync(join(root, 'private'), 'key', { mode: 0o640 });
  expect(await ask(root, 'private')).toBe('refused: not everybody may read this file');
});

test('names that no file can have are answered all the same', async () => {
  const { root } = tree();
  expect(await ask(root, 'a\nb')).toBe('refused: the name has control characters');
  expect(await ask(root, 'x'.repeat(5000))).toBe('absent: no such file');
  expect(await ask(root, 'pxelinux.cfg/C0A80001/more')).toBe('absent: no such file');
  symlinkSync('loop', join(root, 'loop'));
  expect(await ask(root, 'loop')).toBe('refused: a link that leads nowhere');
  expect(await ask(`${root}-none`, 'x')).toBe('absent: no such file');
});
