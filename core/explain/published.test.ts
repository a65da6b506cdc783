import { expect, test } from 'vitest';
import { openFolder } from '../repo/folder-snapshot.ts';
import { type ScratchFile, scratchRepository } from '../repo/scratch-repository.ts';
import { buildView } from '../resolve/build-view.ts';
import { TableCache } from '../tables/load.ts';
import { findPublished } from './published.ts';

async function found(files: Readonly<Record<string, ScratchFile>>, tree: string, ...paths: string[]) {
  const scratch = await scratchRepository();
  try {
    await scratch.write(files);
    const snapshot = await openFolder(scratch.dir);
    const view = await buildView(snapshot, { tableCache: new TableCache(), extraSchemas: [] });
    return paths.map((path) => {
      const hit = findPublished(view, tree, path);
      return hit === undefined ? undefined : [hit.kind, hit.path];
    });
  } finally {
    await scratch.remove();
  }
}

test('files and directories; names that only begin alike are others; a .gitkeep is not published', async () => {
  const files = { 'syncdirs/n01/etc/motd': 'x', 'syncdirs/n01/empty/.gitkeep': '', 'syncdirs/n010/etc/x': 'y' };
  expect(await found(files, 'n01', '/etc/motd', '/etc', '/etc/x', '/empty', '/empty/.gitkeep', '/')).toEqual([
    ['file', 'syncdirs/n01/etc/motd'],
    ['directory', 'syncdirs/n01/etc'],
    undefined,
    ['directory', 'syncdirs/n01/empty'],
    undefined,
    ['directory', 'syncdirs/n01'],
  ]);
});

test('links are followed as a node would that mounted the tree: inside it, and not out of it', async () => {
  const files = {
    'syncdirs/n01/etc/real': 'x',
    'syncdirs/n01/etc/near': { link: 'real' },
    'syncdirs/n01/conf': { link: 'etc' },
    'syncdirs/n01/etc/up': { link: '../conf/near' },
    'syncdirs/n01/out': { link: '../all/x' },
    'syncdirs/n01/root': { link: '/etc/motd' },
    'syncdirs/n01/a': { link: 'b' },
    'syncdirs/n01/b': { link: 'a' },
    'syncdirs/n01/dangling': { link: 'etc/nothing' },
    'syncdirs/all/x': 'y',
  };
  expect(await found(files, 'n01', '/etc/near', '/conf/real', '/etc/up', '/out', '/root', '/a', '/dangling')).toEqual([
    ['file', 'syncdirs/n01/etc/real'],
    ['file', 'syncdirs/n01/etc/real'],
    ['file', 'syncdirs/n01/etc/real'],
    ['link', 'syncdirs/n01/out'],
    ['link', 'syncdirs/n01/root'],
    ['link', 'syncdirs/n01/a'],
    undefined,
  ]);
});
