/** The tree that the bench `liteimg` links in, and the cookbook's rows for RedHat (chapter 2.2). */
import { linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { LinkEntry } from '../../core/image/liteimg/entry.ts';

/** In the cookbook's order and spelling; those marked with a dash are not in the tree. */
const words = `/etc/adjtime /etc/fstab /etc/inittab -/etc/lvm/.cache /etc/mtab /etc/ntp.conf -/etc/ntp.conf.predhclient
/etc/resolv.conf -/etc/resolv.conf.predhclient /etc/ssh/ /tmp/ -/var/account/ /var/arpwatch -/var/cache/alchemist
/var/cache/foomatic/ /var/cache/logwatch/ /var/cache/man/ -/var/cache/mod_ssl/ -/var/cache/mod_proxy/ -/var/cache/php-pear/
/var/cache/systemtap/ /var/empty/ /var/db/nsd/ -/var/gdm/ /var/lib/dav/ /var/lib/dhcp/ /var/lib/dhclient/ /var/lib/php/
-/var/lib/scsi/ -/var/lib/ups/ /var/lib/random-seed /var/lib/iscsi /var/lib/logrotate.status /var/lib/ntp/ -/var/lib/xen/ntp
/var/lock/ /var/log/ /var/run/ /var/tmp/ -/var/tux/ /opt/xcat/ -/xcatpost/`.split(/\s+/);

export function redhatRows(): LinkEntry[] {
  return words.map((word) => {
    const file = word.replace('-', word.startsWith('-') ? '' : '-');
    return { path: file.replace(/\/$/, ''), directory: file.endsWith('/'), kind: 'link' };
  });
}

/** A root of so many files, of which each 500 are one: names cost, not contents. */
export function makeRoot(root: string, files: number): void {
  mkdirSync(`${root}/.statelite`, { recursive: true });
  for (let made = 0; made < files; made += 500) {
    const directory = `${root}/usr/lib/many/d${made / 500}`;
    mkdirSync(directory, { recursive: true });
    writeFileSync(`${directory}/f0`, 'text\n');
    for (let i = 1; i < 500 && made + i < files; i++) linkSync(`${directory}/f0`, `${directory}/f${i}`);
  }
  makeRowFiles(root);
}

/** What the rows name, as far as the image has it: files, and directories of three files. */
export function makeRowFiles(root: string): void {
  for (const word of words) {
    if (word.startsWith('-')) continue;
    const path = root + word;
    mkdirSync(dirname(path), { recursive: true });
    if (!word.endsWith('/')) writeFileSync(path, `${word}\n`);
    else {
      mkdirSync(path, { recursive: true });
      for (const name of ['a', 'b', 'c']) writeFileSync(`${path}${name}`, word);
    }
  }
}

/** Takes away all that the rows or their links are. */
export function unmakeRows(root: string): void {
  for (const top of ['etc', 'var', 'tmp', 'opt', 'xcatpost', '.default', '.statelite'])
    rmSync(`${root}/${top}`, { recursive: true, force: true });
  mkdirSync(`${root}/.statelite`);
}
