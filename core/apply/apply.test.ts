/** What applying a world promises, on a real disk. */
import {
  closeSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  applierOptions,
  blobsOf,
  openApplier,
  run,
  type Wanted,
  type WorldSpec,
  worldOf,
} from '../../test/world/build.ts';
import { readTree } from '../../test/world/compare.ts';
import type { ReloadOutput } from '../plugin/output.ts';
import type { Applier, ApplierOptions } from './apply.ts';
import type { Effects } from './effects.ts';
import { purgeHolds } from './holds.ts';
import { memoryStore } from './store.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'litehouse-apply-'));
});
afterEach(async () => {
  // Those of a failed property too.
  await Promise.allSettled(opened.splice(0).map((applier) => applier.close()));
  rmSync(dir, { recursive: true, force: true });
  all.length = 0;
});

const all: WorldSpec[] = [];
let blobs = blobsOf();
const opened: Applier[] = [];
/** An applier on `dir/<name>`; it can read the blobs of every spec given to `w`. */
async function open(name = 'a', more: Partial<ApplierOptions> = {}): Promise<Applier> {
  mkdirSync(join(dir, name), { recursive: true });
  const options = applierOptions(join(dir, name), memoryStore());
  const applier = await openApplier({ ...options, readBlobs: (oids) => blobs(oids), ...more });
  opened.push(applier);
  return applier;
}
function w(spec: WorldSpec, reloads: readonly ReloadOutput[] = []) {
  all.push(spec);
  blobs = blobsOf(...all);
  return worldOf(spec, reloads);
}
const at = (...parts: string[]): string => join(dir, 'a', ...parts);
const read = (...parts: string[]): string => readFileSync(at(...parts), 'utf8');

/** Small worlds on few names, so that kinds clash from one to the next. */
const name = fc.constantFrom('a', 'b', 'c');
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
const mode = fc.constantFrom(0o644, 0o600, 0o755, 0o4755);
const uid = fc.constantFrom(0, 1234);
const thing: fc.Arbitrary<Wanted> = fc.oneof(
  fc.record({ text: fc.constantFrom('x', 'xy', 'xyz', ''), mode, uid }),
  fc.record({ directory: fc.constant(true as const), mode: fc.constantFrom(0o755, 0o700, 0o1777), uid }),
  fc.record({ link: fc.constantFrom('a', '../b', '/nowhere') }),
  fc.record({ hardlink: path }),
);
const root = fc.dictionary(path, thing, { maxKeys: 8 }).map(sound);
const anySpec = fc.record({ install: root, tftp: root });

describe('difference', () => {
  it('writes what is new, leaves what is there, removes what is not wanted', async () => {
    const first = w({ install: { 'd/one': { text: 'one' }, 'd/two': { text: 'two!' }, l: { link: 'd/one' } } });
    const second = w({ install: { 'd/one': { text: 'one' }, 'd/two': { text: 'new' } } });
    const applier = await open();
    const made = await applier.apply(first, { stamp: 's' });
    expect(made).toMatchObject({ outcome: 'applied', blocked: [], failure: undefined });
    const report = await applier.apply(second, { stamp: 's' });
    expect(report.changed).toEqual([
      { root: 'install', path: 'd/two', what: 'written' },
      { root: 'install', path: 'l', what: 'removed' },
    ]);
    expect([...readTree(at('install')).keys()]).toEqual(['d', 'd/one', 'd/two']);
    expect((await applier.apply(second, { stamp: 's' })).changed).toEqual([]);
    expect(await applier.verify(second)).toEqual([]);
    await applier.close();
  });

  it('survives a restart: the manifest in the root knows what is owned', async () => {
    const world = w({ install: { 'd/one': { text: 'one' } } });
    const applier = await open();
    await applier.apply(world, { stamp: 's' });
    await applier.close();
    const again = await open();
    expect((await again.apply(world, { stamp: 's' })).changed).toEqual([]);
    await again.apply(w({}), { stamp: 's' });
    expect(readTree(at('install')).size).toBe(0);
    await again.close();
  });

  it('after random walks the world equals a fresh apply of its last stop', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anySpec, { minLength: 2, maxLength: 4 }), async (walk) => {
        blobs = blobsOf(...walk);
        rmSync(at(), { recursive: true, force: true });
        rmSync(join(dir, 'fresh'), { recursive: true, force: true });
        const applier = await open();
        for (const stop of walk) {
          const report = await applier.apply(worldOf(stop), { stamp: 's' });
          expect(report).toMatchObject({ outcome: 'applied', blocked: [], kept: [] });
          expect(await applier.verify(worldOf(stop))).toEqual([]);
        }
        const fresh = await open('fresh');
        await fresh.apply(worldOf(walk.at(-1) ?? {}), { stamp: 's' });
        for (const one of ['install', 'tftp']) expect(readTree(at(one))).toEqual(readTree(join(dir, 'fresh', one)));
        expect(readdirSync(at('install', '.litehouse', 'tmp'))).toEqual([]);
        await applier.close();
        await fresh.close();
      }),
      { numRuns: 60 },
    );
  });

  it('the same when applies on the way break off at any effect', async () => {
    const broken = fc.record({ spec: anySpec, limit: fc.nat(12), after: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(broken, { minLength: 2, maxLength: 4 }), anySpec, async (walk, last) => {
        blobs = blobsOf(...walk.map((stop) => stop.spec), last);
        rmSync(at(), { recursive: true, force: true });
        rmSync(join(dir, 'fresh'), { recursive: true, force: true });
        const store = memoryStore();
        for (const { spec, limit, after } of walk) {
          const applier = await open('a', { store, effects: (real) => breaking(real, limit, after) });
          await applier.recover();
          const report = await applier.apply(worldOf(spec), { stamp: 's' });
          expect(report).toMatchObject({ blocked: [], kept: [] });
          await applier.close();
        }
        const applier = await open('a', { store });
        await applier.recover();
        const report = await applier.apply(worldOf(last), { stamp: 's' });
        expect(report).toMatchObject({ outcome: 'applied', blocked: [], kept: [] });
        expect(await applier.verify(worldOf(last))).toEqual([]);
        const fresh = await open('fresh');
        await fresh.apply(worldOf(last), { stamp: 's' });
        for (const one of ['install', 'tftp']) expect(readTree(at(one))).toEqual(readTree(join(dir, 'fresh', one)));
        await applier.close();
        await fresh.close();
      }),
      { numRuns: 60 },
    );
  });

  it('applies 30,000 entries, and then touches one path for one changed entry', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 30_000 }, (_, i) => [`d${i % 100}/f${i}`, { text: `t${i}` }] as const),
    );
    const first = w({ tftp: files });
    const second = w({ tftp: { ...files, 'd0/f100': { text: 'changed' } } });
    let effects = 0;
    const counting = (real: Effects): Effects => ({
      ...real,
      put: (...args) => {
        effects += 1;
        return real.put(...args);
      },
    });
    const applier = await open('a', { effects: counting });
    expect((await applier.apply(first, { stamp: 's' })).outcome).toBe('applied');
    expect(effects).toBe(30_000);
    effects = 0;
    const report = await applier.apply(second, { stamp: 's' });
    expect(effects).toBe(1);
    expect(report.changed).toEqual([{ root: 'tftp', path: 'd0/f100', what: 'written' }]);
    expect(await applier.verify(second)).toEqual([]);
    await applier.close();
  });
});

/** Effects of which the one at `limit` fails, before or after it was done, and all later ones too. */
function breaking(real: Effects, limit: number, after: boolean): Effects {
  let count = 0;
  const around =
    <Args extends readonly unknown[], T>(effect: (...args: Args) => Promise<T>) =>
    async (...args: Args): Promise<T> => {
      const number = count++;
      if (number > limit || (number === limit && !after)) throw new Error('broken off');
      const result = await effect(...args);
      if (number === limit) throw new Error('broken off');
      return result;
    };
  return {
    ...real,
    put: around(real.put),
    link: around(real.link),
    hardlink: around(real.hardlink),
    directory: around(real.directory),
    remove: around(real.remove),
  };
}

/** Drops what can't be: things below something that is no directory, hard links to what is no file. */
function sound(wanted: Readonly<Record<string, Wanted>>): Record<string, Wanted> {
  const kept: Record<string, Wanted> = {};
  for (const path of Object.keys(wanted).sort()) {
    const thing = wanted[path];
    const parts = path.split('/');
    const parents = parts.slice(1).map((_, i) => parts.slice(0, i + 1).join('/'));
    const fits = parents.every((parent) => kept[parent] === undefined || 'directory' in (kept[parent] ?? {}));
    if (thing !== undefined && fits) kept[path] = thing;
  }
  return Object.fromEntries(
    Object.entries(kept).filter(([, thing]) => !('hardlink' in thing) || 'text' in (kept[thing.hardlink] ?? {})),
  );
}

describe('what is not ours', () => {
  it('an existing path is not overwritten, not even an identical one, unless adopted by name', async () => {
    const world = w({ install: { one: { text: 'one' }, 'sub/two': { text: 'two' }, same: { text: 'same' } } });
    const applier = await open();
    writeFileSync(at('install', 'one'), 'foreign');
    writeFileSync(at('install', 'same'), 'same');
    symlinkSync('/tmp', at('install', 'sub'));
    const blocked = [
      { root: 'install', path: 'one', plugin: 'test', there: 'a file', below: 0 },
      { root: 'install', path: 'same', plugin: 'test', there: 'a file', below: 0 },
      { root: 'install', path: 'sub', plugin: 'test', there: 'a symbolic link', below: 1 },
    ];
    expect(await applier.preflight(world)).toEqual(blocked);
    expect((await applier.apply(world, { stamp: 's' })).blocked).toEqual(blocked);
    expect(read('install', 'one')).toBe('foreign');
    expect((await applier.verify(world)).map((drift) => drift.what)).toContain('blocked');
    const adopted = await applier.apply(world, { stamp: 's', adopt: new Set(['install:one', 'install:same']) });
    expect(adopted.blocked.map((one) => one.path)).toEqual(['sub']);
    expect(read('install', 'one')).toBe('one');
    await applier.apply(w({}), { stamp: 's' });
    expect([...readTree(at('install')).keys()]).toEqual(['sub']);
    await applier.close();
  });

  it('a file that appears between the look and the write is not overwritten', async () => {
    const world = w({ install: { one: { text: 'one' }, l: { link: 'x' }, d: { directory: true } } });
    const applier = await open();
    const report = await applier.apply(world, {
      stamp: 's',
      onStep: (step, subject) => {
        if (step !== 'make' || subject !== 'install') return;
        for (const name of ['one', 'l', 'd']) writeFileSync(at('install', name), 'foreign');
      },
    });
    expect(report.blocked.map((one) => one.path).sort()).toEqual(['d', 'l', 'one']);
    await applier.apply(w({}), { stamp: 's' });
    for (const name of ['one', 'l', 'd']) expect(read('install', name)).toBe('foreign');
    await applier.close();
  });

  it('a directory that exists is used: mode kept, never pruned', async () => {
    const applier = await open();
    mkdirSync(at('install', 'd'), { mode: 0o711 });
    await applier.apply(w({ install: { 'd/one': { text: 'one' } } }), { stamp: 's' });
    expect(statSync(at('install', 'd')).mode & 0o777).toBe(0o711);
    await applier.apply(w({}), { stamp: 's' });
    expect([...readTree(at('install')).keys()]).toEqual(['d']);
    await applier.close();
  });

  it('a directory of ours with foreign things in it is kept, and pruned once it is empty', async () => {
    const applier = await open();
    await applier.apply(w({ install: { 'd/one': { text: 'one' } } }), { stamp: 's' });
    writeFileSync(at('install', 'd', 'foreign'), 'x');
    const report = await applier.apply(w({}), { stamp: 's' });
    expect(report.kept.map((kept) => kept.path)).toEqual(['d']);
    const clash = await applier.apply(w({ install: { d: { text: 'a file now' } } }), { stamp: 's' });
    expect(clash.blocked.map((one) => one.path)).toEqual(['d']);
    unlinkSync(at('install', 'd', 'foreign'));
    await applier.apply(w({}), { stamp: 's' });
    expect(readTree(at('install')).size).toBe(0);
    await applier.close();
  });

  it('what stood in the way and is moved away is made again by the next apply, with all that was below it', async () => {
    const applier = await open();
    const spec = { install: { 'd/one': { text: 'one' }, 'd/two': { link: 'one' }, file: { text: 'f' } } };
    await applier.apply(w(spec), { stamp: 's' });
    rmSync(at('install', 'd'), { recursive: true });
    symlinkSync(dir, at('install', 'd'));
    rmSync(at('install', 'file'));
    mkdirSync(at('install', 'file'));
    writeFileSync(at('install', 'file', 'foreign'), 'x');
    const changed = { install: { ...spec.install, 'd/one': { text: 'new' }, file: { text: 'new' } } };
    const clash = await applier.apply(w(changed), { stamp: 's' });
    expect(clash.blocked.map((one) => one.path)).toEqual(['d', 'file']);
    unlinkSync(at('install', 'd'));
    rmSync(at('install', 'file'), { recursive: true });
    // Back to what the manifest had as in place before.
    expect(await applier.apply(w(spec), { stamp: 's' })).toMatchObject({ outcome: 'applied', blocked: [] });
    expect(await applier.verify(w(spec))).toEqual([]);
  });

  it('a parent that became a link out of the root is refused, and nothing outside is touched', async () => {
    const outside = join(dir, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'one'), 'outside');
    const applier = await open();
    const first = w({ install: { 'd/one': { text: 'one' }, 'd/two': { text: 'two' } } });
    await applier.apply(first, { stamp: 's' });
    rmSync(at('install', 'd'), { recursive: true });
    symlinkSync(outside, at('install', 'd'));
    const second = w({ install: { 'd/one': { text: 'changed' }, 'd/three': { text: 'three' } } });
    const report = await applier.apply(second, { stamp: 's' });
    expect(report.blocked).toMatchObject([{ path: 'd', there: 'a symbolic link', below: 2 }]);
    expect(report.kept.map((kept) => kept.path)).toEqual(['d/two']);
    expect(readdirSync(outside)).toEqual(['one']);
    expect(readFileSync(join(outside, 'one'), 'utf8')).toBe('outside');
    // Mending puts the directory back.
    const repair = await applier.verify(second);
    await applier.apply(second, { stamp: 's', repair });
    expect(await applier.verify(second)).toEqual([]);
    expect(readdirSync(outside)).toEqual(['one']);
    await applier.close();
  });

  it('a trap set while the apply runs fails it, with nothing outside touched', async () => {
    const outside = join(dir, 'outside');
    mkdirSync(outside);
    const applier = await open();
    await applier.apply(w({ install: { 'd/one': { text: 'one' } } }), { stamp: 's' });
    const report = await applier.apply(w({ install: { 'd/one': { text: 'two' } } }), {
      stamp: 's',
      onStep: (step) => {
        if (step !== 'make' || lstatSync(at('install', 'd')).isSymbolicLink()) return;
        rmSync(at('install', 'd'), { recursive: true });
        symlinkSync(outside, at('install', 'd'));
      },
    });
    expect(report).toMatchObject({ outcome: 'failed', failure: { code: 'LH603' } });
    expect(readdirSync(outside)).toEqual([]);
    await applier.close();
  });

  it('paths that are no paths are blocked', async () => {
    const applier = await open();
    for (const path of ['../x', '.litehouse/manifest', 'a\nb']) {
      const world = worldOf({ install: {} });
      const entry = worldOf({ install: { x: { text: 'ab' } } })
        .roots.get('install')
        ?.get('x');
      if (entry === undefined) throw new Error('no entry');
      const roots = new Map([['install', new Map([[path, { ...entry, path }]])]]);
      const report = await applier.apply({ ...world, roots }, { stamp: 's' });
      expect(report.blocked.map((one) => one.path)).toEqual([path]);
    }
    expect(existsSync(at('x'))).toBe(false);
    await applier.close();
  });
});

describe('create-only', () => {
  it('is made once, never emptied, chowned or pruned, and listed as an orphan', async () => {
    const node = { directory: true as const, mode: 0o750, lifetime: 'create-only' as const };
    const applier = await open();
    await applier.apply(w({ exports: { 'state/n1': node } }), { stamp: 's' });
    writeFileSync(at('exports', 'state', 'n1', 'data'), 'precious');
    await applier.apply(w({ exports: { 'state/n1': { ...node, mode: 0o700 } } }), { stamp: 's' });
    expect(statSync(at('exports', 'state', 'n1')).mode & 0o777).toBe(0o750);
    const report = await applier.apply(w({}), { stamp: 's' });
    expect(report).toMatchObject({ orphans: ['exports:state/n1'], kept: [] });
    const clash = await applier.apply(w({ exports: { state: { text: 'a file' } } }), { stamp: 's' });
    expect(clash.blocked.map((one) => one.path)).toEqual(['state']);
    expect(read('exports', 'state', 'n1', 'data')).toBe('precious');
    await applier.close();
  });
});

describe('published files', () => {
  it('directories keep their inode; an old file stays readable and its inode is held, then purged', async () => {
    const applier = await open();
    await applier.apply(w({ install: { 'd/one': { text: 'old' } } }), { stamp: 's' });
    const directory = statSync(at('install', 'd')).ino;
    const file = statSync(at('install', 'd', 'one')).ino;
    const handle = openSync(at('install', 'd', 'one'), 'r');
    await applier.apply(w({ install: { d: { directory: true, mode: 0o700 }, 'd/one': { text: 'new' } } }), {
      stamp: 's',
    });
    expect(readFileSync(handle, 'utf8')).toBe('old');
    closeSync(handle);
    expect(statSync(at('install', 'd'))).toMatchObject({ ino: directory });
    expect(statSync(at('install', 'd')).mode & 0o777).toBe(0o700);
    const holds = () => readdirSync(at('install', '.litehouse', 'hold'));
    expect(holds().map((name) => statSync(at('install', '.litehouse', 'hold', name)).ino)).toEqual([file]);
    expect(await purgeHolds(applier.roots.values())).toBe(0);
    await applier.apply(w({}), { stamp: 's' });
    expect(holds()).toHaveLength(2);
    expect(await purgeHolds(applier.roots.values(), Date.now() + 3_700_000)).toBe(2);
    expect(holds()).toEqual([]);
    await applier.close();
  });

  it('a hold area that vanished with its root is no error: that the root is gone is said by the apply', async () => {
    const applier = await open();
    rmSync(at('install'), { recursive: true });
    expect(await purgeHolds(applier.roots.values())).toBe(0);
    const { outcome, failure } = await applier.apply(w({ install: { x: { text: 'x' } } }), { stamp: 's' });
    expect([outcome, failure?.message]).toEqual([
      'failed',
      expect.stringContaining('is not the directory that it was'),
    ]);
  });

  it('a file is never wider than its final mode, under any name', async () => {
    const modes: number[] = [];
    const peek = (real: Effects): Effects => ({
      ...real,
      async put(root, path, bytes, attributes, over) {
        const before = statSync(root.tmp).mode & 0o777;
        await real.put(root, path, bytes, attributes, over);
        modes.push(before, statSync(join(root.dir, path)).mode & 0o777);
      },
    });
    const applier = await open('a', { effects: peek });
    await applier.apply(w({ install: { secret: { text: 'secret', mode: 0o600 } } }), { stamp: 's' });
    expect(modes).toEqual([0o700, 0o600]);
    expect(statSync(at('install', '.litehouse')).mode & 0o777).toBe(0o700);
    await applier.close();
  });

  it('a hard link follows its file when that is rewritten, and a link made by hand leaves no temporary', async () => {
    const world = w({ tftp: { one: { text: 'one' }, two: { hardlink: 'one' } } });
    const applier = await open();
    await applier.apply(world, { stamp: 's' });
    writeFileSync(at('tftp', 'other'), 'x');
    unlinkSync(at('tftp', 'one'));
    linkSync(at('tftp', 'other'), at('tftp', 'one'));
    const repair = await applier.verify(world);
    expect(repair.map((drift) => drift.path)).toEqual(['one', 'two']);
    // Only the file is named; its other name follows.
    await applier.apply(world, { stamp: 's', repair: repair.slice(0, 1) });
    expect(await applier.verify(world)).toEqual([]);
    await applier.apply(world, { stamp: 's', repair: repair.slice(0, 1) });
    expect(statSync(at('tftp', 'one')).ino).toBe(statSync(at('tftp', 'two')).ino);
    await applier.apply(world, {
      stamp: 's',
      repair: [{ plugin: '', root: 'tftp', path: 'two', what: '', detail: '' }],
    });
    expect(readdirSync(at('tftp', '.litehouse', 'tmp'))).toEqual([]);
    await applier.close();
  });
});

describe('drift', () => {
  it('is found for every kind of change, and mended by repair', async () => {
    const world = w({
      install: {
        'd/gone': { text: 'gone' },
        'd/text': { text: 'text' },
        'd/mode': { text: 'mode' },
        'd/type': { text: 'type' },
        link: { link: 'd/text' },
        e: { directory: true },
      },
    });
    const applier = await open();
    await applier.apply(world, { stamp: 's' });
    unlinkSync(at('install', 'd', 'gone'));
    writeFileSync(at('install', 'd', 'text'), 'changed by hand');
    await run('chmod', ['666', at('install', 'd', 'mode')]);
    unlinkSync(at('install', 'd', 'type'));
    mkdirSync(at('install', 'd', 'type'));
    unlinkSync(at('install', 'link'));
    symlinkSync('elsewhere', at('install', 'link'));
    rmSync(at('install', 'e'), { recursive: true });
    const drift = await applier.verify(world);
    expect(drift.map(({ path, what }) => `${path} ${what}`)).toEqual([
      'd/gone missing',
      'd/mode mode',
      'd/text changed',
      'd/type type',
      'e missing',
      'link changed',
    ]);
    await applier.apply(world, { stamp: 's', repair: drift });
    expect(await applier.verify(world)).toEqual([]);
    await applier.close();
  });

  it('without root an owner that cannot be set is recorded, is no drift, and is taken up when root is there', async () => {
    const world = w({ install: { suid: { text: 'x', uid: 1234, mode: 0o4755 } } });
    const plain = await open('a', { asRoot: false });
    const report = await plain.apply(world, { stamp: 's' });
    expect(report.needsRoot).toEqual(['install:suid']);
    expect(statSync(at('install', 'suid')).mode & 0o7777).toBe(0o755);
    expect(await plain.verify(world)).toEqual([]);
    await plain.close();
    if (process.geteuid?.() !== 0) return;
    const root = await open('a', { asRoot: true });
    expect((await root.apply(world, { stamp: 's' })).needsRoot).toEqual([]);
    expect(statSync(at('install', 'suid')).uid).toBe(1234);
    await root.close();
  });
});

describe('reloads and order', () => {
  const reload = (name: string, root: string, path?: string): ReloadOutput => {
    const when = path === undefined ? { root } : { root, path };
    return { kind: 'reload', target: 'mn', name, command: [name], when };
  };

  it('run once for what changed below their path, before the tftp root and the flip, and again only for what went', async () => {
    const log: string[] = [];
    const effects = (real: Effects): Effects => ({
      ...real,
      put: async (root, path, ...rest) => {
        log.push(`put ${path}`);
        await real.put(root, path, ...rest);
      },
      remove: async (root, path) => {
        log.push(`remove ${path}`);
        return real.remove(root, path);
      },
      reload: async ([name]) => void log.push(`reload ${name}`),
    });
    const reloads = [
      reload('exportfs', 'exports', 'd'),
      reload('exportfs', 'exports', 'e'),
      reload('other', 'exports', 'x'),
    ];
    const applier = await open('a', { effects });
    const flip = () => void log.push('flip');
    await applier.apply(
      w({ exports: { 'd/a': { text: 'a' }, 'e/b': { text: 'b' } }, tftp: { boot: { text: 'b' } } }, reloads),
      {
        stamp: 's',
        flip,
      },
    );
    expect(log.splice(0)).toEqual(['put d/a', 'put e/b', 'reload exportfs', 'put boot', 'flip']);
    await applier.apply(w({ exports: { 'd/a': { text: 'a' } }, tftp: { boot: { text: 'c' } } }, reloads), {
      stamp: 's',
      flip,
    });
    expect(log).toEqual(['put boot', 'flip', 'remove e/b', 'remove e', 'reload exportfs']);
    await applier.close();
  });

  it('what points is removed before what it points at: tftp first, install last', async () => {
    const removed: string[] = [];
    const effects = (real: Effects): Effects => ({
      ...real,
      remove: (root, path) => {
        removed.push(`${root.name}:${path}`);
        return real.remove(root, path);
      },
    });
    const applier = await open('a', { effects });
    const spec = { install: { image: { text: 'i' } }, exports: { line: { text: 'l' } }, tftp: { boot: { text: 'b' } } };
    await applier.apply(w(spec), { stamp: 's' });
    await applier.apply(w({}), { stamp: 's' });
    expect(removed).toEqual(['tftp:boot', 'exports:line', 'install:image']);
  });

  it('one that fails stays owed until it succeeds; switched off, it is reported as skipped', async () => {
    const world = w({ exports: { x: { text: 'x' } } }, [reload('poke', 'exports')]);
    const store = memoryStore();
    let works = false;
    const effects = (real: Effects): Effects => ({
      ...real,
      reload: async () => {
        if (!works) throw new Error('exit 1');
      },
    });
    const applier = await open('a', { effects, store });
    expect((await applier.apply(world, { stamp: 's' })).reloads).toMatchObject([
      { outcome: 'failed', problem: { code: 'LH606' } },
    ]);
    works = true;
    expect((await applier.apply(world, { stamp: 's' })).reloads).toMatchObject([{ name: 'poke', outcome: 'ran' }]);
    expect((await applier.apply(world, { stamp: 's' })).reloads).toEqual([]);
    const off = await open('b', { reloads: false });
    expect((await off.apply(world, { stamp: 's' })).reloads).toMatchObject([{ outcome: 'skipped' }]);
    await applier.close();
    await off.close();
  });

  it('an undeclared root and a second apply at once are refused', async () => {
    const applier = await open();
    expect(await applier.apply(w({ moon: { x: { text: 'x' } } }), { stamp: 's' })).toMatchObject({
      outcome: 'failed',
      failure: { code: 'LH604' },
    });
    const first = applier.apply(w({}), { stamp: 's' });
    await expect(applier.apply(w({}), { stamp: 's' })).rejects.toThrow('under way');
    await first;
    await applier.close();
  });
});
