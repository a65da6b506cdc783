import { appendFile, cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { previewSnapshot } from '../../core/engine/preview.ts';
import type { LoadedPlugin } from '../../core/plugin/loaded.ts';
import { openFolder } from '../../core/repo/folder-snapshot.ts';
import { Repository } from '../../core/repo/repository.ts';
import type { Snapshot } from '../../core/repo/snapshot.ts';
import { ownPlugins } from '../../plugins/index.ts';
import { generateCluster } from './generate.ts';
import { writeRepository } from './repository.ts';
import { randomWalk } from './walk.ts';

const plugins: LoadedPlugin[] = ownPlugins.map((plugin) => ({ plugin, hooks: plugin.setup(plugin.options.parse({})) }));
const judge = (snapshot: Snapshot) => previewSnapshot(snapshot, { plugins, images: 'external' });
const folder = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'litehouse-judged-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe('the template', () => {
  const judgeFolder = async (path: string) => judge(await openFolder(path, { everything: true }));

  it('gives no error and no warning, as its README says', async () => {
    const { ok, diagnostics } = await judgeFolder(folder('repo-template'));
    expect(diagnostics).toEqual([]);
    expect(ok).toBe(true);
  });

  it('takes the first change that its README tells to make', async () => {
    await cp(folder('repo-template'), dir, { recursive: true });
    await appendFile(join(dir, 'tables/litefile.csv'), '"ALL","/etc/motd","tmpfs",,\n');
    expect((await judgeFolder(dir)).diagnostics).toEqual([]);
  });

  it('refuses the misspelt option that its README tells to try', async () => {
    await cp(folder('repo-template'), dir, { recursive: true });
    await appendFile(join(dir, 'tables/litefile.csv'), '"ALL","/etc/issue","persistant",,\n');
    const { ok, diagnostics } = await judgeFolder(dir);
    expect(ok).toBe(false);
    expect(diagnostics.map(({ severity, at }) => [severity, at?.file])).toEqual([['error', 'tables/litefile.csv']]);
  });

  it('makes boot files and answers for all nodes, each for its loader', async () => {
    const { world, view } = await judgeFolder(folder('repo-template'));
    const answers = [...(world?.answers ?? [])].filter(([, answer]) => answer.kind === 'answer').map(([node]) => node);
    expect(answers).toEqual([...view.nodes.keys()]);
    const bootFiles = [...(world?.roots.get('tftp') ?? [])]
      .filter(([, entry]) => entry.kind === 'file')
      .map(([path]) => path);
    const named = (node: string) => (node === 'hv32lpar05' ? `etc/${node}` : `pxelinux.cfg/${node}`);
    expect(bootFiles.sort()).toEqual(answers.map(named).sort());
  });

  it('has every row of the cookbook: 42 for Red Hat, 24 for SLES11', async () => {
    const { view } = await judgeFolder(folder('repo-template'));
    const rows = view.tables.get('litefile')?.rows ?? [];
    expect(rows.filter(({ values }) => values[0] === 'ALL')).toHaveLength(42);
    expect(rows.filter(({ values }) => values[0] === 'sles11-ppc64-statelite-compute')).toHaveLength(24);
  });
});

describe('the cluster of the boot test', () => {
  it('gives no error, and warns only of the bind that it lays over data that lasts', async () => {
    const { diagnostics } = await judge(await openFolder(folder('test/boot/cluster'), { everything: true }));
    expect(diagnostics.map(({ code, severity }) => [code, severity])).toEqual([['LH418', 'warning']]);
  });
});

describe('a generated cluster', () => {
  for (const hosts of ['pattern', 'rows'] as const) {
    it(`gives no error and no warning, and every node an answer (addresses by ${hosts})`, async () => {
      await writeRepository(generateCluster({ nodes: 500, seed: 9, hosts }), join(dir, 'r.git'));
      const repository = await Repository.open(join(dir, 'r.git'));
      try {
        const { diagnostics, world } = await judge(await repository.snapshot((await repository.head('main')) ?? ''));
        expect(diagnostics).toEqual([]);
        expect([...(world?.answers.values() ?? [])].filter(({ kind }) => kind === 'answer')).toHaveLength(500);
      } finally {
        await repository.close();
      }
    });
  }
});

describe('a random walk', () => {
  it('has commits that are refused exactly where it meant them to be', async () => {
    const steps = await randomWalk({ seed: 11, steps: 120, dir: join(dir, 'r.git') });
    const repository = await Repository.open(join(dir, 'r.git'));
    try {
      for (const step of steps) {
        const { ok, diagnostics } = await judge(await repository.snapshot(step.commit));
        expect([step.subject, ok, ok ? [] : diagnostics[0]?.severity]).toEqual([
          step.subject,
          step.valid,
          step.valid ? [] : 'error',
        ]);
      }
    } finally {
      await repository.close();
    }
  });
});
