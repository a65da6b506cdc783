import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { liteKinds } from '../../check/nesting.ts';
import type { LiteKind } from '../../resolve/view.ts';
import type { LinkEntry } from './entry.ts';
import { linkImage } from './link-image.ts';
import { reportLines } from './report.ts';
import { stateFile } from './state.ts';
import { cloneTree, contentAt, makeTree, pieces, readTree, removeScratch } from './testing/trees.ts';

afterEach(removeScratch);

/** Entries from words: `/etc/motd`, `/etc/ssh/`, `bind /var/lib/`. */
function list(...words: readonly string[]): LinkEntry[] {
  return words.map((word) => {
    const [kind, file = ''] = word.includes(' ') ? word.split(' ') : ['link', word];
    return { path: file.replace(/\/$/, ''), directory: file.endsWith('/'), kind: kind as LiteKind };
  });
}

const image = pieces(
  '/.statelite/',
  '/etc/',
  '/etc/motd=welcome',
  '/etc/ssh/',
  '/etc/ssh/key=secret 0600',
  '/root/ 0700',
  '/root/.bashrc=alias',
  '/run/',
  '/run/utmp=who',
  '/tmp/ 1777',
  '/usr/share/zone=utc',
  '/etc/localtime>../usr/share/zone',
  '/etc/absolute>/usr/share/zone',
  '/etc/dangling>../gone/file',
  '/var/lib/nfs/ 0750',
  '/var/lib/nfs/state=nfs 0640',
  '/var/run>/run',
  '/var/lock>../run',
  '/var/mail>spool/mail',
);

/** Every kind that a push lets through inside a parent. */
const notes = (report: { readonly notes: readonly { readonly path: string; readonly code: string }[] }) =>
  report.notes.map(({ path, code }) => `${path}: ${code}`);

describe('two levels of links', () => {
  it('lead from the place to /.statelite/tmpfs and on to /.default, at any depth', async () => {
    const root = makeTree(image);
    await linkImage(root, list('/etc/motd', '/tmp/', '/var/lib/nfs/state'));
    expect(readlinkSync(`${root}/etc/motd`)).toBe('../.statelite/tmpfs/etc/motd');
    expect(readlinkSync(`${root}/.statelite/tmpfs/etc/motd`)).toBe('../../../.default/etc/motd');
    expect(readlinkSync(`${root}/tmp`)).toBe('./.statelite/tmpfs/tmp');
    expect(readlinkSync(`${root}/.statelite/tmpfs/tmp`)).toBe('../.././.default/tmp');
    expect(readlinkSync(`${root}/var/lib/nfs/state`)).toBe('../../../.statelite/tmpfs/var/lib/nfs/state');
    expect(readFileSync(`${root}/etc/motd`, 'utf8')).toBe('welcome');
    expect(readFileSync(`${root}/var/lib/nfs/state`, 'utf8')).toBe('nfs');
    expect(statSync(`${root}/tmp`).mode & 0o7777).toBe(0o1777);
  });

  it('lead on a node to what is laid out in its tmpfs', async () => {
    const root = makeTree(image);
    await linkImage(root, list('/etc/motd', '/var/run/utmp', '/etc/ssh/'));
    // The node mounts a tmpfs there and copies /.default into it.
    rmSync(`${root}/.statelite`, { recursive: true });
    mkdirSync(`${root}/.statelite/tmpfs`, { recursive: true });
    execFileSync('cp', ['-a', `${root}/.default/etc`, `${root}/.default/var`, `${root}/.statelite/tmpfs`]);
    writeFileSync(`${root}/.statelite/tmpfs/etc/motd`, 'of the node');
    writeFileSync(`${root}/.statelite/tmpfs/var/run/utmp`, 'of the node too');
    expect(contentAt(root, '/etc/motd')).toBe('of the node');
    expect(contentAt(root, '/var/run/utmp')).toBe('of the node too');
    expect(contentAt(root, '/etc/ssh/key')).toBe('secret');
  });

  it('are made for link kinds and a live file; a place that is mounted over stays, with a copy of the same inodes', async () => {
    for (const kind of liteKinds) {
      const root = makeTree(image);
      const before = lstatSync(`${root}/etc/motd`).ino;
      await linkImage(root, list(`${kind} /etc/motd`, `${kind} /var/lib/nfs/`));
      const [file, directory] = [lstatSync(`${root}/etc/motd`), lstatSync(`${root}/var/lib/nfs`)];
      expect([kind, file.isSymbolicLink()]).toEqual([kind, kind.startsWith('link') || kind === 'bind+ro']);
      expect([kind, directory.isSymbolicLink()]).toEqual([kind, kind.startsWith('link')]);
      expect(lstatSync(`${root}/.default/etc/motd`).ino).toBe(before);
      expect(readFileSync(`${root}/var/lib/nfs/state`, 'utf8')).toBe('nfs');
      const copy = lstatSync(`${root}/.default/var/lib/nfs`);
      expect([kind, copy.mode & 0o7777]).toEqual([kind, 0o750]);
      expect(readFileSync(`${root}/.default/var/lib/nfs/state`, 'utf8')).toBe('nfs');
    }
  });

  it('have the modes and owners of the original parents on both levels', async () => {
    const root = makeTree(image);
    execFileSync('chown', ['-h', '12:34', `${root}/root`]);
    await linkImage(root, list('/root/.bashrc', '/var/lib/nfs/state'));
    for (const base of ['/.default', '/.statelite/tmpfs']) {
      const stat = lstatSync(`${root}${base}/root`);
      expect([stat.mode & 0o7777, stat.uid, stat.gid]).toEqual([0o700, 12, 34]);
      expect(lstatSync(`${root}${base}/var/lib/nfs`).mode & 0o7777).toBe(0o750);
    }
  });

  it('keep extended attributes and second names', async () => {
    const root = makeTree([...image, { path: '/etc/second', type: 'file', same: '/etc/motd' }]);
    execFileSync('setfattr', ['-n', 'user.origin', '-v', 'image', `${root}/etc/motd`]);
    execFileSync('setfattr', ['-n', 'user.origin', '-v', 'image', `${root}/etc/ssh`]);
    await linkImage(root, list('/etc/motd', 'bind /etc/second', '/etc/ssh/'));
    const attribute = (path: string) =>
      execFileSync('getfattr', ['--only-values', '-n', 'user.origin', '--absolute-names', root + path], {
        encoding: 'utf8',
      });
    expect(attribute('/.default/etc/motd')).toBe('image');
    expect(attribute('/.default/etc/ssh')).toBe('image');
    expect(lstatSync(`${root}/.default/etc/motd`).ino).toBe(lstatSync(`${root}/.default/etc/second`).ino);
    await linkImage(root, []);
    expect(attribute('/etc/motd')).toBe('image');
    expect(attribute('/etc/ssh')).toBe('image');
    expect(lstatSync(`${root}/etc/motd`).ino).toBe(lstatSync(`${root}/etc/second`).ino);
  });
});

describe('what is missing', () => {
  it('is made empty, a file or by its slash a directory, with parents; and goes away with its row', async () => {
    const root = makeTree(image);
    const before = readTree(root);
    const report = await linkImage(root, list('/opt/a/file', '/opt/dir/', 'bind /srv/one/two/file', 'bind /srv/d/'));
    expect(lstatSync(`${root}/.default/opt/a/file`).size).toBe(0);
    expect(lstatSync(`${root}/.default/opt/dir`).isDirectory()).toBe(true);
    expect(lstatSync(`${root}/srv/one/two/file`).isFile()).toBe(true);
    expect(lstatSync(`${root}/.default/srv/d`).isDirectory()).toBe(true);
    expect(notes(report)).toEqual([
      '/opt/a/file: missing',
      '/opt/dir: missing',
      '/srv/d: missing',
      '/srv/one/two/file: missing',
    ]);
    await linkImage(root, []);
    expect(readTree(root)).toEqual(before);
  });

  it('stays when its row goes, where somebody has put something into it', async () => {
    const root = makeTree(image);
    await linkImage(root, list('/opt/dir/', '/opt/file', 'bind /srv/d/'));
    writeFileSync(`${root}/opt/dir/new`, 'put there');
    writeFileSync(`${root}/opt/file`, 'put there');
    writeFileSync(`${root}/srv/d/new`, 'put there');
    const report = await linkImage(root, []);
    expect(notes(report).sort()).toEqual(['/opt/dir: kept', '/opt/file: kept', '/srv/d: kept']);
    for (const path of ['/opt/dir/new', '/opt/file', '/srv/d/new'])
      expect(readFileSync(root + path, 'utf8')).toBe('put there');
    expect(existsSync(`${root}/.default`)).toBe(false);
  });
});

describe('names with and without a slash', () => {
  it('mean what is there: a directory without one is a directory, a file with one is a file', async () => {
    const root = makeTree(image);
    const report = await linkImage(root, list('/var/lib/nfs', '/etc/motd/'));
    expect(readFileSync(`${root}/var/lib/nfs/state`, 'utf8')).toBe('nfs');
    expect(readFileSync(`${root}/etc/motd`, 'utf8')).toBe('welcome');
    expect(notes(report)).toEqual(['/etc/motd: not a directory']);
    expect(reportLines(report)[1]).toBe('link  /var/lib/nfs/  linked');
  });

  it('con on what the image has as a directory is said', async () => {
    const report = await linkImage(makeTree(image), list('link+con /etc/ssh'));
    expect(notes(report)).toEqual(['/etc/ssh: con directory']);
  });
});

describe('a symbolic link of the image', () => {
  it('without a slash keeps its text in /.default, is true on the server, and comes back', async () => {
    const root = makeTree(image);
    const before = readTree(root);
    const report = await linkImage(root, list('/etc/localtime', '/etc/absolute', '/etc/dangling', '/var/run'));
    expect(readlinkSync(`${root}/.default/etc/localtime`)).toBe('../usr/share/zone');
    expect(readlinkSync(`${root}/.default/etc/absolute`)).toBe('/usr/share/zone');
    expect(readlinkSync(`${root}/.default/etc/dangling`)).toBe('../gone/file');
    // Not by way of the root of the server.
    expect(readFileSync(`${root}/etc/localtime`, 'utf8')).toBe('utc');
    expect(readFileSync(`${root}/etc/absolute`, 'utf8')).toBe('utc');
    expect(readFileSync(`${root}/var/run/utmp`, 'utf8')).toBe('who');
    expect(notes(report)).toContain('/var/run: a link');
    await linkImage(root, []);
    expect(readTree(root)).toEqual(before);
  });

  it('with a slash means the directory that it leads to, which nothing empties', async () => {
    const root = makeTree(image);
    const before = readTree(root);
    await linkImage(root, list('/var/run/'));
    expect(readlinkSync(`${root}/var/run`)).toBe('/run');
    expect(readlinkSync(`${root}/run`)).toBe('./.statelite/tmpfs/var/run');
    expect(readlinkSync(`${root}/.statelite/tmpfs/var/run`)).toBe('../../../.default/var/run');
    expect(contentAt(root, '/var/run/utmp')).toBe('who');
    await linkImage(root, []);
    expect(readTree(root)).toEqual(before);
  });

  it('is followed by what is mounted over it: a mount point is no link', async () => {
    const root = makeTree(image);
    await linkImage(root, list('bind /etc/localtime'));
    expect(readlinkSync(`${root}/etc/localtime`)).toBe('../usr/share/zone');
    expect(readFileSync(`${root}/.default/etc/localtime`, 'utf8')).toBe('utc');
    expect(lstatSync(`${root}/.default/etc/localtime`).ino).toBe(lstatSync(`${root}/usr/share/zone`).ino);
  });

  it('among the parents is followed inside the tree, absolute or relative; the depth is that of the real place', async () => {
    const root = makeTree(image);
    const report = await linkImage(root, list('/var/run/utmp', '/var/lock/subsys', '/var/mail/root'));
    expect(readlinkSync(`${root}/run/utmp`)).toBe('../.statelite/tmpfs/var/run/utmp');
    expect(readFileSync(`${root}/run/utmp`, 'utf8')).toBe('who');
    expect(lstatSync(`${root}/run/subsys`).isSymbolicLink()).toBe(true);
    // What a link leads to is made where it is missing.
    expect(readlinkSync(`${root}/var/spool/mail/root`)).toBe('../../../.statelite/tmpfs/var/mail/root');
    expect(report.entries.map(({ place }) => place)).toEqual(['/run/subsys', '/var/spool/mail/root', '/run/utmp']);
    expect(readlinkSync(`${root}/var/run`)).toBe('/run');
  });

  it('never leads out of the tree', async () => {
    const outside = makeTree(pieces('/victim=mine', '/dir/', '/dir/file=mine'));
    const untouched = readTree(outside);
    const root = makeTree([
      ...pieces('/.statelite/', `/up>../../../../../../../..${outside}`, `/abs>${outside}`, '/loop>loop', '/top>/'),
      ...pieces('/into>/.default', '/etc/motd=welcome'),
    ]);
    const entries = list(
      '/up/victim',
      '/abs/dir/',
      '/abs/victim',
      '/loop/x',
      '/top/',
      '/into/x',
      '/.default/y',
      '/etc/motd/x',
    );
    const report = await linkImage(root, entries);
    expect(readTree(outside)).toEqual(untouched);
    expect(notes(report).sort()).toEqual([
      '/.default/y: reserved',
      '/abs/dir: missing',
      '/abs/victim: missing',
      '/etc/motd/x: blocked',
      '/into/x: reserved',
      '/loop/x: loop',
      '/top: reserved',
      '/up/victim: same place',
    ]);
  });

  it('in the place of our own directories stops the run, and nothing is done through it', async () => {
    for (const trap of ['/.default', '/.statelite/tmpfs', '/.statelite', '/.statelite/litehouse-links.json']) {
      const outside = makeTree(pieces('/x=mine'));
      const root = makeTree(pieces('/etc/motd=welcome', `${trap}>${outside}`));
      await expect(linkImage(root, list('/etc/motd'))).rejects.toThrow(
        /LinkFarm|is no directory of the image|is not what/,
      );
      expect([...readTree(outside).keys()]).toEqual(['/x']);
    }
  });

  it('of /etc/mtab to the kernel’s list is left as it is', async () => {
    for (const [text, word] of [
      ['/proc/self/mounts', '/etc/mtab'],
      ['../proc/self/mounts', 'bind+persistent /etc/mtab'],
    ] as const) {
      const root = makeTree(pieces('/.statelite/', '/etc/', `/etc/mtab>${text}`));
      const before = readTree(root);
      const report = await linkImage(root, list(word));
      expect(readlinkSync(`${root}/etc/mtab`)).toBe(text);
      expect(readlinkSync(`${root}/.default/etc/mtab`)).toBe(text);
      expect(report.entries[0]?.role).toBe('left');
      await linkImage(root, []);
      expect(readTree(root)).toEqual(before);
    }
  });
});

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
