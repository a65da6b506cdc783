/** Takes out of a finished tree what would be the same on every node and must not be, and what only the build needed. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileInside, linkInside, placeInside, putInside, removeInside } from './place.ts';

const needless = [
  'usr/sbin/policy-rc.d',
  'var/lib/systemd/random-seed',
  'var/lib/systemd/credential.secret',
  'var/lib/random-seed',
  'var/cache/ldconfig/aux-cache',
  'etc/.pwd.lock',
];

const dbusId = 'var/lib/dbus/machine-id';

/**
 * Host keys of ssh that a package made in the tree would be readable by every node, and the same on all: they go, and each node has its
 * own in a persistent file or an overlay. An empty machine-id makes systemd take one for the time that the node is up.
 */
export async function cleanTree(root: string): Promise<void> {
  for (const path of needless) await removeInside(root, path);
  // As Debian has it; D-Bus would find none of its own on a read-only root.
  if ((await fileInside(root, dbusId)) !== undefined) await linkInside(root, dbusId, '/etc/machine-id');
  if ((await fileInside(root, 'etc/machine-id')) !== undefined) await putInside(root, 'etc/machine-id', '', 0o444);
  const ssh = await placeInside(root, 'etc/ssh/.');
  for (const name of ssh === undefined ? [] : await readdir(ssh).catch(() => []))
    if (/^ssh_host_.*key(\.pub)?$/.test(name)) await removeInside(root, join('etc/ssh', name));
}
