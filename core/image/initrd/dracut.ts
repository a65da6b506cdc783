/** The dracut form of an initrd: made by the image's own dracut, in a copy of the image, with a module that carries our program. */
import { access, chmod, copyFile, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommandRunner } from '../../plugin/plugin.ts';
import { ownText } from '../node/program.ts';
import { diskModules } from './drivers.ts';
import { type BuiltInitrd, busyboxFor, type InitrdOptions, initrdSettings } from './initrd.ts';
import { findKernel, KernelMissing } from './kernel.ts';
import { moduleName } from './modules.ts';

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
  const place = join(copy, 'usr/lib/dracut/modules.d');
  const own = await readdir(place).catch(() => undefined);
  if (own === undefined)
    throw new KernelMissing(
      'the image has no dracut: add dracut and dracut-network (debian: also nfs-common, isc-dhcp-client, iputils-arping, netbase) to its package list, or leave linuximage.initrd empty for the small initrd',
    );
  if (!own.some((name) => /^\d+nfs$/.test(name)))
    throw new KernelMissing("the image's dracut has no module nfs: add dracut-network to its package list");

  const at = join(place, '97statelite');
  await mkdir(at);
  for (const name of files) {
    await writeFile(join(at, name), ownText(`../initrd/dracut/${name}`));
    await chmod(join(at, name), 0o755);
  }
  const drivers = options.netdrivers.map((name) => moduleName(name.trim())).filter((name) => name !== '');
  for (const name of drivers) if (!/^\w+$/.test(name)) throw new RangeError(`'${name}' is no name of a network driver`);
  const lists = [
    `netdrivers='${drivers.join(' ')}'`,
    `diskdrivers='${options.localdisk === true ? diskModules.join(' ') : ''}'`,
  ];
  await writeFile(join(at, 'litehouse.conf'), `${settings}${lists.join('\n')}\n`);
  await writeFile(join(at, 'statelite'), options.program, { mode: 0o755 });
  await writeFile(join(at, 'busybox'), await busyboxFor(copy, version, options.busybox), { mode: 0o755 });

  const network = own.some((name) => /^\d+network-legacy$/.test(name)) ? ['network-legacy'] : [];
  await mkdir(join(copy, 'run/litehouse/none'), { recursive: true });
  const inside = '/run/litehouse/initrd.gz';
  await options.confined('dracut', [
    ...['--force', '--no-hostonly', '--no-early-microcode', '--reproducible', '--gzip'],
    // Neither the image's settings nor a host's shape what every node boots.
    ...['--conf', '/dev/null', '--confdir', '/run/litehouse/none', '--tmpdir', '/run/litehouse'],
    ...['--kver', version, '--modules', [...network, ...modules].join(' '), inside],
  ]);
  await copyFile(join(copy, inside), out);
  await rm(join(copy, 'run/litehouse'), { recursive: true });
  await access(out);
  const bytes = (await stat(out)).size;
  log(`dracut initrd for kernel ${version}: ${(bytes / 2 ** 20).toFixed(1)} MiB`);
  return { bytes, modules: [] };
}
