import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { generateCluster } from '../../test/cluster/generate.ts';
import { seeded } from '../../test/cluster/random.ts';
import { tableRows, tableText } from '../../test/cluster/rows.ts';
import { viewOf } from '../../test/cluster/view.ts';
import type { View } from '../resolve/view.ts';
import { computeEdit } from './edit.ts';

const osimage = '#imagename,profile,provmethod,osvers,osarch,comments,disable\n';
const small = {
  'tables/nodelist.csv':
    '#node,groups,comments,disable\n"n01","first,rack1,all",,\n"n02","rack1,all",,\n"n03","rack1,all",,\n"n04","rack2,all",,\n',
  'tables/osimage.csv': `${osimage}"centos5.3-x86_64-statelite-test1","test1","statelite","centos5.3","x86_64",,\n"other","compute","statelite","rhels5.4","x86_64",,\n"twin1","t","statelite","sles11","ppc64",,\n"twin2","t","statelite","sles11","ppc64",,\n`,
  'tables/nodetype.csv':
    '#node,os,arch,profile,provmethod,comments,disable\n"all","rhels5.4","x86_64","compute","other",,\n',
  'tables/chain.csv': '#node,currstate,comments,disable\n"all","statelite rhels5.4-x86_64-compute",,\n',
};

async function nodeset(noderange: string, state: string, files: Readonly<Record<string, string>> = small) {
  const result = computeEdit(await viewOf(files), { kind: 'nodeset', noderange, state });
  if (result.kind === 'refused') return result.diagnostics.map(({ code, message }) => `${code} ${message}`).join('\n');
  return Object.fromEntries(result.files);
}

const chain = (rows: string) => ({ 'tables/chain.csv': `${small['tables/chain.csv']}${rows}` });

describe('nodeset', () => {
  test('writes one row for one node, and takes it away again on the way back', async () => {
    const booted = await nodeset('n02', 'boot');
    expect(booted).toEqual(chain('"n02","boot",,\n'));
    expect(await nodeset('n02', 'statelite', { ...small, ...(booted as object) })).toEqual({
      'tables/chain.csv': small['tables/chain.csv'],
    });
  });

  test('writes one row for a bare group name, clears its members, and rows only for those whom another group outranks', async () => {
    const files = {
      ...small,
      'tables/chain.csv': `${small['tables/chain.csv']}"first","offline",,\n"n02","shell",,\n"n03","boot","by hand",\n`,
    };
    expect(await nodeset('rack1', 'boot', files)).toEqual({
      'tables/chain.csv': `${small['tables/chain.csv']}"first","offline",,\n"n03",,"by hand",\n"n01","boot",,\n"rack1","boot",,\n`,
    });
  });

  test('writes no group row where all members are outranked, and none where a node outside would change', async () => {
    const outranked = { ...small, ...chain('"rack2","offline",,\n') };
    expect(
      await nodeset('all', 'shell', { ...outranked, 'tables/nodelist.csv': '#node,groups\n"n04","rack2,all"\n' }),
    ).toEqual({
      'tables/chain.csv': `${outranked['tables/chain.csv']}"n04","shell rhels5.4-x86_64-compute",,\n`,
    });
    const excluded = { ...small, 'tables/site.csv': '#key,value\n"excludenodes","n03"\n' };
    expect(await nodeset('rack1', 'boot', excluded)).toEqual(chain('"n01","boot",,\n"n02","boot",,\n'));
  });

  test('takes an image by its name and by <os>-<arch>-<profile>, and writes all that the osimage row says', async () => {
    const wanted = {
      'tables/nodetype.csv':
        `${small['tables/nodetype.csv']}"n04","centos5.3","x86_64","test1","centos5.3-x86_64-statelite-test1",,\n`.replace(
          '"n04","centos5.3","x86_64"',
          '"n04","centos5.3",',
        ),
      ...chain('"n04","statelite centos5.3-x86_64-test1",,\n'),
    };
    expect(await nodeset('n04', 'statelite=centos5.3-x86_64-statelite-test1')).toEqual(wanted);
    expect(await nodeset('n04', 'statelite=centos5.3-x86_64-test1')).toEqual(wanted);
    expect(await nodeset('n04', 'osimage=centos5.3-x86_64-statelite-test1')).toEqual(wanted);
    expect(await nodeset('n04', 'statelite=sles11-ppc64-t')).toContain('LH743');
    expect(await nodeset('n04', 'statelite=centos5.3-x86_64-test2')).toContain('LH743 there is no image');
  });

  test('keeps the image where none is named, and refuses where there is none to keep', async () => {
    expect(await nodeset('n01-n04', 'shell')).toEqual(
      chain([1, 2, 3, 4].map((i) => `"n0${i}","shell rhels5.4-x86_64-compute",,\n`).join('')),
    );
    const none = { ...small, 'tables/nodetype.csv': '#node,os\n"n01","x"\n' };
    expect(await nodeset('n01,n02', 'statelite', none)).toMatch(/^LH743 n\[01-02\]: no image to keep/);
    expect(await nodeset('n01,n02', 'boot', none)).not.toContain('LH');
  });

  test('changes nothing where it is so already, be it said in fewer words', async () => {
    expect(await nodeset('all', 'statelite')).toEqual({});
    expect(
      await nodeset('all', 'statelite', { ...small, 'tables/chain.csv': '#node,currstate\n"all","statelite"\n' }),
    ).toEqual({});
  });

  test('changes all nodes asked for or none', async () => {
    expect(await nodeset('n01,n99', 'boot')).toContain('LH744 neither a node nor a group: n99');
    expect(await nodeset('n01@n02', 'boot')).toContain('names no node');
    expect(await nodeset('n[1', 'boot')).toContain('LH744');
    expect(await nodeset('n01', 'statlite')).toContain('LH747');
    expect(await nodeset('n01', 'boot=other')).toContain('LH747');
  });

  test('makes chain.csv where there is none, and a column that the header lacks', async () => {
    const { 'tables/chain.csv': _, ...rest } = small;
    expect(await nodeset('n01', 'boot', rest)).toEqual({
      'tables/chain.csv': '#node,currstate,currchain,chain,ondiscover,comments,disable\n"n01","boot",,,,,\n',
    });
    expect(await nodeset('n01', 'boot', { ...rest, 'tables/chain.csv': '#node,comments\n' })).toEqual({
      'tables/chain.csv': '#node,comments,currstate\n"n01",,"boot"\n',
    });
  });

  test('refuses where a node has the name of a group, rather than to change others', async () => {
    const files = { ...small, 'tables/nodelist.csv': '#node,groups\n"rack1","all"\n"n02","rack1,all"\n' };
    expect(await nodeset('rack1', 'boot', files)).toContain('LH747 the tables cannot say it so: n02');
  });
});

/** Random clusters with random rows of their own in nodetype and chain, asked by random ranges. */
describe('of random clusters', () => {
  const summary = (view: View) =>
    new Map(
      [...view.nodes.values()].map(({ name, state, image, currstate }) => [
        name,
        JSON.stringify([
          state,
          image?.name,
          currstate?.text,
          ...['os', 'arch', 'profile', 'provmethod'].map((column) => view.value(name, 'nodetype', column)?.text),
        ]),
      ]),
    );

  function cluster(seed: number): Map<string, string> {
    const random = seeded(seed);
    const files = generateCluster({ nodes: 12, seed, racks: 3, groupsPerNode: 6, overlays: 0, hosts: 'pattern' });
    const keys = ['all', 'compute', 'rack0', 'rack1', 'rack2', 'room0', 'room1', 'n0001', 'n0005', 'n0009', 'n0012'];
    for (const [table, column, values] of [
      ['chain', 1, ['boot', 'offline', 'statelite', 'shell x', 'odd']],
      ['nodetype', 1 + random.below(4), ['debian12', 'x86_64', 'compute0', 'debian12-x86_64-statelite-compute0']],
    ] as const) {
      const path = `tables/${table}.csv`;
      const rows = tableRows(files.get(path) ?? '');
      for (const key of keys) {
        if (!random.once(3)) continue;
        const row = rows.columns.map((_, i) =>
          i === 0 ? key : i === column ? (values[random.below(values.length)] ?? '') : '',
        );
        rows.rows.push(row);
      }
      files.set(path, tableText(rows.columns, rows.rows));
    }
    return files;
  }

  test('exactly the nodes asked for resolve as asked, all others as before, and a second time nothing changes', async () => {
    let edits = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.nat(500),
        fc.constantFrom(
          'all',
          'compute',
          'rack1',
          'rack0,rack2',
          'room1',
          'n0001-n0004',
          'n0005',
          'rack1,-n0006',
          'profile0',
          'profile1,n0001',
        ),
        fc.constantFrom(
          'boot',
          'offline',
          'shell',
          'statelite',
          'statelite=rhels5.4-x86_64-compute1',
          'statelite=debian12-x86_64-statelite-compute2',
        ),
        async (seed, noderange, state) => {
          const files = cluster(seed);
          const view = await viewOf(files);
          const result = computeEdit(view, { kind: 'nodeset', noderange, state });
          if (result.kind === 'refused') {
            expect(result.diagnostics[0]?.code).toBe('LH743');
            return;
          }
          edits++;
          const { nodes: asked } = await import('../noderange/expand.ts').then(async ({ expandNoderange }) => {
            const { noderangeContext } = await import('../noderange/context.ts');
            return expandNoderange(noderange, noderangeContext(view));
          });
          const changed = new Map([...files, ...[...result.files].map(([path, text]) => [path, text ?? ''] as const)]);
          const after = await viewOf(changed);
          const [before, now] = [summary(view), summary(after)];
          const [word, image] = state.split('=');
          for (const node of after.nodes.values()) {
            if (!asked.includes(node.name)) {
              expect(now.get(node.name), node.name).toBe(before.get(node.name));
              continue;
            }
            expect(node.state, node.name).toBe(word);
            if (image === undefined) expect(node.image?.name).toBe(view.nodes.get(node.name)?.image?.name);
            else {
              const wanted = image.replace('x86_64-compute', 'x86_64-statelite-compute');
              expect(node.image?.name).toBe(wanted);
              const { os, profile } = node.image ?? {};
              expect([os, profile]).toEqual(
                ['os', 'profile'].map((column) => after.value(node.name, 'nodetype', column)?.text),
              );
            }
          }
          expect(computeEdit(after, { kind: 'nodeset', noderange, state })).toEqual({
            kind: 'files',
            files: new Map(),
          });
        },
      ),
      { numRuns: 150 },
    );
    expect(edits).toBeGreaterThan(50);
  });
});
