/** RULES, State directories, exports, holds: what a node booted with stays exported until it boots with another set. */
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Engine } from '../../core/engine/types.ts';
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
  'tables/hosts.csv': lines('#node,ip', '"n01","10.0.0.11"', '"n02","10.0.0.12"'),
  'tables/networks.csv': lines('#netname,net,mask', '"c","10.0.0.0","255.255.255.0"'),
  'tables/site.csv': lines('#key,value', '"master","10.0.0.1"'),
  'tables/osimage.csv': lines('#imagename,profile,osvers,osarch', '"ext","a","rh5","x86_64"'),
  'tables/litefile.csv': lines('#image,file,options', '"ALL","/etc/motd","persistent"'),
  'tables/litetree.csv': lines('#priority,image,directory'),
  'tables/statelite.csv': lines('#node,image,statemnt', '"all","","10.0.0.1:/lite/state"'),
};
/** n01 no longer boots from here. */
const without = { 'tables/chain.csv': lines('#node,currstate', '"n01","boot"', '"n02","statelite"') };

let place: ReturnType<typeof temporary>;
let engine: Engine;
let commits: string[];
const repository = (): string => join(place.dir, 'config.git');
const world = (): string => join(place.dir, 'world');
const start = async (): Promise<void> => {
  engine = await labEngine({ repository: repository(), dir: world() });
  await engine.reconcile('start');
};
const to = async (commit: string | undefined): Promise<void> => {
  setMain(repository(), commit ?? '');
  const { ok, lines: said } = await engine.reconcile('test');
  expect([ok, ...said].join('\n')).toMatch(/^true/);
};
const stateLine = (): string =>
  read(join(world(), 'exports/litehouse.exports'))
    .split('\n')
    .filter((line) => line.includes('lite/state') || line.startsWith('# held'))
    .join('\n');

beforeEach(async () => {
  place = temporary('holds');
  await initBare(repository());
  commits = await importCommits(
    repository(),
    [base, without, { 'tables/chain.csv': base['tables/chain.csv'] ?? '' }].map((files, at) => ({
      subject: `commit ${at}`,
      branch: 'main',
      parents: at === 0 ? [] : [at - 1],
      changes: new Map(Object.entries(files).map(([path, text]) => [path, { text, mode: '100644' as const }])),
    })),
  );
  setMain(repository(), commits[0] ?? '');
  await start();
});
afterEach(async () => {
  await engine.close();
  place.remove();
});

describe('an export that a node booted with', () => {
  test('goes with its row where no boot was reported', async () => {
    await to(commits[1]);
    expect(stateLine()).not.toContain('10.0.0.11');
    expect((await engine.status()).held).toEqual([]);
  });

  test('stays while the node runs with it, named with its node, and status lists it', async () => {
    engine.booted('n01', commits[0] ?? '');
    await to(commits[1]);
    expect(stateLine()).toMatch(/^# held .*: n01\n\S+lite\/state 10\.0\.0\.11\(rw,[^ ]* 10\.0\.0\.12\(rw,[^ ]*$/);
    expect((await engine.status()).held).toMatchObject([
      { root: 'exports', path: 'litehouse.exports', nodes: ['n01'] },
    ]);
  });

  test('stays over a restart', async () => {
    engine.booted('n01', commits[0] ?? '');
    await to(commits[1]);
    const before = stateLine();
    await engine.close();
    await start();
    expect(stateLine()).toBe(before);
    expect((await engine.status()).held).toHaveLength(1);
  });

  test('goes when the node boots with another set', async () => {
    engine.booted('n01', commits[0] ?? '');
    await to(commits[1]);
    engine.booted('n01', commits[1] ?? '');
    await until('let go', async () => (await engine.status()).held.length === 0);
    expect(stateLine()).not.toMatch(/10\.0\.0\.11|held/);
  });

  test('goes when an administrator releases it, and with the row back nothing is held', async () => {
    engine.booted('n01', commits[0] ?? '');
    await to(commits[1]);
    expect(await engine.release(['n01', 'n02'])).toEqual(['n01']);
    expect(stateLine()).not.toMatch(/10\.0\.0\.11|held/);
    engine.booted('n02', commits[1] ?? '');
    await to(commits[2]);
    expect(stateLine()).not.toContain('held');
  });

  test('comes back where the node was still booting as its row went', async () => {
    await to(commits[1]);
    engine.booted('n01', commits[0] ?? '');
    await until('held', async () => (await engine.status()).held.length === 1);
    expect(stateLine()).toContain('10.0.0.11');
  });

  test('is not held by a commit that the node cannot have: nothing is planned on its word', async () => {
    engine.booted('n01', 'f'.repeat(40));
    engine.booted('nobody', commits[0] ?? '');
    await to(commits[1]);
    expect((await engine.status()).held).toEqual([]);
  });
});
