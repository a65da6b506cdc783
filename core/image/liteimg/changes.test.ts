/** What is made of lists that change, of entries inside others, of images that change, and of runs that are stopped. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { liteKinds } from '../../check/nesting.ts';
import { linkImage } from './link-image.ts';
import { reportLines } from './report.ts';
import { stateFile } from './state.ts';
import { image, list, notes } from './testing/image.ts';
import { cloneTree, contentAt, makeTree, pieces, readTree, removeScratch } from './testing/trees.ts';

afterEach(removeScratch);

describe('entries inside others', () => {
  it('need nothing of their own but to exist, in any order of rows and at any depth', async () => {
    const entries = list('/var/lib/nfs/new/deep/file', '/var/', '/var/lib/', 'bind+persistent /var/lib/nfs/');
    const results = [entries, [...entries].reverse()].map(async (order) => {
      const root = makeTree(image);
      const report = await linkImage(root, order);
      expect(report.entries.map(({ role }) => role)).toEqual(['link', 'inside', 'inside', 'inside']);
      expect(existsSync(`${root}/.default/var/lib/nfs/new/deep/file`)).toBe(true);
      expect(lstatSync(`${root}/.statelite/tmpfs/var`).isSymbolicLink()).toBe(true);
      return readTree(root);
    });
    const [one, other] = await Promise.all(results);
    expect(one).toEqual(other);
  });

  it('are found by whole names, not by the end of a path', async () => {
    const root = makeTree([...image, ...pieces('/lib/foo=foo')]);
    await linkImage(root, list('/var/lib/', '/lib/foo'));
    expect(readlinkSync(`${root}/lib/foo`)).toBe('../.statelite/tmpfs/lib/foo');
    expect(readFileSync(`${root}/lib/foo`, 'utf8')).toBe('foo');
  });

  it('of a directory that is mounted over exist in it and in its copy, also when they come later', async () => {
    const root = makeTree(image);
    await linkImage(root, list('bind /var/lib/'));
    await linkImage(root, list('bind /var/lib/', 'bind+con /var/lib/dhcp/leases'));
    for (const base of ['', '/.default']) expect(existsSync(`${root}${base}/var/lib/dhcp/leases`)).toBe(true);
    await linkImage(root, list('bind /var/lib/'));
    for (const base of ['', '/.default']) expect(existsSync(`${root}${base}/var/lib/dhcp`)).toBe(false);
  });

  it('survive a parent that is added over their links, and have them again when it goes', async () => {
    const [walked, fresh] = [makeTree(image), makeTree(image)];
    await linkImage(walked, list('/var/lib/nfs/state'));
    const child = readTree(walked);
    await linkImage(walked, list('/var/lib/', '/var/lib/nfs/state'));
    await linkImage(fresh, list('/var/lib/', '/var/lib/nfs/state'));
    expect(readTree(walked)).toEqual(readTree(fresh));
    expect([...readTree(walked).keys()].filter((path) => path.startsWith('/.statelite/tmpfs/var/lib'))).toEqual([
      '/.statelite/tmpfs/var/lib',
    ]);
    await linkImage(walked, list('/var/lib/nfs/state'));
    expect(readTree(walked)).toEqual(child);
  });

  it('by their real path only are told to be listed by it', async () => {
    const root = makeTree(image);
    const report = await linkImage(root, list('/run/', '/var/run/utmp'));
    expect(notes(report)).toEqual(['/var/run/utmp: other name']);
    expect(contentAt(root, '/var/run/utmp')).toBe('who');
  });

  it('through a link inside a listed directory are skipped, and said', async () => {
    const root = makeTree(image);
    const report = await linkImage(root, list('/var/', '/var/run/utmp'));
    expect(notes(report)).toEqual(['/var/run/utmp: through a link']);
    expect(report.skipped).toBe(1);
    expect(readFileSync(`${root}/run/utmp`, 'utf8')).toBe('who');
  });
});

describe('a row that goes or changes', () => {
  it('brings the original back exactly, whatever the kinds', async () => {
    const root = makeTree(image);
    const before = readTree(root);
    for (const kind of liteKinds) {
      await linkImage(root, list(`${kind} /etc/motd`, `${kind} /etc/ssh/`, `${kind} /new`));
      await linkImage(root, list(`${kind} /new`));
      expect(readFileSync(`${root}/etc/motd`, 'utf8')).toBe('welcome');
      expect(lstatSync(`${root}/etc/ssh`).isDirectory()).toBe(true);
    }
    await linkImage(root, []);
    expect(readTree(root)).toEqual(before);
  });

  it('to any other option loses nothing', async () => {
    const root = makeTree(image);
    for (const from of liteKinds) {
      for (const to of liteKinds) {
        await linkImage(root, list(`${from} /etc/motd`, `${from} /etc/ssh/`));
        await linkImage(root, list(`${to} /etc/motd`, `${to} /etc/ssh/`));
        for (const base of ['', '/.default']) {
          expect(readFileSync(`${root}${base}/etc/motd`, 'utf8')).toBe('welcome');
          expect(readFileSync(`${root}${base}/etc/ssh/key`, 'utf8')).toBe('secret');
        }
      }
    }
  });

  it('is told apart from one whose name is like it', async () => {
    const root = makeTree([...image, ...pieces('/etc/a.c=one', '/etc/abc=two')]);
    await linkImage(root, list('/etc/a.c', '/etc/abc'));
    const report = await linkImage(root, list('/etc/abc'));
    expect([report.removed, report.unchanged]).toEqual([1, 1]);
    expect(lstatSync(`${root}/etc/a.c`).isFile()).toBe(true);
  });

  it('is counted', async () => {
    const root = makeTree(image);
    await linkImage(root, list('/etc/motd', '/tmp/', 'bind /etc/ssh/', '/root/.bashrc'));
    const report = await linkImage(root, list('/etc/motd', 'link+persistent /tmp/', '/etc/ssh/', '/run/utmp'));
    expect(reportLines(report).at(-1)).toBe('1 added, 1 removed, 2 changed, 1 unchanged');
  });
});

describe('an image that was changed after linking', () => {
  it('has the new file of a package taken in, and the old one gone', async () => {
    const root = makeTree(image);
    await linkImage(root, list('/etc/motd', 'bind /root/.bashrc', 'bind /etc/ssh/'));
    for (const path of ['/etc/motd', '/root/.bashrc', '/etc/ssh/key']) {
      writeFileSync(`${root}${path}.rpmnew`, 'of the package');
      renameSync(`${root}${path}.rpmnew`, root + path);
    }
    const report = await linkImage(root, list('/etc/motd', 'bind /root/.bashrc', 'bind /etc/ssh/'));
    expect(notes(report)).toEqual(['/etc/motd: replaced', '/etc/ssh: refreshed', '/root/.bashrc: refreshed']);
    for (const path of ['/etc/motd', '/root/.bashrc', '/etc/ssh/key'])
      expect(readFileSync(`${root}/.default${path}`, 'utf8')).toBe('of the package');
    expect(lstatSync(`${root}/etc/motd`).isSymbolicLink()).toBe(true);
    await linkImage(root, []);
    expect(readFileSync(`${root}/etc/motd`, 'utf8')).toBe('of the package');
  });

  it('has a new directory laid over the old one: nothing newer is lost, and nothing older', async () => {
    const root = makeTree(image);
    await linkImage(root, list('/etc/ssh/'));
    unlinkSync(`${root}/etc/ssh`);
    mkdirSync(`${root}/etc/ssh`, { mode: 0o711 });
    writeFileSync(`${root}/etc/ssh/config`, 'of the package');
    await linkImage(root, list('/etc/ssh/'));
    expect(readFileSync(`${root}/.default/etc/ssh/config`, 'utf8')).toBe('of the package');
    expect(readFileSync(`${root}/.default/etc/ssh/key`, 'utf8')).toBe('secret');
    expect(lstatSync(`${root}/.default/etc/ssh`).mode & 0o7777).toBe(0o711);
  });

  it('has a link again that somebody removed', async () => {
    const root = makeTree(image);
    await linkImage(root, list('/etc/motd'));
    unlinkSync(`${root}/etc/motd`);
    const report = await linkImage(root, list('/etc/motd'));
    expect(notes(report)).toEqual(['/etc/motd: restored']);
    expect(readFileSync(`${root}/etc/motd`, 'utf8')).toBe('welcome');
  });
});

describe('the saved state', () => {
  it('may be lost, or of the original: links that stand are taken over, with all they lead to', async () => {
    for (const word of ['/etc/ssh/', 'bind /etc/ssh/', '/etc/']) {
      const root = makeTree(image);
      const before = readTree(root);
      await linkImage(root, list('/etc/ssh/', '/etc/motd'));
      unlinkSync(root + stateFile);
      await linkImage(root, list(word, '/etc/ssh/key', '/etc/motd'));
      expect(contentAt(root, '/etc/ssh/key')).toBe('secret');
      await linkImage(root, []);
      const after = readTree(root);
      for (const [path, line] of before) expect([path, after.get(path)]).toEqual([path, line]);
    }
  });

  it('may not know of a copy that stands in /.default: it is laid under what the image has', async () => {
    const root = makeTree([
      ...image,
      ...pieces('/.default/etc/ssh/old=only-there', '/.default/etc/ssh/key=old', '/.default/etc/motd=old'),
    ]);
    await linkImage(root, list('/etc/ssh/', '/etc/motd', 'bind /root/.bashrc'));
    expect(contentAt(root, '/etc/motd')).toBe('welcome');
    expect(contentAt(root, '/etc/ssh/key')).toBe('secret');
    expect(contentAt(root, '/etc/ssh/old')).toBe('only-there');
  });

  it('that cannot be read stops the run, and says what to do', async () => {
    for (const text of ['', '{"version":2}', '{"version":1,"records":[],"made":["/../../etc"],"unsure":[]}']) {
      const root = makeTree(image);
      writeFileSync(root + stateFile, text);
      await expect(linkImage(root, list('/etc/motd'))).rejects.toThrow('remove it');
      expect(lstatSync(`${root}/etc/motd`).isFile()).toBe(true);
    }
  });
});

describe('a run', () => {
  it('that finds nothing to do changes nothing', async () => {
    const root = makeTree(image);
    const entries = list('/etc/motd', 'bind /etc/ssh/', '/new', '/var/', '/var/run/utmp');
    await linkImage(root, entries);
    const report = await linkImage(root, entries, {
      step: (change, path) => {
        throw new Error(`${change} ${path}`);
      },
    });
    expect([report.unchanged, report.skipped]).toEqual([4, 1]);
  });

  it('leaves every inode that a clone shares with its base as it was', async () => {
    const base = makeTree(image);
    const inodes = (root: string) => [...readTree(root).keys()].map((path) => [path, lstatSync(root + path).ino]);
    const [before, ids] = [readTree(base), inodes(base)];
    const clone = cloneTree(base);
    await linkImage(clone, list('/etc/motd', 'bind /etc/ssh/', '/var/lib/', '/etc/localtime', '/new/file'));
    await linkImage(clone, list('bind /etc/motd', '/etc/ssh/', 'bind /var/lib/nfs/state'));
    expect(readTree(base)).toEqual(before);
    expect(inodes(base)).toEqual(ids);
    expect(lstatSync(`${clone}/.default/etc/ssh/key`).ino).toBe(lstatSync(`${base}/etc/ssh/key`).ino);
  });

  it('that is stopped at any change is finished by the next one', async () => {
    const before = list('/etc/motd', 'bind /etc/ssh/', '/root/', '/new/dir/', 'bind /etc/localtime', 'bind /gone/file');
    const after = list(
      'bind /etc/motd',
      '/etc/ssh/',
      '/root/.bashrc',
      '/new/',
      '/new/dir/file',
      '/etc/localtime',
      '/var/run/',
    );
    const [base, fresh] = [makeTree(image), makeTree(image)];
    await linkImage(fresh, after);
    const expected = readTree(fresh);
    let stopped = true;
    for (let stop = 0; stopped; stop++) {
      const root = cloneTree(base);
      await linkImage(root, before);
      let [left, at] = [stop, ''];
      stopped = false;
      const step = (change: string, path: string) => {
        if (left-- > 0) return;
        stopped = true;
        at = `${change} ${path}`;
        throw new Error('stopped');
      };
      await linkImage(root, after, { step }).catch(() => {});
      await linkImage(root, after);
      expect([at, readTree(root)]).toEqual([at, expected]);
      await linkImage(root, []);
      expect([at, readTree(root)]).toEqual([at, readTree(base)]);
      expect(stop).toBeLessThan(500);
    }
  });

  it('copies names that are no UTF-8', async () => {
    const root = makeTree(image);
    const name = Buffer.from([0x2f, 0x78, 0xff]);
    writeFileSync(Buffer.concat([Buffer.from(`${root}/etc/ssh`), name]), 'bytes');
    await linkImage(root, list('bind /etc/ssh/'));
    expect(readFileSync(Buffer.concat([Buffer.from(`${root}/.default/etc/ssh`), name]), 'utf8')).toBe('bytes');
    await linkImage(root, []);
    expect(existsSync(`${root}/.default`)).toBe(false);
  });

  it('refuses a path that climbs, and a root that is no directory', async () => {
    const root = makeTree(image);
    for (const path of ['/../x', 'etc', '/etc//x', '/etc/.', '/', ''])
      await expect(linkImage(root, [{ path, directory: false, kind: 'link' }])).rejects.toThrow('full path');
    await expect(linkImage(`${root}/etc/motd`, [])).rejects.toThrow('not a directory');
  });

  it('tells what is there, a line an entry', async () => {
    const root = makeTree(image);
    symlinkSync('ssh', `${root}/etc/alias`);
    const report = await linkImage(
      root,
      list('/etc/motd', 'bind /var/run/', '/tmp/', 'link+persistent /tmp/x/', '/etc/alias/key'),
    );
    expect(reportLines(report)).toEqual([
      'link             /etc/alias/key  linked at /etc/ssh/key',
      'link             /etc/motd  linked',
      'link             /tmp/  linked',
      'link+persistent  /tmp/x/  in /tmp/, empty',
      'bind             /var/run/  mounted over at /run',
      'note: /tmp/x is not in the image: an empty one was made',
      '5 added',
    ]);
  });
});
