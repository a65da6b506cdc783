/** Promises of a repository: opening, refs, history, blame, keeping, and making a new one. */
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createRepository } from './create.ts';
import { GitError, git, gitEnvironment } from './git.ts';
import { Repository } from './repository.ts';
import { type ScratchRepository, scratchRepository } from './scratch-repository.ts';

let scratch: ScratchRepository;
const opened: Repository[] = [];
beforeEach(async () => {
  scratch = await scratchRepository();
});
afterEach(async () => {
  for (const repository of opened.splice(0)) await repository.close();
  await scratch.remove();
});

async function open(dir = scratch.dir, options?: { climb?: boolean }): Promise<Repository> {
  const repository = await Repository.open(dir, options);
  opened.push(repository);
  return repository;
}

describe('git commands', () => {
  test('take nothing of git from our own environment', async () => {
    process.env.GIT_DIR = '/nowhere';
    try {
      expect(gitEnvironment()).not.toHaveProperty('GIT_DIR');
      await scratch.commit({ a: 'a' });
    } finally {
      delete process.env.GIT_DIR;
    }
  });

  test('that fail say what failed, how, what it said, and the command', async () => {
    const error = await git(['rev-parse', '--verify', 'nothing'], { cwd: scratch.dir }).catch(
      (caught: unknown) => caught,
    );
    expect(error).toBeInstanceOf(GitError);
    expect((error as GitError).message).toMatch(
      /git rev-parse failed: exit code 128: fatal: .*\(command: git rev-parse --verify nothing\)/,
    );
  });

  test('are ended by a signal', async () => {
    const stop = AbortSignal.abort();
    await expect(git(['cat-file', '--batch'], { cwd: scratch.dir, signal: stop })).rejects.toThrow('killed by SIGTERM');
  });
});

describe('opening', () => {
  test('takes a working copy and a bare repository', async () => {
    const oid = await scratch.commit({ a: 'a' });
    expect(await open()).toMatchObject({ gitDir: scratch.gitDir, workTree: scratch.dir });
    const bare = join(scratch.dir, 'bare.git');
    await git(['clone', '-q', '--bare', scratch.dir, bare]);
    const repository = await open(bare);
    expect(repository).toMatchObject({ gitDir: bare, workTree: undefined });
    expect(await repository.head()).toBe(oid);
  });

  test('does not take the repository around a folder, unless asked', async () => {
    await scratch.commit({ 'tables/x': 'x' });
    await expect(open(join(scratch.dir, 'tables'))).rejects.toThrow('is no git repository');
    expect((await open(join(scratch.dir, 'tables'), { climb: true })).workTree).toBe(scratch.dir);
    await expect(open(join(scratch.dir, 'none'))).rejects.toThrow('no such directory');
  });

  test('refuses sha256 repositories in words', async () => {
    const dir = join(scratch.dir, 'new');
    await git(['init', '-q', '--object-format=sha256', dir]);
    await expect(open(dir)).rejects.toThrow(/sha256.*sha1 repositories only/);
  });

  test('takes a repository of another account', async () => {
    const oid = await scratch.commit({ a: 'a' });
    // Only root can give files away; else the account stays, and what git is told about it is what we look at.
    expect(gitEnvironment()).toMatchObject({ GIT_CONFIG_KEY_0: 'safe.directory', GIT_CONFIG_VALUE_0: '*' });
    if (process.getuid?.() === 0) await promisify(execFile)('chown', ['-R', '65534:65534', scratch.dir]);
    const repository = await open();
    expect(await repository.head()).toBe(oid);
    expect((await (await repository.snapshot(oid)).list('')).entries.length).toBe(1);
  });
});

describe('refs and commits', () => {
  test('revisions resolve to commits; what names none, or is an option, to undefined', async () => {
    const first = await scratch.commit({ a: 'a' });
    const second = await scratch.commit({ a: 'b' });
    await scratch.git('tag', '-a', '-m', 'x', 'v1', first);
    const repository = await open();
    for (const [revision, oid] of [
      ['main', second],
      ['main~1', first],
      ['v1', first],
      [first.slice(0, 10), first],
      ['main:a', undefined],
      ['--all', undefined],
      ['none', undefined],
      ['', undefined],
      ['e'.repeat(40), undefined],
    ] as const)
      expect(await repository.resolve(revision), revision).toBe(oid);
    expect(await repository.head('other')).toBeUndefined();
  });

  test('a commit tells about itself: odd texts, times in UTC', async () => {
    const oid = await scratch.commit({ a: 'a' }, 'Größe "x"\n\nline 1\n\nline 2', 'Bob Ö <bob@site>');
    const info = await (await open()).commitInfo(oid);
    expect(info).toMatchObject({
      oid,
      author: 'Bob Ö',
      authorEmail: 'bob@site',
      committer: 'Ann',
      subject: 'Größe "x"',
      body: 'line 1\n\nline 2',
      parents: [],
    });
    expect(info.committedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/);
    await expect((await open()).commitInfo('e'.repeat(40))).rejects.toThrow();
  });

  test('history is newest first, bounded, by path where asked, and paths are no patterns', async () => {
    const first = await scratch.commit({ a: 'a', 'x*': '1' }, 'one');
    const second = await scratch.commit({ xyz: 'b' }, 'two');
    const third = await scratch.commit({ a: 'c' }, 'three');
    const repository = await open();
    const oids = async (...args: Parameters<Repository['history']>) =>
      (await repository.history(...args)).map(({ oid }) => oid);
    expect(await oids(10)).toEqual([third, second, first]);
    expect(await oids(2)).toEqual([third, second]);
    expect(await oids(10, 'main', ['a'])).toEqual([third, first]);
    expect(await oids(10, 'main', ['x*'])).toEqual([first]);
    expect(await oids(10, 'none')).toEqual([]);
    expect((await repository.history(1))[0]?.parents).toEqual([second]);
    expect(await repository.isAncestor(first, third)).toBe(true);
    expect(await repository.isAncestor(third, first)).toBe(false);
  });

  test('blame finds who wrote a line; no line, no file: nobody', async () => {
    const first = await scratch.commit({ 'tables/a.csv': 'one\ntwo\nthree\n' }, 'first');
    const second = await scratch.commit({ 'tables/a.csv': 'one\nTWO\nthree\n' }, 'second');
    const repository = await open();
    expect((await repository.blame(second, 'tables/a.csv', 2))?.subject).toBe('second');
    expect((await repository.blame(second, 'tables/a.csv', 3))?.oid).toBe(first);
    expect((await repository.blame(first, 'tables/a.csv', 2))?.oid).toBe(first);
    expect(await repository.blame(second, 'tables/a.csv', 99)).toBeUndefined();
    expect(await repository.blame(second, 'tables/none.csv', 1)).toBeUndefined();
    expect(await repository.blame(second, 'tables/a.csv', 0)).toBeUndefined();
  });

  test('changed paths: between commits, and from nothing', async () => {
    const first = await scratch.commit({ a: 'a', 'b\tü': 'b', c: { program: 'c' } });
    await scratch.git('rm', '-q', 'a');
    const second = await scratch.commit({ 'b\tü': 'B', d: 'd', c: 'c' });
    const repository = await open();
    expect(await repository.changedPaths(first, second)).toEqual([
      { path: 'a', change: 'removed' },
      { path: 'b\tü', change: 'modified' },
      { path: 'c', change: 'modified' },
      { path: 'd', change: 'added' },
    ]);
    expect((await repository.changedPaths(undefined, first)).map(({ path, change }) => `${change} ${path}`)).toEqual([
      'added a',
      'added b\tü',
      'added c',
    ]);
  });

  test('tidying removes what a push left that broke off long ago, and nothing younger', async () => {
    await scratch.commit({ a: 'a' });
    const objects = join(scratch.gitDir, 'objects');
    for (const name of ['tmp_objdir-incoming-old', 'tmp_objdir-incoming-new']) await mkdir(join(objects, name));
    await utimes(join(objects, 'tmp_objdir-incoming-old'), 1e9, 1e9);
    await (await open()).tidy();
    const left = (await readdir(objects)).filter((name) => name.startsWith('tmp_'));
    expect(left).toEqual(['tmp_objdir-incoming-new']);
  });

  test('a kept commit survives the collector, a released one does not', async () => {
    await scratch.commit({ a: 'a' });
    const lost = await scratch.commit({ a: 'b' });
    const repository = await open();
    await repository.keep(lost);
    await repository.keep(lost);
    const collect = async () => {
      await scratch.git('reset', '-q', '--hard', 'main~1');
      await scratch.git('reflog', 'expire', '--expire=now', '--all');
      await scratch.git('gc', '-q', '--prune=now');
    };
    await collect();
    expect(await repository.kept()).toEqual([lost]);
    expect(await repository.resolve(lost)).toBe(lost);
    await repository.release(lost);
    await repository.release(lost);
    expect(await repository.kept()).toEqual([]);
    await scratch.git('reflog', 'expire', '--expire=now', '--all');
    await scratch.git('gc', '-q', '--prune=now');
    expect(await repository.resolve(lost)).toBeUndefined();
  });
});

describe('making a repository', () => {
  let dir: string;
  const author = { name: 'Ann', email: 'ann@site' };
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'lh-create-'));
    await mkdir(join(dir, 'template/syncdirs/a'), { recursive: true });
    await writeFile(join(dir, 'template/.gitignore'), '*.tmp\n');
    await writeFile(join(dir, 'template/syncdirs/a/run.tmp'), '#!/bin/sh\n');
    await chmod(join(dir, 'template/syncdirs/a/run.tmp'), 0o755);
    await symlink('run.tmp', join(dir, 'template/syncdirs/a/link'));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  test('holds all of the template, modes and links too, and is sound for git', async () => {
    const place = join(dir, 'config.git');
    const oid = await createRepository(place, join(dir, 'template'), { author, timestamp: 1_800_000_000 });
    const listed = await git(['ls-tree', '-r', 'main'], { cwd: place });
    expect(
      listed.stdout
        .toString()
        .replace(/ blob \w+\t/g, ' ')
        .split('\n'),
    ).toEqual(['100644 .gitignore', '120000 syncdirs/a/link', '100755 syncdirs/a/run.tmp', '']);
    await git(['fsck', '--strict', '--full'], { cwd: place });
    const repository = await open(place);
    expect(await repository.head()).toBe(oid);
    expect(await repository.commitInfo(oid)).toMatchObject({
      author: 'Ann',
      committedAt: '2027-01-15T08:00:00.000Z',
      subject: 'A new cluster',
    });
    expect(await readdir(dir)).toEqual(['config.git', 'template']);
    const settings = (await git(['config', '--list', '--local'], { cwd: place })).stdout.toString();
    for (const line of [
      'core.fsync=committed,reference,loose-object',
      'receive.advertisepushoptions=true',
      'transfer.hiderefs=refs/litehouse',
      'receive.maxinputsize=1g',
    ])
      expect(settings).toContain(line);
  });

  test('never touches what is there, and leaves nothing where it fails', async () => {
    await mkdir(join(dir, 'config.git'));
    await createRepository(join(dir, 'config.git'), join(dir, 'template'), { author });
    await expect(createRepository(join(dir, 'config.git'), join(dir, 'template'), { author })).rejects.toThrow(
      'not empty',
    );
    await expect(createRepository(join(dir, 'other.git'), join(dir, 'none'), { author })).rejects.toThrow();
    expect(await readdir(dir)).toEqual(['config.git', 'template']);
  });

  test('clears away what a killed maker left, and only that', async () => {
    const dead = await new Promise<number>((resolve) => {
      const child = execFile('true', () => resolve(child.pid ?? 0));
    });
    await mkdir(join(dir, `.config.git.new-${dead}-abc`));
    await mkdir(join(dir, `.config.git.new-${process.pid}-abc`));
    await createRepository(join(dir, 'config.git'), join(dir, 'template'), { author });
    expect(await readdir(dir)).toEqual([`.config.git.new-${process.pid}-abc`, 'config.git', 'template']);
  });
});
