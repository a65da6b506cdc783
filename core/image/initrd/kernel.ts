/** Finds an image's kernel and its modules, and never follows a link out of the image. */
import { lstat, readdir, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { readPlain, usualLimit } from '../base/plain-file.ts';

export interface Kernel {
  readonly version: string;
  /** Absolute path of the kernel image. */
  readonly image: string;
  /** Absolute path of its modules directory. */
  readonly modules: string;
}

/** No kernel to boot; the message says what to do. */
export class KernelMissing extends Error {}

/** Orders versions as people do: numbers by value, the rest by letters. `5.10.0-9` is older than `5.10.0-10`. */
export function compareVersions(a: string, b: string): number {
  const parts = (version: string) => version.match(/\d+|[^\d]+/g) ?? [];
  const [left, right] = [parts(a), parts(b)];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const [x, y] = [left[i], right[i]];
    if (x === undefined || y === undefined) return suffixOrder(x, y);
    const difference = /^\d/.test(x) && /^\d/.test(y) ? Number(x) - Number(y) : x < y ? -1 : x > y ? 1 : 0;
    if (difference !== 0) return difference;
  }
  return 0;
}

/** `6.1-rc3` and `6.1~rc3` come before `6.1`; anything else that is longer comes after it. */
function suffixOrder(x: string | undefined, y: string | undefined): number {
  const early = (part: string) => /^[-~.]?(rc|alpha|beta|pre)/.test(part);
  if (x === undefined) return y !== undefined && early(y) ? 1 : -1;
  return early(x) ? -1 : 1;
}

/**
 * Gives the kernel of an image: the version asked for, else the newest that has both a kernel image and modules. Kernel images are
 * looked for in boot/{vmlinuz,vmlinux,image}-VERSION and in the modules directory itself.
 * @throws KernelMissing with what to do.
 */
export async function findKernel(rootimg: string, wanted?: string): Promise<Kernel> {
  const root = await realpath(rootimg);
  const modules = await modulesByVersion(root);
  const images = await imagesByVersion(root, modules);
  if (wanted !== undefined) {
    const image = images.get(wanted);
    const directory = modules.get(wanted);
    const there = [...new Set([...images.keys(), ...modules.keys()])].sort(compareVersions).join(', ') || 'none';
    if (image === undefined)
      throw new KernelMissing(
        `kernel ${wanted} is not in the image (there: ${there}): put boot/vmlinuz-${wanted} and lib/modules/${wanted} into images/<image>/rootimg, add its package to the package list, or change linuximage.kernelver`,
      );
    if (directory === undefined) throw noModules(wanted);
    return { version: wanted, image, modules: directory };
  }
  const versions = [...images.keys()].sort(compareVersions).reverse();
  const newest = versions.find((version) => modules.has(version));
  const image = newest === undefined ? undefined : images.get(newest);
  const directory = newest === undefined ? undefined : modules.get(newest);
  if (newest === undefined || image === undefined || directory === undefined) {
    if (versions[0] !== undefined) throw noModules(versions[0]);
    throw new KernelMissing(
      'the image has no kernel (boot/vmlinuz-* or lib/modules/*/vmlinuz): add the kernel package of its distribution to the package list (linux-image-amd64, kernel, kernel-default), or lay one into images/<image>/rootimg/boot',
    );
  }
  return { version: newest, image, modules: directory };
}

/**
 * Tells of a path below the root (`boot/vmlinuz-6.1`) whether nodes need it to boot: the kernel and its modules, and the names by which
 * `findKernel` comes to them, which may be links.
 */
export async function partsOfKernel(
  rootimg: string,
  { version, image, modules }: Kernel,
): Promise<(path: string) => boolean> {
  const root = await realpath(rootimg);
  const [file, directory] = [image, modules].map((path) => path.slice(root.length + 1));
  const ways = new Set(['boot']);
  for (const place of modulePlaces) for (let at = `${place}/${version}`; at !== '.'; at = dirname(at)) ways.add(at);
  return (path) =>
    path === file ||
    path.startsWith(`${directory}/`) ||
    ways.has(path) ||
    (dirname(path) === 'boot' && imageVersion(basename(path)) === version);
}

function noModules(version: string): KernelMissing {
  return new KernelMissing(
    `kernel ${version} has no modules in the image: lib/modules/${version} is missing. Lay it beside the kernel into images/<image>/rootimg/lib/modules, or install the whole kernel package`,
  );
}

const modulePlaces = ['lib/modules', 'usr/lib/modules'];

/** Of a file in /boot; undefined: it is no kernel. */
function imageVersion(name: string): string | undefined {
  return /^(?:vmlinuz|vmlinux|image)-(.+?)(?:\.gz)?$/i.exec(name)?.[1];
}

async function modulesByVersion(root: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const place of modulePlaces) {
    for (const version of await names(join(root, place))) {
      const directory = await within(root, join(root, place, version));
      if (directory !== undefined && (await lstat(directory)).isDirectory()) found.set(version, directory);
    }
  }
  return found;
}

async function imagesByVersion(root: string, modules: ReadonlyMap<string, string>): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const offer = async (version: string, path: string): Promise<void> => {
    const file = await within(root, path);
    if (file !== undefined && !found.has(version) && (await lstat(file)).isFile()) found.set(version, file);
  };
  for (const name of await names(join(root, 'boot'))) {
    const version = imageVersion(name);
    // Rescue kernels are copies under another name.
    if (version !== undefined && !version.includes('rescue')) await offer(version, join(root, 'boot', name));
  }
  for (const [version, directory] of modules)
    for (const name of ['vmlinuz', 'vmlinux']) await offer(version, join(directory, name));
  return found;
}

async function names(directory: string): Promise<string[]> {
  return (await readdir(directory).catch(() => [])).sort();
}

/** The real path, where it lies inside the root: a package of a push must not have files of the server packed. */
export async function within(root: string, path: string): Promise<string | undefined> {
  const real = await realpath(path).catch(() => undefined);
  return real?.startsWith(`${root}/`) === true ? real : undefined;
}

/** Reads a plain file that `within` finds; undefined: there is none. Throws NotPlain for anything else in its place. */
export async function readInside(root: string, path: string, limit = usualLimit): Promise<Buffer | undefined> {
  const real = await within(root, path);
  return real === undefined ? undefined : await readPlain(real, limit);
}
