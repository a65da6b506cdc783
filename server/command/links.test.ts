import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { litehouse } from '../../test/server/command-line.ts';
import { temporaryDirs } from '../../test/server/temporary.ts';
import { linkNames } from './links.ts';

const temporary = temporaryDirs();
const root = fileURLToPath(new URL('../../', import.meta.url));
const bin = join(root, 'bin/litehouse');

/** A program as a process; its status and what it printed. */
function run(command: string, args: readonly string[], options: { cwd?: string; path?: string } = {}) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: options.cwd ?? temporary(),
    encoding: 'utf8',
    env: {
      ...process.env,
      PATH: options.path === undefined ? process.env.PATH : `${options.path}:${process.env.PATH}`,
    },
  });
  return { status, out: stdout, err: stderr };
}

/** A working copy of the template that nothing else knows. */
function workingCopy(): string {
  const dir = join(temporary(), 'cluster');
  cpSync(join(root, 'repo-template'), dir, { recursive: true });
  return dir;
}

describe('called by the name of a classic command', () => {
  test('it is that command, found by PATH: chtab works as the cookbook prints it', async () => {
    const dir = temporary();
    expect((await litehouse('/', 'links', dir)).status).toBe(0);
    const repo = workingCopy();
    const words = ['priority=4.7', 'policy.commands=litefile', 'policy.rule=deny', '--repo', repo];
    expect(run('chtab', words, { path: dir })).toMatchObject({ status: 0, err: '' });
    expect(readFileSync(join(repo, 'tables/policy.csv'), 'utf8')).toMatch(/^"4\.7",,,"litefile",,,,"deny"/m);
    expect(run('nodels', ['n01', 'nodetype.arch', '--repo', repo], { path: dir }).out).toBe('n01: x86_64\n');
    expect(run('noderange', ['-n02,n01-n02', '--repo', repo], { path: dir }).out).toBe('n01\n');
  });

  test('also through a chain of links, and where that stands beside a litehouse that is a link itself', () => {
    const [one, two] = [temporary(), temporary()];
    symlinkSync(bin, join(one, 'litehouse'));
    symlinkSync('litehouse', join(one, 'tabdump'));
    symlinkSync(join(one, 'litehouse'), join(two, 'anything'));
    symlinkSync('anything', join(two, 'tabdump'));
    const repo = workingCopy();
    const csv = readFileSync(join(repo, 'tables/site.csv'), 'utf8');
    for (const dir of [one, two]) expect(run(join(dir, 'tabdump'), ['site'], { cwd: repo }).out).toBe(csv);
    expect(run(join(two, 'anything'), ['tabdump', 'site'], { cwd: repo }).out).toBe(csv);
  });

  test('each has its own help and usage, which name it as it was typed', async () => {
    const dir = temporary();
    await litehouse('/', 'links', dir);
    for (const name of ['chtab', 'nodeset', 'liteimg']) {
      const { status, out } = run(join(dir, name), ['--help']);
      expect([status, out]).toEqual([0, expect.stringMatching(`^Usage: ${name} `)]);
      expect(out).toContain(`  $ ${name} `);
      expect(out).not.toContain(`litehouse ${name}`);
    }
    const { status, err } = run(join(dir, 'nodeset'), ['n01']);
    expect([status, err]).toEqual([2, expect.stringContaining('(nodeset --help')]);
  });

  test('what it runs is another call: an editor may use litehouse', async () => {
    const dir = temporary();
    await litehouse('/', 'links', dir);
    const editor = join(temporary(), 'editor');
    writeFileSync(editor, `#!/bin/sh\n[ -z "$LITEHOUSE_CALLED" ] && ${bin} --version\n`, { mode: 0o755 });
    const { stdout } = spawnSync(join(dir, 'tabedit'), ['site', '--repo', workingCopy()], {
      encoding: 'utf8',
      env: { ...process.env, EDITOR: editor },
    });
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n/);
  });
});

describe('litehouse links', () => {
  test('makes a link for each name, says so, leads to the litehouse beside them, and takes them away again', async () => {
    const dir = temporary();
    symlinkSync(bin, join(dir, 'litehouse'));
    const made = await litehouse('/', 'links', dir);
    expect(made).toMatchObject({
      status: 0,
      out: expect.stringContaining(`made in ${dir}, links to litehouse: chtab, `),
    });
    expect(readdirSync(dir).sort()).toEqual([...linkNames, 'litehouse'].sort());
    for (const name of linkNames) expect(readlinkSync(join(dir, name))).toBe('litehouse');
    expect(await litehouse('/', 'links', dir)).toMatchObject({ status: 0, out: expect.stringContaining('already') });
    expect((await litehouse('/', 'links', dir, '--remove')).out).toContain('chtab');
    expect(readdirSync(dir)).toEqual(['litehouse']);
  });

  test('each name is a command', async () => {
    for (const name of linkNames) expect((await litehouse('/', name, '--help')).status, name).toBe(0);
  });

  test('leaves alone what is not its own link, and ends with 1', async () => {
    const dir = temporary();
    writeFileSync(join(dir, 'nodeset'), 'of clustershell');
    symlinkSync('/bin/true', join(dir, 'chtab'));
    symlinkSync('nowhere', join(dir, 'lslite'));
    for (const args of [[], ['--remove']]) {
      const { status, err } = await litehouse('/', 'links', dir, ...args);
      expect(status).toBe(1);
      for (const name of ['nodeset', 'chtab', 'lslite']) expect(err).toContain(`left alone: ${join(dir, name)}`);
      expect(existsSync(join(dir, 'tabdump'))).toBe(args.length === 0);
    }
    expect(readFileSync(join(dir, 'nodeset'), 'utf8')).toBe('of clustershell');
    expect(readlinkSync(join(dir, 'chtab'))).toBe('/bin/true');
    expect(lstatSync(join(dir, 'lslite')).isSymbolicLink()).toBe(true);
  });

  test('names a directory that is not there', async () => {
    const dir = temporary();
    mkdirSync(join(dir, 'x'));
    expect(await litehouse(dir, 'links', 'y')).toMatchObject({ status: 2, err: expect.stringContaining(`${dir}/y`) });
  });
});
