/** What is made of one row: links, modes, missing things, slashes, and symbolic links of the image. */
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { liteKinds } from '../../check/nesting.ts';
import { linkImage } from './link-image.ts';
import { reportLines } from './report.ts';
import { image, list, notes } from './testing/image.ts';
import { contentAt, makeTree, pieces, readTree, removeScratch } from './testing/trees.ts';

afterEach(removeScratch);

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

  it('is not made where the kernel’s own is mounted over the image, whatever leads there', async () => {
    const root = makeTree([
      ...pieces(
        '/.statelite/',
        '/proc/',
        '/sys/',
        '/dev/',
        '/dev/shm/',
        '/etc/masked>/dev/null',
        '/etc/shm>../dev/shm',
      ),
      ...pieces('/devices/x=mine'),
    ]);
    const before = readTree(root);
    const paths = ['/proc/', '/proc/sys/kernel/hostname', '/sys/class/', '/dev/shm/', '/dev/null'];
    const report = await linkImage(root, list(...paths, 'bind /etc/masked', '/etc/shm/', 'bind /dev/log'));
    expect(notes(report).sort()).toEqual([
      '/dev/log: reserved',
      '/dev/null: reserved',
      '/dev/shm: reserved',
      '/etc/masked: reserved',
      '/etc/shm: reserved',
      '/proc/sys/kernel/hostname: reserved',
      '/proc: reserved',
      '/sys/class: reserved',
    ]);
    expect(report.notes[0]?.text).toContain('/proc, /sys or /dev: skipped');
    expect(readTree(root)).toEqual(before);
    await linkImage(root, list('/devices/x'));
    expect(readlinkSync(`${root}/devices/x`)).toBe('../.statelite/tmpfs/devices/x');
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
