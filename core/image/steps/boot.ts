/** Builds what a node fetches by TFTP: the kernel of a base, and an initrd for it. */
import { chmod, constants, copyFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuildContext } from '../../plugin/plugin.ts';
import { buildInitrd } from '../initrd/initrd.ts';
import { findKernel } from '../initrd/kernel.ts';
import { nodeProgram } from '../node/program.ts';
import type { BootRecipe } from '../recipe.ts';

/** Makes `kernel`, `initrd.gz` and `boot.json`. */
export async function buildBoot(recipe: BootRecipe, rootimg: string, context: BuildContext): Promise<void> {
  const { directory, log } = context;
  const kernel = await findKernel(rootimg, recipe.kernelVersion);
  log(`kernel ${kernel.version}`, 0.1);
  const to = join(directory, 'kernel');
  await copyFile(kernel.image, to, constants.COPYFILE_FICLONE);
  await chmod(to, 0o644);
  const out = join(directory, 'initrd.gz');
  // Disk drivers cost little, and whether an entry needs a local disk is for the generation to say.
  const { netdrivers, bootInterface, otherInterfaces, permission } = recipe;
  const asked = { netdrivers, otherInterfaces, permission, ...(bootInterface === undefined ? {} : { bootInterface }) };
  const options = { rootimg, kernelVersion: kernel.version, out, program: nodeProgram(), localdisk: true };
  const made = await buildInitrd({ ...options, ...asked, run: context.run, log });
  await chmod(out, 0o644);
  const note = {
    image: recipe.image,
    base: recipe.base,
    kernelVersion: kernel.version,
    form: recipe.form,
    kernelBytes: (await stat(to)).size,
    initrdBytes: made.bytes,
    modules: made.modules,
    commit: context.commit,
  };
  await writeFile(join(directory, 'boot.json'), `${JSON.stringify(note, undefined, 2)}\n`);
}
