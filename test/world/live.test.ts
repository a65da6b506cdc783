/** Live files of images, through a whole engine: laid over every generation that there is, and taken away again (RULES, Paths). */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { renderDiff } from '../../core/plan/render.ts';
import { Repository } from '../../core/repo/repository.ts';
import { until } from '../until.ts';
import { builtLab, lines, oneMoreFile } from './built-lab.ts';
import { readTree } from './compare.ts';
import { setMain } from './engine-lab.ts';

const lab = builtLab();
const child = fileURLToPath(new URL('removal-child.ts', import.meta.url));

const issue = { 'images/img/rootimg/etc/issue': 'issue of the commit\n' };
/** Below a litefile entry, beside the image's own, new with directories, and through a link of the image. */
const several = {
  ...issue,
  'images/img/rootimg/etc/motd': 'motd of the commit\n',
  'images/img/rootimg/srv/new/deep/file': 'deep\n',
  'images/img/rootimg/var/tools/run': 'run of the commit\n',
  'attributes.csv': lines('#path,owner,group,mode', '"images/img/rootimg/srv/**","7","8","0640"'),
};
const folder = (): string => join(lab.dir, 'install/netboot/test1/x86_64/a');
const generations = (): string[] =>
  readdirSync(folder())
    .filter((name) => /^[0-9a-f]{16}$/.test(name))
    .sort();
const inAll = (path: string): string[] =>
  generations().map((name) => readFileSync(join(folder(), name, 'rootimg', path), 'utf8'));
const bases = (): unknown => Object.fromEntries(readTree(join(folder(), '.bases')));
/** Trees without what is noted beside them: which commit it was is no part of what a node sees. */
const trees = (): unknown => {
  const all = Object.fromEntries(
    generations().map((name) => [name, Object.fromEntries(readTree(join(folder(), name, 'rootimg')))]),
  );
  return all;
};
async function settle(commit: string): Promise<void> {
  await lab.apply(commit);
  await lab.applied();
}
async function problem(): Promise<string | undefined> {
  return (await lab.engine?.status())?.problem;
}

describe('a live file', () => {
  test('is in every generation that there is, and in a new one before a boot file names it; a revert brings back what it hid', async () => {
    const [first = '', second = '', third = '', fourth = ''] = await lab.commits(
      {},
      issue,
      { ...issue, ...oneMoreFile },
      oneMoreFile,
    );
    await settle(first);
    const pristine = bases();
    await settle(second);
    expect(inAll('etc/issue')).toEqual(['issue of the commit\n']);
    let seen: string | undefined;
    await lab.stop();
    await lab.start((step, subject) => {
      if (step !== 'make' || subject !== 'tftp' || generations().length < 2) return;
      // Before the boot files are made: the entry of the new generation, the file itself in the old one.
      seen = generations()
        .map((name) => join(folder(), name, 'rootimg'))
        .map((root) =>
          readFileSync(join(root, existsSync(join(root, '.default/etc/issue')) ? '.default' : '', 'etc/issue'), 'utf8'),
        )
        .join('');
    });
    await settle(third);
    expect(seen).toBe('issue of the commit\nissue of the commit\n');
    await settle(fourth);
    expect(generations().length).toBe(2);
    for (const name of generations()) {
      const root = join(folder(), name, 'rootimg');
      const at = existsSync(join(root, '.default/etc/issue')) ? '.default/etc/issue' : 'etc/issue';
      expect(readFileSync(join(root, at), 'utf8')).toBe('etc/issue of the image\n');
      expect(readdirSync(join(folder(), name)).sort()).toEqual(['generation.json', 'rootimg']);
    }
    expect(bases()).toEqual(pristine);
    expect(await lab.engine?.verify()).toEqual([]);
  });

  test('lies with owner and mode where the node sees it: in /.default for a listed path, and through a link of the image', async () => {
    const [first = ''] = await lab.commits(several);
    await settle(first);
    const root = join(folder(), generations()[0] ?? '', 'rootimg');
    expect(readFileSync(join(root, '.default/etc/motd'), 'utf8')).toBe('motd of the commit\n');
    expect(readlinkSync(join(root, 'etc/motd'))).toBe('../.statelite/tmpfs/etc/motd');
    expect(readFileSync(join(root, 'opt/tools/run'), 'utf8')).toBe('run of the commit\n');
    const { uid, gid, mode } = lstatSync(join(root, 'srv/new/deep/file'));
    expect([uid, gid, mode & 0o7777]).toEqual([7, 8, 0o640]);
    expect(statSync(join(root, 'srv/new')).mode & 0o7777).toBe(0o750);
  });

  test('that changes keeps its old inode for open handles, and writes nothing where nothing changes', async () => {
    const other = { 'images/img/rootimg/etc/issue': 'another\n' };
    const unrelated = { ...other, 'custom/x': 'y' };
    const [first = '', second = '', third = ''] = await lab.commits(issue, other, unrelated);
    let changes = 0;
    await lab.start(undefined, { holdSeconds: 3600, onLive: () => changes++ });
    await settle(first);
    const path = join(folder(), generations()[0] ?? '', 'rootimg/etc/issue');
    const { ino } = statSync(path);
    await settle(second);
    expect(statSync(path).ino).not.toBe(ino);
    const hold = join(lab.dir, 'install/.litehouse/hold');
    const held = readdirSync(hold).map((name) => statSync(join(hold, name)).ino);
    expect(held).toContain(ino);
    expect(readFileSync(path, 'utf8')).toBe('another\n');
    changes = 0;
    await settle(third);
    await lab.stop();
    await lab.start(undefined, { onLive: () => changes++ });
    await settle(third);
    expect(changes).toBe(0);
  });

  test('is shown by the plan, the status and the images', async () => {
    const [first = '', second = ''] = await lab.commits(issue, several);
    await settle(first);
    const repository = await Repository.open(lab.repository);
    const preview = await lab.engine?.judge(await repository.snapshot(second));
    await repository.close();
    const text = preview?.diff === undefined ? [] : renderDiff(preview.diff);
    expect(text).toContainEqual(
      expect.stringMatching(/^ {2}live +images\/img: \+3 in 1 generation, seen by running nodes$/),
    );
    expect(text).toContainEqual(expect.stringContaining('+ /srv/new/deep/file'));
    await settle(second);
    expect((await lab.engine?.status())?.live).toEqual([{ image: 'img', files: 4, generations: 1, problems: [] }]);
    const [generation = ''] = generations();
    const image = (await lab.engine?.images())?.find((it) => it.image === 'img');
    const artifact = image?.artifacts.find(({ digest }) => digest === generation);
    expect(artifact?.called).toBe(`${generation}+live(${second.slice(0, 9)})`);
    expect(artifact?.live).toEqual({ commit: second, files: 4, problems: [] });
  });

  test('changed by hand is drift, and a repair lays it again', async () => {
    const [first = ''] = await lab.commits(several);
    await settle(first);
    const root = join(folder(), generations()[0] ?? '', 'rootimg');
    writeFileSync(join(root, '.default/etc/motd'), 'by hand\n');
    rmSync(join(root, 'etc/issue'));
    const drift = (await lab.engine?.verify()) ?? [];
    expect(drift.map(({ path, what }) => [path.slice(path.indexOf('rootimg')), what])).toEqual([
      ['rootimg/.default/etc/motd', 'changed'],
      ['rootimg/etc/issue', 'missing'],
    ]);
    await lab.engine?.reconcile('repair', { repair: true });
    expect(await lab.engine?.verify()).toEqual([]);
    expect(readFileSync(join(root, '.default/etc/motd'), 'utf8')).toBe('motd of the commit\n');
  });

  test('that cannot be laid is told of with its path, and hurts no other', async () => {
    const [first = '', second = ''] = await lab.commits(
      { ...issue, 'images/img/rootimg/etc/ssh': 'a file where the image has a directory\n' },
      issue,
    );
    await lab.apply(first);
    await until('built', async () => (await problem()) !== undefined);
    await lab.applied();
    expect(await problem()).toMatch(
      /live file of image img can't be laid: \/etc\/ssh in netboot\/.*: the image has a directory there/,
    );
    expect(await lab.state()).toBe('applied');
    // All else is in effect: a push of it is not said to have failed.
    expect(await lab.engine?.reconcile('pushed')).toMatchObject({ ok: true, changed: false, without: 1 });
    expect(inAll('etc/issue')).toEqual(['issue of the commit\n']);
    await settle(second);
    expect(await lab.engine?.reconcile('pushed')).not.toHaveProperty('without');
    expect(await problem()).toBeUndefined();
  });

  test.each([
    ['images/img/rootimg/proc/version', 'LH511'],
    ['images/img/rootimg/.statelite/x', 'LH511'],
    ['images/img/rootimg/.default/etc/motd', 'LH511'],
    ['images/img/rootimg/etc', 'LH512'],
  ])('at %s is refused in the push', async (path, code) => {
    const [first = ''] = await lab.commits({ [path]: 'x' });
    const repository = await Repository.open(lab.repository);
    const preview = await (await lab.running()).judge(await repository.snapshot(first));
    await repository.close();
    expect(preview.ok).toBe(false);
    expect(preview.diagnostics.filter(({ severity }) => severity === 'error').map((it) => it.code)).toEqual([code]);
    expect(preview.diagnostics.find((it) => it.code === code)?.at?.file).toBe(path);
  });
});

describe('law 1', () => {
  // Every change of random trees is stopped at in core/image/live; here it is a process that dies.
  test('killed before a change of live files, the next start ends where the apply would have', async () => {
    const [first = '', second = ''] = await lab.commits(
      { ...several, 'images/img/rootimg/opt/own': 'x' },
      {
        ...issue,
        'images/img/rootimg/etc/motd': 'second\n',
        'images/img/rootimg/etc/hosts': 'h\n',
        'images/img/rootimg/srv/new': 'a file now\n',
      },
    );
    await settle(first);
    await lab.stop();
    const start = `${lab.dir}-start`;
    execFileSync('cp', ['-a', '--', lab.dir, start]);
    let changes = 0;
    await lab.start(undefined, { onLive: () => changes++ });
    await settle(second);
    const wanted = trees();
    expect(changes).toBeGreaterThan(5);
    for (const killAt of [
      ...Array.from({ length: Math.ceil(changes / 3) }, (_, at) => `change ${3 * at + 1}`),
      'live img',
      'intend install',
    ]) {
      await lab.stop();
      rmSync(lab.dir, { recursive: true });
      execFileSync('cp', ['-a', '--', start, lab.dir]);
      setMain(lab.repository, second);
      const killed = spawnSync(process.execPath, [
        ...['--import', import.meta.resolve('tsx'), child],
        ...[lab.repository, lab.dir, lab.marker, killAt],
      ]);
      expect(killed.signal, `${killAt} ${killed.stderr}`).toBe('SIGKILL');
      await (await lab.start()).reconcile('start');
      expect(await lab.state(), killAt).toBe('applied');
      expect(trees(), killAt).toEqual(wanted);
      expect(await lab.engine?.verify(), killAt).toEqual([]);
      expect(readdirSync(join(lab.dir, 'install/.litehouse/tmp'))).toEqual([]);
    }
    rmSync(start, { recursive: true });
  });
});

test('the invariant with live files: after any walk the generations that the plan names equal those of a fresh apply', async () => {
  const states = [
    {},
    issue,
    several,
    { ...several, ...oneMoreFile },
    { ...issue, ...oneMoreFile },
    oneMoreFile,
    several,
  ];
  const commits = await lab.commits(...states);
  const named = async (): Promise<unknown> => {
    const engine = await lab.running();
    const answer = engine.answer('n01');
    const generation = answer.kind === 'answer' ? answer.generation : '';
    expect(await engine.verify()).toEqual([]);
    return [generation, Object.fromEntries(readTree(join(folder(), generation, 'rootimg')))];
  };
  const walked: unknown[] = [];
  for (const commit of commits) {
    await settle(commit);
    walked.push(await named());
  }
  for (const [i, commit] of commits.entries()) {
    await lab.stop();
    rmSync(lab.dir, { recursive: true });
    mkdirSync(lab.dir);
    await settle(commit);
    expect(walked[i], `state ${i}`).toEqual(await named());
  }
});
