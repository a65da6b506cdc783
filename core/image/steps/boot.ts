/** Builds what a node fetches by TFTP: the kernel of a base, and an initrd for it. */
import { chmod, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuildContext } from '../../plugin/plugin.ts';
import { copyPlain } from '../base/plain-file.ts';
import { confineRunner } from '../confine/confine.ts';
import { buildDracutInitrd } from '../initrd/dracut.ts';
import { type BuiltInitrd, buildInitrd, type InitrdOptions } from '../initrd/initrd.ts';
import { findKernel } from '../initrd/kernel.ts';
import { nodeProgram } from '../node/program.ts';
import type { BootRecipe } from '../recipe.ts';

/** Bytes of a kernel: one with all of its debugging information stays below. */
const kernelLimit = 2 ** 30;

/** Makes `kernel`, `initrd.gz` and `boot.json`. */
export async function buildBoot(recipe: BootRecipe, rootimg: string, context: BuildContext): Promise<void> {
  const { directory, log } = context;
  const kernel = await findKernel(rootimg, recipe.kernelVersion);
  log(`kernel ${kernel.version}`, 0.1);
  const to = join(directory, 'kernel');
  await copyPlain(kernel.image, to, kernelLimit);
  await chmod(to, 0o644);
  const out = join(directory, 'initrd.gz');
  // Disk drivers cost little, and whether an entry needs a local disk is for the generation to say.
  const { netdrivers, netdriversFrom, bootInterface, otherInterfaces, permission } = recipe;
  const asked = {
    ...{ netdrivers, otherInterfaces, permission },
    ...(netdriversFrom === undefined ? {} : { netdriversFrom }),
    ...(bootInterface === undefined ? {} : { bootInterface }),
  };
  const options = { rootimg, kernelVersion: kernel.version, out, program: nodeProgram(), localdisk: true };
  const whole = { ...options, ...asked, run: context.run, log };
  const made = recipe.form === 'small' ? await buildInitrd(whole) : await buildWithDracut(whole, context);
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

/** dracut is a program of the image: it runs confined, in a full copy that is thrown away. */
async function buildWithDracut(options: InitrdOptions, context: BuildContext): Promise<BuiltInitrd> {
  const { directory, log, signal, run } = context;
  const copy = join(directory, '.copy');
  log('copying the base for dracut', 0.2);
  await run('cp', ['-a', '--reflink=auto', '--', options.rootimg, copy]);
  const confine = confineRunner(signal, log);
  const confined: InitrdOptions['run'] = async (command, args, { cwd, env } = {}) => {
    const more = { ...(cwd === undefined ? {} : { cwd }), ...(env === undefined ? {} : { env }) };
    return await confine({ view: 'image', root: copy, ...more }, command, args);
  };
  const made = await buildDracutInitrd({ ...options, copy, confined });
  await rm(copy, { recursive: true, force: true });
  return made;
}
