import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirs } from '../../test/server/temporary.ts';
import { readBootFile } from './boot-file.ts';
import { checkDirectories } from './directories.ts';
import type { NodeBootFacts } from './facts.ts';
import type { Verdict } from './finding.ts';
import { Probes } from './probes.ts';
import { facts } from './testing/facts.ts';
import type { Visit } from './visit.ts';

const temporary = temporaryDirs();

async function found(verdict: Verdict, given: Partial<NodeBootFacts>): Promise<string[]> {
  const boot = readBootFile('pxelinux', 'KERNEL k\nAPPEND initrd=i LHNFS=port=1\n');
  const house = { here: true } as Visit['house'];
  const visit = { facts: facts(given), house, probes: new Probes(60_000), boot } as Visit;
  return (await checkDirectories(visit)).flatMap((finding) => (finding.verdict === verdict ? [finding.what] : []));
}

const statemnt = {
  server: 'mn',
  address: '10.0.0.9',
  path: '/lite/state',
  target: 'mn',
  from: 'tables/statelite.csv:2',
};
const exported = (lines: NodeBootFacts['exports'][number]['lines']) => [{ file: 'x.exports', blob: '', lines }];

test('the state has to be exported to the node for reading and writing', async () => {
  const state = temporary();
  const path = join(state, 'lite/state');
  mkdirSync(join(path, 'n01'), { recursive: true });
  const given = (mode: 'ro' | 'rw') => ({
    ...{ statemnt, roots: { state } },
    exports: exported([{ path, client: '10.0.0.1', mode }]),
  });
  expect(await found('fault', given('rw'))).toEqual([]);
  expect(await found('fault', given('ro'))).toEqual(['x.exports does not export the state directory to it']);
  expect(await found('fault', { ...given('rw'), exports: exported([]) })).toHaveLength(1);
});

test('a file in the place of the state directory is a fault', async () => {
  const state = temporary();
  mkdirSync(join(state, 'lite/state'), { recursive: true });
  writeFileSync(join(state, 'lite/state/n01'), '');
  expect(await found('fault', { statemnt, roots: { state } })).toEqual(['its state directory is no directory']);
});

test('an overlay of ours has to be exported; one of others that is away is a warning, unless its row requires it', async () => {
  const syncdirs = temporary();
  mkdirSync(join(syncdirs, 'n01'));
  const tree = { ...statemnt, path: '/syncdirs/n01', priority: '1', ours: true, present: true };
  const lines = [{ path: syncdirs, client: '10.0.0.0/24', mode: 'ro' }] as const;
  expect(await found('fault', { trees: [tree], roots: { syncdirs }, exports: exported([...lines]) })).toEqual([]);
  expect(await found('fault', { trees: [tree], roots: { syncdirs }, exports: exported([]) })).toEqual([
    'x.exports exports its overlay to none of its addresses',
  ]);
  const foreign = {
    server: 'cnfs',
    address: '127.0.0.1',
    path: '/gpfs',
    from: '',
    priority: '4',
    ours: false,
    present: true,
  };
  expect(await found('warning', { trees: [foreign] })).toEqual([expect.stringContaining('it goes on without it')]);
  const required = { ...foreign, options: 'vers=3,required' };
  expect(await found('fault', { trees: [required] })).toEqual([expect.stringContaining('it waits for it')]);
});

test('persistent entries without a state mount, and a state server that has no address', async () => {
  expect(await found('fault', { persistent: 2 })).toEqual([
    expect.stringContaining('2 persistent entries, and no row of statelite'),
  ]);
  const lost = { server: 'no.such.host.invalid', path: '/s', from: '' };
  expect(await found('fault', { persistent: 1, statemnt: lost })).toEqual([
    'nobody knows the address of no.such.host.invalid, which has its state',
  ]);
  expect(await found('warning', { persistent: 0, statemnt: lost })).toHaveLength(1);
});
