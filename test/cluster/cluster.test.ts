import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { changeOneRow, generateCluster, nodeAddress } from './generate.ts';
import { importCommits, writeRepository } from './repository.ts';
import { tableRows, tableText } from './rows.ts';
import { randomWalk } from './walk.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'litehouse-cluster-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));
const git = (...args: string[]) =>
  execFileSync('git', ['-C', join(dir, 'r.git'), ...args], { encoding: 'utf8' }).trim();

describe('a generated cluster', () => {
  it('is the same for the same seed and another for another seed', () => {
    const a = generateCluster({ nodes: 300, seed: 1 });
    expect([...generateCluster({ nodes: 300, seed: 1 })]).toEqual([...a]);
    expect([...generateCluster({ nodes: 300, seed: 2 })]).not.toEqual([...a]);
  });

  it('has the nodes, groups, litefile rows and overlays asked for', () => {
    const files = generateCluster({ nodes: 100, seed: 1, groupsPerNode: 8, overlays: 50, hosts: 'rows' });
    const nodes = tableRows(files.get('tables/nodelist.csv') ?? '').rows;
    expect(nodes).toHaveLength(100);
    expect(nodes.every((row) => row[1]?.split(',').length === 8)).toBe(true);
    expect(tableRows(files.get('tables/litefile.csv') ?? '').rows).toHaveLength(42);
    expect([...files.keys()].filter((path) => path.startsWith('syncdirs/')).length).toBeGreaterThan(40);
    expect(new Set(tableRows(files.get('tables/hosts.csv') ?? '').rows.map((row) => row[1])).size).toBe(102);
  });

  it('gives each of 100,000 nodes an address of its own', () => {
    expect(new Set(Array.from({ length: 100_000 }, (_, i) => nodeAddress(i + 1))).size).toBe(100_000);
  });

  it('changes one row, in one file, and leaves the given files alone', () => {
    const files = generateCluster({ nodes: 100, seed: 1 });
    const before = new Map(files);
    const changed = changeOneRow(files, 7);
    expect([...files]).toEqual([...before]);
    const differing = [...changed.files].filter(([path, text]) => files.get(path) !== text);
    expect(differing.map(([path]) => path)).toEqual(['tables/bootparams.csv']);
    expect(differing[0]?.[1]).toContain(`"${changed.node}",,,,"seed=7"`);
  });

  it('becomes a bare repository that holds exactly its files', async () => {
    const files = generateCluster({ nodes: 20, seed: 1, overlays: 5 });
    const id = await writeRepository(files, join(dir, 'r.git'));
    expect(git('rev-parse', 'main')).toBe(id);
    expect(git('ls-tree', '-r', '--name-only', 'main').split('\n').sort()).toEqual([...files.keys()].sort());
    expect(`${git('show', 'main:tables/nodelist.csv')}\n`).toBe(files.get('tables/nodelist.csv'));
  });

  it('goes on from a commit that is already there', async () => {
    const files = generateCluster({ nodes: 20, seed: 1, overlays: 5 });
    const id = await writeRepository(files, join(dir, 'r.git'));
    const [next] = await importCommits(join(dir, 'r.git'), [
      {
        branch: 'main',
        subject: 'more',
        parents: [],
        onto: id,
        changes: new Map([['new', { text: 'x', mode: '100755' }]]),
      },
    ]);
    expect(git('rev-parse', 'main~1')).toBe(id);
    expect(git('ls-tree', `${next}`, 'new')).toMatch(/^100755 /);
  });
});

describe('rows', () => {
  it('come back as they were written', () => {
    const rows = [
      ['a', '', 'with "quotes"', 'and, a comma'],
      ['', '', '', ''],
      ['x', '""', 'y', ''],
    ];
    expect(tableRows(tableText(['k', 'l', 'm', 'n'], rows)).rows).toEqual(rows);
  });
});

describe('a random walk', () => {
  it('is the same for the same seed, has merges, reverts and refusable commits, and ends valid', async () => {
    const first = await randomWalk({ seed: 3, steps: 80, dir: join(dir, 'r.git') });
    const again = await randomWalk({ seed: 3, steps: 80, dir: join(dir, 'again.git') });
    expect(again).toEqual(first);
    expect(first.every((step) => /^[0-9a-f]{40}$/.test(step.commit) && step.subject !== '')).toBe(true);
    expect(first.some((step) => !step.valid)).toBe(true);
    expect(first.some((step) => step.subject.startsWith('Revert'))).toBe(true);
    expect(Number(git('rev-list', '--merges', '--count', 'main'))).toBeGreaterThan(0);
    expect(first.at(-1)).toMatchObject({ valid: true, branch: 'main', commit: git('rev-parse', 'main') });
    git('fsck', '--strict');
  });

  it('brings every kind of edit within a few hundred commits', async () => {
    const subjects = (await randomWalk({ seed: 5, steps: 300, dir: join(dir, 'r.git') }))
      .map((step) => step.subject)
      .join('\n');
    for (const word of [
      'add node',
      'remove node',
      'litefile',
      'litetree',
      'mode of',
      'becomes a folder',
      'link ',
      'attributes',
      'remove folder',
    ]) {
      expect(subjects).toContain(word);
    }
  });
});
