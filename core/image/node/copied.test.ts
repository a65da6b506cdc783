/** The boot program, run by busybox ash in namespaces of its own: what of a file it keeps as it copies. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, realpathSync, statSync, utimesSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { linkedLab } from '../../../test/node/linked-lab.ts';
import type { Row, Tree } from '../../../test/node/node-image.ts';
import type { NodeLab } from '../../../test/node/node-lab.ts';

let lab: NodeLab;
afterEach(() => lab.stop());

async function labOf(...given: Parameters<typeof linkedLab>): Promise<NodeLab> {
  lab = await linkedLab(...given);
  return lab;
}

const one = 'ours\t10.0.0.1\t/t/one';
const state = '10.0.0.1\t/lite/state';

describe('what is copied', () => {
  test('keeps mode, owner and times', async () => {
    await labOf(
      { '/usr/tool': { text: 'x', mode: 0o4751, owner: 12 } },
      [
        ['link', '/usr/tool'],
        ['bind', '/usr/other'],
      ],
      {
        trees: [one],
      },
    );
    const tree = lab.exports('10.0.0.1', '/t/one', { '/usr/other': { text: 'y', mode: 0o600, owner: 13 } });
    utimesSync(join(lab.root, '.default/usr/tool'), 1e9, 1e9);
    utimesSync(join(tree, 'usr/other'), 1e9, 1e9);
    const boot = await lab.boot({ look: 'stat -L -c "%a %u %g %Y" /usr/tool /usr/other' });
    expect(boot.seen).toBe('4751 12 12 1000000000\n600 13 13 1000000000\n');
  });

  test('lies below parents that are as closed as those of the image', async () => {
    const rows: Row[] = [
      ['link', '/root/.bashrc'],
      ['link+persistent', '/root/.cache/x'],
      ['link', '/var/spool/s/x'],
    ];
    await labOf(
      {
        '/root/': { mode: 0o700 },
        '/root/.bashrc': 'x',
        '/root/.cache/x': 'x',
        '/var/spool/s/': { mode: 0o1733, owner: 5 },
        '/var/spool/s/x': '',
      },
      rows,
      { state },
    );
    const kept = lab.exports('10.0.0.1', '/lite/state/n01');
    const boot = await lab.boot({ show: ['/.statelite/tmpfs/root', '/.statelite/tmpfs/var/spool/s'] });
    expect([...boot.shown.values()].map(({ mode, owner }) => `${mode} ${owner}`)).toEqual(['700 0:0', '1733 5:5']);
    expect(statSync(join(kept, 'root')).mode & 0o7777).toBe(0o700);
  });

  test('may have blanks, quotes, dollars, stars, dashes, backslashes and hashes in its name', async () => {
    const names = [
      '/etc/a b',
      "/etc/it's",
      '/etc/"q"',
      '/etc/$HOME',
      '/etc/*',
      '/etc/-n',
      '/etc/a\\tb',
      '/etc/ trailing ',
      '/etc/ü',
      '/etc/#',
      '/etc/a#b#c',
    ];
    const rows = names.flatMap((name): Row[] => [
      ['link', name],
      ['bind', `${name}.bind`],
      ['link+persistent', `${name}.kept`],
      ['link+ro', `${name}.ro`],
      ['link', `${name}.d/`],
      ['link+con', `${name}.con`],
      ['bind+con', `${name}.bindcon`],
      ['bind', `${name}.bind.d/`],
      ['bind+persistent', `${name}.bind.d/kept`],
      ['bind+persistent', `${name}.bindkept.d/`],
      ['link', `${name}.bindkept.d/over`],
      ['bind+localdisk', `${name}.disk`],
      ['bind+ro', `${name}.bindro.d/`],
    ]);
    const files = Object.fromEntries(
      rows.map(([, path]): [string, string] => [path.endsWith('/') ? `${path}f` : path, `of ${path}`]),
    );
    await labOf(files, rows, { trees: [one], state });
    const live = names.map((name): [string, string] => [`${name}.bindro.d/f`, `of ${name}.bindro.d/`]);
    lab.exports('10.0.0.1', '/t/one', { '/etc/*.ro': 'of /etc/*.ro', ...Object.fromEntries(live) });
    lab.exports('10.0.0.1', '/lite/state/n01');
    lab.exports('disk', '');
    const boot = await lab.boot({ show: Object.keys(files), env: { LH_DISK: join(lab.directory, 'nfs/disk') } });
    expect(boot.console).not.toContain('FAILED');
    expect(Object.fromEntries([...boot.shown].map(([path, { text }]) => [path, text]))).toEqual(files);
    const mounted = rows.filter(([kind, path]) => kind.startsWith('bind') || path.endsWith('/over'));
    expect(boot.mounts).toEqual(expect.arrayContaining(mounted.map(([, path]) => path.replace(/\/$/, ''))));
  });

  test('may be a symbolic link: its text still leads where it led', async () => {
    const rows: Row[] = [
      ['link', '/etc/absolute'],
      ['link', '/etc/relative'],
      ['link', '/etc/conf/'],
      ['link', '/etc/mtab'],
    ];
    const image: Tree = {
      '/usr/target': 'target',
      '/etc/absolute': { link: '/usr/target' },
      '/etc/relative': { link: '../usr/target' },
      '/etc/conf/out': { link: '../../usr/target' },
      '/etc/conf/deep/out': { link: '../../../usr/target' },
      '/etc/conf/in': { link: 'deep/file' },
      '/etc/conf/deep/up': { link: '../in' },
      '/etc/conf/deep/file': 'inside',
      '/etc/mtab': '/dev/sda1 / ext3 rw 0 0\n',
    };
    await labOf(image, rows);
    const boot = await lab.boot({ show: Object.keys(image) });
    expect(boot.console).not.toContain('FAILED');
    const texts = Object.fromEntries([...boot.shown].map(([path, { text }]) => [path, text]));
    for (const path of ['/etc/absolute', '/etc/relative', '/etc/conf/out', '/etc/conf/deep/out'])
      expect(texts[path], path).toBe('target');
    for (const path of ['/etc/conf/in', '/etc/conf/deep/up']) expect(texts[path], path).toBe('inside');
    expect(texts['/etc/mtab']).not.toContain('sda1');
  });

  test('is never written through a link, nor into another name of a file', async () => {
    await labOf(
      { '/usr/victim': 'image', '/d/l': { link: '../usr/victim' }, '/d/sub': { link: '../usr' }, '/d/f': 'image' },
      [['link', '/d/']],
      {
        trees: [one],
      },
    );
    spawnSync('ln', [join(lab.root, '.default/d/f'), join(lab.root, '.default/d/g')]);
    lab.exports('10.0.0.1', '/t/one', { '/d/l': 'tree', '/d/sub/victim': 'tree', '/d/f': 'tree' });
    const boot = await lab.boot({ show: ['/usr/victim', '/d/l', '/d/sub/victim', '/d/f', '/d/g'] });
    expect([...boot.shown.values()].map(({ text }) => text)).toEqual(['image', 'tree', 'tree', 'tree', 'image']);
  });

  test('keeps extended attributes where the root can show them and the image has GNU cp', async () => {
    const rows: Row[] = [
      ['link', '/etc/x'],
      ['bind', '/etc/y'],
    ];
    await labOf({ '/etc/x': 'x', '/etc/y': 'y' }, rows);
    for (const library of spawnSync('ldd', ['/bin/cp'], { encoding: 'utf8' }).stdout.match(/\/\S+/g) ?? []) {
      mkdirSync(dirname(join(lab.root, library)), { recursive: true });
      cpSync(realpathSync(library), join(lab.root, library));
    }
    cpSync('/bin/cp', join(lab.root, 'bin/cp'));
    const marked = spawnSync('setfattr', [
      '-n',
      'user.mark',
      '-v',
      'kept',
      join(lab.root, '.default/etc/x'),
      join(lab.root, '.default/etc/y'),
    ]);
    expect(marked.status, String(marked.stderr)).toBe(0);
    const boot = await lab.boot({
      after: ['getfattr --only-values -n user.mark $1/.statelite/tmpfs/etc/x $1/.statelite/tmpfs/etc/y'],
    });
    expect(boot.log).toContain("the image's own cp copies");
    expect(boot.outside).toBe('keptkept');
  });
});
