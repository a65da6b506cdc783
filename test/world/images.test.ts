/** The life of built images: asked for by name, kept, pinned, removed; and links that wait for what they lead to (DESIGN 6). */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { until } from '../until.ts';
import { builtLab, lines, oneMoreFile } from './built-lab.ts';
import { worldOf } from './engine-lab.ts';

const lab = builtLab();

/** Litefile rows of which each number gives another generation of the one base. */
const withFiles = (...names: number[]) => ({
  'tables/litefile.csv': lines(
    '#image,file,options',
    '"ALL","/etc/motd",""',
    ...names.map((n) => `"ALL","/etc/file${n}",""`),
  ),
});
/** No node has the image any more. */
const unused = {
  'tables/nodetype.csv': lines(
    '#node,os,arch,profile,provmethod',
    '"built","rh5","x86_64","a","ext"',
    '"plain","rh5","x86_64","a","ext"',
  ),
};
const otherBase = { 'images/img/list': 'another package\n' };

const folder = (): string => join(lab.dir, 'install/netboot/test1/x86_64/a');
const link = (): string | undefined => {
  try {
    return readlinkSync(join(folder(), 'rootimg'));
  } catch {
    return undefined;
  }
};
const generations = (): string[] =>
  existsSync(folder())
    ? readdirSync(folder())
        .filter((name) => /^[0-9a-f]{16}$/.test(name))
        .sort()
    : [];
const bases = (): number => readdirSync(join(folder(), '.bases')).length;
async function generationOf(node: string): Promise<string> {
  const answer = (await lab.running()).answer(node);
  return answer.kind === 'answer' ? answer.generation : '';
}
async function image(name = 'img') {
  return (await (await lab.running()).images()).find((it) => it.image === name);
}
/** Applies a commit and waits for its builds. */
async function settle(commit: string): Promise<string> {
  await lab.apply(commit);
  await lab.applied();
  return generationOf('n01');
}

describe('a link that needs artifacts', () => {
  test('is absent until they are there, stays at the old ones while new ones are built, also across a restart', async () => {
    const [first = '', second = ''] = await lab.commits({}, oneMoreFile);
    lab.builds('slow');
    await lab.apply(first);
    expect(link()).toBeUndefined();
    lab.builds('');
    await lab.applied();
    const old = await generationOf('n01');
    expect(link()).toBe(`${old}/rootimg`);
    lab.builds('slow');
    await lab.apply(second);
    expect(link()).toBe(`${old}/rootimg`);
    expect(await lab.engine?.verify()).toEqual([]);
    await lab.stop();
    const again = await lab.start();
    await again.reconcile('start');
    expect(link()).toBe(`${old}/rootimg`);
    expect(await again.verify()).toEqual([]);
    lab.builds('');
    await lab.applied();
    expect(await generationOf('n01')).not.toBe(old);
    expect(link()).toBe(`${await generationOf('n01')}/rootimg`);
  });

  test('goes when nobody wants its artifacts any more', async () => {
    const [first = '', second = ''] = await lab.commits({}, unused);
    await settle(first);
    await lab.apply(second);
    expect(link()).toBeUndefined();
    expect(await lab.engine?.verify()).toEqual([]);
  });
});

describe('an image that no node has', () => {
  test('is built when somebody asks for it by name, built again when a push changes it, and forgotten with its row', async () => {
    const noRow = {
      ...unused,
      'tables/osimage.csv': lines('#imagename,profile,osvers,osarch', '"ext","a","rh5","x86_64"'),
    };
    const [first = '', second = '', third = ''] = await lab.commits(unused, { ...unused, ...oneMoreFile }, noRow);
    await lab.apply(first);
    expect(generations()).toEqual([]);
    expect((await lab.engine?.status())?.builds).toEqual([]);
    expect(await lab.engine?.buildImage('img')).toMatchObject({ ok: true });
    expect((await lab.engine?.status())?.asked).toEqual(['img']);
    await until('built', () => link() !== undefined);
    const [built = ''] = generations();
    // Asked for still after a restart.
    await lab.stop();
    await lab.apply(second);
    await until('built again', () => generations().length === 2);
    await until('link', () => link() !== undefined && link() !== `${built}/rootimg`);
    await lab.apply(third);
    expect((await lab.engine?.status())?.asked).toEqual([]);
    expect(link()).toBeUndefined();
  });

  test('cannot be asked for where there is no such row, or nobody builds it', async () => {
    const [first = ''] = await lab.commits({});
    await lab.apply(first);
    expect(await lab.engine?.buildImage('nope')).toEqual({
      ok: false,
      lines: [expect.stringContaining("no image 'nope'")],
    });
    expect(await lab.engine?.buildImage('ext')).toEqual({ ok: false, lines: [expect.stringContaining('external')] });
    expect((await lab.engine?.status())?.asked).toEqual([]);
  });

  test('is not wanted any more when that is taken back', async () => {
    const [first = ''] = await lab.commits(unused);
    await lab.apply(first);
    lab.builds('slow');
    await lab.engine?.buildImage('img');
    expect((await image())?.planned?.artifacts.map(({ state }) => state)).toEqual(['building', 'waiting', 'waiting']);
    expect(await lab.engine?.forgetImage('img')).toBe(true);
    expect(await lab.engine?.forgetImage('img')).toBe(false);
    await until('aborted', () => readdirSync(join(lab.dir, 'install/.litehouse/build')).length === 0);
    expect((await lab.engine?.status())?.builds).toEqual([]);
    expect(generations()).toEqual([]);
  });
});

describe('earlier generations', () => {
  test('stay for a revert, which builds nothing; only so many of them, and pinned ones beyond that', async () => {
    const steps = [1, 2, 3, 4, 5].map((n) => withFiles(n));
    const commits = await lab.commits({}, ...steps, {});
    const made: string[] = [];
    for (const commit of commits.slice(0, 2)) made.push(await settle(commit));
    const [first = '', second = ''] = made;
    lab.engine?.booted('n01', commits[0] ?? '', first);
    // A report of what nobody knows changes nothing.
    lab.engine?.booted('n01', 'f'.repeat(40), 'deadbeef');
    for (const commit of commits.slice(2, 6)) made.push(await settle(commit));
    // The newest, three before it, and the pinned one.
    expect(generations()).toEqual([first, ...made.slice(2)].sort());
    const standing = await image();
    const of = (digest: string) => standing?.artifacts.find((it) => it.digest === digest);
    expect(of(first)).toMatchObject({
      kept: ['pinned by n01'],
      booted: ['n01'],
      kind: 'generation',
      note: { kind: 'generation' },
    });
    expect(of(made[5] ?? '')?.kept).toContain('planned');
    expect(of(made[3] ?? '')?.kept).toEqual(['kept for a revert']);
    expect(existsSync(join(folder(), second))).toBe(false);
    // Silence is no release, and neither is a restart.
    await lab.stop();
    lab.builds('fail');
    await lab.apply(commits[6] ?? '');
    expect(await lab.state()).toBe('applied');
    expect(await generationOf('n01')).toBe(first);
    lab.builds('');
    await settle(commits[5] ?? '');
    await settle(commits[1] ?? '');
    expect(await lab.engine?.release(['n01', 'n99'])).toEqual(['n01']);
    expect((await image())?.artifacts.find((it) => it.digest === first)?.booted).toEqual([]);
  });

  test('stay for a node that asked for them, until it reports a boot: its report may have been lost', async () => {
    const commits = await lab.commits({}, ...[1, 2, 3, 4, 5, 6].map((n) => withFiles(n)));
    const first = await settle(commits[0] ?? '');
    lab.engine?.booted('n01', commits[0] ?? '', first);
    const second = await settle(commits[1] ?? '');
    lab.engine?.asked('n01', second);
    // What nobody knows is no generation to keep.
    lab.engine?.asked('n02', 'deadbeef');
    for (const commit of commits.slice(2)) await settle(commit);
    // n01 may run either.
    expect(generations()).toEqual(expect.arrayContaining([first, second]));
    const standing = await image();
    const [was, next] = [first, second].map((digest) => standing?.artifacts.find((it) => it.digest === digest));
    expect(was).toMatchObject({ kept: ['pinned by n01'], booted: ['n01'], asked: [] });
    expect(next).toMatchObject({ kept: ['pinned by n01'], booted: [], asked: ['n01'] });
    await lab.stop();
    await settle(commits[6] ?? '');
    lab.engine?.booted('n01', commits[1] ?? '', second);
    await lab.engine?.pruneImages();
    expect(generations()).toContain(second);
    expect(generations()).not.toContain(first);
    lab.engine?.asked('n01', first);
    expect(await lab.engine?.release(['n01'])).toEqual(['n01']);
    await lab.engine?.pruneImages();
    expect(generations()).not.toContain(second);
  });

  test('keep the base that they were made from, and both go with the last of them', async () => {
    const [first = '', second = ''] = await lab.commits({}, otherBase);
    const old = await settle(first);
    await settle(second);
    expect([generations().length, bases()]).toEqual([2, 2]);
    const dry = await lab.engine?.pruneImages({ dryRun: true, all: true });
    expect(dry?.removed.length).toBe(3);
    expect([generations().length, bases()]).toEqual([2, 2]);
    lab.engine?.booted('n01', first, old);
    expect((await lab.engine?.pruneImages({ all: true }))?.removed).toEqual([]);
    // n01 boots something that is no built image's.
    await lab.engine?.release(['n01']);
    expect((await lab.engine?.pruneImages({ all: true }))?.removed.length).toBe(3);
    expect([generations().length, bases()]).toEqual([1, 1]);
    expect(await lab.engine?.verify()).toEqual([]);
  });

  test('that nodes have while they wait for the next one stay whatever is asked', async () => {
    const [first = '', second = ''] = await lab.commits({}, otherBase);
    const old = await settle(first);
    lab.builds('slow');
    await lab.apply(second);
    expect((await lab.engine?.pruneImages({ all: true }))?.removed).toEqual([]);
    expect((await image())?.artifacts.map(({ kept }) => kept[0])).toEqual([
      'nodes have it',
      'nodes have it',
      'nodes have it',
    ]);
    expect(generations()).toEqual([old]);
  });

  test('whose memory was lost stay until somebody asks to remove them', async () => {
    const [first = '', second = ''] = await lab.commits({}, otherBase);
    const old = await settle(first);
    await lab.stop();
    rmSync(join(lab.dir, '.state/lmdb'), { recursive: true });
    await settle(second);
    expect(generations()).toContain(old);
    expect((await lab.engine?.images())?.find((it) => it.image === '')?.artifacts[0]?.kept).toEqual(['not known']);
    await lab.engine?.pruneImages({ all: true });
    expect(generations()).not.toContain(old);
  });
});

describe('a generation that somebody removed by hand', () => {
  test('is drift, and an apply builds it again', async () => {
    const [first = ''] = await lab.commits({});
    const generation = await settle(first);
    rmSync(join(folder(), generation), { recursive: true });
    expect(await lab.engine?.verify()).toMatchObject([{ root: 'install', what: 'missing' }]);
    expect((await image())?.artifacts.find(({ lost }) => lost)?.digest).toBe(generation);
    await lab.engine?.reconcile('repair', { repair: true });
    await until('there again', () => generations().includes(generation));
    await lab.applied();
    expect(await lab.engine?.verify()).toEqual([]);
  });
});

describe('builds', () => {
  test('that failed are not tried again by a push of the same inputs, but when the image is asked for', async () => {
    const [first = '', second = ''] = await lab.commits(
      {},
      { 'tables/chain.csv': lines('#node,currstate', '"all","statelite"', '"n09","x"') },
    );
    lab.builds('fail');
    await lab.apply(first);
    await until(
      'failed',
      async () => (await lab.engine?.status())?.builds.some(({ state }) => state === 'failed') ?? false,
    );
    lab.builds('');
    await lab.apply(second);
    const [failed] = (await lab.engine?.status())?.builds ?? [];
    expect(failed).toMatchObject({ state: 'failed', detail: 'the marker says that base img fails' });
    expect(readFileSync(failed?.log ?? '', 'utf8')).toContain('building base img');
    await lab.engine?.buildImage('img');
    await lab.applied();
  });

  test('end with all their commands when the server stops, and the next start builds anew', async () => {
    const [first = ''] = await lab.commits({});
    lab.builds('command');
    await lab.apply(first);
    await until('command', () => existsSync(`${lab.marker}.pid`) && readFileSync(`${lab.marker}.pid`, 'utf8') !== '');
    const pid = readFileSync(`${lab.marker}.pid`, 'utf8').trim();
    await lab.stop();
    await until('ended', () => !existsSync(`/proc/${pid}/exe`) || stateOf(pid) === 'Z');
    expect(readdirSync(join(lab.dir, 'install/.litehouse/build'))).toEqual([]);
    lab.builds('');
    await (await lab.running()).reconcile('start');
    await lab.applied();
  });

  test('of two pushes run one at a time, and what the second does not want is aborted', async () => {
    const [first = '', second = ''] = await lab.commits({}, otherBase);
    lab.builds('slow');
    await lab.apply(first);
    await lab.apply(second);
    await until('one', async () => readdirSync(join(lab.dir, 'install/.litehouse/build')).length === 1);
    expect((await lab.engine?.status())?.builds.filter(({ state }) => state === 'building').length).toBe(1);
    lab.builds('');
    await lab.applied();
    expect([generations().length, bases()]).toEqual([1, 1]);
  });
});

function stateOf(pid: string): string {
  return execFileSync('ps', ['-o', 'stat=', '-p', pid]).toString().slice(0, 1);
}

test('the invariant with images: after any walk, with nothing pending, what the plan names equals a fresh apply', async () => {
  const states = [{}, oneMoreFile, otherBase, unused, withFiles(1, 2), {}];
  const commits = await lab.commits(...states);
  const walked: Record<string, unknown>[] = [];
  for (const commit of commits) {
    await settle(commit);
    walked.push(await plannedWorld());
  }
  for (const [i, commit] of commits.entries()) {
    await lab.stop();
    rmSync(lab.dir, { recursive: true });
    await settle(commit);
    expect(walked[i], `state ${i}`).toEqual(await plannedWorld());
  }
});

/** The world without generations and bases that are kept only by pin or retention. */
async function plannedWorld(): Promise<Record<string, unknown>> {
  const engine = await lab.running();
  const wanted = new Set([...(engine.world?.artifacts.values() ?? [])].map(({ path }) => path));
  const world = worldOf(engine, lab.dir);
  const kept = (await engine.images()).flatMap(({ artifacts }) => artifacts).filter(({ path }) => !wanted.has(path));
  const isKept = (path: string): boolean =>
    kept.some((it) => path === it.path || path.startsWith(`${it.path}/`)) ||
    // Directories that hold only what is kept.
    (kept.some((it) => it.path.startsWith(`${path}/`)) && ![...wanted].some((it) => it.startsWith(`${path}/`)));
  const install = Object.entries(world.install as Record<string, string>).filter(([path]) => !isKept(path));
  return { ...world, install: Object.fromEntries(install) };
}
