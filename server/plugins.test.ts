import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { contractVersion, definePlugin, type Plugin } from '../core/plugin/plugin.ts';
import type { TableSchema } from '../core/tables/schema.ts';
import { temporaryDirs } from '../test/server/temporary.ts';
import { Failure } from './command/failure.ts';
import { loadPlugins, setUpPlugins } from './plugins.ts';

const temporary = temporaryDirs();
const noderes: TableSchema = {
  name: 'noderes',
  columns: ['node', 'netboot'],
  key: ['node'],
  keyedBy: 'node',
  used: [],
  about: '',
};

function plugin(name: string, more: Partial<Plugin> = {}): Plugin {
  const options = z.object({ form: z.enum(['kernel', 'ganesha']).default('kernel') });
  return definePlugin<unknown>({
    name,
    contract: contractVersion,
    version: '1',
    about: '',
    reads: {},
    options,
    setup: () => ({}),
    ...more,
  });
}

type Wanted = Record<string, boolean | Record<string, unknown>>;
const load = (own: readonly Plugin[], plugins: Wanted = {}, dir = '/nowhere') =>
  loadPlugins({ dir, plugins }, own, [noderes]);

async function failure(own: readonly Plugin[], plugins: Wanted = {}, dir = '/nowhere'): Promise<string> {
  const error: unknown = await load(own, plugins, dir).catch((thrown: unknown) => thrown);
  if (!(error instanceof Failure)) throw new Error(`no failure but ${String(error)}`);
  return `${error.code}: ${error.what} / ${error.mend}`;
}

const names = async (loaded: ReturnType<typeof loadPlugins>) => (await loaded).plugins.map(({ name }) => name);

/** A package in a server's own node_modules, as `npm install` there would leave it. */
function installed(name: string, source: string): string {
  const dir = temporary();
  const folder = join(dir, 'node_modules', name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, type: 'module', main: 'index.js' }));
  writeFileSync(join(folder, 'index.js'), source);
  return dir;
}

const dns = `export default { name: 'dns', contract: 1, version: '1', about: '', reads: {}, setup: () => ({}),
  options: { shape: { zone: 1 }, safeParse: (data) => ({ success: true, data }) } };`;

test('own plugins are on unless they are switched off, and options reach them with their defaults', async () => {
  const own = [plugin('a'), plugin('b'), plugin('c')];
  const loaded = await load(own, { b: false, c: { form: 'ganesha' } });
  expect(loaded.plugins.map(({ name }) => name)).toEqual(['a', 'c']);
  expect(loaded.options).toEqual({ a: { form: 'kernel' }, c: { form: 'ganesha' } });
});

test('a package of the server’s own directory is loaded with its options, and so is a path', async () => {
  const dir = installed('litehouse-plugin-dns', dns);
  const loaded = await load([plugin('a')], { 'litehouse-plugin-dns': { zone: 'x' } }, dir);
  expect(loaded.plugins.map(({ name }) => name)).toEqual(['a', 'dns']);
  expect(loaded.options.dns).toEqual({ zone: 'x' });
  expect(await names(load([], { './node_modules/litehouse-plugin-dns/index.js': true }, dir))).toEqual(['dns']);
});

test('a name that is nothing is refused with the nearest own plugin', async () => {
  expect(await failure([plugin('pxelinux')], { pxelinx: true })).toMatch(/^LH911: .*"pxelinx".*write "pxelinux"/);
});

test('a package that throws, or exports no plugin, is refused by name', async () => {
  const boom = installed('boom', 'throw new Error("no such luck");');
  expect(await failure([], { boom: true }, boom)).toMatch(/^LH912: .*boom.*no such luck/);
  const empty = installed('empty', 'export const name = "x";');
  expect(await failure([], { empty: true }, empty)).toMatch(/^LH912: .*no plugin object/);
});

test('a plugin of another contract is refused before anything else is asked of it', async () => {
  const dir = installed('future', "export default { name: 'future', contract: 99 };");
  expect(await failure([], { future: true }, dir)).toMatch(/^LH913: .*contract 99; this litehouse has 1/);
});

test('two of one name are refused, unless ours is switched off', async () => {
  const dir = installed('litehouse-plugin-dns', dns);
  expect(await failure([plugin('dns')], { 'litehouse-plugin-dns': true }, dir)).toMatch(/^LH914/);
  expect(await names(load([plugin('dns')], { dns: false, 'litehouse-plugin-dns': true }, dir))).toEqual(['dns']);
});

test('what it reads must be in a schema, ours or its own', async () => {
  expect(await failure([plugin('a', { reads: { noderes: ['netbot'] } })])).toMatch(
    /^LH915: .*noderes.netbot.*read noderes.netboot/,
  );
  expect(await failure([plugin('a', { reads: { noders: [] } })])).toMatch(/^LH915: .*table noders.*read noderes/);
  const ownTable = { ...noderes, name: 'dns' };
  expect(await names(load([plugin('a', { reads: { dns: ['netboot'] }, tables: [ownTable] })]))).toEqual(['a']);
});

test('an unknown option is refused even where the schema would pass it over', async () => {
  expect(await failure([plugin('a')], { a: { from: 'ganesha' } })).toMatch(/^LH916: .*"from".*write "form"/);
  expect(await failure([plugin('a')], { a: { form: 'tar' } })).toMatch(/^LH916: .*"form"/);
});

test('plugins are loaded after those that they name; a missing one or a ring is refused', async () => {
  expect(await names(load([plugin('a', { after: ['c'] }), plugin('b'), plugin('c')]))).toEqual(['c', 'a', 'b']);
  expect(await failure([plugin('a', { after: ['c'] })])).toMatch(/^LH917: plugin a needs plugin c/);
  expect(await failure([plugin('a', { after: ['b'] }), plugin('b', { after: ['a'] })])).toMatch(/^LH917: .*each/);
});

test('a plugin whose setup throws is named', async () => {
  const bad = plugin('bad', {
    setup() {
      throw new Error('no');
    },
  });
  expect(() => setUpPlugins({ plugins: [bad], options: {} })).toThrow('plugin "bad" cannot be loaded: no');
});
