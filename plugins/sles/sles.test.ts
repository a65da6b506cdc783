/** Names of systems of this family, and what zypper's XML says of a transaction. */
import { expect, it } from 'vitest';
import { foldersOf, isSuse, versionOf } from './releases.ts';
import { summaryOf } from './zypper.ts';

it.each([
  ['sles11.1', '11.1', ['sles', 'sles11.1']],
  ['sle15.5', '15.5', ['sles', 'sle15.5']],
  ['opensuse-leap15.6', '15.6', ['opensuse', 'suse', 'sles', 'opensuse-leap15.6']],
  ['tumbleweed', '', ['opensuse', 'suse', 'sles', 'tumbleweed']],
])('%s', (os, version, folders) => {
  expect([isSuse(os), versionOf(os), foldersOf(os)]).toEqual([true, version, folders]);
});

it.each(['rhels9', 'debian12', 'sles15sp5'])('%s is not of it', (os) => {
  expect(isSuse(os)).toBe(false);
});

it('tells what is installed, replaced and removed; patterns are no packages', () => {
  const solvable = (name: string, type = 'package') =>
    `<solvable type="${type}" name="${name}" edition="7:1-2" arch="noarch"/>`;
  const xml = `<install-summary><to-install>${solvable('new')}${solvable('base', 'pattern')}</to-install>
<to-upgrade>${solvable('up')}</to-upgrade><to-remove>${solvable('gone')}</to-remove></install-summary>`;
  const one = (name: string) => [{ name, evr: '7:1-2', arch: 'noarch' }];
  expect(summaryOf(xml)).toEqual({ taken: one('new'), replaced: one('up'), removed: one('gone') });
});
