/** A published directory that a running node has mounted stays when a commit no longer publishes it (DESIGN 6, RULES, holds). */
import { existsSync, lstatSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Engine } from '../../core/engine/types.ts';
import { renderDiff } from '../../core/plan/render.ts';
import { Repository } from '../../core/repo/repository.ts';
import { importCommits, initBare } from '../cluster/repository.ts';
import { until } from '../until.ts';
import { lines } from './built-lab.ts';
import { labEngine, read, setMain, temporary } from './engine-lab.ts';

const base: Readonly<Record<string, string>> = {
  'tables/nodelist.csv': lines('#node,groups', '"n01","all"', '"n02","all"'),
  'tables/nodetype.csv': lines('#node,os,arch,profile,provmethod', '"all","rh5","x86_64","a","ext"'),
  'tables/noderes.csv': lines('#node,netboot,nfsserver,xcatmaster', '"all","pxe","10.0.0.1","10.0.0.1"'),
  'tables/chain.csv': lines('#node,currstate', '"all","statelite"'),
  'tables/mac.csv': lines('#node,mac', '"n01","00:00:00:00:00:01"', '"n02","00:00:00:00:00:02"'),
  'tables/hosts.csv': lines('#node,ip', '"mn","10.0.0.1"', '"n01","10.0.0.11"', '"n02","10.0.0.12"'),
  'tables/networks.csv': lines('#netname,net,mask', '"c","10.0.0.0","255.255.255.0"'),
  'tables/site.csv': lines('#key,value', '"master","10.0.0.1"'),
  'tables/osimage.csv': lines('#imagename,profile,osvers,osarch', '"ext","a","rh5","x86_64"'),
  'tables/litefile.csv': lines('#image,file,options', '"ALL","/etc/motd",""'),
  'tables/statelite.csv': lines('#node,image,statemnt'),
  'tables/litetree.csv': lines(
    '#priority,image,directory',
    '"1","ALL","10.0.0.1:/syncdirs/hall/$node"',
    '"2","ALL","10.0.0.1:/syncdirs/all"',
  ),
  'syncdirs/all/etc/motd': 'all\n',
};
const own = {
  'syncdirs/hall/n01/etc/motd': 'one\n',
  'syncdirs/hall/n01/etc/issue': 'one\n',
  'syncdirs/hall/n02/etc/motd': 'two\n',
};
const changes: Readonly<Record<string, string>>[] = [
  { ...base, ...own },
  base,
  { ...base, 'syncdirs/hall/n01/etc/motd': 'one again\n' },
  { ...base, 'syncdirs/hall': 'a file in its place\n' },
];

let place: ReturnType<typeof temporary>;
let engine: Engine;
let commits: string[];
const repository = (): string => join(place.dir, 'config.git');
const tree = (path: string): string => join(place.dir, 'world/syncdirs', path);
const start = async (): Promise<void> => {
  engine = await labEngine({ repository: repository(), dir: join(place.dir, 'world') });
  await engine.reconcile('start');
};
const to = async (at: number): Promise<void> => {
  setMain(repository(), commits[at] ?? '');
  const { ok, lines: said } = await engine.reconcile('test');
  expect([ok, ...said].join('\n')).toMatch(/^true/);
};
const held = async (): Promise<string[]> =>
  (await engine.status()).held
    .filter(({ root }) => root === 'syncdirs')
    .map(({ path, nodes }) => `${path} for ${nodes.join()}`);

beforeEach(async () => {
  place = temporary('trees');
  await initBare(repository());
  const steps = changes.map((files, at) => {
    const gone = Object.keys(changes[at - 1] ?? {}).filter((path) => !(path in files));
    const all = [
      ...gone.map((path) => [path, undefined] as const),
      ...Object.entries(files).map(([path, text]) => [path, { text, mode: '100644' as const }] as const),
    ];
    return { subject: `commit ${at}`, branch: 'main', parents: at === 0 ? [] : [at - 1], changes: new Map(all) };
  });
  commits = await importCommits(repository(), steps);
  setMain(repository(), commits[0] ?? '');
  await start();
});
afterEach(async () => {
  await engine.close();
  place.remove();
});

describe('a published directory that a node booted with', () => {
  test('goes with its last file where no boot was reported', async () => {
    await to(1);
    expect(existsSync(tree('hall'))).toBe(false);
    expect(await held()).toEqual([]);
  });

  test('stays as it is while that node runs, the same directory to a mount, and is listed; its neighbour goes', async () => {
    const { ino } = statSync(tree('hall/n01'));
    engine.booted('n01', commits[0] ?? '');
    await to(1);
    expect(read(tree('hall/n01/etc/motd'))).toBe('one\n');
    expect(statSync(tree('hall/n01')).ino).toBe(ino);
    expect(existsSync(tree('hall/n02'))).toBe(false);
    expect(await held()).toEqual(['hall/n01 for n01']);
    expect(await engine.verify()).toEqual([]);
    await engine.close();
    await start();
    expect(read(tree('hall/n01/etc/motd'))).toBe('one\n');
    expect(await held()).toEqual(['hall/n01 for n01']);
  });

  test('is told of by the plan, which does not say that it goes', async () => {
    engine.booted('n01', commits[0] ?? '');
    const opened = await Repository.open(repository());
    const preview = await engine.judge(await opened.snapshot(commits[1] ?? ''));
    await opened.close();
    expect(preview.held).toEqual([{ root: 'syncdirs', path: 'hall/n01', line: 'the published tree', nodes: ['n01'] }]);
    const text = preview.diff === undefined ? '' : renderDiff(preview.diff, { most: 50 }).join('\n');
    expect(text).toContain('- syncdirs:hall/n02/etc/motd');
    expect(text).not.toContain('- syncdirs:hall/n01');
  });

  test('goes when the node boots with another set, and when it is released', async () => {
    engine.booted('n01', commits[0] ?? '');
    engine.booted('n02', commits[0] ?? '');
    await to(1);
    expect(await held()).toEqual(['hall/n01 for n01', 'hall/n02 for n02']);
    engine.booted('n01', commits[1] ?? '');
    await until('let go', () => !existsSync(tree('hall/n01')));
    expect(existsSync(tree('hall/n02/etc/motd'))).toBe(true);
    await engine.release(['n02']);
    expect(existsSync(tree('hall'))).toBe(false);
    expect(await held()).toEqual([]);
  });

  test('is live again when a commit publishes it again: what that commit does not have goes', async () => {
    engine.booted('n01', commits[0] ?? '');
    await to(1);
    await to(2);
    expect(read(tree('hall/n01/etc/motd'))).toBe('one again\n');
    expect(existsSync(tree('hall/n01/etc/issue'))).toBe(false);
    expect(await held()).toEqual([]);
  });

  test('wins over a file in its place, which waits and is told of, while all else is in effect', async () => {
    engine.booted('n01', commits[0] ?? '');
    const opened = await Repository.open(repository());
    const preview = await engine.judge(await opened.snapshot(commits[3] ?? ''));
    await opened.close();
    expect(preview.ok).toBe(true);
    expect(preview.diagnostics.map(({ code }) => code)).toContain('LH514');
    await to(3);
    expect(read(tree('hall/n01/etc/motd'))).toBe('one\n');
    const { state, problem, blocked } = await engine.status();
    expect(state).toBe('applied, blocked');
    expect(problem).toMatch(/^syncdirs:hall waits: .*litehouse release NODERANGE lets go$/);
    expect(blocked.map(({ path }) => path)).toEqual(['hall']);
    await engine.reconcile('adopt', { adopt: ['syncdirs:hall'] });
    expect(lstatSync(tree('hall')).isDirectory()).toBe(true);
    await engine.release(['n01']);
    expect(read(tree('hall'))).toBe('a file in its place\n');
    expect((await engine.status()).state).toBe('applied');
  });
});
