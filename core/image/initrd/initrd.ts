/** The small built-in initrd: busybox, the needed modules of the image's kernel, and the node's boot program. */
import { createHash } from 'node:crypto';
import { readFile, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { CommandRunner } from '../../plugin/plugin.ts';
import { ownText } from '../node/program.ts';
import { type CpioEntry, cpioArchive } from './cpio.ts';
import { diskModules, loadedByName, needed, usualNetdrivers } from './drivers.ts';
import { findKernel, KernelMissing, readInside } from './kernel.ts';
import { closeModules, readModuleIndex, readModules } from './modules.ts';

export interface InitrdOptions {
  /** The finished root tree; only read. */
  readonly rootimg: string;
  readonly kernelVersion: string;
  /** The file to write. */
  readonly out: string;
  /** linuximage.netdrivers, genimage -n; empty: the usual ones that this kernel has. */
  readonly netdrivers: readonly string[];
  /** The cell that names them, for errors. */
  readonly netdriversFrom?: string;
  /** genimage -i; undefined: BOOTIF of the loader, else the first that gets a lease. */
  readonly bootInterface?: string;
  /** genimage -r: asked for a lease too, without waiting. */
  readonly otherInterfaces?: readonly string[];
  /** Mode of the tmpfs on /.statelite, octal text (genimage --permission). */
  readonly permission: string;
  /** Text of the boot program (`nodeProgram`). */
  readonly program: string;
  /** Disk drivers and filesystems too, for images with bind+localdisk entries. */
  readonly localdisk?: boolean;
  /** A static busybox to take instead of this host's. */
  readonly busybox?: string;
  readonly run: CommandRunner;
  readonly log: (line: string) => void;
}

export interface BuiltInitrd {
  readonly bytes: number;
  /** Modules inside, by name, sorted. */
  readonly modules: readonly string[];
}

const texts = ['init', 'dhcp', 'dracut/module-setup.sh', 'dracut/parse-statelite.sh', 'dracut/pre-pivot.sh'];

/** What shapes an initrd and is not in its options: the texts that are packed with it, in either form. For an artifact's recipe. */
export function initrdRecipe(): string {
  return createHash('sha256')
    .update(['1', ...texts.map((name) => ownText(`../initrd/${name}`))].join('\0'))
    .digest('hex')
    .slice(0, 12);
}

/**
 * Writes the initrd: newc cpio, gzip; the same inputs give the same bytes. Firmware is not in it: a network card that needs some
 * (bnx2, bnx2x, ...) boots with the dracut form.
 * @throws KernelMissing with what to do; RangeError for an interface name or mode that cannot be.
 */
export async function buildInitrd(options: InitrdOptions): Promise<BuiltInitrd> {
  const { out, kernelVersion, log } = options;
  const root = await realpath(options.rootimg);
  const { modules } = await findKernel(root, kernelVersion);
  const index = await readModuleIndex(root, modules);
  const drivers = options.netdrivers.map((name) => name.trim()).filter((name) => name !== '');
  const optional = [
    ...needed,
    ...(drivers.length === 0 ? usualNetdrivers : []),
    ...(options.localdisk === true ? diskModules : []),
  ];
  const { netdriversFrom: from } = options;
  const names = closeModules(
    index,
    drivers,
    optional,
    `linuximage.netdrivers${from === undefined ? '' : ` (${from})`} or with litehouse genimage -n`,
  );
  if (!index.files.has('nfs') && !index.builtin.has('nfs'))
    throw new KernelMissing(
      `kernel ${kernelVersion} has no NFS client (module nfs): nodes could not mount their root; install another kernel`,
    );
  const bytes = await readModules(root, modules, index, names, options.run);
  const busybox = await findBusybox(root, machineOf(bytes.values().next().value), options.busybox);

  const at = `lib/modules/${kernelVersion}`;
  const entries: CpioEntry[] = [
    ...['bin', 'dev', 'etc', 'lib', 'lib/modules', at].map((path): CpioEntry => ({ path, type: 'directory' })),
    // The kernel opens it for init before anything is mounted.
    { path: 'dev/console', type: 'character', mode: 0o600, major: 5, minor: 1 },
    { path: 'bin/busybox', type: 'file', mode: 0o755, data: busybox },
    { path: 'init', type: 'file', mode: 0o755, data: Buffer.from(ownText('../initrd/init')) },
    { path: 'dhcp', type: 'file', mode: 0o755, data: Buffer.from(ownText('../initrd/dhcp')) },
    { path: 'statelite', type: 'file', mode: 0o755, data: Buffer.from(options.program) },
    { path: 'etc/litehouse.conf', type: 'file', data: Buffer.from(initrdSettings(options)) },
  ];
  const list = (name: string, lines: readonly string[]): void => {
    entries.push({ path: `${at}/${name}`, type: 'file', data: Buffer.from(lines.map((line) => `${line}\n`).join('')) });
  };
  const file = (name: string): string => `${name}.ko`;
  for (const name of names)
    entries.push({ path: `${at}/${file(name)}`, type: 'file', data: bytes.get(name) ?? Buffer.alloc(0) });
  const taken = new Set(names);
  const needs = (name: string): string[] => {
    // depmod lists a module's needs, those of its needs included, nearest first; all of them were taken.
    const wanted = (index.needs.get(name) ?? []).map((each) =>
      each
        .replace(/^.*\//, '')
        .replace(/\.ko.*$/, '')
        .replaceAll('-', '_'),
    );
    return wanted.filter((each) => taken.has(each)).map(file);
  };
  list(
    'modules.dep',
    names.map((name) => [`${file(name)}:`, ...needs(name)].join(' ')),
  );
  list(
    'modules.alias',
    names.flatMap((name) => index.aliases.get(name) ?? []),
  );
  list(
    'modules.softdep',
    names.flatMap((name) => {
      const soft = (index.soft.get(name) ?? [])
        .map((each) => each.replaceAll('-', '_'))
        .filter((each) => taken.has(each));
      return soft.length === 0 ? [] : [`softdep ${name} pre: ${soft.join(' ')}`];
    }),
  );
  list('modules.symbols', []);
  // Level 9 takes ten times as long for one percent.
  const packed = await promisify(gzip)(cpioArchive(entries), { level: 6 });
  await writeFile(out, packed);
  log(`initrd for kernel ${kernelVersion}: ${names.length} modules, ${(packed.length / 2 ** 20).toFixed(1)} MiB`);
  return { bytes: packed.length, modules: names };
}

/** The shell variables that init and dracut's hook read. */
export function initrdSettings(
  options: Pick<InitrdOptions, 'permission' | 'bootInterface' | 'otherInterfaces' | 'kernelVersion'>,
): string {
  const interfaces = [options.bootInterface ?? '', ...(options.otherInterfaces ?? [])].filter((name) => name !== '');
  for (const name of interfaces)
    if (!/^[A-Za-z0-9][\w.:-]{0,14}$/.test(name)) throw new RangeError(`'${name}' is no name of a network interface`);
  if (!/^0?[0-7]{3,4}$/.test(options.permission))
    throw new RangeError(`'${options.permission}' is no mode for /.statelite: write it as 755`);
  if (!/^[\w.+~-]+$/.test(options.kernelVersion))
    throw new RangeError(`'${options.kernelVersion}' is no kernel version`);
  return [
    `kernel='${options.kernelVersion}'`,
    `permission='${options.permission}'`,
    `bootif='${options.bootInterface ?? ''}'`,
    `otherifs='${(options.otherInterfaces ?? []).join(' ')}'`,
    `modules='${loadedByName.join(' ')}'`,
    '',
  ].join('\n');
}

/** e_machine of an ELF file; undefined where it is none. */
export function machineOf(elf: Buffer | undefined): number | undefined {
  if (elf === undefined || elf.length < 20 || elf.readUInt32BE(0) !== 0x7f454c46) return undefined;
  return elf[5] === 2 ? elf.readUInt16BE(18) : elf.readUInt16LE(18);
}

/** Whether an ELF program needs no loader: it has no PT_INTERP. */
function isStatic(elf: Buffer): boolean {
  if (machineOf(elf) === undefined) return false;
  const big = elf[5] === 2;
  const wide = elf[4] === 2;
  const u16 = (at: number) => (big ? elf.readUInt16BE(at) : elf.readUInt16LE(at));
  const u32 = (at: number) => (big ? elf.readUInt32BE(at) : elf.readUInt32LE(at));
  const start = wide ? Number(big ? elf.readBigUInt64BE(32) : elf.readBigUInt64LE(32)) : u32(28);
  const [size, count] = wide ? [u16(54), u16(56)] : [u16(42), u16(44)];
  for (let i = 0; i < count; i++) if (start + i * size + 4 <= elf.length && u32(start + i * size) === 3) return false;
  return true;
}

/** The busybox for a kernel of an image; by the hardware of any of its modules. */
export async function busyboxFor(rootimg: string, kernelVersion: string, given?: string): Promise<Buffer> {
  const root = await realpath(rootimg);
  const { modules } = await findKernel(root, kernelVersion);
  const index = await readModuleIndex(root, modules);
  const plain = [...index.files.values()].find((file) => file.endsWith('.ko'));
  const elf = plain === undefined ? undefined : await readInside(root, join(modules, plain));
  return findBusybox(root, machineOf(elf), given);
}

/**
 * This host's static busybox, whose applets are known; where the image is for other hardware, the image's own.
 * `machine` undefined: the kernel has no modules to tell by.
 */
async function findBusybox(root: string, machine: number | undefined, given: string | undefined): Promise<Buffer> {
  const fits = (elf: Buffer | undefined): elf is Buffer =>
    elf !== undefined && isStatic(elf) && (machine === undefined || machineOf(elf) === machine);
  for (const path of given === undefined ? ['/usr/bin/busybox', '/bin/busybox', '/sbin/busybox'] : [given]) {
    const elf = await readFile(path).catch(() => undefined);
    if (fits(elf)) return elf;
  }
  for (const path of ['usr/bin/busybox', 'bin/busybox', 'usr/bin/busybox.static', 'sbin/busybox', 'usr/sbin/busybox']) {
    const elf = await readInside(root, join(root, path)).catch(() => undefined);
    if (fits(elf)) return elf;
  }
  throw new KernelMissing(
    "no static busybox for the image's hardware, neither on this host nor in the image: install busybox-static here (apt-get install busybox-static), or add a static busybox package to the image's package list",
  );
}
