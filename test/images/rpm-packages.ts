/** Packages whose scripts do what those of distributions do, and what they must not. */
import type { MadePackage } from '../fixtures/rpm-repository.ts';

/** Adds a line to a file that tells in which order scripts ran. */
const note = (word: string): string => `echo ${word} >> /var/order`;

/** What package `slow` waits for: no other process of this host has these words. */
export const longSleep = `sleep 86${process.pid}.25`;

/** In the repository of the distribution. `marker` is a file of the server that nothing may make. */
export function testPackages(secret: string, marker: string): MadePackage[] {
  const needsShell = 'Requires(pre): /bin/sh coreutils';
  return [
    { name: 'tool', version: '1', files: { '/usr/share/tool': { text: 'one\n' } } },
    { name: 'tool', version: '2', files: { '/usr/share/tool': { text: 'two\n' } } },
    {
      name: 'patterns-lab',
      header: ['Provides: pattern() = lab', 'Provides: pattern-visible()', 'Requires: tool', 'Requires: weighty'],
    },
    // What brings a kernel is named in the one way by Red Hat, in the other by SUSE.
    ...['kernel', 'kernel-default'].map((name) => ({
      name,
      version: '5.14.0',
      release: '70.el9',
      header: ['Requires: kernel-core = 5.14.0'],
    })),
    { name: 'weighty', version: '3', header: ['Epoch: 7'], files: { '/usr/share/weighty': { text: 'weighty\n' } } },
    {
      name: 'scripts',
      header: [needsShell],
      files: { '/usr/share/scripts': { text: 'scripts\n' } },
      scripts: {
        '%pretrans -p <lua>': `local f = io.open("${marker}", "w"); if f then f:close() end`,
        '%pre': note('pre'),
        '%post': `${note('post')}\necho 'written in place' >> /etc/motd\n[ -c /dev/null ] && [ -r /proc/self/status ] && ${note('devices')}`,
        '%posttrans': note('posttrans'),
        '%preun': note('preun'),
        '%triggerin -- later': note('trigger'),
        '%transfiletriggerin -- /usr/share/later': `cat > /dev/null\n${note('filetrigger')}`,
      },
    },
    { name: 'later', header: ['Requires(post): scripts'], files: { '/usr/share/later/file': { text: 'later\n' } } },
    {
      name: 'climber',
      header: [needsShell],
      scripts: {
        // rpm itself holds the directory open that it was in before it changed its root.
        '%post': `for f in /proc/$PPID/fd/*; do
  up=$f/..
  [ -d "$up/rootimg" ] || continue
  echo out; ls -A "$up"
  cat "$up/etc/shadow" "$up${secret}" 2>&1
  touch "$up/usr/escaped" && echo WROTE
  for p in "$f"/*.rpm; do touch "$p" && echo WROTE; done
  cat /proc/net/dev
done > /var/climbed 2>&1; true`,
      },
    },
    {
      name: 'own-rpm',
      header: [needsShell],
      files: {
        '/usr/bin/rpmdb': { text: '#!/bin/sh\necho "$@" > /var/taken-over\ncat >> /var/taken-over\n', mode: 0o755 },
      },
    },
    { name: 'bad-pre', header: [needsShell], scripts: { '%pre': 'echo the reason >&2; exit 4' } },
    {
      name: 'bad-post',
      header: [needsShell],
      scripts: { '%post': 'exit 3' },
      files: { '/usr/share/bad-post': { text: 'in\n' } },
    },
    { name: 'slow', header: [needsShell], scripts: { '%post': `echo sleeping; ${longSleep}` } },
    { name: 'clash-a', files: { '/usr/share/clash': { text: 'a' } } },
    { name: 'clash-b', files: { '/usr/share/clash': { text: 'b' } } },
    { name: 'enemy', header: ['Conflicts: tool'] },
    { name: 'lonely', header: ['Requires: nothing-has-it'] },
  ];
}

/** Not of the distribution: for otherpkgs, and for a part of it. */
export const otherPackages: readonly MadePackage[] = [
  { name: 'third-party', files: { '/opt/third/party': { text: '3\n' } } },
];
export const subPackages: readonly MadePackage[] = [{ name: 'deeper', files: { '/opt/deeper': { text: '4\n' } } }];

export const groups = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE comps PUBLIC "-//Red Hat, Inc.//DTD Comps info//EN" "comps.dtd">
<comps><group><id>lab</id><name>Lab</name><description>l</description><default>false</default><uservisible>true</uservisible>
<packagelist><packagereq type="mandatory">tool</packagereq><packagereq type="mandatory">weighty</packagereq></packagelist></group></comps>
`;
