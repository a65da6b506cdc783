/** Steps of the layout that do not work: state that is read-only, full or of another kind, memory that is short, a program that dies. */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { linkedLab } from '../../../test/node/linked-lab.ts';
import { answerFor, plant, type Row, type Tree } from '../../../test/node/node-image.ts';
import type { NodeLab } from '../../../test/node/node-lab.ts';

let lab: NodeLab;
afterEach(() => lab.stop());

const state = '10.0.0.1\t/state';
const kept = () => join(lab.directory, 'nfs/10.0.0.1/state/n01');
/** A lab whose state holds these files. */
async function labOf(
  image: Tree,
  rows: readonly Row[],
  held: Tree = {},
  mounts: Parameters<typeof answerFor>[1] = {},
): Promise<void> {
  lab = await linkedLab(image, rows, { state, ...mounts });
  plant(lab.exports('10.0.0.1', '/state/n01'), held);
}
const twice = /trying again[\s\S]*trying again/;

describe('a state that is read-only', () => {
  const readOnly = { state: `${state}\tro` };

  test('keeps what it has; what it has not is waited for, never kept in memory', async () => {
    const rows: Row[] = [
      ['link', '/etc/z'],
      ['bind+persistent', '/data/'],
      ['link+persistent', '/etc/new'],
    ];
    await labOf({ '/etc/z': 'z', '/etc/new': 'image', '/data/a': 'image' }, rows, { '/data/a': 'kept' }, readOnly);
    const boot = await lab.boot({ until: twice });
    expect(boot.console).toMatch(
      /cannot keep \/etc\/new in the state 10\.0\.0\.1:\/state\/n01: .*Read-only file system\. Nothing is kept in memory/,
    );
    expect(boot.console).not.toContain('laid out');
    lab.answer = answerFor(rows.slice(0, 2), readOnly);
    const shown = (await lab.boot({ show: ['/data/a'] })).shown;
    expect(shown.get('/data/a')?.text).toBe('kept');
  });

  test('in which an entry finds no place costs that entry: it is left out and said, all else is laid out and reported', async () => {
    const rows: Row[] = [
      ['bind+persistent', '/data/'],
      ['link', '/data/new'],
      ['link', '/data/sub/dir/'],
      ['link', '/etc/z'],
      ['bind+persistent', '/etc/late'],
    ];
    await labOf({ '/etc/z': 'z' }, rows, { '/data/a': 'kept', '/etc/late': 'late' }, readOnly);
    const boot = await lab.boot({ show: ['/data', '/etc/z', '/etc/late'] });
    expect(boot.status).toBe(0);
    expect(boot.console).toMatch(/FAILED: touch \S+\/data\/new: .*Read-only file system/);
    for (const path of ['/data/new', '/data/sub/dir']) expect(boot.console).toContain(`FAILED: ${path} is left out: `);
    expect([...boot.shown.values()].map(({ text }) => text)).toEqual(['a\n', 'z', 'late']);
    expect(lab.reports.at(-1)).toMatchObject({
      stage: 'booted',
      log: expect.stringContaining('Read-only file system'),
    });
  });
});

test('a state that is full is said to be, waited for, and holds nothing by half', async () => {
  const image = { '/etc/p': 'x'.repeat(300_000), '/etc/small': 'small' };
  await labOf(image, [
    ['link+persistent', '/etc/p'],
    ['bind+persistent', '/etc/small'],
  ]);
  const place = join(lab.directory, 'full');
  const mount = lab.script('lh-full', [
    `mkdir -p ${place}; mountpoint -q ${place} || mount -t tmpfs -o size=100k full ${place}; mount --bind ${place} "$2"`,
  ]);
  const boot = await lab.boot({
    env: {
      LH_MOUNT: mount,
      LH_SLEEP: lab.script('lh-look', [`ls -A ${place}/etc >>${lab.directory}/looked`, 'usleep 1000']),
    },
    until: twice,
  });
  expect(boot.console).toMatch(
    /cannot keep \/etc\/p in the state .*No space left on device\. Nothing is kept in memory/,
  );
  expect(readFileSync(join(lab.directory, 'looked'), 'utf8')).toBe('');
});

describe('kept data of another kind than its place', () => {
  const image = { '/var/lib/dir/f': 'image', '/var/lib/file': 'image', '/srv/dir/f': 'image' };
  const parents: readonly Row[] = [['bind', '/var/']];
  test.each<readonly [string, Row[], Tree, string, string]>([
    [
      'a file for a directory',
      [['bind+persistent', '/var/lib/dir/']],
      { '/var/lib/dir': 'x' },
      'a file',
      'a directory',
    ],
    [
      'a directory for a file',
      [['bind+persistent', '/var/lib/file']],
      { '/var/lib/file/x': 'x' },
      'a directory',
      'a file',
    ],
    [
      'a file, in no listed directory,',
      [['bind+persistent', '/srv/dir/']],
      { '/srv/dir': 'x' },
      'a file',
      'a directory',
    ],
  ])('%s is said, with what to do, and waited for', async (_, rows, held, has, wants) => {
    const path = (rows[0]?.[1] ?? '').replace(/\/$/, '');
    await labOf(image, [...parents, ...rows], held);
    const boot = await lab.boot({ until: twice });
    expect(boot.console).toContain(
      `cannot keep ${path} in the state 10.0.0.1:/state/n01: /.statelite/persistent/n01${path} is ${has} and ${path} is ${wants}: ` +
        'move away which of the two is wrong, or take the row out of the litefile table. Nothing is kept in memory',
    );
    expect(boot.console).not.toContain('laid out');
    // Moved away while the node waits.
    lab.oncePaused(() => rmSync(join(kept(), path), { recursive: true }));
    const mended = await lab.boot({ look: `echo written >${path}/new 2>/dev/null || echo written >>${path}` });
    expect(mended.status).toBe(0);
    const at = join(kept(), path);
    expect(readFileSync(wants === 'a file' ? at : join(at, 'new'), 'utf8')).toContain('written');
  });

  test('is waited for on a local disk too', async () => {
    await labOf(image, [...parents, ['bind+localdisk', '/var/lib/dir/']]);
    plant(lab.exports('disk', ''), { '/var/lib/dir': 'x' });
    const boot = await lab.boot({ env: { LH_DISK: join(lab.directory, 'nfs/disk') }, until: twice });
    expect(boot.console).toContain('cannot keep /var/lib/dir in the local disk');
    expect(boot.console).not.toContain('laid out');
  });

  test('among its parents is told as what it is', async () => {
    await labOf({ '/var/lib/p': 'image' }, [['link+persistent', '/var/lib/p']], { '/var': 'a file' });
    const boot = await lab.boot({ until: twice });
    expect(boot.console).toContain(
      'cannot keep /var/lib/p in the state 10.0.0.1:/state/n01: /.statelite/persistent/n01/var is a file where a directory belongs: move it away.',
    );
  });
});

describe('memory that is short', () => {
  const little = (more = '') => ({ LH_PERMISSION: `755,size=1m${more}` });

  test('leaves an entry out whole: no half of a file stands in for the good one, and what fits is laid out', async () => {
    const big = 'tree\n'.repeat(400_000);
    const rows: Row[] = [
      ['bind', '/etc/passwd'],
      ['bind+con', '/etc/group'],
      ['link', '/etc/link'],
      ['link', '/d/'],
      ['link+con', '/d/in'],
      ['bind', '/e/'],
      ['bind', '/e/deep/in'],
      ['bind', '/etc/z'],
    ];
    const image = Object.fromEntries(
      ['/etc/passwd', '/etc/group', '/etc/link', '/d/in', '/d/beside', '/e/f', '/e/deep/in', '/etc/z'].map((path) => [
        path,
        'image\n',
      ]),
    );
    await labOf(image, rows, {}, { trees: ['ours\t10.0.0.1\t/t', 'ours\t10.0.0.1\t/other'] });
    lab.exports('10.0.0.1', '/other', { '/d/in': big });
    plant(lab.exports('10.0.0.1', '/t'), {
      '/etc/passwd': big,
      '/etc/group': big,
      '/etc/link': big,
      '/d/in': 'tree\n',
      '/e/big': big,
    });
    const paths = Object.keys(image);
    const boot = await lab.boot({ env: little(), show: paths });
    expect(boot.status).toBe(0);
    expect(Object.fromEntries([...boot.shown].map(([path, { type, text }]) => [path, `${type} ${text}`]))).toEqual({
      '/etc/passwd': 'file image\n',
      '/etc/group': 'file image\n',
      '/etc/link': 'missing ',
      '/d/in': 'missing ',
      '/d/beside': 'file image\n',
      '/e/f': 'file image\n',
      '/e/deep/in': 'file image\n',
      '/etc/z': 'file image\n',
    });
    for (const path of ['/etc/passwd', '/etc/group', '/etc/link', '/d/in', '/e', '/e/deep/in'])
      expect(boot.console).toContain(`FAILED: ${path} is left out: `);
    expect(boot.mounts.filter((mount) => !mount.startsWith('/.statelite'))).toEqual(['/etc/z']);
  });

  test('is told by the error and in the report, although the log had no room', async () => {
    const files = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`/etc/${10 + i}`, 'x'.repeat(40_000)]));
    await labOf(
      files,
      Object.keys(files).map((path): Row => ['link', path]),
    );
    const boot = await lab.boot({ env: little() });
    expect(boot.status).toBe(0);
    expect(boot.console).toMatch(/FAILED: cp .*No space left on device/);
    const booted = lab.reports.at(-1);
    expect(booted?.stage).toBe('booted');
    expect(booted?.log).toMatch(
      /FAILED: cp .*No space left on device[\s\S]*laid out 40 entries[\s\S]*reported as booted/,
    );
  });

  test('never takes the link away by which persistent data is reached: it is waited for', async () => {
    const files = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`/etc/${10 + i}`, 'x']));
    const rows = Object.keys(files).map((path): Row => ['link', path]);
    await labOf({ ...files, '/z/kept': 'image' }, [...rows, ['link+persistent', '/z/kept']]);
    const boot = await lab.boot({ env: little(',nr_inodes=30'), until: twice });
    expect(boot.console).toMatch(
      /cannot keep \/z\/kept in the state 10\.0\.0\.1:\/state\/n01: .*No space left on device/,
    );
    expect(boot.console).not.toContain('laid out');
  });
});

describe('the program run again', () => {
  const rows: Row[] = [
    ['bind', '/etc/a 1b'],
    ['bind', '/etc/back\\0401'],
    ['link+persistent', '/data/'],
    ['link', '/data/over'],
    ['bind', '/var/'],
    ['bind+persistent', '/var/kept'],
  ];
  const image = {
    '/etc/a 1b': 'image',
    '/etc/back\\0401': 'image',
    '/data/over': 'image',
    '/var/kept': 'image',
    '/var/f': 'image',
  };

  test('after it was killed begins from the root alone, and comes to what one run comes to', async () => {
    await labOf(image, rows, {}, { trees: ['ours\t10.0.0.1\t/t'] });
    lab.exports('10.0.0.1', '/t', {});
    const shell = lab.script('lh-kill', [
      `[ "$1" = 3 ] && [ ! -e ${lab.directory}/killed ] || exit 0`,
      `: >${lab.directory}/killed; kill -9 $PPID`,
    ]);
    const again = await lab.boot({ words: 'LHGEN=g1 shell', env: { LH_SHELL: shell }, again: true });
    expect(again.console).toContain('[lab] ended with 137');
    expect(again.console).toContain('an earlier run ended before it was through: beginning anew');
    expect(again.status).toBe(0);
    const once = await lab.boot();
    expect(again.mounts).toEqual(once.mounts);
    expect(once.mounts).toEqual(expect.arrayContaining(['/etc/a 1b', '/etc/back\\0401', '/var/kept']));
    // What the first run did is still told.
    expect(again.log.match(/laid out 6 entries/g)).toHaveLength(2);
    expect(lab.reports.filter(({ stage }) => stage === 'booted')).toHaveLength(2);
  });

  test('asks anew, so that a mended table helps a node that waits for an entry', async () => {
    await labOf(image, rows, { '/var/kept/': '' });
    const whole = lab.answer as string;
    let asked = 0;
    lab.answer = (_, response) => {
      asked++;
      response.end(asked === 1 ? whole : answerFor(rows.slice(0, 5), { state }));
    };
    const boot = await lab.boot({ again: true, show: ['/var/kept'] });
    expect(boot.console.match(/cannot keep \/var\/kept/g)).toHaveLength(5);
    expect(boot.console).toContain('[lab] ended with 1\n');
    expect(boot.status).toBe(0);
    expect(boot.shown.get('/var/kept')?.text).toBe('image');
    expect(existsSync(join(kept(), 'var/kept'))).toBe(true);
  });

  test('leaves what was mounted in the root before it', async () => {
    await labOf({ ...image, '/usr/': '' }, rows);
    mkdirSync(join(lab.directory, 'usr'));
    // What dracut mounts beside, before its hook.
    const shell = lab.script('lh-kill', [
      `[ -e ${lab.directory}/killed ] || { : >${lab.directory}/killed; kill -9 $PPID; }`,
    ]);
    const boot = await lab.boot({
      before: [`mount --bind ${lab.directory}/usr ${lab.directory}/sysroot/usr`],
      words: 'LHGEN=g1 shell',
      env: { LH_SHELL: shell },
      again: true,
    });
    expect(boot.console).toContain('[lab] ended with 137');
    expect(boot.mounts).toContain('/usr');
  });
});
