/** Where each system's own rpm looks for its packages. */
import { expect, it } from 'vitest';
import { rpmDatabase } from './database.ts';

it.each([
  ['rhels5.4', '/var/lib/rpm', 'bdb'],
  ['rhels8.6', '/var/lib/rpm', 'bdb'],
  ['rocky9', '/var/lib/rpm', 'sqlite'],
  ['alma10', '/usr/lib/sysimage/rpm', 'sqlite'],
  ['fedora32', '/var/lib/rpm', 'bdb'],
  ['fedora34', '/var/lib/rpm', 'sqlite'],
  ['fedora40', '/usr/lib/sysimage/rpm', 'sqlite'],
  ['sles11.1', '/var/lib/rpm', 'bdb'],
  ['sles15.5', '/usr/lib/sysimage/rpm', 'ndb'],
  ['opensuse42.3', '/var/lib/rpm', 'bdb'],
  ['leap15.6', '/usr/lib/sysimage/rpm', 'ndb'],
  ['tumbleweed', '/usr/lib/sysimage/rpm', 'ndb'],
])('%s: %s, %s', (os, path, backend) => {
  expect(rpmDatabase(os)).toEqual({ path, backend });
});
