/** Promises of the check of paths. */
import { describe, expect, test } from 'vitest';
import { objectId } from './object-format.ts';
import { checkPaths } from './paths.ts';
import type { GitMode, Snapshot } from './snapshot.ts';

function snapshot(files: Readonly<Record<string, { mode?: GitMode; text?: string }>>): Snapshot {
  const blobs = new Map<string, Buffer>();
  const entries = Object.entries(files).map(([path, { mode = '100644', text = '' }]) => {
    const oid = objectId('blob', Buffer.from(text));
    blobs.set(oid, Buffer.from(text));
    return { path, mode, oid };
  });
  return {
    commit: undefined,
    list: async () => ({ tree: undefined, entries }),
    blobs: async (oids) => oids.map((oid) => blobs.get(oid) ?? Buffer.alloc(0)),
  };
}

async function codes(files: Parameters<typeof snapshot>[0]): Promise<string[]> {
  return (await checkPaths(snapshot(files))).map(({ code, at }) => `${code} ${at?.file}`);
}

const link = (text: string) => ({ mode: '120000' as const, text });
const submodule = { mode: '160000' as const };

describe('paths of a commit', () => {
  test('ordinary ones are fine: accents, blanks, dots, long folders', async () => {
    expect(
      await codes({
        'tables/site.csv': {},
        'syncdirs/a b/größe/.gitkeep': {},
        '.gitignore': {},
        'x/..y/z...': {},
        'a.git/b': {},
      }),
    ).toEqual([]);
  });

  test.each([
    ['not UTF-8', { 'syncdirs/caf\uFFFD': {} }, 'LH701 syncdirs/caf\uFFFD'],
    ['a line feed', { 'syncdirs/a\nb': {} }, 'LH702 "syncdirs/a\\u000ab"'],
    ['an escape', { '\u001b[2J': {} }, 'LH702 "\\u001b[2J"'],
    ['a C1 control', { 'a\u009bx': {} }, 'LH702 "a\\u009bx"'],
    ['a submodule below tables', { 'tables/x': submodule }, 'LH703 tables/x'],
    ['a submodule instead of syncdirs', { syncdirs: submodule }, 'LH703 syncdirs'],
    ['.git in another case', { 'syncdirs/x/.GIT/config': {} }, 'LH705 syncdirs/x/.GIT/config'],
    ['a climbing part', { 'syncdirs/../x': {} }, 'LH705 syncdirs/../x'],
    ["the engine's own folder", { 'syncdirs/.litehouse/x': {} }, 'LH705 syncdirs/.litehouse/x'],
    ['an empty part', { 'syncdirs//x': {} }, 'LH705 syncdirs//x'],
    ['a folder in the wrong case', { 'Tables/site.csv': {} }, 'LH706 Tables'],
    ['a link as a table', { 'tables/site.csv': link('x.csv') }, 'LH707 tables/site.csv'],
    ['a name of 256 bytes', { [`a/${'é'.repeat(128)}`]: {} }, `LH708 a/${'é'.repeat(128)}`],
    ['a path of 3,001 bytes', { [`${'a/'.repeat(1500)}b`]: {} }, `LH708 ${'a/'.repeat(1500)}b`],
  ])('%s is found', async (_name, files, expected) => {
    expect(await codes(files as Parameters<typeof snapshot>[0])).toEqual([expected]);
  });

  test('a submodule where nothing is read, and a name of 255 bytes, are fine', async () => {
    expect(await codes({ doc: submodule, [`a/${'é'.repeat(127)}x`]: {} })).toEqual([]);
  });
});

describe('links in overlays', () => {
  test.each([
    ['beside itself', 'syncdirs/x/a', 'b'],
    ['up and down again', 'syncdirs/x/y/a', '../../z/b'],
    ['to nothing', 'syncdirs/x/a', './none'],
  ])('%s is fine', async (_name, path, target) => {
    expect(await codes({ [path]: link(target) })).toEqual([]);
  });

  test.each([
    ['absolute', 'syncdirs/x/a', '/etc/motd'],
    ['absolute, to a published path', 'syncdirs/x/a', '/syncdirs/x/b'],
    ['climbing out', 'syncdirs/x/a', '../../tables/site.csv'],
    ['climbing out and in again', 'syncdirs/x/a', '../../syncdirs/x/b'],
    ['syncdirs itself', 'syncdirs', 'elsewhere'],
  ])('%s leads out', async (_name, path, target) => {
    expect(await codes({ [path]: link(target) })).toEqual([`LH704 ${path}`]);
  });

  test('a climb through another link is followed as the kernel follows it', async () => {
    // By the letters `deep/../../b` ends in syncdirs; but deep leads to x, so `..` is syncdirs and `../..` is out.
    const files = { 'syncdirs/x/y/z/deep': link('../..'), 'syncdirs/x/y/z/a': link('deep/../../b') };
    expect(await codes(files)).toEqual(['LH704 syncdirs/x/y/z/a']);
  });

  test('links in a circle harm nobody', async () => {
    expect(await codes({ 'syncdirs/a': link('b'), 'syncdirs/b': link('a') })).toEqual([]);
  });

  test('elsewhere links are free: an image has its own root', async () => {
    expect(await codes({ 'images/compute/rootimg/etc/localtime': link('/usr/share/zoneinfo/UTC') })).toEqual([]);
  });
});
