import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tableText } from '../../test/cluster/rows.ts';
import { viewOf } from '../../test/cluster/view.ts';
import type { Node, View } from '../resolve/view.ts';
import { explainValue, groupValues } from './value.ts';

const nodelist = '#node,groups,comments,disable\n"n01","gold,rack1,all",,\n"n02","rack1,all",,\n"n03",,,\n';

function nodeOf(view: View, name: string): Node {
  const node = view.nodes.get(name);
  if (node === undefined) throw new Error(`no node ${name}`);
  return node;
}

async function explained(noderes: string, name: string, column: string, table = 'noderes') {
  const view = await viewOf({
    'tables/nodelist.csv': nodelist,
    'tables/noderes.csv': `#node,netboot,nfsserver,comments,disable\n${noderes}`,
    'tables/ipmi.csv': '#node,bmc,username,password,comments,disable\n"all","b1",,"PASSW0RD",,\n',
  });
  return explainValue(view, nodeOf(view, name), table, column);
}

describe('explainValue', () => {
  test('shows the whole search: rows without a value, the one used, those that it hides, groups without a row', async () => {
    const found = await explained('"n01","pxe",,,\n"all",,"10.0.0.1",,\n"rack1",,"10.0.0.2",,\n', 'n01', 'nfsserver');
    expect(found).toMatchObject({ text: '10.0.0.2', at: { file: 'tables/noderes.csv', line: 4, column: 11 } });
    expect(found.searched.map(({ through, key, raw, outcome }) => [through, key, raw, outcome])).toEqual([
      ['node', 'n01', undefined, 'empty'],
      ['group', 'rack1', '10.0.0.2', 'used'],
      ['group', 'all', '10.0.0.1', 'hidden'],
    ]);
    expect(found.without).toEqual(['gold']);
    expect(found.pattern).toBeUndefined();
  });

  test('tells of rows that are switched off', async () => {
    const found = await explained('"n01",,"10.0.0.9",,"1"\n', 'n01', 'nfsserver');
    expect(found.text).toBeUndefined();
    expect(found.searched).toMatchObject([{ raw: '10.0.0.9', outcome: 'off' }]);
  });

  test('shows a pattern before and after, and why it gives nothing', async () => {
    const row = (cell: string) => `"all",,"${cell}",,\n`;
    expect(await explained(row('|n(\\d+)|10.0.0.($1+0)|'), 'n02', 'nfsserver')).toMatchObject({
      text: '10.0.0.2',
      pattern: { raw: '|n(\\d+)|10.0.0.($1+0)|', why: undefined },
    });
    const missed = await explained(row('|r(\\d+)|10.0.0.($1+0)|'), 'n02', 'nfsserver');
    expect([missed.text, missed.pattern?.why]).toEqual([undefined, 'it does not match the name n02']);
    expect((await explained(row('|n(|x|'), 'n02', 'nfsserver')).pattern?.why).toMatch(/closed|read|bracket/);
  });

  test('a node without groups, and a table that is not there', async () => {
    expect(await explained('"all","pxe",,,\n', 'n03', 'netboot')).toMatchObject({ text: undefined, without: ['n03'] });
    expect(await explained('', 'n01', 'os', 'nodetype')).toMatchObject({ text: undefined, tableExists: false });
  });

  test('never shows a secret', async () => {
    const found = await explained('', 'n01', 'password', 'ipmi');
    expect(JSON.stringify(found)).not.toContain('PASSW0RD');
    expect(found.text).toBe('(a secret, not shown)');
  });

  test('agrees with the view for any tables', async () => {
    const name = fc.constantFrom('n1', 'n2', 'x');
    const group = fc.constantFrom('g1', 'g2', 'g3', 'n2');
    const cell = fc.constantFrom('', '', 'a', 'b', '|n(\\d)|v($1+1)|', '|z(\\d)|v$1|', '/n/m/', '|n|', '|(|');
    const row = fc.tuple(fc.oneof(name, group), cell, cell, fc.constant(''), fc.constantFrom('', '', '', '1'));
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(row, { maxLength: 6, selector: ([key]) => key }),
        fc.uniqueArray(group, { maxLength: 4 }),
        async (rows, groups) => {
          const view = await viewOf({
            'tables/nodelist.csv': tableText(
              ['node', 'groups', 'comments', 'disable'],
              ['n1', 'n2', 'x'].map((node) => [node, groups.join(','), '', '']),
            ),
            'tables/noderes.csv': tableText(['node', 'netboot', 'nfsserver', 'comments', 'disable'], rows),
          });
          for (const node of view.nodes.values()) {
            for (const column of ['netboot', 'nfsserver']) {
              const value = view.value(node.name, 'noderes', column);
              const found = explainValue(view, node, 'noderes', column);
              expect(found.text).toBe(value?.text);
              const used = found.searched.filter(({ outcome }) => outcome === 'used');
              if (value !== undefined) {
                expect(used).toMatchObject([{ key: value.key, raw: value.raw }]);
                expect(found.at).toEqual(value.row.table.at(value.row, column));
              } else expect(used.length === 0 || found.pattern?.why !== undefined).toBe(true);
              const order = found.searched.map(({ outcome }) => outcome);
              expect(order.slice(0, order.indexOf('used')).includes('hidden') && used.length > 0).toBe(false);
            }
          }
        },
      ),
      { numRuns: 150 },
    );
  });
});

test('groupValues puts nodes with one value from one row together', async () => {
  const view = await viewOf({
    'tables/nodelist.csv': nodelist,
    'tables/noderes.csv': '#node,netboot,comments,disable\n"rack1","pxe",,\n"gold","|n(\\d+)|l$1|",,\n',
  });
  expect(groupValues(view, view.nodes.keys(), 'noderes', 'netboot')).toMatchObject([
    { text: 'l01', nodes: ['n01'], at: { line: 3 } },
    { text: 'pxe', nodes: ['n02'], at: { line: 2 } },
    { text: undefined, nodes: ['n03'], at: undefined },
  ]);
});
