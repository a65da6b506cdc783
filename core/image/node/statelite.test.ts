import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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
const two = 'foreign\t10.0.0.2\t/t/two';
const state = '10.0.0.1\t/lite/state';

describe('every option word', () => {
  const rows: Row[] = [
    ['link', '/etc/link'],
    ['link+persistent', '/etc/link-persistent'],
    ['link+ro', '/etc/link-ro'],
    ['link+con', '/etc/link-con'],
    ['bind', '/etc/bind'],
    ['bind+persistent', '/etc/bind-persistent'],
    ['bind+ro', '/etc/bind-ro'],
    ['bind+con', '/etc/bind-con'],
    ['bind+localdisk', '/etc/bind-localdisk'],
  ];
  const files = (text: string): Tree =>
    Object.fromEntries(rows.map(([, path]) => [path, `${text} ${path.slice('/etc/'.length)}\n`]));
  const paths = rows.map(([, path]) => path);

  async function everything(): Promise<void> {
    await labOf(files('image'), rows, { trees: [one, two], state });
    lab.exports('10.0.0.1', '/t/one', files('one'));
    lab.exports('10.0.0.2', '/t/two', files('two'));
    lab.exports('10.0.0.1', '/lite/state/n01');
    lab.exports('disk', '');
  }
  const env = () => ({ LH_DISK: join(lab.directory, 'nfs/disk') });

  test('a file comes from the first tree; con joins the image and every tree', async () => {
    await everything();
    const boot = await lab.boot({ show: paths, env: env() });
    expect(boot.console).not.toContain('FAILED');
    expect(boot.status).toBe(0);
    expect(Object.fromEntries([...boot.shown].map(([path, { text, link }]) => [path, [text, link]]))).toEqual({
      '/etc/link': ['one link\n', '../.statelite/tmpfs/etc/link'],
      '/etc/link-persistent': ['one link-persistent\n', '../.statelite/tmpfs/etc/link-persistent'],
      '/etc/link-ro': ['one link-ro\n', '../.statelite/tmpfs/etc/link-ro'],
      '/etc/link-con': ['image link-con\none link-con\ntwo link-con\n', '../.statelite/tmpfs/etc/link-con'],
      '/etc/bind': ['one bind\n', undefined],
      '/etc/bind-persistent': ['one bind-persistent\n', undefined],
      '/etc/bind-ro': ['one bind-ro\n', '../.statelite/tmpfs/etc/bind-ro'],
      '/etc/bind-con': ['image bind-con\none bind-con\ntwo bind-con\n', undefined],
      '/etc/bind-localdisk': ['one bind-localdisk\n', undefined],
    });
  });

  test('all but ro is writable; at the next boot persistent and localdisk are kept, the rest is fresh', async () => {
    await everything();
    const write = paths.map((path) => `echo written >>${path} || echo refused ${path}`).join('\n');
    const first = await lab.boot({ look: `${write}\necho x >/etc/new || echo refused the root`, env: env() });
    expect(first.seen.split('\n').filter((line) => line.startsWith('refused'))).toEqual([
      'refused /etc/link-ro',
      'refused /etc/bind-ro',
      'refused the root',
    ]);
    const second = await lab.boot({ show: paths, env: env() });
    const written = [...second.shown].filter(([, { text }]) => text.endsWith('written\n')).map(([path]) => path);
    expect(written).toEqual(['/etc/link-persistent', '/etc/bind-persistent', '/etc/bind-localdisk']);
  });

  test('the image and the trees are as before', async () => {
    await everything();
    const write = paths.map((path) => `echo written >>${path}`).join('\n');
    await lab.boot({ look: write, env: env() });
    for (const path of paths) {
      expect(readFileSync(join(lab.root, '.default', path), 'utf8')).toMatch(/^image /);
      expect(readFileSync(join(lab.directory, 'nfs/10.0.0.1/t/one', path), 'utf8')).not.toContain('written');
    }
  });
});

describe('directories', () => {
  test('come from the first tree that has them, laid over the image; other trees are not looked into', async () => {
    const rows: Row[] = (['link', 'link+persistent', 'bind', 'bind+persistent'] as const).map((kind) => [
      kind,
      `/d/${kind}/`,
    ]);
    const each = (files: Tree): Tree =>
      Object.fromEntries(rows.flatMap(([, path]) => Object.entries(files).map(([name, file]) => [path + name, file])));
    await labOf(each({ both: 'image\n', '.own': 'image\n', 'sub/own': 'image\n' }), rows, {
      trees: ['ours\t10.0.0.1\t/t/empty', one, two],
      state,
    });
    lab.exports('10.0.0.1', '/t/empty');
    lab.exports('10.0.0.1', '/t/one', each({ both: 'one\n', '.dot': 'one\n', 'sub/new': 'one\n' }));
    lab.exports('10.0.0.2', '/t/two', each({ both: 'two\n', late: 'two\n' }));
    lab.exports('10.0.0.1', '/lite/state/n01');
    const boot = await lab.boot({
      look: rows
        .map(([, path]) => `cd ${path} && echo $(find . -type f | sort | while read -r f; do echo $f=$(cat $f); done)`)
        .join('\n'),
    });
    expect(boot.console).not.toContain('FAILED');
    const wanted = './.dot=one ./.own=image ./both=one ./sub/new=one ./sub/own=image';
    expect(boot.seen.trim().split('\n')).toEqual(rows.map(() => wanted));
  });

  test('keep the mode and owner that the image gives them; files have those of the tree', async () => {
    const rows: Row[] = [['link', '/root/']];
    await labOf({ '/root/': { mode: 0o700 }, '/root/.ssh/': { mode: 0o700, owner: 7 }, '/root/.ssh/a': '' }, rows, {
      trees: [one],
    });
    lab.exports('10.0.0.1', '/t/one', {
      '/root/.ssh/b': { text: 'b', mode: 0o640, owner: 9 },
      '/root/new/': { mode: 0o751, owner: 8 },
    });
    const boot = await lab.boot({ show: ['/root', '/root/.ssh', '/root/.ssh/b', '/root/new'] });
    expect([...boot.shown.values()].map(({ mode, owner }) => `${mode} ${owner}`)).toEqual([
      '700 0:0',
      '700 7:7',
      '640 9:9',
      '751 8:8',
    ]);
  });

  test("with ro are the live directory of the tree, or stay the image's", async () => {
    const rows: Row[] = [
      ['link+ro', '/a/'],
      ['bind+ro', '/b/'],
      ['link+ro', '/c/'],
      ['bind+ro', '/d/'],
    ];
    await labOf({ '/a/x': 'image', '/b/x': 'image', '/c/x': 'image', '/d/x': 'image' }, rows, { trees: [one] });
    lab.exports('10.0.0.1', '/t/one', { '/a/y': 'tree', '/b/y': 'tree' });
    const boot = await lab.boot({
      show: ['/a', '/b', '/c', '/d'],
      look: 'for d in a b c d; do echo >/$d/new || echo refused $d; done',
    });
    expect([...boot.shown.values()].map(({ text }) => text.trim())).toEqual(['y', 'y', 'x', 'x']);
    expect(boot.seen.match(/refused ./g)).toHaveLength(4);
    expect(boot.log).toContain("/a is the tree's directory as it is");
  });

  test('a tree that has a file of that name is passed over, and said', async () => {
    await labOf({ '/etc/d/x': 'image' }, [['link', '/etc/d/']], { trees: [one, two] });
    lab.exports('10.0.0.1', '/t/one', { '/etc/d': 'a file' });
    lab.exports('10.0.0.2', '/t/two', { '/etc/d/y': 'two' });
    const boot = await lab.boot({ show: ['/etc/d'] });
    expect(boot.shown.get('/etc/d')?.text).toBe('x\ny\n');
    expect(boot.console).toContain('FAILED: /etc/d is a file in /.statelite/mnt/10.0.0.1/t/one');
  });
});

describe('con', () => {
  test("is the image's own file, then every hit in order; with the mode of the first", async () => {
    const rows: Row[] = [
      ['link+con', '/all'],
      ['bind+con', '/own'],
      ['link+con', '/trees'],
      ['link+con', '/none'],
    ];
    await labOf({ '/all': { text: 'image\n', mode: 0o600 }, '/own': { text: 'image\n', mode: 0o640 } }, rows, {
      trees: [one, two],
    });
    lab.exports('10.0.0.1', '/t/one', { '/all': 'one\n', '/trees': 'one\n' });
    lab.exports('10.0.0.2', '/t/two', { '/all': 'two\n', '/trees': 'two\n' });
    const boot = await lab.boot({ show: rows.map(([, path]) => path), look: 'echo written >>/own && cat /own' });
    expect([...boot.shown.values()].map(({ text }) => text)).toEqual([
      'image\none\ntwo\n',
      'image\n',
      'one\ntwo\n',
      '',
    ]);
    expect(boot.shown.get('/all')?.mode).toBe('600');
    expect(boot.shown.get('/own')?.mode).toBe('640');
    expect(boot.seen).toBe('image\nwritten\n');
  });
});

describe('persistent', () => {
  test('is made once and then left alone, whatever image and trees become', async () => {
    const rows: Row[] = [
      ['link+persistent', '/a'],
      ['bind+persistent', '/d/'],
    ];
    await labOf({ '/a': 'image', '/d/x': 'image' }, rows, { trees: [one], state });
    const kept = lab.exports('10.0.0.1', '/lite/state/n01', { '/d/only': 'kept' });
    const tree = lab.exports('10.0.0.1', '/t/one', { '/a': 'first' });
    expect((await lab.boot({ show: ['/a', '/d'] })).shown.get('/a')?.text).toBe('first');
    writeFileSync(join(tree, 'a'), 'second');
    const boot = await lab.boot({ show: ['/a', '/d'] });
    expect(boot.shown.get('/a')?.text).toBe('first');
    expect(boot.shown.get('/d')?.text).toBe('only\n');
    expect(readdirSync(kept).sort()).toEqual(['a', 'd']);
  });

  test('has its name only once it is on the disk, by one sync for all that are made beside each other', async () => {
    const kinds = ['link+persistent', 'bind+persistent', 'bind+localdisk'] as const;
    const rows = kinds.flatMap((kind): Row[] => [
      [kind, `/${kind}/`],
      [kind, `/${kind}/in/`],
      [kind, `/${kind}/in/a`],
      [kind, `/${kind}.b`],
    ]);
    await labOf(Object.fromEntries(rows.map(([, path]) => [path, ''])), rows, { state });
    const areas = [lab.exports('10.0.0.1', '/lite/state/n01'), lab.exports('disk', '')];
    const paths = rows.map(([, path]) => path.replace(/\/$/, ''));
    const boot = await lab.boot({ env: { LH_DISK: areas[1] ?? '' }, show: paths });
    expect([...boot.shown.values()].map(({ type }) => type)).not.toContain('missing');
    // c: made aside, s: synced, m: named; three levels, two areas.
    const did = boot.log.match(/ (cp -a -T|sync -f|mv) .*(litehouse-new|\/n01$|localdisk$)/gm)?.map((line) => line[1]);
    expect(did?.join('')).toBe('ccccccssmmmmmmcccssmmmcccssmmm');
    for (const area of areas) expect(readdirSync(area)).not.toContain('.litehouse-new');
  });

  test('that a power cut left half made is made anew: it has its name only once it is whole', async () => {
    await labOf({ '/d/x': 'image', '/d/y': 'image' }, [['link+persistent', '/d/']], { state });
    lab.exports('10.0.0.1', '/lite/state/n01', {
      '/.litehouse-new/x': 'half',
      '/.litehouse-new/gone': 'of an earlier image',
    });
    const boot = await lab.boot({ show: ['/d', '/d/x'] });
    expect(boot.shown.get('/d')?.text).toBe('x\ny\n');
    expect(boot.shown.get('/d/x')?.text).toBe('image');
  });
});
