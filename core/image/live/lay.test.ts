/** What live files promise, case by case; random ones are in lay.property.test.ts. */
import { lstatSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { LinkEntry } from '../liteimg/entry.ts';
import { contentAt, makeTree, pieces, readTree, removeScratch } from '../liteimg/testing/trees.ts';
import { generationOf, lay, setOf } from './testing/ground.ts';
import { verifyLaid } from './verify.ts';

afterEach(removeScratch);

const image = () =>
  makeTree(
    pieces(
      '/.statelite/',
      '/etc/motd=image 0600',
      '/etc/conf/a=a',
      '/run>../etc',
      '/etc/names>motd',
      '/usr/lib/x=x',
      '/lib>usr/lib',
    ),
  );
const entry = (path: string, kind: LinkEntry['kind'] = 'link', directory = false): LinkEntry => ({
  path,
  kind,
  directory,
});

describe('a live file', () => {
  it('of a link entry is content in /.default, seen through both levels of links', async () => {
    const generation = await generationOf(image(), [entry('/etc/motd')]);
    await lay(generation, setOf({ '/etc/motd': 'live' }));
    expect(readFileSync(join(generation.rootimg, '.default/etc/motd'), 'utf8')).toBe('live');
    expect(lstatSync(join(generation.rootimg, 'etc/motd')).isSymbolicLink()).toBe(true);
    expect(contentAt(generation.rootimg, '/etc/motd')).toBe('live');
  });

  it('of a bind entry is one inode at its place and in the copy that nodes start from', async () => {
    const generation = await generationOf(image(), [entry('/etc/conf', 'bind', true)]);
    await lay(generation, setOf({ '/etc/conf/a': 'live', '/etc/conf/new/b': 'b' }));
    for (const path of ['etc/conf/a', 'etc/conf/new/b']) {
      const [place, copy] = [join(generation.rootimg, path), join(generation.rootimg, '.default', path)];
      expect(statSync(place).ino).toBe(statSync(copy).ino);
    }
  });

  it('of an entry that the image lacks takes the place of the empty one, which comes back', async () => {
    const generation = await generationOf(image(), [entry('/etc/new'), entry('/srv/dir', 'link', true)]);
    const linked = readTree(generation.rootimg);
    const laying = await lay(generation, setOf({ '/etc/new/below': 'file', '/srv/dir': 'no directory' }));
    expect(laying?.troubles).toEqual([]);
    expect(contentAt(generation.rootimg, '/etc/new/below')).toBe('file');
    expect(contentAt(generation.rootimg, '/srv/dir')).toBe('no directory');
    await lay(generation, setOf({}));
    expect(readTree(generation.rootimg)).toEqual(linked);
  });

  it('that is a link of an entry leads the second level where it leads itself, and back', async () => {
    const generation = await generationOf(image(), [entry('/etc/motd')]);
    const second = join(generation.rootimg, '.statelite/tmpfs/etc/motd');
    const before = readlinkSync(second);
    await lay(generation, setOf({ '/etc/motd': '> conf/a' }));
    expect(readlinkSync(second)).toBe('../../../etc/conf/a');
    expect(contentAt(generation.rootimg, '/etc/motd')).toBe('a');
    await lay(generation, setOf({ '/etc/motd': 'a file' }));
    expect(readlinkSync(second)).toBe(before);
  });

  it('takes the place of a link of the image, and goes through one on its way', async () => {
    const generation = await generationOf(image(), []);
    const before = readTree(generation.rootimg);
    await lay(generation, setOf({ '/etc/names': 'plain', '/lib/y': 'y', '/lib/z/deep': 'z' }));
    expect(lstatSync(join(generation.rootimg, 'etc/names')).isFile()).toBe(true);
    expect(readFileSync(join(generation.rootimg, 'etc/motd'), 'utf8')).toBe('image');
    expect(readFileSync(join(generation.rootimg, 'usr/lib/z/deep'), 'utf8')).toBe('z');
    await lay(generation, setOf({}));
    expect(readTree(generation.rootimg)).toEqual(before);
  });

  it('changes by rename, the old inode held; what the image had is hidden with owner and mode', async () => {
    const base = image();
    const generation = await generationOf(base, []);
    await lay(generation, setOf({ '/etc/motd': 'one' }));
    const { ino } = statSync(join(generation.rootimg, 'etc/motd'));
    await lay(generation, setOf({ '/etc/motd': 'two' }));
    expect(readdirSync(generation.hold).map((name) => statSync(join(generation.hold, name)).ino)).toContain(ino);
    expect(readFileSync(join(base, 'etc/motd'), 'utf8')).toBe('image');
    await lay(generation, setOf({}));
    expect(statSync(join(generation.rootimg, 'etc/motd')).ino).toBe(statSync(join(base, 'etc/motd')).ino);
  });

  it.each([
    ['/etc/conf', 'the image has a directory there'],
    ['/etc/motd/below', '/etc/motd is a file in the image'],
  ])('at %s cannot be laid: %s; the others are', async (path, why) => {
    const generation = await generationOf(image(), []);
    const laying = await lay(generation, setOf({ [path]: 'x', '/etc/other': 'other' }));
    expect(laying?.troubles).toEqual([{ path, why }]);
    expect(readFileSync(join(generation.rootimg, 'etc/other'), 'utf8')).toBe('other');
  });

  it('is never laid twice in one place, nor through another one', async () => {
    const generation = await generationOf(image(), []);
    const laying = await lay(generation, setOf({ '/lib/y': '1', '/usr/lib/y': '2', '/etc/names': '> /srv' }));
    expect(laying?.troubles).toEqual([{ path: '/usr/lib/y', why: '/lib/y leads to the same place' }]);
  });

  it('leaves a directory of ours that somebody has put something into', async () => {
    const generation = await generationOf(image(), []);
    await lay(generation, setOf({ '/srv/own/file': 'x' }));
    writeFileSync(join(generation.rootimg, 'srv/own/foreign'), 'y');
    await lay(generation, setOf({}));
    expect(readdirSync(join(generation.rootimg, 'srv/own'))).toEqual(['foreign']);
    expect(readdirSync(generation.directory)).toEqual(['rootimg']);
  });

  it('that lost what it hides by hand goes all the same, and that is told', async () => {
    const generation = await generationOf(image(), []);
    await lay(generation, setOf({ '/etc/motd': 'x' }));
    rmSync(join(generation.directory, 'hidden'), { recursive: true });
    const laying = await lay(generation, setOf({}));
    expect(laying?.troubles).toMatchObject([{ path: '/etc/motd', why: expect.stringContaining('by hand') }]);
    expect(readdirSync(join(generation.rootimg, 'etc'))).not.toContain('motd');
  });
});

describe('drift', () => {
  it('is found in each of its places, and mended by laying those again', async () => {
    const generation = await generationOf(image(), [entry('/etc/conf', 'bind', true)]);
    const set = setOf({ '/etc/conf/a': 'live', '/srv/file': 'x' });
    await lay(generation, set);
    expect(await verifyLaid(generation.directory, set)).toEqual([]);
    rmSync(join(generation.rootimg, '.default/etc/conf/a'));
    writeFileSync(join(generation.rootimg, 'srv/file'), 'by hand');
    const found = await verifyLaid(generation.directory, set);
    expect(found.map(({ path, what }) => `${path} ${what}`)).toEqual([
      '/.default/etc/conf/a missing',
      '/srv/file changed',
    ]);
    await lay(generation, set, undefined, new Set(found.map(({ path }) => path)));
    expect(await verifyLaid(generation.directory, set)).toEqual([]);
  });

  it('says so where the live files of the commit were never laid', async () => {
    const generation = await generationOf(image(), []);
    expect(await verifyLaid(generation.directory, setOf({ '/a': 'b' }))).toMatchObject([{ what: 'changed' }]);
  });
});
