/** What loading the tables of a commit promises. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { FileEntry, GitMode, Snapshot } from '../repo/snapshot.ts';
import { loadTables, TableCache } from './load.ts';
import type { TableSchema } from './schema.ts';

/** A snapshot of texts by path; counts the blobs that were read. */
function snapshotOf(files: Readonly<Record<string, string>>, modes: Readonly<Record<string, GitMode>> = {}) {
  const blobs = new Map<string, Buffer>();
  const entries = Object.entries(files).map(([path, text]): FileEntry => {
    const oid = createHash('sha1').update(text).digest('hex');
    blobs.set(oid, Buffer.from(text));
    return { path, mode: modes[path] ?? '100644', oid };
  });
  const state = { read: 0 };
  const snapshot: Snapshot = {
    commit: undefined,
    list: async (folder) => ({ tree: undefined, entries: entries.filter((one) => one.path.startsWith(`${folder}/`)) }),
    blobs: async (oids) => {
      state.read += oids.length;
      return oids.map((oid) => blobs.get(oid) ?? Buffer.alloc(0));
    },
  };
  return { snapshot, state };
}

const nodelist = '#node,groups\nn01,all\n';

async function said(files: Readonly<Record<string, string>>, extra: TableSchema[] = [], modes = {}) {
  const { tables, diagnostics } = await loadTables(snapshotOf(files, modes).snapshot, new TableCache(), extra);
  return { tables, said: diagnostics.map(({ code, severity, at }) => `${code} ${severity} ${at?.file}`), diagnostics };
}

describe('loadTables', () => {
  it('gives each tables/NAME.csv by its name, and no other folder', async () => {
    const { tables, said: none } = await said({ 'tables/nodelist.csv': nodelist, 'custom/site.csv': '#key\n' });
    expect([...tables.keys()]).toEqual(['nodelist']);
    expect(tables.get('nodelist')?.file).toBe('tables/nodelist.csv');
    expect(none).toEqual([]);
  });

  it('a commit without tables has none', async () => {
    expect((await said({})).tables.size).toBe(0);
  });

  it('keeps the other tables of the original in silence', async () => {
    const { tables, said: none } = await said({
      'tables/ipmi.csv': '#node,bmc\nn01,b01\n',
      'tables/vpd.csv': '#node\n',
    });
    expect([...tables.keys()]).toEqual(['ipmi', 'vpd']);
    expect(none).toEqual([]);
  });

  it('keeps a table that it does not know, with a warning that names the nearest', async () => {
    const { tables, said: one, diagnostics } = await said({ 'tables/litefiles.csv': '#image,file\n' });
    expect(tables.has('litefiles')).toBe(true);
    expect(one).toEqual(['LH120 warning tables/litefiles.csv']);
    expect(diagnostics[0]?.mend).toContain("'litefile'");
  });

  it('knows the tables that plugins add, but lets none replace one of its own', async () => {
    const columns = ['node', 'colour', 'comments', 'disable'];
    const base = { columns, key: ['node'], keyedBy: 'node', used: [], about: '' } as const;
    const extra: TableSchema[] = [
      { ...base, name: 'paint' },
      { ...base, name: 'nodelist' },
    ];
    expect(
      (await said({ 'tables/paint.csv': '#node,colour\nn01,red\nn01,blue\n', 'tables/nodelist.csv': nodelist }, extra))
        .said,
    ).toEqual(['LH116 error tables/paint.csv']);
  });

  it('warns about files that are no tables, but for those of git', async () => {
    const files = { 'tables/README.md': '', 'tables/site.CSV': '', 'tables/old/site.csv': '', 'tables/.gitkeep': '' };
    expect((await said(files)).said).toEqual([
      'LH121 warning tables/README.md',
      'LH121 warning tables/site.CSV',
      'LH121 warning tables/old/site.csv',
    ]);
  });

  it('refuses a table that is a link or a submodule', async () => {
    const files = { 'tables/site.csv': '../site.csv', 'tables/mac.csv': '' };
    const { tables, said: two } = await said(files, [], { 'tables/site.csv': '120000', 'tables/mac.csv': '160000' });
    expect(two).toEqual(['LH122 error tables/site.csv', 'LH122 error tables/mac.csv']);
    expect(tables.size).toBe(0);
  });

  it('a table with errors gives the rows that are right', async () => {
    const { tables, said: one } = await said({ 'tables/nodelist.csv': `${nodelist}n02,a"b\n` });
    expect(one).toEqual(['LH110 error tables/nodelist.csv']);
    expect(tables.get('nodelist')?.rows).toHaveLength(1);
  });
});

describe('the cache', () => {
  it('neither reads nor parses an unchanged table again, and repeats what was wrong with it', async () => {
    const cache = new TableCache();
    const files = { 'tables/nodelist.csv': `${nodelist}n01,x\n`, 'tables/site.csv': '#key,value\n' };
    const first = snapshotOf(files);
    const before = await loadTables(first.snapshot, cache);
    const second = snapshotOf({ ...files, 'tables/site.csv': '#key,value\nmaster,m\n' });
    const after = await loadTables(second.snapshot, cache);
    expect([first.state.read, second.state.read]).toEqual([2, 1]);
    expect(after.tables.get('nodelist')).toBe(before.tables.get('nodelist'));
    expect(after.tables.get('site')?.rows).toHaveLength(1);
    expect(after.diagnostics).toEqual(before.diagnostics);
    expect(after.diagnostics).toHaveLength(1);
  });

  it('tells apart tables of the same content, and the same table under another schema', async () => {
    const cache = new TableCache();
    const text = '#node,colour\n';
    const { snapshot } = snapshotOf({ 'tables/ours.csv': text, 'tables/mac.csv': text });
    const { tables, diagnostics } = await loadTables(snapshot, cache);
    expect(tables.get('ours')?.name).toBe('ours');
    expect(diagnostics.map((one) => one.code)).toEqual(['LH120', 'LH105']);
    const ours: TableSchema = {
      name: 'ours',
      columns: ['node', 'color'],
      key: ['node'],
      keyedBy: 'node',
      used: [],
      about: '',
    };
    expect((await loadTables(snapshot, cache, [ours])).diagnostics.map((one) => one.code)).toEqual(['LH104', 'LH105']);
  });

  it('is bounded by count and by text, and drops what was not used for longest', async () => {
    const one = async (cache: TableCache, nodes: string) => {
      const { snapshot, state } = snapshotOf({ 'tables/nodelist.csv': `#node\n${nodes}\n` });
      await loadTables(snapshot, cache);
      return state.read;
    };
    const few = new TableCache(2);
    expect([await one(few, 'a'), await one(few, 'b'), await one(few, 'a'), await one(few, 'c')]).toEqual([1, 1, 0, 1]);
    expect([await one(few, 'a'), await one(few, 'b')]).toEqual([0, 1]);
    const small = new TableCache(100, 20);
    expect([await one(small, 'x'.repeat(50)), await one(small, 'x'.repeat(50))]).toEqual([1, 0]);
    expect([await one(small, 'y'), await one(small, 'x'.repeat(50))]).toEqual([1, 1]);
  });
});
