/** The built-in initrd and the kernel that it is for, from small made-up images. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { commandRunner } from '../../apply/run-command.ts';
import { nodeProgram } from '../node/program.ts';
import { buildInitrd, type InitrdOptions, machineOf } from './initrd.ts';
import { compareVersions, findKernel } from './kernel.ts';

let directory: string;
let root: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'litehouse-initrd-test-'));
  root = join(directory, 'rootimg');
  mkdirSync(root);
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function put(path: string, content: string | Buffer): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

const machine = machineOf(readFileSync('/bin/busybox')) ?? 0;
/** As much of an ELF file as anybody looks at. */
function elf(text: string, ofMachine = machine): Buffer {
  const header = Buffer.alloc(64);
  header.write('\x7fELF\x02\x01', 'latin1');
  header.writeUInt16LE(ofMachine, 18);
  return Buffer.concat([header, Buffer.from(text)]);
}

const version = '6.1.0-9-test';
function kernel(): void {
  put(`boot/vmlinuz-${version}`, 'kernel');
  const at = `lib/modules/${version}`;
  put(`${at}/kernel/fs/nfs/nfs.ko`, elf('nfs'));
  put(`${at}/kernel/fs/nfs/nfsv3.ko`, elf('nfsv3'));
  put(`${at}/kernel/net/sunrpc/sunrpc.ko`, elf('sunrpc'));
  put(`${at}/kernel/drivers/net/e1000e.ko`, elf('e1000e'));
  put(`${at}/kernel/drivers/net/ptp-core.ko`, elf('ptp'));
  put(`${at}/kernel/drivers/net/realtek-phy.ko`, elf('phy'));
  put(`${at}/kernel/drivers/net/strange.ko`, elf('strange'));
  put(
    `${at}/modules.dep`,
    [
      'kernel/fs/nfs/nfs.ko: kernel/net/sunrpc/sunrpc.ko',
      'kernel/fs/nfs/nfsv3.ko: kernel/fs/nfs/nfs.ko kernel/net/sunrpc/sunrpc.ko',
      'kernel/net/sunrpc/sunrpc.ko:',
      'kernel/drivers/net/e1000e.ko: kernel/drivers/net/ptp-core.ko',
      'kernel/drivers/net/ptp-core.ko:',
      'kernel/drivers/net/realtek-phy.ko:',
      'kernel/drivers/net/strange.ko:',
      '',
    ].join('\n'),
  );
  put(`${at}/modules.softdep`, '# soft\nsoftdep e1000e pre: realtek-phy\n');
  put(`${at}/modules.builtin`, 'kernel/drivers/virtio/virtio_net.ko\n');
  put(`${at}/modules.alias`, '# aliases\nalias pci:v00008086d* e1000e\nalias pci:v0001d* strange\n');
}

const build = (more: Partial<InitrdOptions> = {}) =>
  buildInitrd({
    rootimg: root,
    kernelVersion: version,
    out: join(directory, 'initrd.gz'),
    netdrivers: [],
    permission: '755',
    program: nodeProgram(),
    run: commandRunner(),
    log: () => undefined,
    ...more,
  });

/** What an initrd holds, as cpio unpacks it. */
function unpack(): (path: string) => string {
  const to = join(directory, 'unpacked');
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to);
  execFileSync('cpio', ['-i', '--quiet'], { cwd: to, input: gunzipSync(readFileSync(join(directory, 'initrd.gz'))) });
  return (path) => readFileSync(join(to, path), 'latin1');
}

describe('an initrd', () => {
  test('holds busybox, init, the boot program and the drivers with all that they need', async () => {
    kernel();
    const { modules } = await build();
    expect(modules).toEqual(['e1000e', 'nfs', 'nfsv3', 'ptp_core', 'realtek_phy', 'sunrpc']);
    const file = unpack();
    expect(file('statelite')).toBe(Buffer.from(nodeProgram()).toString('latin1'));
    expect(file('bin/busybox')).toBe(readFileSync('/bin/busybox', 'latin1'));
    expect(file('init')).toContain('switch_root');
    expect(file(`lib/modules/${version}/ptp_core.ko`)).toContain('ptp');
    expect(file(`lib/modules/${version}/modules.dep`)).toContain('nfsv3.ko: nfs.ko sunrpc.ko\n');
    expect(file(`lib/modules/${version}/modules.alias`)).toBe('alias pci:v00008086d* e1000e\n');
  });

  test('is the same bytes from the same inputs, and others from others', async () => {
    kernel();
    const bytes = async (more: Partial<InitrdOptions> = {}) => {
      await build(more);
      return readFileSync(join(directory, 'initrd.gz'));
    };
    const first = await bytes();
    expect((await bytes()).equals(first)).toBe(true);
    expect((await bytes({ permission: '777' })).equals(first)).toBe(false);
  });

  test('takes the drivers that are named and no others; a built-in one is there already', async () => {
    kernel();
    const { modules } = await build({ netdrivers: ['strange.ko', 'virtio_net', ' '] });
    expect(modules).toEqual(['nfs', 'nfsv3', 'strange', 'sunrpc']);
  });

  test('is refused with the drivers that there are when a named one is missing', async () => {
    kernel();
    await expect(build({ netdrivers: ['e1000x'] })).rejects.toThrow(
      "network driver e1000x is not in the image's kernel (there: e1000e): change it in linuximage.netdrivers",
    );
    await expect(build({ netdrivers: ['e1000x'], netdriversFrom: 'tables/linuximage.csv:7' })).rejects.toThrow(
      'change it in linuximage.netdrivers (tables/linuximage.csv:7) or with litehouse genimage -n',
    );
  });

  test('unpacks compressed modules, which busybox cannot load', async () => {
    kernel();
    const at = join(root, 'lib/modules', version);
    execFileSync('xz', ['-q', join(at, 'kernel/fs/nfs/nfs.ko')]);
    execFileSync('zstd', ['-q', '--rm', join(at, 'kernel/fs/nfs/nfsv3.ko')]);
    execFileSync('gzip', [join(at, 'kernel/net/sunrpc/sunrpc.ko')]);
    const dep = readFileSync(join(at, 'modules.dep'), 'utf8');
    put(
      `lib/modules/${version}/modules.dep`,
      dep
        .replaceAll('nfs/nfs.ko', 'nfs/nfs.ko.xz')
        .replaceAll('nfsv3.ko', 'nfsv3.ko.zst')
        .replaceAll('sunrpc.ko', 'sunrpc.ko.gz'),
    );
    await build();
    const file = unpack();
    for (const name of ['nfs', 'nfsv3', 'sunrpc'])
      expect(file(`lib/modules/${version}/${name}.ko`), name).toBe(elf(name).toString('latin1'));
    expect(file(`lib/modules/${version}/modules.dep`)).toContain('nfsv3.ko: nfs.ko sunrpc.ko\n');
  });

  test('never packs a file of the server that a link of the image leads to', async () => {
    kernel();
    writeFileSync(join(directory, 'secret'), 'of the server');
    rmSync(join(root, `lib/modules/${version}/kernel/fs/nfs/nfsv3.ko`));
    symlinkSync(join(directory, 'secret'), join(root, `lib/modules/${version}/kernel/fs/nfs/nfsv3.ko`));
    await expect(build()).rejects.toThrow('module nfsv3 is in modules.dep, but not in the image');
  });

  test('takes only interface names and modes that can be', async () => {
    kernel();
    await expect(build({ bootInterface: "eth0'; reboot; '" })).rejects.toThrow('is no name of a network interface');
    await expect(build({ permission: '75a' })).rejects.toThrow('is no mode');
    await build({ bootInterface: 'eth1', otherInterfaces: ['ib0', 'eth2'], permission: '0777' });
    expect(unpack()('etc/litehouse.conf')).toContain("permission='0777'\nbootif='eth1'\notherifs='ib0 eth2'\n");
  });

  test("takes the image's own static busybox where the image is for other hardware", async () => {
    kernel();
    const other = machine === 21 ? 62 : 21;
    for (const name of ['fs/nfs/nfs', 'fs/nfs/nfsv3', 'net/sunrpc/sunrpc', 'drivers/net/e1000e'])
      put(`lib/modules/${version}/kernel/${name}.ko`, elf(name, other));
    await expect(build()).rejects.toThrow("no static busybox for the image's hardware");
    put('bin/busybox', elf('busybox of the image', other));
    await build();
    expect(unpack()('bin/busybox')).toContain('busybox of the image');
  });

  test('needs an NFS client in the kernel, and says so', async () => {
    put(`boot/vmlinuz-${version}`, 'kernel');
    put(`lib/modules/${version}/modules.dep`, '');
    await expect(build()).rejects.toThrow('has no modules.dep');
    put(`lib/modules/${version}/modules.builtin`, 'kernel/fs/ext4.ko\n');
    await expect(build()).rejects.toThrow('has no NFS client');
  });
});

describe('the kernel of an image', () => {
  test('is the newest that has its modules, by numbers and not by letters', async () => {
    for (const each of ['5.10.0-9', '5.10.0-10', '5.9.0-99']) {
      put(`boot/vmlinuz-${each}`, 'k');
      put(`lib/modules/${each}/modules.dep`, '');
    }
    put('boot/vmlinuz-6.0.0', 'without modules');
    put('boot/vmlinuz-0-rescue-abc', 'k');
    expect((await findKernel(root)).version).toBe('5.10.0-10');
  });

  test('is the one that was asked for, also where it lies with its modules', async () => {
    put('usr/lib/modules/5.14.0/vmlinuz', 'k');
    put('boot/vmlinuz-6.1.0', 'k');
    put('usr/lib/modules/6.1.0/modules.dep', '');
    expect(await findKernel(root, '5.14.0')).toMatchObject({
      version: '5.14.0',
      image: expect.stringContaining('usr/lib/modules/5.14.0/vmlinuz'),
    });
  });

  test('is missing with words that say what to do', async () => {
    await expect(findKernel(root)).rejects.toThrow('the image has no kernel');
    put('boot/vmlinuz-6.1.0', 'k');
    await expect(findKernel(root)).rejects.toThrow('kernel 6.1.0 has no modules in the image');
    await expect(findKernel(root, '5.4')).rejects.toThrow('kernel 5.4 is not in the image (there: 6.1.0)');
  });

  test('is never a file of the server that a link leads to', async () => {
    writeFileSync(join(directory, 'secret'), 'of the server');
    mkdirSync(join(root, 'boot'));
    put('lib/modules/9/modules.dep', '');
    symlinkSync(join(directory, 'secret'), join(root, 'boot/vmlinuz-9'));
    await expect(findKernel(root)).rejects.toThrow('the image has no kernel');
  });

  test('versions are ordered as people order them', () => {
    const sorted = [
      '4.4.0-rc1',
      '4.4.0',
      '4.18.0-80.el8',
      '4.18.0-348.el8',
      '5.3.18-150300.59.7-default',
      '6.1.0-9-amd64',
      '6.1.0-13-amd64',
    ];
    expect([...sorted].reverse().sort(compareVersions)).toEqual(sorted);
  });
});
