/** The dracut form of an initrd: made by the image's own dracut, in a copy of the image, with a module that carries our program. */
import { readdir, stat } from 'node:fs/promises';
import type { CommandRunner } from '../../plugin/plugin.ts';
import { fileInside, placeInside, putInside } from '../base/place.ts';
import { copyPlain } from '../base/plain-file.ts';
import { ownText } from '../node/program.ts';
import { diskModules } from './drivers.ts';
import { type BuiltInitrd, busyboxFor, type InitrdOptions, initrdSettings } from './initrd.ts';
import { findKernel, KernelMissing } from './kernel.ts';
import { initrdLimit, moduleName } from './modules.ts';

export interface DracutOptions extends Omit<InitrdOptions, 'run'> {
  /** A full copy of the root tree, which is written to and thrown away afterwards: dracut comes from a package. */
  readonly copy: string;
  /** Runs a command confined, with `copy` as its root. */
  readonly confined: CommandRunner;
  readonly run: CommandRunner;
}

const files = ['module-setup.sh', 'parse-statelite.sh', 'pre-pivot.sh'];

/** dracut's own modules that a node needs; its network is the plain scripts where it has them (stack: systemd-networkd wants dbus). */
const modules = ['bash', 'base', 'fs-lib', 'network', 'nfs', 'udev-rules', 'usrmount', 'shutdown', 'statelite'];

/**
 * Writes the initrd. Slow (half a minute) and large (tens of MB), with firmware and udev: for hardware that the small one does not
 * reach.
 * @throws KernelMissing where the image has no dracut, CommandFailed where it fails.
 */
export async function buildDracutInitrd(options: DracutOptions): Promise<BuiltInitrd> {
  const { copy, out, log } = options;
  const { version } = await findKernel(copy, options.kernelVersion);
  const settings = initrdSettings(options);
  // Whatever the image has for a link in these places stays inside the copy: it comes from a package.
  const place = await placeInside(copy, 'usr/lib/dracut/modules.d/.');
  const own = place === undefined ? undefined : await readdir(place).catch(() => undefined);
  if (own === undefined)
    throw new KernelMissing(
      'the image has no dracut: add dracut and dracut-network (debian: also mount, procps, nfs-common, isc-dhcp-client, iputils-arping, netbase) to its package list and let no exlist take usr/lib/dracut out, or leave linuximage.initrd empty for the small initrd',
    );
  if (!own.some((name) => /^\d+nfs$/.test(name)))
    throw new KernelMissing("the image's dracut has no module nfs: add dracut-network to its package list");

  const put = (name: string, content: string | Buffer, mode: number) =>
    putInside(copy, `usr/lib/dracut/modules.d/97statelite/${name}`, content, mode);
  for (const name of files) await put(name, ownText(`../initrd/dracut/${name}`), 0o755);
  const drivers = options.netdrivers.map((name) => moduleName(name.trim())).filter((name) => name !== '');
  for (const name of drivers) if (!/^\w+$/.test(name)) throw new RangeError(`'${name}' is no name of a network driver`);
  const lists = [
    `netdrivers='${drivers.join(' ')}'`,
    `diskdrivers='${options.localdisk === true ? diskModules.join(' ') : ''}'`,
  ];
  await put('litehouse.conf', `${settings}${lists.join('\n')}\n`, 0o644);
  await put('statelite', options.program, 0o755);
  await put('busybox', await busyboxFor(copy, version, options.busybox), 0o755);

  const network = own.some((name) => /^\d+network-legacy$/.test(name)) ? ['network-legacy'] : [];
  if ((await placeInside(copy, 'run/litehouse/none/x', true)) === undefined)
    throw new KernelMissing('the image has something at /run/litehouse that is no directory: take it out');
  const inside = '/run/litehouse/initrd.gz';
  await options.confined('dracut', [
    ...['--force', '--no-hostonly', '--no-early-microcode', '--reproducible', '--gzip'],
    // Neither the image's settings nor a host's shape what every node boots.
    ...['--conf', '/dev/null', '--confdir', '/run/litehouse/none', '--tmpdir', '/run/litehouse'],
    ...['--kver', version, '--modules', [...network, ...modules].join(' '), inside],
  ]);
  const made = await fileInside(copy, inside);
  if (made === undefined) throw new Error('dracut left no plain file as its initrd');
  await copyPlain(made, out, initrdLimit);
  const bytes = (await stat(out)).size;
  log(`dracut initrd for kernel ${version}: ${(bytes / 2 ** 20).toFixed(1)} MiB`);
  return { bytes, modules: [] };
}
