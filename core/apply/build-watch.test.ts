/** Builds that hang, and such as somebody stops: they lose their place, are no failure unless they took too long, and keep no server from its end. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { applierOptions, openApplier, run } from '../../test/world/build.ts';
import { type ArtifactOutput, managementNode } from '../plugin/output.ts';
import type { BuildContext } from '../plugin/plugin.ts';
import type { Applier } from './apply.ts';
import { BuildEnded, type BuildPatience, clockText, duration, watchBuild } from './build-watch.ts';
import { BuildQueue } from './builds.ts';
import { memoryStore, type Store } from './store.ts';

let dir: string;
let applier: Applier;
let store: Store;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'litehouse-watch-'));
  mkdirSync(join(dir, 'state'));
  store = memoryStore();
  applier = await openApplier(applierOptions(dir, store));
});
afterEach(async () => {
  await applier.close();
  rmSync(dir, { recursive: true, force: true });
});

const artifact = (name: string): ArtifactOutput => ({
  ...{ kind: 'artifact', target: managementNode, root: 'install', path: `built/${name}`, id: `test/${name}` },
  ...{ plugin: 'test', name, digest: name, inputs: [], recipe: {} },
});
const wanted = (...names: string[]) => new Map(names.map((name) => [`test/${name}`, artifact(name)]));
const noFiles = async (): Promise<Buffer> => Buffer.alloc(0);
const long = 3600_000;
const problems: string[] = [];

function open(patience: BuildPatience, build: (name: string, context: BuildContext) => Promise<void>) {
  problems.length = 0;
  return BuildQueue.open({
    ...{
      roots: applier.roots,
      store,
      state: join(dir, 'state'),
      runner: () => run,
      onChange: () => undefined,
      patience,
    },
    build: (it, context) => build(it.name, context),
    onProblem: (line) => void problems.push(line),
  });
}
/** As a read in the kernel that no signal ends. */
const forEver = () => new Promise<void>(() => undefined);
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}
const logFile = (name: string) => join(dir, 'state/builds', `${name}.log`);
/** What of it is written yet. */
const logOf = (name: string) => (existsSync(logFile(name)) ? readFileSync(logFile(name), 'utf8') : '');

describe('a build that hangs', () => {
  it('loses its place when nobody wants it any more: the next one is built, and the log says so', async () => {
    let goOn = (): void => undefined;
    const queue = await open({ longest: long, silent: long, ending: 50 }, (name, { log }) => {
      log(`building ${name}`);
      return name === 'a' ? new Promise((resolve) => (goOn = resolve)) : Promise.resolve();
    });
    queue.want(wanted('a'), 'c', noFiles);
    await until(() => queue.states()[0]?.log.length === 1);
    queue.want(wanted('b'), 'c', noFiles);
    await queue.idle();
    expect(queue.states().map(({ state }) => state)).toEqual(['present']);
    expect(queue.failure('test/a')).toBeUndefined();
    const line = 'the build was stopped and did not end within 0.1 seconds: it is no longer waited for';
    await until(() => logOf('a').includes(line));
    expect(problems).toEqual([expect.stringContaining('a: the build was stopped')]);
    // Should it end after all, nothing of it is put in place.
    goOn();
    await until(() => readdirSync(join(dir, 'install/.litehouse/build')).length === 0);
    await queue.close();
    expect(existsSync(join(dir, 'install/built/a'))).toBe(false);
  });

  it('does not keep the queue from being closed', async () => {
    const queue = await open({ longest: long, silent: long, ending: 50 }, forEver);
    queue.want(wanted('a', 'b'), 'c', noFiles);
    await queue.close();
    expect(queue.states().map(({ state }) => state)).toEqual(['waiting', 'waiting']);
  });

  it('is a failure when it took too long, whether it ends then or not', async () => {
    const queue = await open({ longest: 1500, silent: long, ending: 50 }, async (name, { log, signal }) => {
      log(`script of ${name}`);
      await (name === 'a' ? forEver() : sleep(long, undefined, { signal }));
    });
    queue.want(wanted('a', 'b'), 'c', noFiles);
    await queue.idle();
    for (const name of ['a', 'b'])
      expect(queue.failure(`test/${name}`)?.error, name).toMatch(
        new RegExp(
          // It may be ended before it said anything.
          `^the build was ended after 1.5 seconds \\(setting buildMinutes\\): a script .* or needs longer(; its last line was: script of ${name})?$`,
        ),
      );
    await queue.close();
  });

  it('says so while it is silent', async () => {
    const queue = await open({ longest: long, silent: 100, ending: 50 }, async (_name, { log, signal }) => {
      log('unpacking');
      await sleep(long, undefined, { signal });
    });
    queue.want(wanted('a'), 'c', noFiles);
    // It may have been silent before its first line, too.
    const since = () => {
      const { log = [] } = queue.states()[0] ?? {};
      return log.includes('unpacking') ? log.slice(log.indexOf('unpacking') + 1) : [];
    };
    await until(() => since().length > 1);
    expect(since().slice(0, 2)).toEqual([
      'nothing was said for 0.1 seconds, since: unpacking',
      'nothing was said for 0.2 seconds, since: unpacking',
    ]);
    await queue.close();
  });
});

describe('a build that somebody stops', () => {
  const patience = { longest: long, silent: long, ending: long };
  const isStarted = (queue: BuildQueue) => () => queue.states()[0]?.log.length === 1;

  it('has failed with his name, leaves nothing, and lets the next one go on; it can be tried again', async () => {
    let again = false;
    const queue = await open(patience, async (name, { log, signal, directory }) => {
      log(`building ${name}`);
      if (name !== 'a' || again) return;
      mkdirSync(join(directory, 'half'));
      await sleep(long, undefined, { signal });
    });
    queue.want(wanted('a', 'b'), 'c', noFiles);
    await until(isStarted(queue));
    const [running] = queue.states();
    expect(Math.abs((running?.since ?? 0) - Date.now())).toBeLessThan(60_000);
    const stopped = await queue.stop(new Set(['test/a']), 'stopped by ada');
    expect(stopped.map(({ id }) => id)).toEqual(['test/a']);
    await queue.idle();
    expect(queue.states().map(({ state }) => state)).toEqual(['failed', 'present']);
    expect(queue.failure('test/a')).toMatchObject({
      error: 'stopped by ada',
      log: expect.arrayContaining(['building a']),
    });
    await until(() => logOf('a').includes('failed: stopped by ada'));
    expect(readdirSync(join(dir, 'install/.litehouse/build'))).toEqual([]);
    expect(existsSync(join(dir, 'install/built/a'))).toBe(false);
    expect(await queue.stop(new Set(['test/a']), 'stopped by ada')).toEqual([]);
    again = true;
    await queue.retry('test/a');
    await queue.idle();
    expect(queue.states().map(({ state }) => state)).toEqual(['present', 'present']);
    await queue.close();
  });

  it('does not begin where it waits for its turn still', async () => {
    const begun: string[] = [];
    let goOn = (): void => undefined;
    const queue = await open(patience, async (name, { log }) => {
      begun.push(name);
      log(`building ${name}`);
      if (name === 'a') await new Promise<void>((resolve) => (goOn = resolve));
    });
    queue.want(wanted('a', 'b', 'c'), 'c', noFiles);
    await until(isStarted(queue));
    expect(await queue.stop(new Set(['test/b']), 'stopped by ada')).toMatchObject([{ id: 'test/b' }]);
    await until(() => logOf('b').includes('stopped by ada before it began'));
    goOn();
    await queue.idle();
    expect(begun).toEqual(['a', 'c']);
    expect(queue.states().map(({ state }) => state)).toEqual(['present', 'failed', 'present']);
    await queue.close();
  });

  it('is there where it was finished at that moment; what is made from it does not begin', async () => {
    const queue = await open(patience, async () => undefined);
    const manifest = applier.roots.get('install')?.manifest;
    if (manifest === undefined) throw new Error('no root');
    const all = new Set(['test/a', 'test/b']);
    const stops: Promise<ArtifactOutput[]>[] = [];
    // It is being put in place.
    const write = vi.spyOn(manifest, 'write').mockImplementationOnce((changes) => {
      stops.push(queue.stop(all, 'stopped by ada'));
      write.mockRestore();
      return manifest.write(changes);
    });
    queue.want(new Map([...wanted('a'), ['test/b', { ...artifact('b'), inputs: ['test/a'] }]]), 'c', noFiles);
    await queue.idle();
    expect((await stops[0])?.map(({ id }) => id)).toEqual(['test/b']);
    expect(queue.states().map(({ state }) => state)).toEqual(['present', 'failed']);
    await queue.close();
  });
});

it('does not count the time in which a build waits for another one, and tells the last line of one that it ends', () => {
  vi.useFakeTimers();
  try {
    const controller = new AbortController();
    const watch = watchBuild(controller, () => undefined, { longest: 1000, silent: long, ending: 50 });
    vi.advanceTimersByTime(900);
    watch.heard('unpacking');
    const goOn = watch.pause();
    vi.advanceTimersByTime(5000);
    goOn();
    vi.advanceTimersByTime(99);
    expect(controller.signal.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    expect(controller.signal.reason).toBeInstanceOf(BuildEnded);
    expect(controller.signal.reason.message).toMatch(
      /^the build was ended after 1 seconds .* or needs longer; its last line was: unpacking$/,
    );
    watch.over();
  } finally {
    vi.useRealTimers();
  }
});

it('says times as people do', () => {
  const noon = Date.UTC(2026, 6, 30, 12);
  expect([Date.UTC(2026, 6, 30, 9, 5), Date.UTC(2026, 6, 29, 23, 59)].map((at) => clockText(at, noon))).toEqual([
    '09:05 UTC',
    '2026-07-29 23:59 UTC',
  ]);
  expect([8000, 600_000, 2 * 3600_000].map(duration)).toEqual(['8 seconds', '10 minutes', '2 hours']);
});
