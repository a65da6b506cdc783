import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { litehouse, litehouseWith } from '../../test/server/command-line.ts';
import { temporaryDirs } from '../../test/server/temporary.ts';

const temporary = temporaryDirs();
const template = fileURLToPath(new URL('../../repo-template', import.meta.url));
const words = async (...args: string[]) =>
  (await litehouse('/', 'completion', 'words', ...args, '--repo', template)).out
    .split('\n')
    .filter((word) => word !== '');

describe('the words to complete with', () => {
  test('nodes and groups, also after a comma', async () => {
    expect(await words('nodes', 'comp')).toEqual(['compute']);
    expect(await words('nodes', 'n01,n1')).toEqual(['n01,n10', 'n01,n11', 'n01,n12']);
  });

  test('states with images, tables, and what chtab sets', async () => {
    expect(await words('states', 'statelite=cent')).toEqual(['statelite=centos5.3-x86_64-statelite-test1']);
    expect(await words('tables', 'litef')).toEqual(['litefile']);
    expect(await words('cells', 'policy.ru')).toEqual(['policy.rule=']);
  });

  test('of the repository of a server, by its directory or by the environment', async () => {
    const dir = join(temporary(), 'house');
    await litehouse('/', 'init', '--dir', dir);
    const asked = ['completion', 'words', 'nodes', 'n01'];
    expect((await litehouse('/', ...asked, '--dir', dir)).out).toBe('n01\n');
    expect((await litehouseWith({ LITEHOUSE_DIR: dir }, '/', ...asked)).out).toBe('n01\n');
    // A server that is not there gives no names, and no error.
    expect(await litehouse('/', ...asked, '--server', 'http://127.0.0.1:1')).toEqual({ status: 0, out: '', err: '' });
  });

  test('nothing, and no error, where there is no repository', async () => {
    expect(await litehouse(temporary(), 'completion', 'words', 'nodes')).toEqual({ status: 0, out: '', err: '' });
  });
});

/** A `litehouse` that answers for the tables, and writes down what it was asked. */
function fakeLitehouse(dir: string): void {
  const asked = `#!/bin/sh
[ "$1 $2" = 'completion words' ] || exit 1
echo "$*" >> ${dir}/asked
for word in n01 n02 compute statelite=img1 statelite policy.rule= litefile; do
  case "$word" in "$4"*) echo "$word" ;; esac
done
`;
  writeFileSync(join(dir, 'litehouse'), asked, { mode: 0o755 });
}

/** What the fake was asked last. */
function lastAsked(dir: string): string | undefined {
  const file = join(dir, 'asked');
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n').at(-1) : undefined;
}

interface Completed {
  readonly words: readonly string[];
  readonly asked: string | undefined;
}

/** Promises that both scripts keep; `complete`: what a shell would offer for a line, and what it asked litehouse for. */
function completes(complete: (line: string) => Promise<Completed>): void {
  const words = async (line: string) => [...(await complete(line)).words].sort();
  const asked = async (line: string) => (await complete(line)).asked;

  test('commands, options, nodes, states and cells', async () => {
    expect(await words('litehouse nodese')).toEqual(['nodeset']);
    expect(await words('litehouse nodeset --dry')).toEqual(['--dry-run']);
    expect(await words('litehouse nodeset n0')).toEqual(['n01', 'n02']);
    expect(await words('litehouse nodeset n01 --dry-run state')).toEqual(['statelite', 'statelite=img1']);
    expect(await words('litehouse chtab node=n01 policy.r')).toEqual(['policy.rule=']);
    expect(await words('litehouse completion ')).toEqual(['bash', 'zsh']);
    expect(await words('litehouse nodes n0')).toEqual(['n01', 'n02']);
    expect(await words('litehouse nodes log n0')).toEqual(['n01', 'n02']);
    expect(await words('litehouse images lock co')).toEqual(['compute']);
    expect(await words('litehouse genimage --perm')).toEqual(['--permission']);
  });

  test('pass on which server or repository the line names, in either form', async () => {
    expect(await asked('litehouse nodeset --dir /x n0')).toBe('completion words nodes n0 --dir /x');
    expect(await asked('litehouse nodeset --dir=/x n0')).toBe('completion words nodes n0 --dir=/x');
    expect(await asked('litehouse nodeset n01 --dir /x st')).toBe('completion words states st --dir /x');
    expect(await asked('litehouse nodels --repo "/ab" --at HEAD~1 n0')).toBe(
      'completion words nodes n0 --repo /ab --at HEAD~1',
    );
    expect(await asked('litehouse nodes --server http://h:3080 --token-file ~/t n0')).toBe(
      'completion words nodes n0 --server http://h:3080 --token-file /home/ada/t',
    );
  });

  test('count no value of an option as an argument, and pass on no other option', async () => {
    expect(await words('litehouse nodeset -m why n0')).toEqual(['n01', 'n02']);
    expect(await words('litehouse nodeset --message why n01 state')).toEqual(['statelite', 'statelite=img1']);
    expect(await asked('litehouse nodeset --message why n0')).toBe('completion words nodes n0');
    expect(await asked('litehouse nodes log --dir /x n0')).toBe('completion words nodes n0 --dir /x');
    // What stands after such an option is no node.
    expect(await asked('litehouse nodeset --message n0')).toBeUndefined();
    expect(await asked('litehouse nodeset --dir n0')).toBeUndefined();
  });

  test('the classic commands called by their own links', async () => {
    expect(await words('nodeset n0')).toEqual(['n01', 'n02']);
    expect(await asked('nodeset --dir /x n01 st')).toBe('completion words states st --dir /x');
    expect(await words('/usr/bin/chtab policy.r')).toEqual(['policy.rule=']);
  });
}

describe('the script for bash completes', () => {
  async function complete(line: string): Promise<Completed> {
    const dir = temporary();
    writeFileSync(join(dir, 'completion.bash'), (await litehouse('/', 'completion', 'bash')).out);
    fakeLitehouse(dir);
    // As readline cuts the line: at blanks and at each character of COMP_WORDBREAKS.
    const cut = line.split(/ +|([=:])/).filter((word) => word !== undefined && word !== '');
    if (line.endsWith(' ')) cut.push('');
    const array = cut.map((word) => `'${word}'`).join(' ');
    const run = `source ./completion.bash; compopt() { :; }; COMP_LINE='${line}'; COMP_POINT=\${#COMP_LINE}; COMP_WORDS=(${array}); COMP_CWORD=${cut.length - 1}; _litehouse; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = spawnSync('bash', ['--norc', '--noprofile', '-c', run], {
      cwd: dir,
      encoding: 'utf8',
      env: { PATH: `${dir}:${process.env.PATH}`, HOME: '/home/ada' },
    });
    expect(stderr).toBe('');
    return { words: stdout.split('\n').filter((word) => word !== ''), asked: lastAsked(dir) };
  }

  completes(complete);

  test('behind the = at which bash cuts', async () => {
    const words = async (line: string) => (await complete(line)).words;
    expect(await words('litehouse nodeset n01 statelite=')).toEqual(['img1']);
    expect(await words('litehouse nodeset n01 statelite=i')).toEqual(['img1']);
    expect(await words('litehouse images co')).toEqual(['compute']);
    expect(await words('litehouse images l')).toEqual(['lock', 'log', 'litefile']);
  });
});

const zshMissing = spawnSync('zsh', ['--version']).error;

describe('the script for zsh', () => {
  test('can be judged where nothing may be passed over', () => {
    if (zshMissing !== undefined) console.error(`NOT CHECKED: zsh's completion (${zshMissing.message}); install zsh`);
    if (process.env.CI === 'true') expect(zshMissing).toBeUndefined();
  });

  test('names every command and is well formed', async () => {
    const script = (await litehouse('/', 'completion', 'zsh')).out;
    expect(script).toMatch(/^#compdef litehouse chtab /m);
    for (const name of ['nodeset', 'chtab', 'tabedit', 'litetree', 'serve'])
      expect(script).toMatch(new RegExp(`^    ${name}\\) `, 'm'));
    if (zshMissing === undefined)
      expect(spawnSync('zsh', ['-n'], { input: script, encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
  });

  /** As zsh's own widget calls it: with its words, and with `compadd` taking those that begin as what is typed. */
  describe.skipIf(zshMissing !== undefined)('completes', () => {
    completes(async (line) => {
      const dir = temporary();
      writeFileSync(join(dir, '_litehouse'), (await litehouse('/', 'completion', 'zsh')).out);
      fakeLitehouse(dir);
      const typed = line.split(/ +/).map((word) => `'${word}'`);
      const run = `compdef() { : }
_files() { : }
compadd() {
  local word
  while [[ $1 != -- ]]; do shift; done
  shift
  for word; do [[ $word == $PREFIX* ]] && print -r -- $word; done
  return 0
}
source ./_litehouse
words=(${typed.join(' ')}) CURRENT=${typed.length} PREFIX=${typed.at(-1)}
_litehouse`;
      const { stdout, stderr } = spawnSync('zsh', ['-f', '-c', run], {
        cwd: dir,
        encoding: 'utf8',
        env: { ...process.env, PATH: `${dir}:${process.env.PATH}`, HOME: '/home/ada' },
      });
      expect(stderr).toBe('');
      return { words: stdout.split('\n').filter((word) => word !== ''), asked: lastAsked(dir) };
    });
  });
});
