/** What a view made after another one says is what a view made from nothing says, whatever it took over. */
import { describe, expect, test } from 'vitest';
import { checkView } from '../check/check.ts';
import { filesSnapshot } from '../check/testing/checked.ts';
import { TableCache } from '../tables/load.ts';
import { buildView } from './build-view.ts';
import { originOf, type View } from './view.ts';

type Files = Readonly<Record<string, string>>;

const cluster: Files = {
  'tables/nodelist.csv': '#node,groups\n"n01","compute"\n"n02","compute"\n"n03","compute"\n"sn1","service"\n',
  'tables/hosts.csv': [
    '#node,ip,otherinterfaces',
    '"n01","10.0.0.11"',
    '"n02","10.0.0.12"',
    '"n03","10.0.0.13"',
    '"service","10.0.0.50"',
    '"others","10.0.0.60"',
    '"cnfs","10.0.0.2"',
    '',
  ].join('\n'),
  'tables/site.csv': '#key,value\n"master","10.0.0.1"\n',
  'tables/osimage.csv': '#imagename,osvers,osarch,profile\n"image","os","arch","profile"\n',
  'tables/nodetype.csv': '#node,os,arch,profile,provmethod\n"compute","os","arch","profile","image"\n',
  'tables/chain.csv': '#node,currstate\n"compute","statelite"\n"service","boot"\n',
  'tables/noderes.csv': '#node,netboot,nfsserver\n"compute","pxe","cnfs"\n',
  'tables/nodepos.csv': '#node,rack\n"n01","1"\n"n02","1"\n"n03","1"\n',
  'tables/litetree.csv': '#priority,image,directory\n1,,10.0.0.50:/syncdirs/a\n',
  'tables/statelite.csv':
    '#node,image,statemnt\n"n01",,"cnfs:/state"\n"n02",,"cnfs:/state/n02"\n"n03",,"cnfs:/state"\n',
  'tables/servicenode.csv': '#node,nfsserver\n"service","1"\n',
  'syncdirs/a/etc/motd': 'a\n',
};

function seen(view: View): unknown {
  return [...view.nodes.values()].map((node) => ({
    name: node.name,
    addresses: node.addresses,
    imageServer: node.imageServer,
    master: node.master,
    statemnt: node.statemnt && { ...node.statemnt, row: originOf(node.statemnt) },
    litetree: node.litetree.map((tree) => ({ ...tree, row: originOf(tree) })),
    problems: node.problems,
  }));
}

/** The view of the cluster with `first` over it, then with `then` over that; and what was taken over. */
async function afterwards(first: Files, then: Files) {
  const base = { tableCache: new TableCache(), extraSchemas: [] };
  const before = await buildView(filesSnapshot({ ...cluster, ...first }), base);
  const files = filesSnapshot({ ...cluster, ...first, ...then });
  const view = await buildView(files, base);
  const fresh = await buildView(files, { tableCache: new TableCache(), extraSchemas: [] });
  const taken = [...view.nodes.values()].filter((node) => before.nodes.get(node.name) === node).map(({ name }) => name);
  return { view, fresh, taken };
}

const edited = (table: string, from: string, to: string): Files => {
  const file = `tables/${table}.csv`;
  const text = cluster[file] ?? '';
  if (!text.includes(from)) throw new Error(`${file} has no ${from}`);
  return { [file]: text.replace(from, to) };
};

const rackOfN03 = edited('nodepos', '"n03","1"', '"n03","2"');

describe('after a change of one row', () => {
  test('the nodes that it does not concern are taken over', async () => {
    const { taken } = await afterwards({}, rackOfN03);
    expect(taken).toEqual(['n01', 'n02', 'sn1']);
  });

  test.each<[string, Files, Files]>([
    ['a row of another node changes', {}, rackOfN03],
    [
      'a statelite row changes, and an unchanged one ends in its node',
      {},
      edited('statelite', '"n01",,"cnfs:/state"', '"n01",,"cnfs:/new"'),
    ],
    ['the address of a service node changes that only an address names', {}, edited('hosts', '10.0.0.50', '10.0.0.51')],
    [
      'a service node changes its group, and so its address',
      {},
      edited('nodelist', '"sn1","service"', '"sn1","others,service"'),
    ],
    [
      'an image server that is a node changes its group, and so its address',
      edited('noderes', '"cnfs"', '"sn1"'),
      edited('nodelist', '"sn1","service"', '"sn1","others,service"'),
    ],
    [
      'a host that is no node has a fault in its row',
      edited('hosts', '"cnfs","10.0.0.2"', '"cnfs","10.0.0.2","x:bad"'),
      edited('nodepos', '"n03","1"\n', '"n03","1"\n"sn1","7"\n'),
    ],
  ])('nodes and diagnostics are those of a fresh view: %s', async (_, first, then) => {
    const { view, fresh } = await afterwards(first, then);
    expect(seen(view)).toEqual(seen(fresh));
    expect([...view.diagnostics, ...checkView(view)]).toEqual([...fresh.diagnostics, ...checkView(fresh)]);
  });
});

test('the nodes of a diagnostic stand in the order of their names, whoever was asked first', async () => {
  const { view } = await afterwards(edited('nodepos', '"n01","1"\n"n02","1"\n"n03","1"', '"compute","|x|1|"'), {});
  for (const node of ['n03', 'n01', 'n02', 'n01']) view.value(node, 'nodepos', 'rack');
  const found = view.diagnostics.find(({ code }) => code === 'LH203');
  expect(found?.nodes).toEqual(['n01', 'n02', 'n03']);
});
