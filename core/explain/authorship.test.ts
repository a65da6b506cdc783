import { expect, test } from 'vitest';
import { openFolder } from '../repo/folder-snapshot.ts';
import { Repository } from '../repo/repository.ts';
import { scratchRepository } from '../repo/scratch-repository.ts';
import type { Snapshot } from '../repo/snapshot.ts';
import { buildView } from '../resolve/build-view.ts';
import { TableCache } from '../tables/load.ts';
import { Authors } from './authorship.ts';

const view = (snapshot: Snapshot) => buildView(snapshot, { tableCache: new TableCache(), extraSchemas: [] });
const header = '#node,groups\n';
const at = (line: number) => ({ file: 'tables/nodelist.csv', line, column: 1 });

test('the author of a row is found at the commit, and for a working copy by the line as it stands in HEAD', async () => {
  const scratch = await scratchRepository();
  const table = 'tables/nodelist.csv';
  await scratch.commit({ [table]: `${header}"n01","a"\n` }, 'first', 'Bob <bob@site>');
  const second = await scratch.commit({ [table]: `${header}"n00","a"\n"n01","a"\n`, 'syncdirs/x': 'x' }, 'second');
  await scratch.write({ [table]: `${header}"n99","a"\n"n00","a"\n"n01","a"\n`, 'syncdirs/y': 'y' });
  const repository = await Repository.open(scratch.dir);
  try {
    const committed = new Authors(await view(await repository.snapshot(second)), repository);
    expect(await committed.ofLine(at(2))).toMatchObject({ author: 'Ann', subject: 'second', commit: second });
    expect(await committed.ofLine(at(3))).toMatchObject({ author: 'Bob', subject: 'first' });

    const folder = await view(await openFolder(scratch.dir));
    const working = new Authors(folder, repository);
    expect(await working.ofLine(at(2))).toBe('uncommitted');
    expect(await working.ofLine(at(3))).toMatchObject({ subject: 'second' });
    expect(await working.ofLine(at(4))).toMatchObject({ subject: 'first' });

    const oid = (path: string) => folder.folder('syncdirs').entries.find((entry) => entry.path === path)?.oid ?? '';
    expect(await working.ofFile('syncdirs/x', oid('x'))).toMatchObject({ subject: 'second' });
    expect(await working.ofFile('syncdirs/y', oid('y'))).toBe('uncommitted');
    expect(await working.ofFile('syncdirs/x', oid('y'))).toBe('uncommitted');
    expect(await new Authors(folder, undefined).ofLine(at(2))).toBeUndefined();
  } finally {
    await repository.close();
    await scratch.remove();
  }
});

test('a repository without a commit has no authors yet', async () => {
  const scratch = await scratchRepository();
  await scratch.write({ 'tables/nodelist.csv': `${header}"n01","a"\n` });
  const repository = await Repository.open(scratch.dir);
  try {
    expect(await new Authors(await view(await openFolder(scratch.dir)), repository).ofLine(at(2))).toBe('uncommitted');
  } finally {
    await repository.close();
    await scratch.remove();
  }
});
