import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { litehouse } from '../../test/server/command-line.ts';
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

  test('nothing, and no error, where there is no repository', async () => {
    expect(await litehouse(temporary(), 'completion', 'words', 'nodes')).toEqual({ status: 0, out: '', err: '' });
  });
});

describe('the script for bash', () => {
  /** What bash would offer for a line, with `litehouse` as a script that answers for the tables. */
  async function complete(line: string): Promise<string[]> {
    const dir = temporary();
    const script = (await litehouse('/', 'completion', 'bash')).out;
    writeFileSync(join(dir, 'completion.bash'), script);
    const asked = `#!/bin/sh
[ "$1 $2" = 'completion words' ] || exit 1
for word in n01 n02 compute statelite=img1 statelite policy.rule= litefile; do
  case "$word" in "$4"*) echo "$word" ;; esac
done
`;
    writeFileSync(join(dir, 'litehouse'), asked);
    chmodSync(join(dir, 'litehouse'), 0o755);
    // As readline cuts the line: at blanks and at each character of COMP_WORDBREAKS.
    const cut = line.split(/ +|(=)/).filter((word) => word !== undefined && word !== '');
    if (line.endsWith(' ')) cut.push('');
    const array = cut.map((word) => `'${word}'`).join(' ');
    const run = `source ./completion.bash; compopt() { :; }; COMP_LINE='${line}'; COMP_POINT=\${#COMP_LINE}; COMP_WORDS=(${array}); COMP_CWORD=${cut.length - 1}; _litehouse; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = spawnSync('bash', ['--norc', '--noprofile', '-c', run], {
      cwd: dir,
      encoding: 'utf8',
      env: { PATH: `${dir}:${process.env.PATH}` },
    });
    expect(stderr).toBe('');
    return stdout.split('\n').filter((word) => word !== '');
  }

  test('completes commands, options, nodes, states and cells', async () => {
    expect(await complete('litehouse nodese')).toEqual(['nodeset']);
    expect(await complete('litehouse nodeset --dry')).toEqual(['--dry-run']);
    expect(await complete('litehouse nodeset n0')).toEqual(['n01', 'n02']);
    expect(await complete('litehouse nodeset n01 --dry-run state')).toEqual(['statelite=img1', 'statelite']);
    expect(await complete('litehouse nodeset n01 statelite=')).toEqual(['img1']);
    expect(await complete('litehouse nodeset n01 statelite=i')).toEqual(['img1']);
    expect(await complete('litehouse chtab node=n01 policy.r')).toEqual(['policy.rule=']);
    expect(await complete('litehouse completion ')).toEqual(['bash', 'zsh']);
    expect(await complete('litehouse images co')).toEqual(['compute']);
    expect(await complete('litehouse images l')).toEqual(['lock', 'log', 'litefile']);
    expect(await complete('litehouse nodes n0')).toEqual(['n01', 'n02']);
    expect(await complete('litehouse nodes log n0')).toEqual(['n01', 'n02']);
    expect(await complete('litehouse images lock co')).toEqual(['compute']);
    expect(await complete('litehouse genimage --perm')).toEqual(['--permission']);
  });
});

test('the script for zsh names every command', async () => {
  const script = (await litehouse('/', 'completion', 'zsh')).out;
  expect(script).toMatch(/^#compdef litehouse$/m);
  for (const name of ['nodeset', 'chtab', 'tabedit', 'litetree', 'serve'])
    expect(script).toMatch(new RegExp(`^    ${name}\\) `, 'm'));
  if (spawnSync('zsh', ['--version']).status === 0)
    expect(spawnSync('zsh', ['-n'], { input: script, encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
});
