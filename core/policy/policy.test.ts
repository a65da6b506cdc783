import { describe, expect, test, vi } from 'vitest';
import { viewOf } from '../check/testing/checked.ts';
import { answerForAddress, answerForNode } from '../engine/answers.ts';
import { composeWorld } from '../plan/compose.ts';
import { diffWorlds } from '../plan/diff.ts';
import { makePlan } from '../plan/make-plan.ts';
import type { World } from '../plan/world.ts';
import { checkPolicy } from './check.ts';

const header = '#priority,name,host,commands,noderange,parameters,time,rule\n';
const both = '4.7,,,litefile,,,,allow\n4.8,,,litetree,,,,allow\n';
const cluster = {
  'tables/nodelist.csv': '#node,groups\nn01,all\nn02,all\n',
  'tables/hosts.csv':
    '#node,ip,hostnames,otherinterfaces\nn01,10.0.0.1,frontend,"-ib0:10.1.0.1,-v6:fd00::1"\nn02,10.0.0.2,,\nmn,10.0.0.9,,\n',
  'tables/chain.csv': '#node,currstate\nall,statelite\n',
  'tables/nodetype.csv': '#node,os,arch,profile,provmethod\nall,os,arch,profile,image\n',
  'tables/noderes.csv': '#node,netboot,nfsserver,xcatmaster\nall,pxe,10.0.0.9,10.0.0.9\n',
  'tables/site.csv': '#key,value\nmaster,10.0.0.9\n',
  'tables/litefile.csv': '#image,file,options\nALL,/etc/motd,\n',
};

async function worldOf(policy: string | undefined, more: Readonly<Record<string, string>> = {}): Promise<World> {
  const files = { ...cluster, ...(policy === undefined ? {} : { 'tables/policy.csv': header + policy }), ...more };
  const plan = makePlan(await viewOf(files, 'c0ffee'), [], 'mn', new Map());
  return composeWorld(plan, new Map(), () => true, undefined).world;
}

type Only = 'litefile' | 'litetree';
const ask = (world: World, address: string, only?: Only) =>
  answerForAddress(world, new Map(), address, undefined, only);
const may = (world: World, address: string, only?: Only) => ask(world, address, only).kind === 'answer';
function why(world: World, address: string, only?: Only): string {
  const answer = ask(world, address, only);
  return answer.kind === 'refusal' ? answer.reason : 'allowed';
}

describe('what the policy table decides', () => {
  test('costs what it has rows and nodes, not the one times the other', async () => {
    const looked = async (count: number): Promise<number> => {
      const names = Array.from({ length: count }, (_, i) => `n${i}`);
      const view = await viewOf({
        ...cluster,
        'tables/nodelist.csv': `#node,groups\n${names.map((name) => `${name},all\n`).join('')}`,
        'tables/hosts.csv': `#node,ip\nmn,10.0.0.9\n${names.map((name, i) => `${name},10.1.${i >> 8}.${i & 255}\n`).join('')}`,
        'tables/policy.csv': header + names.map((name, i) => `${i + 1},,,,${name},,,allow\n`).join(''),
      });
      expect(
        [...view.nodes.values()].filter(({ state, problems }) => state === 'statelite' && problems.length === 0),
      ).toHaveLength(count);
      const has = vi.spyOn(Set.prototype, 'has');
      try {
        expect(checkPolicy(view)).toEqual([]);
        return has.mock.calls.length;
      } finally {
        has.mockRestore();
      }
    };
    expect(await looked(200)).toBeLessThan(3 * (await looked(100)));
  });

  test('without a table every node may ask, and the check says so', async () => {
    expect(may(await worldOf(undefined), '10.0.0.1')).toBe(true);
    expect(checkPolicy(await viewOf(cluster)).map(({ code, severity }) => [code, severity])).toEqual([
      ['LH366', 'warning'],
    ]);
  });

  test('with a table that has no rows nobody may, and the refusal says what to write', async () => {
    expect(why(await worldOf(''), '10.0.0.1')).toContain(
      'litehouse chtab priority=4.7 policy.commands=litefile policy.rule=allow',
    );
  });

  test('the whole answer needs both parts, a part needs only itself', async () => {
    const world = await worldOf('4.7,,,litefile,,,,allow\n');
    expect([may(world, '10.0.0.1'), may(world, '10.0.0.1', 'litefile'), may(world, '10.0.0.1', 'litetree')]).toEqual([
      false,
      true,
      false,
    ]);
  });

  test('the first that matches decides, by number and not by place or by text', async () => {
    expect(may(await worldOf(`10,,,,,,,deny\n9.5,,,,,,,accept\n`), '10.0.0.1')).toBe(true);
    expect(why(await worldOf(`10,,,,,,,allow\n9.5,,,,n02,,,deny\n`), '10.0.0.2')).toContain('tables/policy.csv:3');
  });

  test('a row that is switched off, or has a name, decides nothing', async () => {
    const off = { 'tables/policy.csv': `#priority,commands,rule,disable\n1,,deny,1\n2,,allow,\n` };
    expect(may(await worldOf(undefined, off), '10.0.0.1')).toBe(true);
    expect(may(await worldOf(`1,root,,,,,,deny\n${both}`), '10.0.0.1')).toBe(true);
    expect(may(await worldOf('1,root,,,,,,allow\n'), '10.0.0.1')).toBe(false);
  });

  test('* means anybody and anything, as an empty cell', async () => {
    expect(may(await worldOf('1,*,*,*,*,*,*,trusted\n'), '10.0.0.1')).toBe(true);
  });

  test('a noderange holds for the node that asks, whatever site.excludenodes says', async () => {
    const site = { 'tables/site.csv': '#key,value\nmaster,10.0.0.9\nexcludenodes,n02\n' };
    const world = await worldOf(`1,,,,"n[02-05]",,,deny\n${both}`, site);
    expect([may(world, '10.0.0.1'), may(world, '10.0.0.2')]).toEqual([true, false]);
  });
});

describe('the host of a row', () => {
  test('as a name means the node with all its addresses, also by an alias', async () => {
    for (const name of ['n01', 'frontend', '"n77, n01"']) {
      const world = await worldOf(`1,,${name},,,,,deny\n${both}`);
      const seen = ['10.0.0.1', '10.1.0.1', 'fd00::1', '10.0.0.2'].map((address) => may(world, address));
      expect(seen, name).toEqual([false, false, false, true]);
    }
  });

  test('as an address means that address only, of IPv6 in any spelling', async () => {
    const second = await worldOf(`1,,10.1.0.1,,,,,deny\n${both}`);
    expect([may(second, '10.0.0.1'), may(second, '10.1.0.1'), may(second, 'fd00::1')]).toEqual([true, false, true]);
    const first = await worldOf('1,,fd00:0:0::0001,,,,,allow\n');
    expect([may(first, '10.0.0.1'), may(first, '10.1.0.1'), may(first, 'fd00::1')]).toEqual([false, false, true]);
  });

  test.each([
    '10.0.0.0/24',
    '10.0.0.0/255.255.255.0',
    'fd00::/64',
    '10.0.0.*',
  ])('as a network (%s) matches none, and is not told to be given an address', async (network) => {
    const view = await viewOf({ ...cluster, 'tables/policy.csv': `${header}1,,${network},,,,,deny\n${both}` });
    const [found] = checkPolicy(view);
    expect([found?.code, found?.severity]).toEqual(['LH364', 'warning']);
    expect(found?.message).toContain('is a network');
    expect(found?.mend).toBe('empty host, and name the nodes in noderange: groups or names');
  });

  test('that is no node matches none', async () => {
    expect(may(await worldOf(`1,,mn,,,,,deny\n${both}`), '10.0.0.1')).toBe(true);
  });

  test('and by node, as an administrator asks, the first address counts', async () => {
    const world = await worldOf(`1,,10.1.0.1,,,,,deny\n${both}`);
    expect(answerForNode(world, new Map(), 'n01', undefined).kind).toBe('answer');
  });

  test('a change of it is seen in the plan', async () => {
    const nodes = async (before: string, after: string) =>
      diffWorlds(await worldOf(before), await worldOf(after)).nodes.map(({ node, what }) => [node, what]);
    expect(await nodes(both, `1,,10.1.0.1,,,,,deny\n${both}`)).toEqual([['n01', 'answer']]);
    expect(await nodes(`1,,10.1.0.1,,,,,deny\n${both}`, `1,,10.1.0.1,,,,,deny\n${both}`)).toEqual([]);
    expect(await nodes(both, `1,,n02,,,,,deny\n${both}`)).toEqual([['n02', 'answer']]);
  });
});

describe('a row that cannot be judged, or means nothing', () => {
  const found = async (rows: string) =>
    checkPolicy(await viewOf({ ...cluster, 'tables/policy.csv': header + rows })).map(
      ({ code, severity, at, mend }) => `${code} ${severity} :${at?.line}:${at?.column} ${mend}`,
    );

  test('is refused for its parameters, and for its time, where it decides what nodes ask for', async () => {
    expect(await found(`4.5,,,litefile,,-x,,deny\n${both}`)).toEqual([
      expect.stringMatching(/^LH361 error :2:17 empty parameters/),
    ]);
    expect(await found(`4.5,,,,,-x,9:00,deny\n${both}`)).toEqual([
      expect.stringMatching(/^LH361 error :2:12 empty time/),
      expect.stringMatching(/^LH361 error :2:9 empty parameters/),
    ]);
  });

  test.each([
    ['litefiles', "did you mean 'litefile'?"],
    ['Litetree', "did you mean 'litetree'?"],
    ['ltiefile', "did you mean 'litefile'?"],
    ['lite*', "did you mean 'litefile,litetree'?"],
    ['*tree', "did you mean 'litetree'?"],
    ['litefile litetree', "write commas between commands: 'litefile,litetree'"],
    ['litefiel rpower', "write commas between commands: 'litefile,rpower'"],
    ['rpower,litetre', "did you mean 'litetree'?"],
  ])('with the command %s is told with what was meant', async (commands, mend) => {
    expect(await found(`4.5,,,"${commands}",,,,allow\n${both}`)).toEqual([`LH367 warning :2:8 ${mend}`]);
  });

  test.each([
    'ilitefile,llitefile,lslite,litefile',
    'getbmcconfig',
    'remoteimmsetup',
    'rpower rinv',
    'xdsh*',
    'sitecommand',
    '*',
  ])('is not told of the command %s', async (commands) => {
    expect(await found(`4.9,,,"${commands}",,,,allow\n${both}`)).toEqual([]);
  });

  test('is not told of a row with a name, which is about no node', async () => {
    expect(await found(`4.5,root,,litefiles,,,,allow\n${both}`)).toEqual([]);
  });

  test('is told of one number with two answers, whose order in the file decides', async () => {
    const rows = '4.70,,n01,litefile,,,,deny\n';
    const twice = (line: number) => expect.stringMatching(new RegExp(`^LH368 warning :${line}:1 give the row`));
    expect(await found(both + rows)).toEqual([twice(4)]);
    expect((await found(rows + both)).filter((it) => it.startsWith('LH368'))).toEqual([twice(3)]);
    // The order matters, which is why it is told.
    expect([may(await worldOf(both + rows), '10.0.0.1'), may(await worldOf(rows + both), '10.0.0.1')]).toEqual([
      true,
      false,
    ]);
  });

  test('is not told of one number for different commands, for equal answers or for rows with a name', async () => {
    expect(await found('4.7,,,litefile,,,,allow\n4.70,,,litetree,,,,allow\n4.700,,,rpower,,,,deny\n')).toEqual([]);
    expect(await found(`4.70,,n01,litefile,,,,accept\n4.700,root,,,,,,deny\n${both}`)).toEqual([]);
  });
});

test('rows that decide about other commands are none of our business', async () => {
  const rows = '1,,,rpower,,"-x",9:00,deny\nx,,,"rinv,rpower",,,,perhaps\n2,admin,,,,"-x",9:00,allow\n';
  const view = await viewOf({ ...cluster, 'tables/policy.csv': header + rows + both });
  expect(checkPolicy(view)).toEqual([]);
  expect(may(await worldOf(rows + both), '10.0.0.1')).toBe(true);
});
