/** The boot program and symbolic links, of the image, of trees and of states: each leads where it leads on the booted node. */
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { answerFor, link, plant, type Row, type Tree } from '../../../test/node/node-image.ts';
import { NodeLab } from '../../../test/node/node-lab.ts';

let lab: NodeLab;
afterEach(() => lab.stop());

async function labOf(image: Tree, rows: readonly Row[], tree: Tree = {}): Promise<void> {
  lab = await new NodeLab(image).start();
  await link(lab.root, rows);
  lab.exports('10.0.0.1', '/t/one', tree);
  lab.exports('10.0.0.1', '/lite/state/n01');
  lab.answer = answerFor(rows, { trees: ['ours\t10.0.0.1\t/t/one'], state: '10.0.0.1\t/lite/state' });
}

describe('links of the image', () => {
  test('con joins what the link leads to, with its mode, also where that is listed itself', async () => {
    const rows: Row[] = [
      ['link+con', '/etc/relative'],
      ['link+con', '/etc/absolute'],
      ['link+con', '/etc/chain'],
      ['link+con', '/etc/resolv.conf'],
      ['link+con', '/lib/alias'],
      ['bind+con', '/etc/bound'],
      ['link', '/etc/listed'],
    ];
    await labOf(
      {
        '/etc/real': { text: 'own\n', mode: 0o600 },
        '/etc/listed': { text: 'own\n', mode: 0o600 },
        '/run/x/stub': { text: 'own\n', mode: 0o600 },
        '/usr/share/real': { text: 'own\n', mode: 0o600 },
        '/etc/relative': { link: 'real' },
        '/etc/absolute': { link: '/etc/real' },
        '/etc/bound-real': { text: 'own\n', mode: 0o600 },
        '/etc/bound': { link: 'bound-real' },
        '/etc/chain': { link: 'listed' },
        '/etc/resolv.conf': { link: '../run/x/stub' },
        '/usr/lib/alias': { link: '../share/real' },
        '/lib': { link: 'usr/lib' },
      },
      rows,
      { '/etc/relative': 'T\n', '/etc/absolute': 'T\n', '/etc/bound': 'T\n', '/etc/chain': 'T\n' },
    );
    const boot = await lab.boot({ show: rows.map(([, path]) => path) });
    expect(boot.console).not.toContain('FAILED');
    expect([...boot.shown].map(([path, { text, mode }]) => [path, text, mode])).toEqual([
      ['/etc/relative', 'own\nT\n', '600'],
      ['/etc/absolute', 'own\nT\n', '600'],
      ['/etc/chain', 'own\nT\n', '600'],
      ['/etc/resolv.conf', 'own\n', '600'],
      ['/lib/alias', 'own\n', '600'],
      ['/etc/bound', 'own\nT\n', '600'],
      ['/etc/listed', 'own\n', '600'],
    ]);
  });

  test('relative ones lead where they led from their real place, whatever name of it is listed', async () => {
    const rows: Row[] = [
      ['link', '/lib/foo/'],
      ['link+persistent', '/lib/kept/'],
      ['link', '/lib/foo.conf'],
      ['link+ro', '/lib/ro.conf'],
      ['link', '/lib/nest/'],
      ['bind', '/lib/nest/in/'],
    ];
    const ends = { link: '../../share/real' };
    await labOf(
      {
        '/lib': { link: 'usr/lib' },
        '/usr/share/real': 'real',
        '/usr/lib/foo/l': ends,
        '/usr/lib/kept/l': ends,
        '/usr/lib/foo.conf': { link: '../share/real' },
        '/usr/lib/ro.conf': { link: '../share/real' },
        '/usr/lib/nest/in/l': { link: '../../../share/real' },
      },
      rows,
    );
    const paths = ['/lib/foo/l', '/lib/kept/l', '/lib/foo.conf', '/usr/lib/foo.conf', '/lib/ro.conf', '/lib/nest/in/l'];
    const boot = await lab.boot({ show: paths });
    expect(boot.console).not.toContain('FAILED');
    for (const path of paths) expect(boot.shown.get(path)?.text, path).toBe('real');
  });

  test("ro inside a listed directory that a link leads to is the image's own where no tree has it", async () => {
    const rows: Row[] = [
      ['link', '/run/'],
      ['link+ro', '/var/lock/foo'],
      ['bind', '/srv/'],
      ['bind+ro', '/var/srv/d/'],
    ];
    await labOf(
      {
        '/run/lock/foo': 'own',
        '/srv/d/f': 'own',
        '/var/lock': { link: '/run/lock' },
        '/var/srv': { link: '/srv' },
      },
      rows,
    );
    const boot = await lab.boot({
      show: ['/run/lock/foo', '/var/lock/foo', '/srv/d/f'],
      look: 'for f in /run/lock/foo /srv/d/f; do echo x >>$f || echo refused $f; done',
    });
    expect(boot.console).not.toContain('FAILED');
    expect([...boot.shown.values()].map(({ text }) => text)).toEqual(['own', 'own', 'own']);
    expect(boot.seen.match(/refused \S+/g)).toEqual(['refused /run/lock/foo', 'refused /srv/d/f']);
  });

  test('a directory that is closed stays so under /.statelite, where an absolute link leads to it', async () => {
    const rows: Row[] = [
      ['link', '/open/x'],
      ['link+persistent', '/open/kept'],
    ];
    await labOf(
      { '/lh-closed/': { mode: 0o700, owner: 6 }, '/lh-closed/x': 'x', '/open': { link: '/lh-closed' } },
      rows,
    );
    const areas = ['/.statelite/tmpfs/open', '/.statelite/persistent/n01/open'];
    const boot = await lab.boot({ show: areas });
    expect([...boot.shown.values()].map(({ mode, owner }) => `${mode} ${owner}`)).toEqual(['700 6:6', '700 6:6']);
  });
});

describe('links of a tree', () => {
  test('are followed inside the tree; others stay links, whatever the initrd has there', async () => {
    const rows: Row[] = ['/etc/mounts', '/etc/out', '/etc/gone', '/etc/in', '/etc/con', '/dir/f'].map(
      (path): Row => [path === '/etc/con' ? 'link+con' : 'link', path],
    );
    await labOf(
      Object.fromEntries([...rows.map(([, path]) => [path, 'image\n']), ['/usr/zone', 'image zone\n']]),
      rows,
      {
        '/etc/mounts': { link: '/proc/self/mounts' },
        // By its letters this leaves the tree, and the initrd's world has something there.
        '/etc/out': { link: '../../../../../../../../../../../../etc/passwd' },
        '/etc/gone': { link: '../usr/zone' },
        '/etc/in': { link: '../shared/../shared/real' },
        '/etc/con': { link: '/etc/passwd' },
        '/shared/real': 'tree\n',
        '/dir': { link: '/etc' },
      },
    );
    const areas = rows.map(([, path]) => `/.statelite/tmpfs${path}`);
    const boot = await lab.boot({ show: [...areas, '/etc/gone', '/etc/in', '/etc/con', '/dir/f'] });
    expect(areas.map((path) => boot.shown.get(path)?.link)).toEqual([
      '/proc/self/mounts',
      '/etc/passwd',
      '/usr/zone',
      undefined,
      undefined,
      undefined,
    ]);
    expect(['/etc/gone', '/etc/in', '/etc/con', '/dir/f'].map((path) => boot.shown.get(path)?.text)).toEqual([
      'image zone\n',
      'tree\n',
      'image\n',
      'image\n',
    ]);
    expect(boot.console.match(/FAILED: \/.*/g)).toEqual([expect.stringContaining('/etc/con is a symbolic link in')]);
  });

  test('are mounted by where they lead on the node, not in the initrd', async () => {
    const rows: Row[] = [
      ['bind', '/etc/b'],
      ['bind+persistent', '/d/'],
      ['bind', '/d/passwd'],
    ];
    const image = {
      '/etc/b': 'image',
      '/etc/group': 'of the node',
      '/etc/passwd': 'image',
      '/d/f': '',
      '/d/passwd': 'image',
    };
    await labOf(image, rows, { '/etc/b': { link: '/etc/group' } });
    plant(join(lab.directory, 'nfs/10.0.0.1/lite/state/n01'), { '/d/f': '', '/d/passwd': { link: '/etc/passwd' } });
    const boot = await lab.boot({
      show: ['/etc/b', '/d/passwd'],
      after: [`grep -c passwd /proc/self/mountinfo; grep -c ' /etc/passwd ' /proc/self/mountinfo`],
    });
    expect(boot.shown.get('/etc/b')?.text).toBe('of the node');
    expect(boot.shown.get('/d/passwd')?.text).toBe('image');
    expect(boot.outside).toMatch(/^[1-9]\d*\n0\n$/);
  });

  test('lead to a tree that is in the image itself, not in the initrd', async () => {
    const rows: Row[] = [['link', '/etc/x']];
    await labOf({ '/etc/x': 'image', '/lh-tree/etc/x': 'tree', '/lh-link': { link: '/lh-tree' } }, rows);
    lab.answer = answerFor(rows, { trees: ['ours\t-\t/lh-link'] });
    const boot = await lab.boot({ show: ['/etc/x'] });
    expect(boot.shown.get('/etc/x')?.text).toBe('tree');
  });

  test('a directory behind one is laid out from inside the tree, or passed over and said', async () => {
    const rows: Row[] = [
      ['link', '/in/'],
      ['link', '/out/'],
      ['bind+ro', '/live/'],
      ['bind+ro', '/dead/'],
    ];
    await labOf({ '/in/own': '', '/out/own': '', '/live/own': '', '/dead/own': '' }, rows, {
      '/in': { link: 'real' },
      '/live': { link: 'real' },
      '/out': { link: '/etc' },
      '/dead': { link: '/etc' },
      '/real/f': '',
    });
    const boot = await lab.boot({ show: ['/in', '/out', '/live', '/dead'] });
    expect([...boot.shown.values()].map(({ text }) => text)).toEqual(['f\nown\n', 'own\n', 'f\n', 'own\n']);
    expect(boot.console.match(/(\S+) is a symbolic link that leads out of it/g)).toHaveLength(2);
  });
});

describe('links in data that lasts', () => {
  test('are never followed as its first content is made: neither kept data of another entry goes, nor a file of the initrd', async () => {
    const rows: Row[] = [
      ['bind+persistent', '/srv/'],
      ['bind+persistent', '/data/'],
      ['bind+persistent', '/data/sub/x'],
      ['bind+persistent', '/data/abs/x'],
      ['bind+persistent', '/data/own/x'],
    ];
    const image: Tree = {
      '/srv/x': 'image',
      '/data/own/x': 'own',
      '/data/own/y': 'own',
      '/data/sub': { link: '../srv' },
    };
    await labOf(image, rows, { '/data/own/y': 'tree' });
    const outside = join(lab.directory, 'initrd');
    plant(outside, { '/x': 'of the initrd' });
    symlinkSync(outside, join(lab.directory, 'nfs/10.0.0.1/t/one/data/abs'));
    const kept = join(lab.directory, 'nfs/10.0.0.1/lite/state/n01');
    plant(kept, { '/srv/x': 'precious' });
    await lab.boot({ until: /laid out|trying again/ });
    expect(readFileSync(join(kept, 'srv/x'), 'utf8')).toBe('precious');
    expect(readdirSync(outside)).toEqual(['x']);
    expect(readdirSync(join(kept, 'data')).sort()).toEqual(['abs', 'own', 'sub']);
  });
});

describe('links of a state', () => {
  test('among the parents are never followed into memory: the node says so and waits', async () => {
    await labOf({ '/etc/p': 'image' }, [['link+persistent', '/etc/p']]);
    const outside = join(lab.directory, 'initrd');
    mkdirSync(outside);
    symlinkSync(outside, join(lab.directory, 'nfs/10.0.0.1/lite/state/n01/etc'));
    const boot = await lab.boot({ until: /leads out of[\s\S]*leads out of/ });
    expect(boot.console).toContain(
      'cannot keep /etc/p in the state 10.0.0.1:/lite/state/n01: /.statelite/persistent/n01/etc is a symbolic link that leads out of /.statelite/persistent/n01: take it away. Nothing is kept in memory in its place; trying again',
    );
    expect(boot.console).not.toContain('laid out');
    expect(readdirSync(outside)).toEqual([]);
  });

  test('that stay in the state are followed', async () => {
    await labOf({ '/etc/sub/p': 'image' }, [['bind+persistent', '/etc/sub/p']]);
    const state = join(lab.directory, 'nfs/10.0.0.1/lite/state/n01');
    mkdirSync(join(state, 'real'));
    symlinkSync('real', join(state, 'etc'));
    await lab.boot({ look: 'echo written >/etc/sub/p' });
    expect(existsSync(join(state, 'real/sub/p'))).toBe(true);
    expect((await lab.boot({ show: ['/etc/sub/p'] })).shown.get('/etc/sub/p')?.text).toBe('written\n');
  });

  test('are not mounted by where they lead in the initrd', async () => {
    await labOf({ '/etc/p': 'image' }, [['bind+persistent', '/etc/p']]);
    mkdirSync(join(lab.directory, 'nfs/10.0.0.1/lite/state/n01/etc'));
    symlinkSync('/etc/passwd', join(lab.directory, 'nfs/10.0.0.1/lite/state/n01/etc/p'));
    const boot = await lab.boot({ until: /leads out of[\s\S]*leads out of|laid out/ });
    expect(boot.console).not.toContain('laid out');
  });
});
