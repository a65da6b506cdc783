/** A server with several addresses is told to each node by the one in the node's own network. */
import { describe, expect, test } from 'vitest';
import { ourServers } from '../boot/servers.ts';
import { viewOf } from '../check/testing/checked.ts';
import type { View } from './view.ts';

/** n1 is in the first network, n2 in the second, n3 in both (its first address in the second), n4 in none. */
const cluster = {
  'tables/nodelist.csv': '#node,groups\nn1,all\nn2,all\nn3,all\nn4,all\n',
  'tables/hosts.csv': `#node,ip,hostnames,otherinterfaces
n1,10.0.0.1,,
n2,10.1.0.2,,
n3,10.1.0.3,,-eth0:10.0.0.3
n4,192.168.0.4,,
mn,10.0.0.9,head,"-ib0:10.1.0.9,-v6:fd00::9"
`,
  'tables/networks.csv': '#netname,net,mask\na,10.0.0.0,255.255.255.0\nb,10.1.0.0,/24\n',
  'tables/chain.csv': '#node,currstate\nall,statelite\n',
  'tables/nodetype.csv': '#node,os,arch,profile,provmethod\nall,os,arch,profile,image\n',
  'tables/litefile.csv': '#image,file,options\nALL,/etc/motd,persistent\n',
};
const near = { n1: '10.0.0.9', n2: '10.1.0.9', n3: '10.1.0.9', n4: '10.0.0.9' };

type Of = (view: View, node: string) => string | undefined;
async function each(files: Readonly<Record<string, string>>, of: Of): Promise<Record<string, string | undefined>> {
  const view = await viewOf({ ...cluster, ...files });
  return Object.fromEntries([...view.nodes.keys()].map((node) => [node, of(view, node)]));
}
const imageServer: Of = (view, node) => view.nodes.get(node)?.imageServer?.address;
const master: Of = (view, node) => view.nodes.get(node)?.master?.address;
const noderes = (column: string, value: string) => ({
  'tables/noderes.csv': `#node,netboot,${column}\nall,pxe,${value}\n`,
  'tables/site.csv': '#key,value\nmaster,10.0.0.9\n',
});

describe('a server named by name is told by its address in the network of the node', () => {
  test.each(['nfsserver', 'tftpserver', 'xcatmaster', 'servicenode'])('in noderes.%s', async (column) => {
    for (const name of ['mn', 'head'])
      expect(await each(noderes(column, name), imageServer), `${column} ${name}`).toEqual(near);
  });

  test('as master of the node', async () => {
    expect(await each(noderes('xcatmaster', 'mn'), master)).toEqual(near);
  });

  test('in a tree and in a state directory', async () => {
    const files = {
      ...noderes('nfsserver', 'mn'),
      'tables/litetree.csv': '#priority,image,directory\n1,,mn:/srv/tree\n',
      'tables/statelite.csv': '#node,image,statemnt\nall,,mn:/srv/state\n',
    };
    expect(await each(files, (view, node) => view.nodes.get(node)?.litetree[0]?.address)).toEqual(near);
    expect(await each(files, (view, node) => view.nodes.get(node)?.statemnt?.address)).toEqual(near);
  });
});

describe('an address', () => {
  test('that a row names is told as it stands', async () => {
    const as = (address: string) => ({ n1: address, n2: address, n3: address, n4: address });
    expect(await each(noderes('nfsserver', '10.0.0.9'), imageServer)).toEqual(as('10.0.0.9'));
    expect(await each(noderes('xcatmaster', '10.1.0.9'), master)).toEqual(as('10.1.0.9'));
  });

  test('of site.master stands for the management node, which is told by its address in the network of the node', async () => {
    expect(await each(noderes('nfsserver', ''), imageServer)).toEqual(near);
    // Without a row that says so nobody knows that it has others.
    const alone = { ...noderes('nfsserver', ''), 'tables/hosts.csv': '#node,ip\nn1,10.0.0.1\nn2,10.1.0.2\n' };
    expect((await each(alone, imageServer)).n2).toBe('10.0.0.9');
  });

  test('in no known network leaves the first, as no networks at all do', async () => {
    const files = { ...noderes('nfsserver', 'mn'), 'tables/networks.csv': '#netname,net,mask\n' };
    expect(Object.values(await each(files, imageServer))).toEqual(Array(4).fill('10.0.0.9'));
  });
});

test('every address of the management node is its own: what nodes of its second network mount is exported and published', async () => {
  for (const text of ['10.0.0.9', 'mn', 'head', '10.1.0.9', 'fd00:0::9']) {
    const view = await viewOf({
      ...cluster,
      ...noderes('nfsserver', 'mn'),
      'tables/site.csv': `#key,value\nmaster,${text}\n`,
      'tables/litetree.csv': '#priority,image,directory\n1,,mn:/syncdirs/all\n',
      'syncdirs/all/etc/motd': 'x\n',
    });
    const servers = ourServers(view, 'nfsserver');
    const told = [...view.nodes.values()].map(({ imageServer: it }) => servers.targetOf(it?.address));
    expect(told, text).toEqual(Array(4).fill('mn'));
    expect([...view.nodes.values()].map(({ litetree }) => litetree[0]?.ours)).toEqual(Array(4).fill(true));
  }
});

test('a networks row that comes is seen by nodes that stand unchanged otherwise', async () => {
  const { buildView } = await import('./build-view.ts');
  const { TableCache } = await import('../tables/load.ts');
  const { filesSnapshot } = await import('../check/testing/checked.ts');
  const base = { tableCache: new TableCache(), extraSchemas: [] };
  const files = { ...cluster, ...noderes('nfsserver', 'mn') };
  const one = { ...files, 'tables/networks.csv': '#netname,net,mask\na,10.0.0.0,255.255.255.0\n' };
  const told = async (given: Readonly<Record<string, string>>) =>
    imageServer(await buildView(filesSnapshot(given), base), 'n2');
  expect(await told(one)).toBe('10.0.0.9');
  expect(await told(files)).toBe('10.1.0.9');
  // So is an interface of the server, also where it is named by an address.
  const bySite = { ...cluster, ...noderes('nfsserver', '') };
  const plain = { ...bySite, 'tables/hosts.csv': cluster['tables/hosts.csv'].replace(/"-ib0[^"]*"/, '') };
  expect([await told(plain), await told(bySite), await told(plain)]).toEqual(['10.0.0.9', '10.1.0.9', '10.0.0.9']);
});
