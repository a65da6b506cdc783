/** What the build queue promises, with the plugin of the tests that builds slowly or fails. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import promises, { writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import slowImage from '../../test/plugins/slow-image.ts';
import { applierOptions, openApplier, run, worldOf } from '../../test/world/build.ts';
import type { ArtifactOutput } from '../plugin/output.ts';
import type { BuildContext } from '../plugin/plugin.ts';
import type { Image, View } from '../resolve/view.ts';
import type { Applier } from './apply.ts';
import { BuildQueue } from './builds.ts';
import { memoryStore, type Store } from './store.ts';

let dir: string;
let applier: Applier;
let store: Store;
let changes = 0;
let problems: string[] = [];
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'litehouse-builds-'));
  store = memoryStore();
  applier = await openApplier(applierOptions(dir, store));
  changes = 0;
  problems = [];
});
afterEach(async () => {
  await applier.close();
  rmSync(dir, { recursive: true, force: true });
});

const marker = () => join(dir, 'marker');
const say = (word: string): void => writeFileSync(marker(), word);

/** The artifacts of one pretended osimage, by id; the base first. */
function artifactsOf(name: string, boot = false): ReadonlyMap<string, ArtifactOutput> {
  const hooks = slowImage.setup({ marker: marker() });
  const image = { name, os: `test-${name}`, arch: 'x86_64', profile: 'compute', litefile: [] } as unknown as Image;
  const plan = hooks.images?.({} as View, image);
  return new Map(
    (plan?.artifacts ?? [])
      .filter(({ name: its }) => boot || !its.startsWith('boot'))
      .map((artifact) => [artifact.id, artifact]),
  );
}

async function openQueue(heard?: (context: BuildContext) => Promise<void>): Promise<BuildQueue> {
  const hooks = slowImage.setup({ marker: marker() });
  return BuildQueue.open({
    roots: applier.roots,
    store,
    state: join(dir, 'state'),
    build: async (artifact, context) => {
      await heard?.(context);
      await hooks.build?.(artifact, context);
    },
    runner: () => run,
    onChange: () => {
      changes += 1;
    },
    onProblem: (line) => void problems.push(line),
  });
}
const noFiles = async (): Promise<Buffer> => Buffer.alloc(0);
const place = (artifact: ArtifactOutput | undefined): string => join(dir, 'install', artifact?.path ?? '');
const builds = (): string[] => readdirSync(join(dir, 'install', '.litehouse', 'build'));

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}

describe('builds', () => {
  it('learn what a secret stands for from the state directory, as it is there at that moment', async () => {
    const found: (string | undefined)[] = [];
    const queue = await openQueue(async ({ secret }) => {
      found.push(await secret('passwd/root'));
      mkdirSync(join(dir, 'state'), { recursive: true });
      writeFileSync(join(dir, 'state/secrets.json'), JSON.stringify({ secrets: { 'passwd/root': 'word' } }));
      found.push(await secret('passwd/root'), await secret('other'));
    });
    const [base] = artifactsOf('a').values();
    if (base === undefined) throw new Error('no base');
    queue.want(new Map([[base.id, base]]), 'c0mmit', noFiles);
    await queue.idle();
    expect(found).toEqual([undefined, 'word', undefined]);
    await queue.close();
  });

  it('come after their inputs, are put in place whole, known after a restart, and not built twice', async () => {
    const wanted = artifactsOf('a');
    const [base, generation] = [...wanted.values()];
    const queue = await openQueue();
    // The order of the map does not matter, the inputs do.
    queue.want(new Map([...wanted].reverse()), 'c0mmit', noFiles);
    expect(queue.states().map((one) => one.state)).toEqual(['waiting', 'building']);
    await queue.idle();
    expect(queue.states().map((one) => one.state)).toEqual(['present', 'present']);
    expect(changes).toBe(2);
    expect(statSync(place(generation)).mode & 0o777).toBe(0o700);
    expect(JSON.parse(readFileSync(join(place(base), 'base.json'), 'utf8'))).toMatchObject({
      kind: 'base',
      image: 'a',
      entries: [],
    });
    expect(readFileSync(join(dir, 'state', 'builds', `${base?.digest}.log`), 'utf8')).toContain('building base a');
    await queue.close();
    await applier.close();
    applier = await openApplier(applierOptions(dir, store));
    const again = await openQueue();
    again.want(wanted, 'c0mmit', noFiles);
    await again.idle();
    expect(changes).toBe(2);
    // An apply that knows nothing of images leaves them, and the directories above them, in peace.
    const report = await applier.apply(worldOf({}), { stamp: 's' });
    expect(report).toMatchObject({ outcome: 'applied', kept: [], changed: [] });
    expect(again.present(generation?.id ?? '')).toBe(true);
    await again.close();
  });

  it('whose mode cannot be mended at a start are said, and the server starts', async () => {
    const wanted = artifactsOf('a');
    const [base] = wanted.values();
    const queue = await openQueue();
    queue.want(wanted, 'c0mmit', noFiles);
    await queue.idle();
    await queue.close();
    await applier.close();
    chmodSync(place(base), 0o755);
    applier = await openApplier(applierOptions(dir, store));
    // As the system refuses it of another's file, and on what is mounted for reading only.
    const chmod = vi.spyOn(promises, 'chmod').mockRejectedValue(new Error('EROFS: read-only file system'));
    syncBuiltinESMExports();
    try {
      const again = await openQueue();
      expect(problems).toEqual([`${place(base)} keeps the mode of an older version: EROFS: read-only file system`]);
      expect(again.present(base?.id ?? '')).toBe(true);
      await again.close();
    } finally {
      chmod.mockRestore();
      syncBuiltinESMExports();
    }
  });

  it('that fail while nothing can be written down have failed all the same: the next one begins, and the server goes on', async () => {
    say('fail');
    const wanted = artifactsOf('a');
    const [base] = wanted.values();
    const queue = await openQueue();
    const { batch } = store;
    store.batch = () => Promise.reject(new Error('the state directory cannot be written: ENOSPC'));
    queue.want(wanted, 'c0mmit', noFiles);
    await queue.idle();
    expect(queue.states()).toMatchObject([{ state: 'failed' }, { state: 'waiting' }]);
    expect(problems).toEqual([expect.stringMatching(/^that base a failed is not written down.*: .*ENOSPC$/)]);
    expect(changes).toBe(1);
    // Not before the failure is forgotten does it begin again.
    say('');
    const [other] = artifactsOf('b').values();
    if (base === undefined || other === undefined) throw new Error('no base');
    queue.want(new Map([...wanted, [other.id, other]]), 'c0mmit', noFiles);
    await queue.idle();
    expect([queue.present(base.id), queue.present(other.id)]).toEqual([false, true]);
    store.batch = batch;
    await queue.retry(base.id);
    await queue.idle();
    expect(queue.states().map(({ state }) => state)).toEqual(['present', 'present', 'present']);
    await queue.close();
  });

  it('that fail are recorded with their log, not tried again until asked', async () => {
    say('fail');
    const wanted = artifactsOf('a');
    const [base] = [...wanted.values()];
    const queue = await openQueue();
    queue.want(wanted, 'c0mmit', noFiles);
    await queue.idle();
    expect(queue.states()).toMatchObject([
      { state: 'failed', failure: { error: 'the marker says that base a fails' } },
      { state: 'waiting' },
    ]);
    expect(queue.failure(base?.id ?? '')?.log).toContain('building base a');
    expect(builds()).toEqual([]);
    expect(existsSync(place(base))).toBe(false);
    await queue.close();
    const again = await openQueue();
    say('');
    again.want(wanted, 'c0mmit', noFiles);
    await again.idle();
    expect(again.states()[0]?.state).toBe('failed');
    await again.retry(base?.id ?? '');
    await again.idle();
    expect(again.states().map((one) => one.state)).toEqual(['present', 'present']);
    await again.close();
  });

  it('of root trees are for root alone, while they are made and ever after: a push may have put any program there', async () => {
    const program = 'rootimg/usr/bin/suidid';
    const lay = (directory: string): void => {
      mkdirSync(join(directory, 'rootimg/usr/bin'), { recursive: true });
      copyFileSync('/usr/bin/id', join(directory, program));
      chmodSync(join(directory, program), 0o4755);
    };
    const asNobody = (directory: string) =>
      spawnSync(join(directory, program), ['-u'], { uid: 65534, gid: 65534, encoding: 'utf8' });
    chmodSync(dir, 0o755);
    const [open, laid] = [join(dir, 'open'), join(dir, 'install/laid')];
    for (const directory of [open, laid]) lay(directory);
    expect([asNobody(open).status, asNobody(laid).status]).toEqual([0, 0]);
    const wanted = artifactsOf('a', true);
    const [base, boot, generation] = [...wanted.values()];
    let building: unknown;
    const begin = () =>
      openQueue(async ({ directory, inputs }) => {
        if (inputs.size > 0) return;
        lay(directory);
        building = asNobody(directory).error;
      });
    const queue = await begin();
    queue.want(wanted, 'c0mmit', noFiles);
    await queue.idle();
    expect(building).toMatchObject({ code: 'EACCES' });
    expect(asNobody(place(base)).error).toMatchObject({ code: 'EACCES' });
    expect(statSync(join(place(base), program)).mode & 0o7777).toBe(0o4755);
    const modes = [base, boot, generation].map((artifact) => statSync(place(artifact)).mode & 0o777);
    // What loaders fetch is served by whoever serves it.
    expect(modes).toEqual([0o700, 0o755, 0o700]);
    await queue.close();
    // As an older version left it.
    chmodSync(place(base), 0o755);
    await (await begin()).close();
    expect(asNobody(place(base)).error).toMatchObject({ code: 'EACCES' });
  });

  it('that meet a full disk say at which step, and how much room there is where they write', async () => {
    const queue = await openQueue(async ({ log }) => {
      log('running x.postinstall', 0.9);
      log('a line of its output');
      await writeFile('/dev/full', 'x');
    });
    const [base] = artifactsOf('a').values();
    if (base === undefined) throw new Error('no base');
    queue.want(new Map([[base.id, base]]), 'c0mmit', noFiles);
    await queue.idle();
    const lines = queue.failure(base.id)?.error.split('\n') ?? [];
    expect(lines[0]).toBe('ENOSPC: no space left on device, write');
    expect(lines[1]).toBe('a disk was full; the last step was: running x.postinstall. Where builds write:');
    expect(lines[2]).toMatch(new RegExp(`^  ${dir}/install/.litehouse/build/\\S+: \\d+ MiB of \\d+ MiB free$`));
    expect(lines.at(-1)).toContain('litehouse apply --retry-builds');
    await queue.close();
  });

  it('that are wanted, or that one under way is made from, cannot be removed; others can, and their directories', async () => {
    const wanted = artifactsOf('a');
    const [base, generation] = [...wanted.values()];
    const queue = await openQueue();
    queue.want(wanted, 'c0mmit', noFiles);
    await queue.idle();
    await expect(queue.remove(base?.id ?? '')).rejects.toThrow('the plan wants it');
    queue.want(new Map(), 'c0mmit', noFiles);
    await queue.remove(generation?.id ?? '');
    expect(queue.present(generation?.id ?? '')).toBe(false);
    expect(queue.owned().map(({ id }) => id)).toEqual([base?.id]);
    say('slow');
    queue.want(new Map([...wanted].filter(([id]) => id === generation?.id)), 'c0mmit', noFiles);
    await expect(queue.remove(base?.id ?? '')).rejects.toThrow('is being built from it');
    queue.want(new Map(), 'c0mmit', noFiles);
    await queue.idle();
    await queue.remove(base?.id ?? '', (_root, path) => path === 'netboot');
    await queue.emptied();
    expect(readdirSync(join(dir, 'install'))).toEqual(['.litehouse', 'netboot']);
    expect(readdirSync(join(dir, 'install', 'netboot'))).toEqual([]);
    expect(readdirSync(join(dir, 'install', '.litehouse', 'trash'))).toEqual([]);
    await queue.close();
  });

  it('no longer wanted are aborted, which is no failure; the next one starts', async () => {
    say('slow');
    const first = artifactsOf('a');
    const second = artifactsOf('b');
    const queue = await openQueue();
    queue.want(first, 'c0mmit', noFiles);
    await until(() => queue.states()[0]?.log.length === 1);
    expect(queue.states()[0]).toMatchObject({ state: 'building', progress: 0 });
    queue.want(second, 'c0mmit', noFiles);
    // The queue says `building` a moment before the build has its directory.
    await until(() => queue.states()[0]?.state === 'building' && builds().length > 0);
    expect(builds()).toHaveLength(1);
    say('');
    await queue.idle();
    expect(queue.states().map((one) => one.state)).toEqual(['present', 'present']);
    const [base] = [...first.values()];
    expect(queue.failure(base?.id ?? '')).toBeUndefined();
    expect(existsSync(place(base))).toBe(false);
    await queue.close();
  });

  it('run one at a time, and end when the queue is closed', async () => {
    say('slow');
    const queue = await openQueue();
    queue.want(new Map([...artifactsOf('a'), ...artifactsOf('b')]), 'c0mmit', noFiles);
    expect(queue.states().map((one) => one.state)).toEqual(['building', 'waiting', 'waiting', 'waiting']);
    await queue.close();
    expect(builds()).toEqual([]);
    expect(changes).toBe(0);
  });

  it('never overwrite what stands in their place, not even an empty directory', async () => {
    const wanted = artifactsOf('a');
    const [base] = [...wanted.values()];
    mkdirSync(place(base), { recursive: true });
    const queue = await openQueue();
    queue.want(wanted, 'c0mmit', noFiles);
    await queue.idle();
    expect(queue.failure(base?.id ?? '')?.error).toContain('never overwritten');
    expect(readdirSync(place(base))).toEqual([]);
    await queue.close();
  });

  it('left unfinished by a crash are removed at start; one that was being put in place is settled', async () => {
    const wanted = artifactsOf('a');
    const [base, generation] = [...wanted.values()];
    const root = applier.roots.get('install');
    if (root === undefined || base === undefined || generation === undefined) throw new Error('no root');
    mkdirSync(join(root.build, 'left', 'over'), { recursive: true });
    const row = {
      digest: '',
      mode: 0o755,
      uid: 0,
      gid: 0,
      plugin: 'slow-image',
      lifetime: 'managed',
      pending: true,
    } as const;
    await root.manifest.write([
      { set: { ...row, path: base.path, kind: 'artifact', artifact: base.id } },
      { set: { ...row, path: generation.path, kind: 'artifact', artifact: generation.id } },
    ]);
    mkdirSync(place(base), { recursive: true });
    const queue = await openQueue();
    expect(builds()).toEqual([]);
    expect([queue.present(base.id), queue.present(generation.id)]).toEqual([true, false]);
    expect([...root.manifest.rows.values()].map((one) => [one.path, one.pending])).toEqual([[base.path, false]]);
    await queue.close();
  });
});
