/** Builds that hang: they lose their place, are no failure unless they took too long, and keep no server from its end. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applierOptions, openApplier, run } from '../../test/world/build.ts';
import { type ArtifactOutput, managementNode } from '../plugin/output.ts';
import type { BuildContext } from '../plugin/plugin.ts';
import type { Applier } from './apply.ts';
import { type BuildPatience, duration } from './build-watch.ts';
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
const logOf = (name: string) => readFileSync(join(dir, 'state/builds', `${name}.log`), 'utf8');

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
    expect(logOf('a')).toContain(
      'the build was stopped and did not end within 0.1 seconds: it is no longer waited for',
    );
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

  it('is a failure with its last line when it took too long, whether it ends then or not', async () => {
    const queue = await open({ longest: 50, silent: long, ending: 50 }, async (name, { log, signal }) => {
      log(`script of ${name}`);
      await (name === 'a' ? forEver() : sleep(long, undefined, { signal }));
    });
    queue.want(wanted('a', 'b'), 'c', noFiles);
    await queue.idle();
    for (const name of ['a', 'b'])
      expect(queue.failure(`test/${name}`)?.error, name).toMatch(
        new RegExp(
          `^the build was ended after 0.1 seconds: a script .* waits for .*; its last line was: script of ${name}$`,
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
    await until(() => (queue.states()[0]?.log.length ?? 0) > 2);
    expect(queue.states()[0]?.log.slice(1, 3)).toEqual([
      'nothing was said for 0.1 seconds, since: unpacking',
      'nothing was said for 0.2 seconds, since: unpacking',
    ]);
    await queue.close();
  });
});

it('says times as people do', () => {
  expect([8000, 600_000, 2 * 3600_000].map(duration)).toEqual(['8 seconds', '10 minutes', '2 hours']);
});
