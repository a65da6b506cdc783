/** Names of systems: which are of this family, and what follows from them. */
import { expect, it } from 'vitest';
import { foldersOf, isRedHat, majorOf, versionOf } from './releases.ts';

it.each([
  ['rhels5.4', '5.4', undefined, ['rh', 'rhels5.4']],
  ['rhel9', '9', 'el9', ['rh', 'rhel9']],
  ['centos8', '8', 'el8', ['centos', 'rh', 'centos8']],
  ['rocky9.4', '9.4', 'el9', ['rocky', 'rh', 'rocky9.4']],
  ['alma10', '10', 'el10', ['alma', 'rh', 'alma10']],
  ['ol8.6', '8.6', 'el8', ['ol', 'rh', 'ol8.6']],
  ['fedora40', '40', 'f40', ['fedora', 'rh', 'fedora40']],
])('%s', (os, version, platform, folders) => {
  expect([isRedHat(os), versionOf(os), majorOf(os), foldersOf(os)]).toEqual([true, version, platform, folders]);
});

it.each(['debian12', 'sles15', 'rhels', 'rhels5.4x', 'aix7'])('%s is not of it', (os) => {
  expect(isRedHat(os)).toBe(false);
});
