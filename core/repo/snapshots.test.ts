/** Promises of snapshots: of commits and of folders. git's own listing is the measure. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FolderCache, openCommit } from './commit-snapshot.ts';
import { openFolder } from './folder-snapshot.ts';
import { git } from './git.ts';
import { formatTree, objectId } from './object-format.ts';
import { type ClosableObjectSource, catFile, type ObjectSource } from './objects.ts';
import { type ScratchRepository, scratchRepository } from './scratch-repository.ts';

let scratch: ScratchRepository;
let source: ClosableObjectSource;
beforeEach(async () => {
  scratch = await scratchRepository();
  source = catFile(scratch.gitDir);
});
afterEach(async () => {
  await source.close();
  await scratch.remove();
});

/** `a-b`, `a.b` and `a/b` stand in another order as strings than a folder walk would give. */
const FILES = {
  'tables/site.csv': 'site',
  'tables/größe.csv': 'é',
  'syncdirs/a/b': 'in a',
  'syncdirs/a-b': '1',
  'syncdirs/a.b': '2',
  'syncdirs/a0': '3',
  'syncdirs/z/run': { program: '#!/bin/sh\n' },
  'syncdirs/z/link': { link: '../a/b' },
  'syncdirs/\u{10000}': 'beyond',
  'syncdirs/\uFFFE': 'before',
  '.gitkeep': '',
};

async function gitListing(commit: string): Promise<string[]> {
  const { stdout } = await git(['ls-tree', '-r', '-z', commit], { cwd: scratch.dir });
  return stdout.toString().split('\0').filter(Boolean);
}

describe('a commit', () => {
  test('lists what git lists, in byte order, with modes; folders carry their own tree ids', async () => {
    const oid = await scratch.commit(FILES);
    const snapshot = await openCommit(source, oid);
    const { tree, entries } = await snapshot.list('');
    expect(entries.map((entry) => `${entry.mode} blob ${entry.oid}\t${entry.path}`)).toEqual(await gitListing(oid));
    expect(tree).toBe(await scratch.git('rev-parse', `${oid}^{tree}`));
    const inner = await snapshot.list('syncdirs/z');
    expect(inner.tree).toBe(await scratch.git('rev-parse', `${oid}:syncdirs/z`));
    expect(inner.entries.map(({ path, mode }) => `${mode} ${path}`)).toEqual([
      '120000 syncdirs/z/link',
      '100755 syncdirs/z/run',
    ]);
    expect((await snapshot.blobs(inner.entries.map((entry) => entry.oid))).map(String)).toEqual([
      '../a/b',
      '#!/bin/sh\n',
    ]);
    expect(snapshot.commit).toBe(oid);
  });

  test('missing folders and files in their place give nothing', async () => {
    const snapshot = await openCommit(source, await scratch.commit(FILES));
    for (const folder of ['custom', 'tables/site.csv', 'syncdirs/a/b/c', 'syncdirs/z/link'])
      expect(await snapshot.list(folder)).toEqual({ tree: undefined, entries: [] });
  });

  test('an annotated tag opens its commit; what is no commit does not open', async () => {
    const oid = await scratch.commit(FILES);
    await scratch.git('tag', '-a', '-m', 'x', 'v1');
    expect((await openCommit(source, await scratch.git('rev-parse', 'v1'))).commit).toBe(oid);
    await expect(openCommit(source, await scratch.git('rev-parse', `${oid}^{tree}`))).rejects.toThrow(
      'expected a commit',
    );
    await expect(openCommit(source, 'e'.repeat(40))).rejects.toThrow('not in the repository');
    const snapshot = await openCommit(source, oid);
    await expect(snapshot.blobs(['e'.repeat(40)])).rejects.toThrow('not in the repository');
  });

  test('the next commit reads only the trees that changed', async () => {
    const cache = new FolderCache();
    const first = await scratch.commit({ ...FILES, 'syncdirs/big/deep/er/file': 'x' });
    const second = await scratch.commit({ 'syncdirs/z/new': 'new' });
    const before = await (await openCommit(source, first, cache)).list('');
    let read = 0;
    const counted: ObjectSource = {
      read(oids) {
        read += oids.length;
        return source.read(oids);
      },
    };
    const after = await (await openCommit(counted, second, cache)).list('');
    // The commit, the root, syncdirs and syncdirs/z; not a, big, deep, er, tables.
    expect(read).toBe(4);
    expect(after.entries.length).toBe(before.entries.length + 1);
    expect(after.entries.map((entry) => `${entry.mode} blob ${entry.oid}\t${entry.path}`)).toEqual(
      await gitListing(second),
    );
    expect((await (await openCommit(source, first, cache)).list('')).entries).toEqual(before.entries);
  });

  test('a tree that unfolds to more files than any cluster has is refused, not unfolded', async () => {
    const objects = new Map<string, Buffer>();
    let oid = objectId('blob', Buffer.alloc(0));
    let mode: '100644' | '040000' = '100644';
    for (let depth = 0; depth < 12; depth++) {
      const data = formatTree(Array.from({ length: 10 }, (_, index) => ({ name: `${index}`, mode, oid })));
      oid = objectId('tree', data);
      objects.set(oid, data);
      mode = '040000';
    }
    const commit = Buffer.from(`tree ${oid}\n\n`);
    const bomb: ObjectSource = {
      read: async (oids) =>
        oids.map((each) => {
          const data = objects.get(each);
          return data === undefined ? { type: 'commit', data: commit } : { type: 'tree', data };
        }),
    };
    const snapshot = await openCommit(bomb, 'c'.repeat(40));
    await expect(snapshot.list('')).rejects.toThrow('more than 1000000 files');
  });
});

describe('a folder', () => {
  test('a working copy lists what a commit of it would: the same files, modes, ids and tree', async () => {
    await scratch.commit({ ...FILES, gone: 'x', '.gitignore': '*.tmp\n' });
    await scratch.write({ 'tables/site.csv': 'changed', 'syncdirs/new/file': 'new', 'x.tmp': 'ignored' });
    await scratch.git('rm', '-q', '--cached', 'gone');
    await git(['clean', '-fq', 'gone'], { cwd: scratch.dir });
    const folder = await openFolder(scratch.dir);
    const mine = await folder.list('');
    const inner = await folder.list('syncdirs');
    const oid = await scratch.commit({});
    const theirs = await (await openCommit(source, oid)).list('');
    expect(mine).toEqual(theirs);
    expect(inner.tree).toBe(await scratch.git('rev-parse', `${oid}:syncdirs`));
    expect(folder.commit).toBeUndefined();
    expect(await folder.list('custom')).toEqual({ tree: undefined, entries: [] });
  });

  test('a file that is tracked and deleted is left out', async () => {
    await scratch.commit({ a: 'a', b: 'b' });
    await git(['rm', '-q', 'a'], { cwd: scratch.dir });
    await scratch.git('reset', '-q');
    expect((await (await openFolder(scratch.dir)).list('')).entries.map(({ path }) => path)).toEqual(['b']);
  });

  test('outside git, or ignored by the repository around it, all files count', async () => {
    await scratch.commit({ '.gitignore': 'var/\n' });
    const dir = join(scratch.dir, 'var', 'config');
    await mkdir(join(dir, 'tables'), { recursive: true });
    await writeFile(join(dir, 'tables', 'site.csv'), 'x');
    await writeFile(join(dir, '.gitkeep'), '');
    const { entries } = await (await openFolder(dir)).list('');
    expect(entries.map(({ path }) => path)).toEqual(['.gitkeep', 'tables/site.csv']);
  });

  test('a repository inside shows as the submodule that git would make of it', async () => {
    await mkdir(join(scratch.dir, 'syncdirs/app'), { recursive: true });
    await git(['init', '-q'], { cwd: join(scratch.dir, 'syncdirs/app') });
    await git(['-c', 'user.name=a', '-c', 'user.email=a', 'commit', '-q', '--allow-empty', '-m', 'x'], {
      cwd: join(scratch.dir, 'syncdirs/app'),
    });
    const { entries } = await (await openFolder(scratch.dir)).list('syncdirs');
    expect(entries).toMatchObject([{ path: 'syncdirs/app', mode: '160000' }]);
  });

  test('a file that changes between listing and reading is an error, not a mixture', async () => {
    await scratch.write({ a: 'before' });
    const folder = await openFolder(scratch.dir);
    const { entries } = await folder.list('');
    await scratch.write({ a: 'after' });
    await expect(folder.blobs(entries.map(({ oid }) => oid))).rejects.toThrow('a changed while it was read');
  });
});
