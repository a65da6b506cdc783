import { describe, expect, test } from 'vitest';
import { viewOf } from '../../test/cluster/view.ts';
import type { Node, View } from '../resolve/view.ts';
import { explainFile, groupFiles } from './file.ts';

const image = 'debian12-x86_64-compute';

interface Cluster {
  readonly litefile: string;
  readonly litetree?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly state?: string;
  readonly groups?: string;
}

function clusterView({
  litefile,
  litetree = '',
  files = {},
  state = 'statelite',
  groups = '',
}: Cluster): Promise<View> {
  const overlays = Object.fromEntries(Object.entries(files).map(([path, text]) => [`syncdirs/${path}`, text]));
  return viewOf({
    'tables/nodelist.csv': '#node,groups\n"n01","all"\n"n02","all"\n',
    'tables/hosts.csv': '#node,ip\n"mn","10.0.0.1"\n"n01","10.0.0.11"\n"n02","10.0.0.12"\n',
    'tables/nodetype.csv': `#node,os,arch,profile,provmethod\n"all","debian12","x86_64","compute","${image}"\n`,
    'tables/chain.csv': `#node,currstate\n"all","${state}"\n`,
    'tables/osimage.csv': `#imagename,groups,profile,osvers,osarch\n"${image}","${groups}","compute","debian12","x86_64"\n`,
    'tables/site.csv': '#key,value\n"master","mn"\n',
    'tables/statelite.csv': '#node,image,statemnt\n"all",,"cnfs:/gpfs/state"\n',
    'tables/litefile.csv': `#image,file,options,comments,disable\n${litefile}`,
    'tables/litetree.csv': `#priority,image,directory\n${litetree}`,
    ...overlays,
  });
}

function nodeOf(view: View, name: string): Node {
  const node = view.nodes.get(name);
  if (node === undefined) throw new Error(`no node ${name}`);
  return node;
}

async function explained(path: string, cluster: Cluster) {
  const view = await clusterView(cluster);
  return explainFile(view, nodeOf(view, 'n01'), path);
}

const twoTrees = '"2",,"mn:/syncdirs/all"\n"1",,"mn:/syncdirs/$node"\n';

describe('which row counts', () => {
  test('the exact image hides a group of it, and both hide ALL; others are told apart', async () => {
    const found = await explained('/etc/motd', {
      groups: 'linux',
      litefile: `"ALL","/etc/motd","con",,\n"linux","/etc/motd/","bind",,\n"${image}","/etc//motd","ro",,\n"aix","/etc/motd",,,\n"ALL","/etc/motd","ro",,"1"\n`,
    });
    expect(found.entry).toMatchObject({ kind: 'link+ro', at: { file: 'tables/litefile.csv', line: 4 } });
    expect(found.rows.map(({ outcome, closeness }) => [outcome, closeness])).toEqual([
      ['hidden', 'every image'],
      ['hidden', 'a group of the image'],
      ['used', 'this image'],
      ['other image', undefined],
      ['off', 'every image'],
    ]);
  });

  test('a row that cannot be used is not said to be hidden', async () => {
    const found = await explained('/etc/motd', { litefile: '"ALL","/etc/motd","persistant",,\n' });
    expect(found.rows).toMatchObject([{ outcome: 'refused' }]);
    expect(found.entry).toBeUndefined();
  });

  test('a path that nothing lists comes read-only from the image; its listed parents rule it where there are any', async () => {
    const litefile = '"ALL","/etc/ssh/","persistent",,\n"ALL","/etc/","tmpfs",,\n"ALL","/var/","tmpfs",,\n';
    expect((await explained('/usr/bin/x', { litefile })).entry).toBeUndefined();
    const inside = await explained('/etc/ssh/keys/rsa', { litefile });
    expect(inside.entry).toMatchObject({ path: '/etc/ssh', kind: 'link+persistent' });
    expect(inside.parents.map(({ path }) => path)).toEqual(['/etc/ssh', '/etc']);
    expect(inside.kept?.file).toBe('cnfs:/gpfs/state/n01/etc/ssh/keys/rsa');
    expect((await explained('/etc', { litefile })).below).toBe(1);
    // Not by the letters of its name.
    expect((await explained('/etc/sshd', { litefile })).entry?.path).toBe('/etc');
  });
});

describe('which tree supplies it', () => {
  const litefile = '"ALL","/etc/motd","ro",,\n"ALL","/etc/hosts","con",,\n"ALL","/etc/ssh/",,,\n';

  test('the first by number that has it; the place in the repository is told, and later ones are beaten', async () => {
    const files = { 'n01/etc/motd': 'one\n', 'all/etc/motd': 'all\n' };
    const found = await explained('/etc/motd', { litefile, litetree: twoTrees, files });
    expect(found.trees.map(({ priority, text, outcome }) => [priority, text, outcome])).toEqual([
      ['1', 'mn:/syncdirs/n01', 'supplies'],
      ['2', 'mn:/syncdirs/all', 'beaten'],
    ]);
    expect(found.supplies).toMatchObject([{ found: { kind: 'file', path: 'syncdirs/n01/etc/motd' } }]);
    expect(found.trees[0]?.variables).toMatchObject([{ name: '$node', text: 'n01' }]);
  });

  test('one that has it not is passed, one that the repository lacks is not mounted, and the image comes last', async () => {
    const files = { 'all/etc/other': 'x' };
    const found = await explained('/etc/motd', { litefile, litetree: twoTrees, files });
    expect(found.trees.map(({ outcome }) => outcome)).toEqual(['not mounted', 'has it not']);
    expect(found.supplies).toEqual([]);
  });

  test('a foreign tree cannot be seen from here, and is told where it would count first', async () => {
    const files = { 'all/etc/motd': 'all\n' };
    const litetree = '"1",,"cnfs:/gpfs/a"\n"2",,"mn:/syncdirs/all"\n"3",,"cnfs:/gpfs/b"\n';
    const found = await explained('/etc/motd', { litefile, litetree, files });
    expect(found.trees.map(({ outcome }) => outcome)).toEqual(['unseen', 'supplies', 'unseen']);
    expect(found.before.map(({ text }) => text)).toEqual(['cnfs:/gpfs/a']);
  });

  test('con takes all of them', async () => {
    const files = { 'n01/etc/hosts': 'one\n', 'all/etc/hosts': 'all\n' };
    const found = await explained('/etc/hosts', { litefile, litetree: twoTrees, files });
    expect(found.supplies.map(({ found: hit }) => hit?.path)).toEqual([
      'syncdirs/n01/etc/hosts',
      'syncdirs/all/etc/hosts',
    ]);
  });

  test('a path in a listed directory comes with the directory: the first tree that has the directory settles it', async () => {
    const files = { 'n01/etc/ssh/ssh_config': 'x', 'all/etc/ssh/sshd_config': 'y' };
    const from = async (path: string) => (await explained(path, { litefile, litetree: twoTrees, files })).trees;
    expect((await from('/etc/ssh/ssh_config')).map(({ outcome }) => outcome)).toEqual(['supplies', 'beaten']);
    expect((await from('/etc/ssh/sshd_config')).map(({ outcome }) => outcome)).toEqual(['has it not', 'beaten']);
    expect((await from('/etc/ssh'))[0]?.found).toMatchObject({ kind: 'directory', files: 1 });
  });

  test('a foreign tree after the one that has the directory does not count', async () => {
    const litetree = '"1",,"mn:/syncdirs/n01"\n"2",,"cnfs:/gpfs/b"\n';
    const found = await explained('/etc/ssh/x', { litefile, litetree, files: { 'n01/etc/ssh/y': '' } });
    expect([found.supplies, found.before]).toEqual([[], []]);
  });

  test('a node that does not boot statelite asks for nothing, and that is said', async () => {
    const found = await explained('/etc/motd', { litefile, litetree: twoTrees, state: 'boot' });
    expect(found.silent).toContain('state boot');
    expect(found.trees).toEqual([]);
  });
});

test('groupFiles puts nodes together that a path reaches in the same way', async () => {
  const litefile = '"ALL","/etc/motd","ro",,\n';
  const view = await clusterView({ litefile, litetree: twoTrees, files: { 'n01/etc/motd': '1', 'all/etc/motd': 'a' } });
  const groups = groupFiles(view, view.nodes.values(), '/etc/motd');
  expect(groups.map(({ nodes, sample }) => [nodes, sample.supplies[0]?.raw])).toEqual([
    [['n01'], 'mn:/syncdirs/$node'],
    [['n02'], 'mn:/syncdirs/all'],
  ]);
});
