/** Kernel modules of an image with all that they need, read from what depmod wrote. */
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { CommandRunner } from '../../plugin/plugin.ts';
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
    (await readInside(root, join(modules, name)).catch(() => undefined))?.toString('utf8') ?? '';
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
 * a file nor built in is an error that says which there are.
 */
export function closeModules(index: ModuleIndex, required: readonly string[], optional: readonly string[]): string[] {
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
        `network driver ${given} is not in the image's kernel${like.length === 0 ? '' : ` (there: ${like.slice(0, 8).join(', ')})`}: change linuximage.netdrivers or genimage -n`,
      );
    }
    take(name);
  }
  for (const name of optional) take(moduleName(name));
  return [...taken].sort();
}

/** Bytes of modules, unpacked: busybox loads no compressed ones. By name. */
export async function readModules(
  root: string,
  modules: string,
  index: ModuleIndex,
  names: readonly string[],
  run: CommandRunner,
): Promise<Map<string, Buffer>> {
  const bytes = new Map<string, Buffer>();
  const packed: { readonly name: string; readonly file: string; readonly by: 'xz' | 'zstd' }[] = [];
  const scratch = await mkdtemp(join(tmpdir(), 'litehouse-initrd-'));
  try {
    for (const name of names) {
      const file = await within(root, join(modules, index.files.get(name) ?? ''));
      if (file === undefined)
        throw new KernelMissing(`module ${name} is in modules.dep, but not in the image: run depmod again`);
      const by = file.endsWith('.xz') ? 'xz' : file.endsWith('.zst') ? 'zstd' : undefined;
      if (by === undefined) {
        const data = (await readInside(root, file)) ?? Buffer.alloc(0);
        bytes.set(name, file.endsWith('.gz') ? gunzipSync(data) : data);
        continue;
      }
      await copyFile(file, join(scratch, `${name}.ko.${by === 'xz' ? 'xz' : 'zst'}`));
      packed.push({ name, file: join(scratch, `${name}.ko`), by });
    }
    for (const by of ['xz', 'zstd'] as const) {
      const those = packed.filter((each) => each.by === by);
      if (those.length === 0) continue;
      await run(by, ['-d', '-q', ...those.map(({ file }) => `${file}.${by === 'xz' ? 'xz' : 'zst'}`)]);
      for (const { name, file } of those) bytes.set(name, await readFile(file));
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return bytes;
}
