import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryDirs } from '../../test/server/temporary.ts';
import { EMPTY_SNAPSHOT } from '../repo/commit-snapshot.ts';
import { openFolder } from '../repo/folder-snapshot.ts';
import { readTableFiles, writeTables } from './folders.ts';
import { overlaySnapshot } from './overlay.ts';
import { type ImportedTable, planImport } from './plan.ts';
import { conflicts, readSecrets, writeSecrets } from './secrets-file.ts';

const temporary = temporaryDirs();
const tablesOf = (texts: Record<string, string>): readonly ImportedTable[] =>
  planImport(
    Object.entries(texts).map(([name, text]) => ({ name: `${name}.csv`, bytes: Buffer.from(text) })),
    new Map(),
  ).tables;

describe('tables', () => {
  test('are written by rename, and nothing else stays in the folder', async () => {
    const dir = temporary();
    mkdirSync(join(dir, 'tables'));
    writeFileSync(join(dir, 'tables/.old.csv.import'), 'left by an import that was killed');
    writeFileSync(join(dir, 'elsewhere'), 'stays');
    symlinkSync('../elsewhere', join(dir, 'tables/mac.csv'));
    await writeTables(dir, tablesOf({ mac: '#node,mac\n', site: '#key,value\n' }));
    expect(readdirSync(join(dir, 'tables')).sort()).toEqual(['mac.csv', 'site.csv']);
    expect(readFileSync(join(dir, 'elsewhere'), 'utf8')).toBe('stays');
    expect(readFileSync(join(dir, 'tables/mac.csv'), 'utf8')).toBe('#node,mac\n');
  });

  test('where one cannot be written, none is', async () => {
    const dir = temporary();
    mkdirSync(join(dir, 'tables/.site.csv.import/x'), { recursive: true });
    await expect(writeTables(dir, tablesOf({ mac: '#node,mac\n', site: '#key,value\n' }))).rejects.toThrow();
    expect(readdirSync(join(dir, 'tables')).filter((name) => !name.startsWith('.site'))).toEqual([]);
  });

  test('of a dump are its .csv files; the rest is named', async () => {
    const dir = temporary();
    for (const name of ['site.csv', '.hidden.csv', 'notes.txt', 'x.CSV'])
      writeFileSync(join(dir, name), '#key,value\n');
    mkdirSync(join(dir, 'folder.csv'));
    symlinkSync('site.csv', join(dir, 'linked.csv'));
    symlinkSync('folder.csv', join(dir, 'to-folder.csv'));
    symlinkSync('nowhere', join(dir, 'dangling.csv'));
    const { files, others, links } = await readTableFiles(dir);
    const rest = ['.hidden.csv', 'dangling.csv', 'folder.csv'];
    expect([files.map(({ name }) => name).sort(), others, links]).toEqual([
      ['site.csv'],
      [...rest, 'linked.csv', 'notes.txt', 'to-folder.csv', 'x.CSV'],
      ['dangling.csv', 'linked.csv', 'to-folder.csv'],
    ]);
    // In a working copy what a link leads to is what would be replaced.
    const followed = await readTableFiles(dir, { follow: true });
    expect([followed.files.map(({ name }) => name).sort(), followed.others]).toEqual([
      ['linked.csv', 'site.csv'],
      [...rest, 'notes.txt', 'to-folder.csv', 'x.CSV'],
    ]);
    expect(await readTableFiles(join(dir, 'nowhere'))).toEqual({ files: [], others: [], links: [] });
  });
});

describe('the file of secrets', () => {
  test('is readable by its owner alone, keeps what it has, and is written whole', async () => {
    const file = join(temporary(), 'state/secrets.json');
    expect(await readSecrets(file)).toEqual(new Map());
    await writeSecrets(file, new Map(), [{ name: 'b', value: '1' }]);
    await writeSecrets(file, await readSecrets(file), [{ name: 'a', value: '2' }]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect([...(await readSecrets(file))]).toEqual([
      ['a', '2'],
      ['b', '1'],
    ]);
    expect(readdirSync(join(file, '..'))).toEqual(['secrets.json']);
  });

  test('conflicts are names with another value', () => {
    const known = new Map([['a', '1']]);
    expect(
      conflicts(known, [
        { name: 'a', value: '1' },
        { name: 'b', value: '2' },
      ]),
    ).toEqual([]);
    expect(conflicts(known, [{ name: 'a', value: '2' }])).toEqual(['a']);
  });

  test('a damaged one is refused without a word of what is in it', async () => {
    const file = join(temporary(), 'secrets.json');
    for (const text of ['hunter2', '{"secrets": {"a": 1}, "hunter2": 1}', '["hunter2"]']) {
      writeFileSync(file, text);
      const error = await readSecrets(file).catch((thrown: Error) => thrown.message);
      expect(error).toContain(file);
      expect(error).not.toContain('hunter2');
    }
  });
});

test('an overlay snapshot is what the folder would be with the files written', async () => {
  const dir = temporary();
  mkdirSync(join(dir, 'tables'));
  mkdirSync(join(dir, 'syncdirs'));
  for (const [path, text] of [
    ['tables/site.csv', 'old'],
    ['tables/mac.csv', 'mac'],
    ['syncdirs/x', 'x'],
  ] as const)
    writeFileSync(join(dir, path), text);
  const files = new Map([
    ['tables/site.csv', Buffer.from('new')],
    ['tables/a.csv', Buffer.from('a')],
  ]);
  const over = overlaySnapshot(await openFolder(dir), files);
  const planned = await Promise.all(['', 'tables', 'syncdirs', 'custom'].map((folder) => over.list(folder)));
  const texts = await over.blobs(planned[0]?.entries.map(({ oid }) => oid) ?? []);
  for (const [path, bytes] of files) writeFileSync(join(dir, path), bytes);
  const written = await openFolder(dir);
  expect(planned).toEqual(
    await Promise.all(['', 'tables', 'syncdirs', 'custom'].map((folder) => written.list(folder))),
  );
  expect(texts.map(String)).toEqual(['x', 'a', 'mac', 'new']);
  expect(await overlaySnapshot(EMPTY_SNAPSHOT, new Map()).list('')).toMatchObject({ entries: [] });
});
