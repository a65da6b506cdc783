/** What the stores and the manifest promise. */
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Manifest, type ManifestRow } from './manifest.ts';
import { DamagedStore, memoryStore, openStore, type Store } from './store.ts';
import { readStore } from './store-copy.ts';

const fullStoreChild = new URL('../../test/world/full-store-child.ts', import.meta.url).pathname;

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'litehouse-store-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it('lmdb: only its owner can read it, also where an older version left it open to all', async () => {
  const place = join(dir, 'state', 'lmdb');
  const modes = () =>
    ['', 'data.mdb', 'lock.mdb'].map((name) => (statSync(join(place, name)).mode & 0o7777).toString(8));
  const before = process.umask(0);
  try {
    const store = openStore(place);
    await store.batch([{ db: 'd', key: 'k', value: 1 }]);
    expect(modes()).toEqual(['700', '600', '600']);
    await store.close();
    chmodSync(place, 0o755);
    for (const name of ['data.mdb', 'lock.mdb']) chmodSync(join(place, name), 0o644);
    const again = openStore(place);
    expect([modes(), again.get('d', 'k')]).toEqual([['700', '600', '600'], 1]);
    await again.close();
  } finally {
    process.umask(before);
  }
});

it('lmdb: can be looked into while it is open elsewhere, and what it does not have is empty', async () => {
  const store = openStore(join(dir, 'lmdb'));
  await store.batch([
    { db: 'd', key: 'a1', value: 1 },
    { db: 'd', key: 'b1', value: { deep: [2] } },
  ]);
  const seen = await readStore(join(dir, 'lmdb'), (read) => [
    [...read.range('d')],
    [...read.range('d', 'b')],
    [...read.range('never')],
  ]);
  const second = { key: 'b1', value: { deep: [2] } };
  expect(seen).toEqual([[{ key: 'a1', value: 1 }, second], [second], []]);
  await store.close();
  await expect(readStore(join(dir, 'nowhere'), () => 1)).rejects.toThrow();
  expect(existsSync(join(dir, 'nowhere'))).toBe(false);
});

it('lmdb: a disk without room fails the batch with what the disk said; the process lives, and what was there stays', () => {
  // A limit on the size of files, with its signal ignored, refuses a write as a full disk does.
  const limited = `trap '' XFSZ; ulimit -f 300; exec "$@"`;
  const tsx = import.meta.resolve('tsx');
  const { stdout } = spawnSync(
    'sh',
    ['-c', limited, 'sh', process.execPath, '--import', tsx, fullStoreChild, join(dir, 'lmdb')],
    { encoding: 'utf8' },
  );
  const words = 'the state directory cannot be written: the disk is full, or has errors';
  expect(stdout).toBe(`EIO ${words}, flushed EIO, kept 1\n`);
});

it('lmdb: a file that is foreign or cut off is refused with what to do, not by a signal that ends the process', async () => {
  const file = join(dir, 'lmdb', 'data.mdb');
  const store = openStore(join(dir, 'lmdb'));
  for (let i = 0; i < 50; i++) await store.batch([{ db: `d${i % 5}`, key: `k${i}`, value: 'x'.repeat(500) }]);
  await store.close();
  const whole = readFileSync(file);
  const refused = [
    whole.subarray(0, 5000),
    whole.subarray(0, 2 * 4096),
    Buffer.concat([Buffer.alloc(4096, 7), whole.subarray(4096)]),
    Buffer.from('hello'),
  ];
  for (const bytes of refused) {
    writeFileSync(file, bytes);
    expect(() => openStore(join(dir, 'lmdb'))).toThrow(DamagedStore);
    expect(readFileSync(file)).toEqual(bytes);
  }
  writeFileSync(file, whole);
  const again = openStore(join(dir, 'lmdb'));
  expect(again.get('d4', 'k49')).toBe('x'.repeat(500));
  await again.close();
});

const kinds: readonly [string, () => Store][] = [
  ['lmdb', () => openStore(join(dir, 'lmdb'))],
  ['memory', memoryStore],
];
describe.each(kinds)('store: %s', (_name, make) => {
  it('puts and removes in one batch across databases, and lists by prefix in order', async () => {
    const store = make();
    await store.batch([
      { db: 'a', key: 'n2', value: { x: 1 } },
      { db: 'a', key: 'n1', value: [1, 'two'] },
      { db: 'a', key: 'o', value: 3 },
      { db: 'b', key: 'n1', value: 'other' },
    ]);
    expect(store.get('a', 'n2')).toEqual({ x: 1 });
    expect([...store.range('a', 'n')]).toEqual([
      { key: 'n1', value: [1, 'two'] },
      { key: 'n2', value: { x: 1 } },
    ]);
    expect([...store.range('a')]).toHaveLength(3);
    await store.batch([
      { db: 'a', key: 'n1' },
      { db: 'b', key: 'n1' },
    ]);
    await store.flushed();
    expect([store.get('a', 'n1'), store.get('b', 'n1'), store.get('c', 'n1')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    await store.close();
  });
});

it('lmdb keeps what was written when it is opened again', async () => {
  const store = openStore(join(dir, 'lmdb'));
  await store.batch([{ db: 'a', key: 'k', value: 'v' }]);
  await store.close();
  const again = openStore(join(dir, 'lmdb'));
  expect(again.get('a', 'k')).toBe('v');
  await again.close();
});

describe('manifest', () => {
  const row = (path: string, pending = false): ManifestRow => {
    const owner = { mode: 0o644, uid: 0, gid: 0 };
    return { path, kind: 'file', digest: 'd', ...owner, plugin: 'p', node: undefined, lifetime: 'managed', pending };
  };
  const file = () => join(dir, 'manifest');

  it('keeps rows, marks and removals over a restart', async () => {
    const manifest = await Manifest.open(file());
    await manifest.write([{ set: row('a', true) }, { set: row('b', true) }, { set: row('c') }]);
    await manifest.write([{ done: 'a', needsRoot: true }, { gone: 'c' }]);
    await manifest.close();
    const again = await Manifest.open(file());
    expect([...again.rows.values()].map(({ path, pending, needsRoot }) => [path, pending, needsRoot === true])).toEqual(
      [
        ['a', false, true],
        ['b', true, false],
      ],
    );
    expect(again.lost).toBe(0);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    await again.close();
  });

  it('cuts off a torn end, and goes on after it', async () => {
    const manifest = await Manifest.open(file());
    await manifest.write([{ set: row('a') }]);
    await manifest.close();
    appendFileSync(file(), '{"path":"b","ki');
    const again = await Manifest.open(file());
    expect(again.lost).toBe(0);
    await again.write([{ set: row('c') }]);
    await again.close();
    const third = await Manifest.open(file());
    expect([...third.rows.keys()]).toEqual(['a', 'c']);
    await third.close();
  });

  it('loses one path to a damaged line, keeps all that were written after it, and tells of it once', async () => {
    const manifest = await Manifest.open(file());
    await manifest.write(['a', 'b', 'c'].map((path) => ({ set: row(path) })));
    await manifest.close();
    const damaged = readFileSync(file(), 'utf8').replace('"path":"b"', '"path":7');
    writeFileSync(file(), damaged);
    const again = await Manifest.open(file());
    // The disk is looked at before anything is believed of them.
    expect([...again.rows.values()].map(({ path, pending }) => [path, pending])).toEqual([
      ['a', true],
      ['c', true],
    ]);
    expect(again.lost).toBe(1);
    expect(readFileSync(`${file()}.damaged`, 'utf8')).toBe(damaged);
    await again.write([{ set: row('d') }]);
    await again.close();
    const third = await Manifest.open(file());
    expect([[...third.rows.keys()], third.lost]).toEqual([['a', 'c', 'd'], 0]);
    await third.close();
  });

  it('is rewritten when most of it is superseded', async () => {
    const manifest = await Manifest.open(file());
    for (let i = 0; i < 3; i++)
      await manifest.write(Array.from({ length: 1000 }, (_, n) => ({ set: row(`p${n % 10}`) })));
    await manifest.compact();
    await manifest.write([{ set: row('last') }]);
    await manifest.close();
    expect(readFileSync(file(), 'utf8').trim().split('\n')).toHaveLength(12);
    const again = await Manifest.open(file());
    expect(again.rows.size).toBe(11);
    await again.close();
  });
});
