/** A cache that several builds use: one at a time, and not for ever. */
import { link, lstat, mkdir, mkdtemp, readdir, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inTurn, markUsed, pruneUnused } from './cache.ts';

const never = new AbortController().signal;
const quiet = { signal: never, log: () => undefined };
const soon = () => new Promise((resolve) => setTimeout(resolve, 5));

it('is used by one build at a time, in the order in which they come, whether they fail or not', async () => {
  const events: string[] = [];
  const turn = (name: string, fails = false) =>
    inTurn('/cache', { signal: never, log: (line) => events.push(`${name} ${line}`) }, async () => {
      events.push(`${name} begins`);
      await soon();
      events.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    });
  const all = await Promise.allSettled([turn('a', true), turn('b'), turn('c')]);
  expect(all.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
  expect(events.filter((it) => !it.includes('waiting'))).toEqual(
    ['a', 'b', 'c'].flatMap((name) => [`${name} begins`, `${name} ends`]),
  );
  expect(events.filter((it) => it.includes('waiting'))).toHaveLength(2);
});

it('is no matter between builds of different families', async () => {
  let inside = 0;
  const both = async () => {
    inside += 1;
    while (inside < 2) await soon();
  };
  await Promise.all([inTurn('/one', quiet, both), inTurn('/two', quiet, both)]);
});

it('is not waited for by a build that is stopped, and the next one still waits for its turn', async () => {
  let leave = (): void => undefined;
  const events: string[] = [];
  const first = inTurn('/cache', quiet, () => new Promise<void>((resolve) => (leave = resolve)));
  const controller = new AbortController();
  const { signal } = controller;
  const stopped = inTurn('/cache', { ...quiet, signal }, async () => events.push('stopped one ran'));
  const third = inTurn('/cache', quiet, async () => events.push('third'));
  controller.abort(new Error('stopped'));
  await expect(stopped).rejects.toThrow('stopped');
  await soon();
  expect(events).toEqual([]);
  leave();
  await Promise.all([first, third]);
  expect(events).toEqual(['third']);
});

it('is given back by a build that is stopped and does not end', async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const hung = inTurn('/cache', { ...quiet, signal, ending: 1 }, () => new Promise<void>(() => undefined));
  const next = inTurn('/cache', quiet, async () => 'its turn');
  controller.abort(new Error('stopped'));
  await expect(hung).rejects.toThrow('stopped');
  expect(await next).toBe('its turn');
});

it('costs who waits for it no time of its own', async () => {
  const events: string[] = [];
  let leave = (): void => undefined;
  const first = inTurn('/cache', quiet, () => new Promise<void>((resolve) => (leave = resolve)));
  const pause = () => {
    events.push('paused');
    return () => void events.push('goes on');
  };
  const second = inTurn('/cache', { ...quiet, pause }, async () => events.push('works'));
  await soon();
  expect(events).toEqual(['paused']);
  leave();
  await Promise.all([first, second]);
  expect(events).toEqual(['paused', 'goes on', 'works']);
});

it('loses what no build has used for thirty days, be it packages or what a repository said, and keeps what one has', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'litehouse-cache-'));
  try {
    const lines: string[] = [];
    const prune = (now: number) => pruneUnused(directory, (line) => lines.push(line), now);
    for (const name of ['used/repodata', 'used/packages', 'old/repodata', 'old/empty'])
      await mkdir(join(directory, name), { recursive: true });
    const used = ['used.solv', 'used/packages/used.rpm', 'used/repodata/repomd.xml', 'used/repodata/link'];
    const old = ['old.solv', 'old.deb', 'used/packages/old.rpm', 'old/repodata/repomd.xml'];
    for (const name of [...used, ...old]) if (!name.endsWith('link')) await writeFile(join(directory, name), '');
    const repository = join(directory, '../litehouse-cache-none');
    for (const name of ['used/repodata/link', 'old/link']) await symlink(repository, join(directory, name));
    await prune(Date.now() + 29 * 86_400_000);
    expect(lines).toEqual([]);
    await soon();
    const between = Date.now();
    const marked = ['used.solv', 'used/packages/used.rpm', 'used/repodata'].map((name) => join(directory, name));
    // A file system's clock goes by ticks, and lags behind.
    do await markUsed(marked);
    while ((await lstat(join(directory, 'used.solv'))).ctimeMs <= between);
    await prune(between + 30 * 86_400_000);
    expect(lines).toEqual(['2 packages and 3 other files that no build used for 30 days are out of the cache']);
    expect((await readdir(directory, { recursive: true })).sort()).toEqual(
      ['used', 'used/packages', 'used/repodata', ...used].sort(),
    );
  } finally {
    await rm(directory, { recursive: true });
  }
});

it('marks no file of a repository, which package managers take by a further name', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'litehouse-cache-'));
  try {
    const theirs = join(directory, 'its.rpm');
    await mkdir(join(directory, 'cache'));
    await writeFile(theirs, '');
    await utimes(theirs, 1, 1);
    await link(theirs, join(directory, 'cache/its.rpm'));
    await symlink(theirs, join(directory, 'cache/led.rpm'));
    await markUsed([join(directory, 'cache')]);
    expect((await stat(theirs)).mtimeMs).toBe(1000);
    expect((await lstat(join(directory, 'cache/led.rpm'))).mtimeMs).toBeGreaterThan(1000);
  } finally {
    await rm(directory, { recursive: true });
  }
});
