/** What somebody removes of a built image by hand, the whole or a part: it is seen, said, and built again. */
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { until } from '../until.ts';
import { builtLab, lines } from './built-lab.ts';

const lab = builtLab();
const folder = (): string => join(lab.dir, 'install/netboot/test1/x86_64/a');
const status = async () => (await lab.running()).status();

/** Applies the cluster and gives the generation that its nodes boot. */
async function inService(): Promise<string> {
  const [first = ''] = await lab.commits({
    'images/img/rootimg/etc/issue': 'issue of the commit\n',
    'tables/noderes.csv': lines('#node,netboot,nfsserver,xcatmaster', '"all","pxe","10.0.0.1","10.0.0.1"'),
  });
  await lab.apply(first);
  await lab.applied();
  const answer = (await lab.running()).answer('n01');
  return join(folder(), answer.kind === 'answer' ? answer.generation : '');
}

describe('a generation without its tree', () => {
  test('is drift, is not present, and a repair builds it again in place of what is left', async () => {
    const generation = await inService();
    rmSync(join(generation, 'rootimg'), { recursive: true });
    writeFileSync(join(generation, 'stray'), '');
    const drift = await lab.engine?.verify();
    expect(drift).toMatchObject([{ root: 'install', what: 'missing' }]);
    expect(drift?.[0]?.detail).toContain('a directory without rootimg');
    const [image] = (await lab.engine?.images())?.filter((it) => it.image === 'img') ?? [];
    expect(image?.planned?.artifacts.find(({ kind }) => kind === 'generation')?.state).not.toBe('present');
    await lab.engine?.reconcile('repair', { repair: true });
    await lab.applied();
    expect(await lab.engine?.verify()).toEqual([]);
    expect(existsSync(join(generation, 'stray'))).toBe(false);
    // Live files are laid over the new tree as over any.
    expect(readFileSync(join(generation, 'rootimg/etc/issue'), 'utf8')).toBe('issue of the commit\n');
  });

  test('is seen by the next start, too', async () => {
    const generation = await inService();
    await lab.stop();
    rmSync(join(generation, 'generation.json'));
    const engine = await lab.start();
    expect((await engine.verify())[0]?.detail).toContain('without generation.json');
    await engine.reconcile('start');
    await lab.applied();
    expect(readdirSync(generation)).toContain('generation.json');
    expect(await engine.verify()).toEqual([]);
  });

  test('keeps what is left of it where the build fails', async () => {
    const generation = await inService();
    rmSync(join(generation, 'generation.json'));
    lab.builds('fail');
    await lab.engine?.reconcile('poll');
    await until('failed', async () => (await status()).builds.some(({ state }) => state === 'failed'));
    expect(readdirSync(generation)).toContain('rootimg');
    expect((await status()).problem).toContain('litehouse apply --retry-builds');
  });
});

describe('a generation in service that somebody removed', () => {
  test('is told with the nodes that cannot boot, and built again by the next look, though nothing was pushed', async () => {
    const generation = await inService();
    lab.builds('slow');
    rmSync(generation, { recursive: true });
    expect(await status()).toMatchObject({
      state: 'applied, image lost',
      problem: expect.stringMatching(/^image img has lost its tree: n\[01-02\] can't boot until it is built again/),
    });
    await lab.engine?.reconcile('poll');
    expect((await status()).builds.some(({ state }) => state === 'building')).toBe(true);
    expect(await lab.state()).toBe('applied, image lost');
    lab.builds('');
    await lab.applied();
    expect((await status()).problem).toBeUndefined();
    expect(existsSync(join(generation, 'rootimg'))).toBe(true);
    expect(await lab.engine?.verify()).toEqual([]);
  });

  test('is no loss to nodes that never had it: they wait', async () => {
    const [first = ''] = await lab.commits({});
    lab.builds('slow');
    await lab.apply(first);
    expect(await status()).toMatchObject({ state: 'applied, waiting', problem: undefined });
  });
});

test('a base in service that is gone stops no boot, and is built again', async () => {
  await inService();
  const bases = join(folder(), '.bases');
  const [base = ''] = readdirSync(bases);
  renameSync(join(bases, base), join(lab.dir, 'elsewhere'));
  // Its generation is there: no node waits, and an apply makes it again.
  expect(await lab.state()).toBe('applied');
  await lab.engine?.reconcile('again', { again: true });
  await until('there again', () => existsSync(join(bases, base, 'base.json')));
});
