/** The dracut form: what is handed to dracut, and once a real dracut (half a minute: packages dracut, dracut-network, nfs-common). */

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { commandRunner } from '../../apply/run-command.ts';
import type { CommandRunner } from '../../plugin/plugin.ts';
import { nodeProgram } from '../node/program.ts';
import { buildDracutInitrd, type DracutOptions } from './dracut.ts';

let directory: string;
let copy: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'litehouse-dracut-test-'));
  copy = join(directory, 'copy');
  put('boot/vmlinuz-6.1.0-test', 'kernel');
  put('lib/modules/6.1.0-test/modules.dep', '');
  put('lib/modules/6.1.0-test/modules.builtin', 'kernel/fs/nfs/nfs.ko\n');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function put(path: string, content: string): void {
  mkdirSync(dirname(join(copy, path)), { recursive: true });
  writeFileSync(join(copy, path), content);
}

const build = (confined: CommandRunner, more: Partial<DracutOptions> = {}) =>
  buildDracutInitrd({
    rootimg: copy,
    copy,
    kernelVersion: '6.1.0-test',
    out: join(directory, 'initrd.gz'),
    netdrivers: [],
    permission: '750',
    program: nodeProgram(),
    run: commandRunner(),
    confined,
    log: () => undefined,
    ...more,
  });
const never: CommandRunner = () => Promise.reject(new Error('not to be run'));

test('an image without dracut, or without its nfs module, is refused with the packages to add', async () => {
  await expect(build(never)).rejects.toThrow('the image has no dracut: add dracut and dracut-network');
  mkdirSync(join(copy, 'usr/lib/dracut/modules.d/99base'), { recursive: true });
  await expect(build(never)).rejects.toThrow('no module nfs: add dracut-network');
});

test('dracut is run confined, by the settings of nobody, with our module in the copy', async () => {
  for (const name of ['95nfs', '35network-legacy'])
    mkdirSync(join(copy, 'usr/lib/dracut/modules.d', name), { recursive: true });
  const asked: string[][] = [];
  const made = await build(
    async (command, args) => {
      asked.push([command, ...args]);
      put('run/litehouse/initrd.gz', 'made');
      return { stdout: '', stderr: '' };
    },
    { netdrivers: ['igb', 'amd-xgbe'], bootInterface: 'eth1' },
  );
  expect(made.bytes).toBe(4);
  expect(asked).toEqual([expect.arrayContaining(['dracut', '--no-hostonly', '--kver', '6.1.0-test', '/dev/null'])]);
  expect(asked[0]?.join(' ')).toContain(
    '--modules network-legacy bash base fs-lib network nfs udev-rules usrmount shutdown statelite',
  );
  const at = join(copy, 'usr/lib/dracut/modules.d/97statelite');
  expect(readFileSync(join(at, 'litehouse.conf'), 'utf8')).toContain("netdrivers='igb amd_xgbe'");
  expect(readFileSync(join(at, 'statelite'), 'utf8')).toBe(nodeProgram());
});

test.each([
  'usr/lib/dracut/modules.d',
  'usr/lib/dracut',
  'usr',
  'run',
])('a link of the image at /%s leads nothing of this server into the initrd, and nothing of the initrd out', async (path) => {
  const outside = join(directory, 'outside');
  mkdirSync(join(outside, 'litehouse'), { recursive: true });
  writeFileSync(join(outside, 'litehouse/initrd.gz'), 'of the server');
  for (const name of ['95nfs', 'lib/dracut/modules.d/95nfs', 'modules.d/95nfs'])
    mkdirSync(join(outside, name), { recursive: true });
  const before = readdirSync(outside, { recursive: true }).sort();
  mkdirSync(join(copy, 'usr/lib/dracut/modules.d/95nfs'), { recursive: true });
  rmSync(join(copy, path), { recursive: true, force: true });
  symlinkSync(outside, join(copy, path));
  const dracut: CommandRunner = async () => ({ stdout: '', stderr: '' });
  await expect(build(dracut)).rejects.toThrow(/no dracut|left no plain file/);
  expect(readdirSync(outside, { recursive: true }).sort()).toEqual(before);
});

test.each([
  ['a link to a file of this server', () => symlinkSync('/etc/passwd', join(copy, 'run/litehouse/initrd.gz'))],
  ['a fifo', () => execFileSync('mkfifo', [join(copy, 'run/litehouse/initrd.gz')])],
  ['nothing', () => undefined],
])('an image whose dracut leaves %s as its initrd fails', async (_, leave) => {
  mkdirSync(join(copy, 'usr/lib/dracut/modules.d/95nfs'), { recursive: true });
  const dracut: CommandRunner = async () => {
    leave();
    return { stdout: '', stderr: '' };
  };
  await expect(build(dracut)).rejects.toThrow('dracut left no plain file as its initrd');
});

test('a real dracut makes an initrd with the program, its hooks and its busybox', async () => {
  cpSync('/usr/lib/dracut', join(copy, 'usr/lib/dracut'), { recursive: true });
  mkdirSync(join(copy, 'run'));
  const root = join(directory, 'root');
  const run = commandRunner();
  // This host's programs with the copy on top, in a mount namespace of its own; what dracut makes in /run reaches the copy.
  const script = `set -e
    mkdir -p "$1"; mount -t tmpfs tmpfs "$1"; mkdir "$1"/upper "$1"/work "$1"/root
    mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
    for each in proc sys dev; do mount --rbind /$each "$1/root/$each"; done
    for each in run boot lib/modules usr/lib/dracut; do mkdir -p "$1/root/$each"; mount --bind "$2/$each" "$1/root/$each"; done
    mount -t tmpfs tmpfs "$1/root/tmp"
    root=$1/root; shift 2; exec chroot "$root" "$@"`;
  const confined: CommandRunner = (command, args) =>
    run('unshare', [
      '--mount',
      '--pid',
      '--fork',
      '--kill-child',
      'bash',
      '-c',
      script,
      'bash',
      root,
      copy,
      command,
      ...args,
    ]);
  await build(confined, { localdisk: true });
  const cpio = gunzipSync(readFileSync(join(directory, 'initrd.gz')));
  const to = join(directory, 'unpacked');
  mkdirSync(to);
  execFileSync('cpio', ['-i', '--quiet', '--no-preserve-owner'], { cwd: to, input: cpio, maxBuffer: 2 ** 28 });
  expect(readFileSync(join(to, 'usr/lib/litehouse/statelite'), 'utf8')).toBe(nodeProgram());
  expect(readFileSync(join(to, 'usr/lib/litehouse/busybox')).equals(readFileSync('/bin/busybox'))).toBe(true);
  expect(readFileSync(join(to, 'etc/litehouse.conf'), 'utf8')).toContain("permission='750'");
  for (const hook of ['pre-pivot/50-pre-pivot.sh', 'cmdline/10-parse-statelite.sh'])
    expect(readFileSync(join(to, 'usr/lib/dracut/hooks', hook), 'utf8'), hook).toContain('litehouse');
});
