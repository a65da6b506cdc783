/** Kernel modules of an image with all that they need, read from what depmod wrote. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { CommandRunner } from '../../plugin/plugin.ts';
import { copyPlain, mebibytes, readPlain } from '../base/plain-file.ts';
import { KernelMissing, readInside, within } from './kernel.ts';

/** What depmod knows of one kernel. Names have `_` where files may have `-`. */
export interface ModuleIndex {
  /** Path below the modules directory, by name. */
  readonly files: ReadonlyMap<string, string>;
  /** Paths that a module needs loaded before it, by its name. */
  readonly needs: ReadonlyMap<string, readonly string[]>;
  /** Names that it asks for beside those. */
  readonly soft: ReadonlyMap<string, readonly string[]>;
  readonly builtin: ReadonlySet<string>;
  /** Lines of modules.alias by module. */
  readonly aliases: ReadonlyMap<string, readonly string[]>;
}

/** `kernel/drivers/net/e1000e/e1000e.ko.xz` and `e1000e.ko` are `e1000e`. */
export function moduleName(file: string): string {
  return basename(file)
    .replace(/\.ko(?:\.(?:gz|xz|zst))?$/, '')
    .replaceAll('-', '_');
}

/** @throws KernelMissing where depmod never ran for this kernel. */
export async function readModuleIndex(root: string, modules: string): Promise<ModuleIndex> {
  const text = async (name: string): Promise<string> =>
    (await readInside(root, join(modules, name)))?.toString('utf8') ?? '';
  const dep = await text('modules.dep');
  const builtin = new Set((await text('modules.builtin')).split('\n').filter(Boolean).map(moduleName));
  if (dep === '' && builtin.size === 0)
    throw new KernelMissing(
      `the image has no modules.dep for kernel ${basename(modules)}: run depmod -b ROOTIMG ${basename(modules)} in its postinstall script, or install the kernel package whole`,
    );
  const files = new Map<string, string>();
  const needs = new Map<string, readonly string[]>();
  for (const line of dep.split('\n')) {
    const colon = line.indexOf(':');
    if (colon === -1) continue;
    const file = line.slice(0, colon);
    files.set(moduleName(file), file);
    needs.set(
      moduleName(file),
      line
        .slice(colon + 1)
        .split(' ')
        .filter(Boolean),
    );
  }
  const soft = new Map<string, string[]>();
  for (const line of (await text('modules.softdep')).split('\n')) {
    const [word, name, ...rest] = line.trim().split(/\s+/);
    if (word !== 'softdep' || name === undefined) continue;
    const names = rest.filter((each) => !/^(?:pre|post):$/.test(each));
    soft.set(moduleName(name), [...(soft.get(moduleName(name)) ?? []), ...names]);
  }
  const aliases = new Map<string, string[]>();
  for (const line of (await text('modules.alias')).split('\n')) {
    if (!line.startsWith('alias ')) continue;
    const name = moduleName(line.slice(line.lastIndexOf(' ') + 1));
    const known = aliases.get(name);
    if (known === undefined) aliases.set(name, [line]);
    else known.push(line);
  }
  return { files, needs, soft, builtin, aliases };
}

/**
 * Names that are wanted and all that they need, sorted. `optional` ones are taken where they exist; a `required` one that is neither
 * a file nor built in is an error that says which there are, and where it is named (`from`).
 */
export function closeModules(
  index: ModuleIndex,
  required: readonly string[],
  optional: readonly string[],
  from = 'linuximage.netdrivers',
): string[] {
  const taken = new Set<string>();
  const take = (name: string): void => {
    if (taken.has(name) || !index.files.has(name)) return;
    taken.add(name);
    for (const file of index.needs.get(name) ?? []) take(moduleName(file));
    for (const other of index.soft.get(name) ?? []) take(moduleName(other));
  };
  for (const given of required) {
    const name = moduleName(given);
    if (!index.files.has(name) && !index.builtin.has(name)) {
      const like = [...index.files.keys()].filter((other) => other.startsWith(name.slice(0, 3))).sort();
      throw new KernelMissing(
        `network driver ${given} is not in the image's kernel${like.length === 0 ? '' : ` (there: ${like.slice(0, 8).join(', ')})`}: change it in ${from}`,
      );
    }
    take(name);
  }
  for (const name of optional) take(moduleName(name));
  return [...taken].sort();
}

/** Bytes of one module, unpacked; the largest of distributions have about ten MB. */
export const moduleLimit = 64 * 2 ** 20;
/** Bytes of all modules of an initrd: nodes hold it in memory twice as they boot. */
export const initrdLimit = 512 * 2 ** 20;

/**
 * Bytes of modules, unpacked: busybox loads no compressed ones. By name. What lies there was written by packages and scripts: a few
 * packed bytes may unpack to any number, so no more than the limits are ever unpacked.
 * @throws KernelMissing with the module that is too large, or none.
 */
export async function readModules(
  root: string,
  modules: string,
  index: ModuleIndex,
  names: readonly string[],
  run: CommandRunner,
  limits: { readonly module: number; readonly all: number } = { module: moduleLimit, all: initrdLimit },
): Promise<Map<string, Buffer>> {
  const bytes = new Map<string, Buffer>();
  let left = limits.all;
  const scratch = await mkdtemp(join(tmpdir(), 'litehouse-initrd-'));
  try {
    for (const name of names) {
      const below = index.files.get(name) ?? '';
      const file = await within(root, join(modules, below));
      if (file === undefined)
        throw new KernelMissing(`module ${name} is in modules.dep, but not in the image: run depmod again`);
      const most = Math.min(limits.module, left);
      const data = await unpacked(file, most, scratch, run);
      const place = `${join(modules, below).slice(root.length)} of the image`;
      if (data.length > most)
        throw new KernelMissing(
          most < limits.module
            ? `the modules of the initrd have more than ${mebibytes(limits.all)} unpacked (${place} is the one too many): name fewer drivers in linuximage.netdrivers, or mend the package or script that wrote them`
            : `module ${place} has more than ${mebibytes(limits.module)} unpacked, which no module has: mend the package or script that wrote it`,
        );
      if (data.length < 4 || data.readUInt32BE(0) !== elfMagic)
        throw new KernelMissing(
          `module ${place} is no ELF file${file.endsWith('.ko') ? '' : ', or not packed as its name says'}: mend the package or script that wrote it`,
        );
      left -= data.length;
      bytes.set(name, data);
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return bytes;
}

const elfMagic = 0x7f454c46;

/** The unpacker's own memory has a bound too: what it needs is said by the file. */
const unpackers = {
  xz: 'xz -dcq --memlimit-decompress=256MiB',
  zst: 'zstd -dcq --memory=256MB',
} as const;

/** At most one byte more than `most`; empty where it can't be unpacked. */
async function unpacked(file: string, most: number, scratch: string, run: CommandRunner): Promise<Buffer> {
  const kind = /\.(gz|xz|zst)$/.exec(file)?.[1];
  if (kind === 'xz' || kind === 'zst') {
    const packed = join(scratch, 'module.packed');
    const out = join(scratch, 'module');
    await rm(packed, { force: true });
    await copyPlain(file, packed, moduleLimit);
    const program = `{ ${unpackers[kind]} < "$1" || : > "$2.bad"; } | head -c "$3" > "$2"`;
    await rm(`${out}.bad`, { force: true });
    await run('sh', ['-c', program, 'sh', packed, out, String(most + 1)]);
    const data = await readPlain(out, most + 1);
    // It fails too where nobody takes more of it; then what there is says enough.
    const failed = (await readPlain(`${out}.bad`).catch(() => undefined)) !== undefined;
    return failed && data.length <= most ? Buffer.alloc(0) : data;
  }
  const data = await readPlain(file, moduleLimit);
  if (kind !== 'gz') return data;
  return await promisify(gunzip)(data, { maxOutputLength: most + 1 }).catch((error: NodeJS.ErrnoException) =>
    error.code === 'ERR_BUFFER_TOO_LARGE' ? Buffer.alloc(most + 1) : Buffer.alloc(0),
  );
}
