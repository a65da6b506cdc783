import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Repository } from './repository.ts';
import { type ScratchRepository, scratchRepository } from './scratch-repository.ts';
import { moveBranch, type NewCommit, writeCommit } from './write-commit.ts';

let scratch: ScratchRepository;
let repository: Repository;
let parent: string;
beforeEach(async () => {
  scratch = await scratchRepository();
  parent = await scratch.commit({
    'tables/a.csv': 'a\n',
    'tables/b.csv': 'b\n',
    'bin/run': { program: '#!/bin/sh\n' },
    'x/link': { link: '../tables/a.csv' },
  });
  repository = await Repository.open(scratch.dir);
});
afterEach(async () => {
  await repository.close();
  await scratch.remove();
});

const ada = { name: 'Ada', email: 'ada@site' };
const write = (files: Record<string, string | undefined>, more: Partial<NewCommit> = {}) =>
  writeCommit(repository, { parent, files: new Map(Object.entries(files)), author: ada, message: 'Words', ...more });

describe('a commit without a working copy', () => {
  test('changes the files named, adds and removes, and leaves all else with its modes', async () => {
    const oid = await write({
      'tables/a.csv': 'A\n',
      'new/deep/c': 'c',
      'bin/run': 'changed',
      'tables/b.csv': undefined,
    });
    expect((await scratch.git('ls-tree', '-r', '--format=%(objectmode) %(path)', oid)).split('\n')).toEqual([
      '100755 bin/run',
      '100644 new/deep/c',
      '100644 tables/a.csv',
      '120000 x/link',
    ]);
    expect(await scratch.git('show', `${oid}:tables/a.csv`)).toBe('A');
    expect(await scratch.git('log', '-1', '--format=%P|%an|%ae|%cn|%s', oid)).toBe(
      `${parent}|Ada|ada@site|litehouse|Words`,
    );
    expect(await scratch.git('fsck', '--strict', '--no-dangling')).toBe('');
    expect(await scratch.git('rev-parse', 'main')).toBe(parent);
  });

  test('has the tree that git itself would make', async () => {
    const oid = await write({ 'tables/a.csv': 'A\n', 'tables.csv': 'sorts before the folder', 'tables-x': 'after' });
    const own = await scratch.commit({
      'tables/a.csv': 'A\n',
      'tables.csv': 'sorts before the folder',
      'tables-x': 'after',
    });
    expect(await scratch.git('rev-parse', `${oid}^{tree}`)).toBe(await scratch.git('rev-parse', `${own}^{tree}`));
  });

  test('drops a folder with its last file, and takes an empty file', async () => {
    const oid = await write({ 'tables/a.csv': undefined, 'tables/b.csv': undefined, empty: '' });
    expect(await scratch.git('ls-tree', '--name-only', oid)).toBe('bin\nempty\nx');
  });

  test('takes any name of an author, and no line of it becomes a header', async () => {
    for (const name of ['', '<>', '...', 'A\nparent x <y>']) {
      const oid = await write({ 'tables/a.csv': 'A\n' }, { author: { name, email: '' } });
      expect(await scratch.git('log', '-1', '--format=%P %an', oid)).toMatch(
        new RegExp(`^${parent} (unknown|A parent x y)$`),
      );
    }
  });

  test('does not run the filters of a .gitattributes over what it writes', async () => {
    await scratch.commit({ '.gitattributes': '* text eol=lf\n' });
    const oid = await write({ 'tables/a.csv': 'A\r\n' }, { parent: await scratch.git('rev-parse', 'main') });
    expect((await repository.readFile(oid, 'tables/a.csv')).toString()).toBe('A\r\n');
  });

  test('throws where its parent is not there, or is no commit', async () => {
    await expect(write({ a: 'x' }, { parent: '1'.repeat(40) })).rejects.toThrow('no commit');
    await expect(write({ a: 'x' }, { parent: await scratch.git('rev-parse', 'main^{tree}') })).rejects.toThrow(
      'no commit',
    );
  });
});

describe('moving the branch', () => {
  test('happens only from where it was', async () => {
    const [one, two] = [await write({ a: '1' }), await write({ a: '2' })];
    const both = await Promise.all([
      moveBranch(repository, 'main', parent, one, 'r'),
      moveBranch(repository, 'main', parent, two, 'r'),
    ]);
    expect(both.filter((moved) => moved)).toHaveLength(1);
    expect(await scratch.git('rev-parse', 'main')).toBe(both[0] ? one : two);
    expect(await moveBranch(repository, 'main', parent, one, 'r')).toBe(false);
  });

  test('is not said to be lost where it fails for another reason', async () => {
    const one = await write({ a: '1' });
    await expect(moveBranch(repository, 'main', parent, '1'.repeat(40), 'r')).rejects.toThrow('update-ref');
    const lock = join(scratch.gitDir, 'refs/heads/main.lock');
    writeFileSync(lock, '');
    expect(await moveBranch(repository, 'main', parent, one, 'r')).toBe(false);
    expect(readFileSync(join(scratch.gitDir, 'refs/heads/main'), 'utf8').trim()).toBe(parent);
  });
});
