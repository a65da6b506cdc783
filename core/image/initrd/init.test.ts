/** The built-in initrd's first process: what it says where a boot cannot go on, and that it then goes on by itself. */
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { InitLab } from '../../../test/node/init-lab.ts';
import type { Tree } from '../../../test/node/node-image.ts';

let lab: InitLab;
afterEach(() => lab.stop());

const mac = '00:1a:2b:3c:4d:5e';
/** A machine with one card, whose image has an init. */
function machine(files: Tree = {}): InitLab {
  lab = new InitLab({ '/sysroot/sbin/init': { text: '', mode: 0o755 }, ...files });
  lab.card('eth0', mac);
  lab.bootProgram(['exit 0']);
  return lab;
}
const line = (words: string): Tree => ({ '/proc/cmdline': `${words}\n` });
/** A command that fails as often as given, and says so each time. */
const failing = (times: number, ...lines: string[]) => [
  'echo x >>/failed',
  `[ "$(wc -l </failed)" -gt ${times} ] || { ${lines.join('; ')}; return 1; }`,
];
const switched = /switching to the image's/;

describe('the kernel line', () => {
  test('is read as the boot program reads it: what stands in quotes is part of one word', async () => {
    machine(line('NFSROOT="10.0.0.1:/i" note="a lhdebug init=/no NFSROOT=9.9.9.9:/x b" LHNFS="vers=4.2"'));
    const run = await lab.run('init', { commands: { mount: ['echo "$@" >>/mounts'] }, until: switched });
    expect(lab.text('mounts')).toContain(
      '-i -t nfs -o ro,vers=4.2,proto=tcp,addr=10.0.0.1 10.0.0.1:/i/rootimg /sysroot',
    );
    expect(run.console).toContain("switching to the image's /sbin/init");
    expect(run.console).not.toContain('+ ');
  });

  test('without NFSROOT is nothing that waiting mends: it says which line to mend, over and over', async () => {
    machine(line('XCAT=10.0.0.1:3001'));
    const run = await lab.run('init', { until: /STOPPED[\s\S]*STOPPED/ });
    expect(run.console).toContain('the kernel line has no NFSROOT=server:/directory: mend the boot file');
    expect(run.console).not.toMatch(switched);
  });
});

describe('what is away is said with what to do about it, and waited for', () => {
  test('an interface: by its driver', async () => {
    machine();
    rmSync(join(lab.root, 'sys/class/net/eth0'), { recursive: true });
    const run = await lab.run('init', { until: /no Ethernet interface/ });
    expect(run.console).toContain(
      'no Ethernet interface here (there are: ): is its driver in linuximage.netdrivers? Looking again',
    );
  });

  test('the interface of BOOTIF, with those that there are', async () => {
    machine(line('NFSROOT=10.0.0.1:/i BOOTIF=01-00-1A-2B-3C-4D-99'));
    const run = await lab.run('init', { until: /no Ethernet interface/ });
    expect(run.console).toContain('with the address 01-00-1A-2B-3C-4D-99 here (there are: eth0 )');
  });

  test('a link: by cable and switch port', async () => {
    machine();
    lab.card('eth0', mac, false);
    const run = await lab.run('init', {
      // Plugged in while the node waits.
      commands: {
        sleep: ['usleep 2000', 'echo x >>/naps', '[ "$(wc -l </naps)" -lt 40 ] || echo 1 >/sys/class/net/eth0/carrier'],
      },
      until: switched,
    });
    expect(run.console).toContain('no link on eth0: is the cable in, and the switch port on? Looking again');
    expect(run.console).toContain('eth0 has 10.0.0.5');
  });

  test('a lease: by the MAC that a DHCP server has to know', async () => {
    machine();
    const udhcpc = [...failing(2, ':'), 'echo 10.0.0.5 >/run/litehouse/address'];
    const run = await lab.run('init', { commands: { udhcpc }, until: switched });
    expect(run.console.match(/no DHCP lease on eth0/g)).toHaveLength(2);
    expect(run.console).toContain(`does it know this node's MAC (${mac})? Trying again`);
    expect(run.console).toMatch(switched);
  });

  test('the root: by what the server said', async () => {
    machine();
    const mount = [
      'case "$*" in *nfs*) ;; *) return 0 ;; esac',
      ...failing(2, 'echo "mount: mounting 10.0.0.1:/i/rootimg on /sysroot failed: Connection refused" >&2'),
    ];
    const run = await lab.run('init', { commands: { mount }, until: switched });
    expect(run.console.match(/cannot mount the root/g)).toHaveLength(2);
    expect(run.console).toContain(
      'cannot mount the root 10.0.0.1:/i/rootimg (Connection refused): is the server up, the directory there, and exported to 10.0.0.5? Trying again',
    );
    expect(run.console).toContain('root 10.0.0.1:/i/rootimg is mounted');
  });

  test('the init of the image, by its name on the kernel line', async () => {
    machine(line('NFSROOT=10.0.0.1:/i init=/usr/lib/systemd/systemd'));
    const run = await lab.run('init', { until: /Looking again[\s\S]*Looking again/ });
    expect(run.console).toContain(
      'the image has no program /usr/lib/systemd/systemd: it is no system that can be started',
    );
    expect(run.console).not.toMatch(switched);
  });

  test.each<readonly [string, Tree, string]>([
    ['that is away', { '/sysroot/sbin/init': { link: '../lib/systemd/systemd' } }, '/lib/systemd/systemd'],
    ['that the initrd alone has', { '/sysroot/sbin/init': { link: '/bin/busybox' } }, '/bin/busybox'],
    ['that is a directory', { '/sysroot/sbin/init': { link: '/lib' }, '/sysroot/lib/': '' }, '/lib'],
    ['that is no program', { '/sysroot/sbin/init': { link: '/lib/f' }, '/sysroot/lib/f': { mode: 0o644 } }, '/lib/f'],
    [
      'round in a circle',
      { '/sysroot/sbin/init': { link: 'other' }, '/sysroot/sbin/other': { link: 'init' } },
      '/sbin/init',
    ],
  ])('an init that is a link to what is no program: %s', async (_, files, end) => {
    machine(files);
    const run = await lab.run('init', { until: /Looking again[\s\S]*Looking again/ });
    expect(run.console).toContain(
      end === '/sbin/init'
        ? 'the image has no program /sbin/init'
        : `the image's /sbin/init leads to ${end}, which is no program there`,
    );
    expect(run.console).not.toMatch(switched);
  });

  test('an init behind links is followed as the image follows them', async () => {
    machine({
      '/sysroot/sbin/init': { link: '/lib/systemd/systemd' },
      '/sysroot/lib': { link: '/usr/lib' },
      '/sysroot/usr/lib/systemd/systemd': { link: '../.././lib/real' },
      '/sysroot/usr/lib/real': { mode: 0o755 },
    });
    expect((await lab.run('init', { until: switched })).console).toContain("switching to the image's /sbin/init");
  });
});

describe('a boot program that ends before it is through', () => {
  const dying = [
    'echo x >>/runs',
    'echo "permission $LH_PERMISSION root $LH_ROOT" >>/told',
    '[ "$(wc -l </runs)" -gt 2 ] || exit 7',
  ];

  test('is said and run again after a pause; the root is not switched to before it ends well', async () => {
    machine();
    lab.bootProgram(dying);
    const run = await lab.run('init', { until: switched });
    expect(run.console.match(/the boot program ended with status 7: the root is not ready/g)).toHaveLength(2);
    expect(run.console.indexOf('switching to')).toBeGreaterThan(run.console.lastIndexOf('status 7'));
    expect(lab.text('told')).toBe('permission 755 root /sysroot\n'.repeat(3));
  });

  test('is run again by the dracut hook too, which ends only when the root is ready', async () => {
    machine();
    lab.bootProgram(dying);
    mkdirSync(join(lab.root, 'usr/lib/litehouse'), { recursive: true });
    copyFileSync(join(lab.root, 'bin/busybox'), join(lab.root, 'usr/lib/litehouse/busybox'));
    copyFileSync(join(lab.root, 'statelite'), join(lab.root, 'usr/lib/litehouse/statelite'));
    const run = await lab.run('dracut/pre-pivot.sh');
    expect(run.status).toBe(0);
    expect(run.console.match(/the boot program ended with status 7: the root is not ready/g)).toHaveLength(2);
    expect(lab.text('told')).toBe('permission 755 root /sysroot\n'.repeat(3));
  });
});

test('modules of another kernel than runs are said, with what does not belong together', async () => {
  machine();
  const run = await lab.run('init', { commands: { uname: ['echo 5.10.0-other'] }, until: switched });
  expect(run.console).toContain(
    'WARNING: this initrd holds the modules of kernel 6.1.0-test: kernel and initrd of the boot file do not belong together',
  );
  lab.stop();
  machine();
  expect((await lab.run('init', { until: switched })).console).not.toContain('WARNING');
});

test('a machine without a console boots', async () => {
  machine({ '/dev/console/': '', '/dev/null': '' });
  await lab.run('init');
  expect(lab.text('dev/null')).toMatch(switched);
});
