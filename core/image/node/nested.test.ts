/** Entries inside listed directories: every pair that a push accepts works on the node, by the table of core/check/nesting.ts. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { answerFor, link, plant, type Row, type Tree } from '../../../test/node/node-image.ts';
import { type Boot, NodeLab } from '../../../test/node/node-lab.ts';
import { liteKinds, nestingOf, nestings } from '../../check/nesting.ts';

let lab: NodeLab;
afterEach(() => lab.stop());

const pairs = liteKinds.flatMap((parent) =>
  liteKinds.flatMap((child) =>
    [true, false].map((directory) => ({ parent, child, directory, nesting: nestingOf(parent, child, directory) })),
  ),
);
const lasts = (kind: string) => kind.endsWith('+persistent') || kind.endsWith('+localdisk');

async function labOf(rows: readonly Row[], image: Tree, tree: Tree): Promise<void> {
  lab = await new NodeLab(image).start();
  await link(lab.root, rows);
  lab.answer = answerFor(rows, { trees: ['ours\t10.0.0.1\t/t/one'], state: '10.0.0.1\t/lite/state' });
  lab.exports('10.0.0.1', '/t/one', tree);
  lab.exports('10.0.0.1', '/lite/state/n01');
  lab.exports('disk', '');
}
const env = () => ({ LH_DISK: join(lab.directory, 'nfs/disk') });

test('every accepted pair: each content is its own, writable, and lasts as its own word says', async () => {
  const accepted = pairs.filter(({ nesting }) => nestings[nesting].decision !== 'refuse');
  expect(accepted.length).toBeGreaterThan(70);
  const rows: Row[] = [];
  const image: Record<string, string> = {};
  const tree: Record<string, string> = {};
  const seen: {
    readonly name: string;
    readonly child: string;
    readonly sibling: string;
    pair: (typeof pairs)[number];
  }[] = [];
  for (const [i, pair] of accepted.entries()) {
    const child = `/p${i}/deep/c${pair.directory ? '/' : ''}`;
    const file = pair.directory ? `${child}f` : child;
    rows.push([pair.child, child], [pair.parent, `/p${i}/`]);
    image[file] = 'image\n';
    image[`/p${i}/s`] = 'image\n';
    tree[file] = 'tree\n';
    tree[`/p${i}/s`] = 'tree\n';
    const name = `${pair.child} ${pair.directory ? 'directory' : 'file'} in ${pair.parent}`;
    seen.push({ name, child: file, sibling: `/p${i}/s`, pair });
  }
  await labOf(rows, image, tree);
  const paths = seen.flatMap(({ child, sibling }) => [child, sibling]);
  const write = paths.map((path) => `echo written >>${path} || echo refused ${path}`).join('\n');

  const first = await lab.boot({ show: paths, look: write, env: env() });
  expect(first.console).not.toContain('FAILED');
  expect(first.status).toBe(0);
  const second = await lab.boot({ show: paths, env: env() });
  for (const { name, child, sibling, pair } of seen) {
    const fresh = pair.child.endsWith('+con') ? 'image\ntree\n' : 'tree\n';
    expect(first.shown.get(child)?.text, name).toBe(fresh);
    expect(first.shown.get(sibling)?.text, `beside ${name}`).toBe('tree\n');
    expect(first.seen.includes(`refused ${child}\n`), `${name} refuses writes`).toBe(pair.child.endsWith('+ro'));
    const mount = first.mounts.some((path) => path.endsWith(child.replace(/\/f$/, '')));
    if (pair.nesting !== 'mixed')
      expect(mount, `${name} is a mount`).toBe(pair.nesting === 'over' || pair.nesting === 'lasting');
    const written = lasts(pair.child) ? `${fresh}written\n` : fresh;
    expect(second.shown.get(child)?.text, `${name}, booted again`).toBe(written);
    expect(second.shown.get(sibling)?.text, `beside ${name}, booted again`).toBe(
      lasts(pair.parent) ? 'tree\nwritten\n' : 'tree\n',
    );
  }
});

test('a pair that a push refuses is left out and said, and everything else is laid out', async () => {
  const refused = pairs.filter(({ nesting }) => nesting === 'live' || nesting === 'pinned');
  const rows = refused.flatMap(({ parent, child, directory }, i): Row[] => [
    [parent, `/p${i}/`],
    [child, `/p${i}/c${directory ? '/' : ''}`],
  ]);
  const image = Object.fromEntries(refused.map(({ directory }, i) => [`/p${i}/c${directory ? '/f' : ''}`, 'image']));
  await labOf([...rows, ['link', '/z']], { ...image, '/z': 'z' }, {});
  const boot = await lab.boot({ show: ['/z'], env: env() });
  expect(boot.console.match(/FAILED: .* can not be inside/g)).toHaveLength(refused.length);
  expect(boot.shown.get('/z')?.text).toBe('z');
  expect(boot.status).toBe(0);
});

test('three levels deep, lasting and not by turns, whatever the order of the rows', async () => {
  const rows: Row[] = [
    ['link', '/a/b/c/d/e'],
    ['link+persistent', '/a/b/c/d/'],
    ['link', '/a/b/c/'],
    ['link+persistent', '/a/b/'],
    ['link', '/a/'],
    ['bind', '/a-b'],
    ['bind+persistent', '/x/y/z'],
    ['bind', '/x/y/'],
    ['bind+persistent', '/x/'],
  ];
  const files = Object.fromEntries(
    ['/a/f', '/a/b/f', '/a/b/c/f', '/a/b/c/d/f', '/a/b/c/d/e', '/a-b', '/x/f', '/x/y/f', '/x/y/z'].map((path) => [
      path,
      'image\n',
    ]),
  );
  await labOf(rows, files, {});
  const paths = Object.keys(files);
  const first = await lab.boot({ look: paths.map((path) => `echo written >>${path}`).join('\n') });
  expect(first.console + first.seen).not.toMatch(/FAILED|can't/);
  const second = await lab.boot({ show: paths });
  const kept = [...second.shown].filter(([, { text }]) => text === 'image\nwritten\n').map(([path]) => path);
  expect(kept).toEqual(['/a/b/f', '/a/b/c/d/f', '/x/f', '/x/y/z']);
  for (const path of paths) expect(second.shown.get(path)?.text, path).toMatch(/^image\n/);
});

test("a persistent entry's first content is its own, also inside a persistent directory that is made at the same boot", async () => {
  const rows: Row[] = [
    ['link+persistent', '/d/'],
    ['link+persistent', '/d/c'],
  ];
  lab = await new NodeLab({ '/d/c': 'image', '/d/s': 'image' }).start();
  await link(lab.root, rows);
  lab.answer = answerFor(rows, {
    trees: ['ours\t10.0.0.1\t/t/1', 'ours\t10.0.0.1\t/t/2'],
    state: '10.0.0.1\t/lite/state',
  });
  lab.exports('10.0.0.1', '/t/1', { '/d/s': 'first tree' });
  lab.exports('10.0.0.1', '/t/2', { '/d/c': 'second tree', '/d/s': 'second tree' });
  lab.exports('10.0.0.1', '/lite/state/n01');
  const boot = await lab.boot({ show: ['/d/c', '/d/s'] });
  expect([...boot.shown.values()].map(({ text }) => text)).toEqual(['second tree', 'first tree']);
});

describe('the empty place of a mount in persistent data', () => {
  const parent: Row = ['bind+persistent', '/data/'];
  const image = {
    '/data/a': 'image',
    '/data/conf': 'image conf',
    '/data/d/f': 'image f',
    '/data/deep/er/f': 'image f',
    '/data/deep/g': 'image g',
  };
  const over: Row[] = [
    parent,
    ['link', '/data/conf'],
    ['link', '/data/d/'],
    ['link', '/data/deep/er/f'],
    ['link', '/data/deep/g'],
  ];
  const paths = ['/data/conf', '/data/d/f', '/data/deep/er/f', '/data/deep/g'];
  const texts = (boot: Boot) => [...boot.shown.values()].map(({ text }) => text);
  const kept = () => join(lab.directory, 'nfs/10.0.0.1/lite/state/n01/data');

  /** Data from before the image had any of it, with places in it. */
  async function placed(): Promise<void> {
    await labOf(over, image, {});
    plant(kept(), { '/a': 'old data' });
    const boot = await lab.boot({ show: paths });
    expect(texts(boot)).toEqual(['image conf', 'image f', 'image f', 'image g']);
    expect(readFileSync(join(kept(), 'conf'), 'utf8')).toBe('');
  }
  function become(...rows: Row[]): void {
    lab.answer = answerFor(rows, { state: '10.0.0.1\t/lite/state' });
  }

  test('is nothing that was kept: once its row is persistent, the entry gets its first content', async () => {
    await placed();
    become(
      parent,
      ['bind+persistent', '/data/conf'],
      ['bind+persistent', '/data/d/'],
      ['link+persistent', '/data/deep/'],
    );
    const boot = await lab.boot({ show: paths, look: 'for f in conf d/f deep/g; do echo written >/data/$f; done' });
    expect(texts(boot)).toEqual(['image conf', 'image f', 'image f', 'image g']);
    expect(texts(await lab.boot({ show: paths }))).toEqual(['written\n', 'written\n', 'image f', 'written\n']);
  });

  test('stays one when another is made in it, and when the row around it goes', async () => {
    await labOf(over.slice(0, 4), image, {});
    plant(kept(), { '/a': 'old data' });
    await lab.boot();
    become(...over);
    await lab.boot();
    become(['bind+persistent', '/data/deep/']);
    expect(texts(await lab.boot({ show: paths.slice(2) }))).toEqual(['image f', 'image g']);
  });

  test('in which anything was written is data, and left alone', async () => {
    await placed();
    become(parent);
    await lab.boot({ look: ': >/data/conf; echo x >/data/d/mine; echo x >/data/deep/er/f' });
    become(
      parent,
      ['bind+persistent', '/data/conf'],
      ['bind+persistent', '/data/d/'],
      ['link+persistent', '/data/deep/'],
    );
    const boot = await lab.boot({ show: ['/data/conf', '/data/d', '/data/deep/er/f'] });
    expect(texts(boot)).toEqual(['', 'mine\n', 'x\n']);
  });

  test('is made anew where its row becomes a directory, a file, or what is around another', async () => {
    const disk: Row = ['bind+localdisk', '/data/disk'];
    await labOf(
      [parent, ['link', '/data/f'], ['link', '/data/deep/d/'], ['link', '/data/g'], ['link', '/data/h'], disk],
      {},
      {},
    );
    plant(kept(), { '/a': 'old data' });
    const first = await lab.boot({ env: env() });
    expect(first.console).not.toContain('FAILED');
    for (const gone of ['nfs/disk/data', 'image/.default/data/deep/d'])
      rmSync(join(lab.directory, gone), { recursive: true });
    become(
      parent,
      ['link', '/data/f/'],
      ['link', '/data/deep/d'],
      ['link', '/data/g/in/it'],
      ['bind+persistent', '/data/h/in'],
      ['bind+localdisk', '/data/disk/'],
    );
    const paths = ['/data/f', '/data/deep/d', '/data/g/in/it', '/data/h/in', '/data/disk'];
    const boot = await lab.boot({ env: env(), show: paths });
    expect(boot.console).not.toMatch(/FAILED|cannot keep/);
    expect(boot.mounts).toEqual(expect.arrayContaining(paths.filter((path) => path !== '/data/h/in')));
    expect([...boot.shown.values()].map(({ type }) => type)).toEqual([
      'directory',
      'file',
      'file',
      'file',
      'directory',
    ]);
    // Each is still known as one, and so is what it lies in.
    become(parent, ['bind+persistent', '/data/f'], ['bind+persistent', '/data/deep/']);
    plant(join(lab.root, '.default/data'), { '/f': 'image f', '/deep/e': 'image e' });
    expect(texts(await lab.boot({ show: ['/data/f', '/data/deep/e'] }))).toEqual(['image f', 'image e']);
  });

  test('in which something was written stays in the way of another kind, which is said', async () => {
    await placed();
    become(parent);
    await lab.boot({ look: 'echo mine >/data/conf' });
    become(parent, ['link', '/data/conf/'], ['link', '/data/conf/in']);
    const boot = await lab.boot({ show: ['/data/conf'] });
    expect(boot.console).toContain('FAILED: /data/conf is left out: ');
    expect(texts(boot)).toEqual(['mine\n']);
  });

  test('is left alone by a row that goes: it is empty, with a time of its own', async () => {
    await placed();
    become(parent);
    const boot = await lab.boot({ look: 'cd /data && find . -exec stat -c "%n %Y" {} + | sort' });
    expect(boot.seen.replace(/^(\.|\.\/a) \d+\n/gm, '')).toBe(
      ['./conf', './d', './deep', './deep/er', './deep/er/f', './deep/g'].map((path) => `${path} 1234567\n`).join(''),
    );
  });
});

test('an entry behind a symbolic link inside its parent is left out and said: it would be followed from the wrong root', async () => {
  const rows: Row[] = [
    ['link', '/var/'],
    ['link', '/var/run/x'],
  ];
  lab = await new NodeLab({ '/var/f': 'f', '/run/x': 'x' }).start();
  await link(lab.root, [['link', '/var/']]);
  lab.exports('unused', '');
  const { symlinkSync } = await import('node:fs');
  symlinkSync('../run', join(lab.root, '.default/var/run'));
  lab.answer = answerFor(rows);
  const boot = await lab.boot({ show: ['/run/x', '/var/f'] });
  expect(boot.console).toContain(
    'FAILED: /var/run/x is left out: it goes through a symbolic link inside /var/: name it by its real path in the litefile table',
  );
  expect([...boot.shown.values()].map(({ text }) => text)).toEqual(['x', 'f']);
});

test('an entry that is inside a listed directory by a link of the image is laid there: /var/lock, where it leads to /run/lock', async () => {
  const rows: Row[] = [
    ['link', '/var/run/'],
    ['link+persistent', '/var/lock/'],
    ['bind+persistent', '/var/lock/sub/x'],
    ['bind', '/alias/y'],
  ];
  await labOf(
    rows,
    {
      '/run/lock/sub/x': 'image\n',
      '/run/f': 'image\n',
      '/var/run': { link: '../run' },
      '/var/lock': { link: '/run/lock' },
      '/real/y': 'image\n',
      '/alias': { link: '/real' },
    },
    {},
  );
  const paths = ['/run/f', '/var/run/f', '/run/lock/z', '/var/lock/z', '/var/lock/sub/x', '/real/y'];
  const first = await lab.boot({
    look: paths.map((path) => `echo written >>${path}`).join('\n'),
    show: ['/var/lock/sub/x'],
  });
  expect(first.console + first.seen).not.toMatch(/FAILED|can't/);
  expect(first.shown.get('/var/lock/sub/x')?.text).toBe('image\n');
  const second = await lab.boot({ show: paths });
  expect(Object.fromEntries([...second.shown].map(([path, { text }]) => [path, text]))).toEqual({
    '/run/f': 'image\n',
    '/var/run/f': 'image\n',
    '/run/lock/z': 'written\nwritten\n',
    '/var/lock/z': 'written\nwritten\n',
    '/var/lock/sub/x': 'image\nwritten\n',
    '/real/y': 'image\n',
  });
});
