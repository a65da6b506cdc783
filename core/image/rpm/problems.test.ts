/** What rpm, dnf and zypper say, and whom that blames. */
import { expect, it } from 'vitest';
import { CommandFailed } from '../../apply/run-command.ts';
import { PackageProblem } from '../base/problem.ts';
import { explained, nameOf, namesIn } from './problems.ts';

it.each([
  ['bash-5.1-2.el9.x86_64', 'bash'],
  ['java-11-openjdk-headless-1:11.0.2-1.noarch', 'java-11-openjdk-headless'],
  ['bash', 'bash'],
])('knows the name of %s', (nevra, name) => {
  expect(nameOf(nevra)).toBe(name);
});

it.each([
  ['Error: Unable to find a match: one two', ['one', 'two']],
  ["Module or Group 'nobodys' is not available.", ['@nobodys']],
  ["No provider of 'one' found.", ['one']],
  ["No provider of 'pattern() = base' found.", ['@base']],
  ["No provider of 'pattern:base' found.", ['@base']],
  ["No provider of 'one = 9-9' found.", ['one']],
  ['Problem: nothing provides more needed by lonely-1-1.noarch', ['lonely']],
  ['  - nothing provides more needed by lonely-1-1.noarch from lab', ['lonely']],
  ['enemy-1-1.noarch conflicts with tool provided by tool-2-1.noarch', ['enemy', 'tool']],
  ['file /etc/x from install of a-1-1.noarch conflicts with file from package b-c-1-1.noarch', ['a', 'b-c']],
  [
    'error: %prein(bad-pre-1-1.noarch) scriptlet failed, exit status 4\nerror: bad-pre-1-1.noarch: install failed',
    ['bad-pre'],
  ],
  ['installing package coreutils-1-1.x86_64 needs 5MB more space on the / filesystem', ['coreutils']],
  ['all is well', []],
])('finds in "%s" who is meant', (text, names) => {
  expect(namesIn(text)).toEqual(names);
});

it('keeps the end of what was said, and names a repository that could not be read with its place in the commit', () => {
  const of = { type: '', url: 'http://x/', alias: 'far', from: 'linuximage.pkgdir, tables/linuximage.csv:2' };
  const far = { alias: 'far', baseUrl: 'http://x/', directory: undefined, listing: undefined, of };
  const near = { ...far, alias: 'near', baseUrl: 'http://y/', of: { ...of, alias: 'near', url: 'http://y/' } };
  const failed = new CommandFailed(
    ['dnf'],
    'ended with status 1',
    "Error: Failed to download metadata for repo 'far': no route",
  );
  const problem = explained('it failed', failed, [far, near]);
  expect(problem).toBeInstanceOf(PackageProblem);
  const text = String(problem);
  expect(text).toContain('Failed to download metadata');
  expect(text).toContain('repository far is http://x/ (linuximage.pkgdir, tables/linuximage.csv:2)');
  expect(text).not.toContain('http://y/');
});

it.each([
  'was stopped',
  'was killed by SIGKILL',
])('leaves the error of what %s as it is: no package is to blame', (end) => {
  const failed = new CommandFailed(['dnf'], end, 'No match for argument: bash');
  expect(explained('it failed', failed)).toBe(failed);
});
