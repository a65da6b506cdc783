import { describe, expect, test } from 'vitest';
import { generateCluster } from '../../test/cluster/generate.ts';
import { viewOf } from '../../test/cluster/view.ts';
import { viewOf as fewFiles } from '../check/testing/checked.ts';
import { explainImage, explainNode } from './node.ts';
import { imageLines, nodeLines } from './text.ts';

const files = generateCluster({ nodes: 60, seed: 3 });
files.set('tables/ipmi.csv', '#node,bmc,username,password\n"compute","|n0*(\\d+)|b$1|","ADMIN","PASSW0RD"\n');

test('a node is explained whole: every value of the view stands in it, with its place and group', async () => {
  const view = await viewOf(files);
  for (const node of view.nodes.values()) {
    const found = explainNode(view, node);
    expect(found.image?.text).toBe(node.image?.name);
    expect(found.trees.map(({ text }) => text)).toEqual(node.litetree.map(({ server, path }) => `${server}:${path}`));
    expect(found.statemnt?.text).toBe(`${node.statemnt?.server}:${node.statemnt?.path}`);
    expect(Object.values(found.litefile).reduce((a, b) => a + b, 0)).toBe(node.image?.litefile.length);
    for (const { table, column, text, at, key } of found.values) {
      const value = view.value(node.name, table, column);
      expect(at).toEqual(value?.row.table.at(value.row, column));
      expect(key).toBe(value?.key);
      if (table !== 'ipmi') expect(text).toBe(value?.text);
    }
    const columns = found.values.map(({ table, column }) => `${table}.${column}`);
    expect(columns).toEqual(expect.arrayContaining(['nodetype.os', 'noderes.netboot', 'ipmi.bmc', 'chain.currstate']));
    for (const { variables } of found.trees)
      for (const { text, at } of variables) expect([text, at]).not.toContain(undefined);
  }
});

test('the text says where each thing was written, and no secret', async () => {
  const view = await viewOf(files);
  const node = view.nodes.get('n0001');
  if (node === undefined) throw new Error('no n0001');
  const text = nodeLines(explainNode(view, node), 100).join('\n');
  expect(text).toMatch(/^n0001 {2}tables\/nodelist\.csv:2:2$/m);
  expect(text).toMatch(/^state +statelite {2}tables\/chain\.csv:\d+:\d+ {2}\(chain\.currstate, group profile\d\)$/m);
  expect(text).toMatch(/^ipmi\.bmc +b1 +tables\/ipmi\.csv:2:12 +group compute {2}from \|n0\*\(\\d\+\)\|b\$1\|$/m);
  expect(text).toContain('(a secret, not shown)');
  expect(text).not.toContain('PASSW0RD');
});

describe('what the policy table refuses a node', () => {
  const header = '#priority,name,host,commands,noderange,parameters,time,rule\n';
  async function told(policy: string | undefined): Promise<string[]> {
    const hosts = '#node,ip,otherinterfaces\nn01,10.0.0.1,"-ib0:10.1.0.1"\n';
    const table: Record<string, string> = policy === undefined ? {} : { 'tables/policy.csv': header + policy };
    const view = await fewFiles({
      'tables/nodelist.csv': '#node,groups\nn01,all\n',
      'tables/hosts.csv': hosts,
      'tables/chain.csv': '#node,currstate\nall,statelite\n',
      ...table,
    });
    const node = view.nodes.get('n01');
    if (node === undefined) throw new Error('no n01');
    const lines = nodeLines(explainNode(view, node), 100);
    const first = lines.findIndex((line) => line.startsWith('policy '));
    return first === -1 ? [] : lines.slice(first, lines.indexOf('', first)).map((line) => line.trim());
  }

  test('stands in its explanation with the row, and how to mend it', async () => {
    expect(await told('1,,,litefile,n01,,,deny\n2,,,,,,,allow\n')).toEqual([
      "policy    may not ask for litefile: tables/policy.csv:2 says 'deny'",
      'mend: change the rule of that row, or allow litefile in one with a smaller number',
    ]);
    expect(await told('1,,,litefile,,,,allow\n')).toEqual([
      'policy    may not ask for litetree: no row of tables/policy.csv allows it',
      'mend: allow it: litehouse chtab priority=4.8 policy.commands=litetree policy.rule=allow',
    ]);
  });

  test('says at which of its addresses, where the rows tell them apart', async () => {
    expect((await told('1,,10.1.0.1,,,,,deny\n2,,,,,,,allow\n'))[0]).toBe(
      "policy    may not ask for litefile and litetree at 10.1.0.1: tables/policy.csv:2 says 'deny'",
    );
  });

  test('is nothing where it may ask, and where there is no table or it cannot be read', async () => {
    expect(await told('1,,,,,,,allow\n')).toEqual([]);
    expect(await told(undefined)).toEqual([]);
    expect(await told('1,,,,n[,,,deny\n')).toEqual([]);
  });
});

test('an image is explained by its rows, its list and its nodes, folded', async () => {
  const view = await viewOf(files);
  const [image] = view.images.values();
  if (image === undefined) throw new Error('no image');
  const found = explainImage(view, image);
  expect(found.litefile).toHaveLength(image.litefile.length);
  expect(found.litetree.map(({ priority }) => priority)).toEqual(['1', '2', '3', '10']);
  expect(found.nodes).toEqual([...view.nodes.values()].filter((node) => node.image === image).map(({ name }) => name));
  expect(found.values).toContainEqual(
    expect.objectContaining({ table: 'linuximage', column: 'permission', text: '755' }),
  );
  expect(imageLines(found, 100).join('\n')).toMatch(/^\/etc\/motd +link\+ro +tables\/litefile\.csv:7:8$/m);
});
