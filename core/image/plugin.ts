/** A plugin made of a family of operating systems: the same hooks for debian, rh and sles. */
import { z } from 'zod';
import { type ArtifactOutput, managementNode, type Output } from '../plugin/output.ts';
import { type BuildContext, contractVersion, definePlugin, type Plugin } from '../plugin/plugin.ts';
import type { View } from '../resolve/view.ts';
import { imageAttributes } from './attributes.ts';
import { bootedImages, checkImagesOf, isBuilt } from './check.ts';
import type { OsFamily } from './family.ts';
import { imageFolder, isBuiltBy, kernelFolders, planImage } from './plan.ts';
import { askRepositories } from './repositories.ts';

const options = z.strictObject({});
/** Beside the recipe that the build reads: why it must not be built. */
const faulty = z.object({ faults: z.array(z.string()).default([]) });

/** The plugin of a family. `build` gets artifacts whose recipe is whole; one with faults is refused with their text before it. */
export function imagePlugin(
  family: OsFamily,
  build: (artifact: ArtifactOutput, context: BuildContext) => Promise<void>,
): Plugin<Record<string, never>> {
  return definePlugin<Record<string, never>>({
    name: family.name,
    contract: contractVersion,
    version: '1',
    about: `Builds ${family.name} images from package lists, with kernel and initrd, and links them for statelite.`,
    reads: {
      osimage: ['imagename', 'profile', 'provmethod', 'rootfstype', 'osvers', 'osarch'],
      linuximage:
        'imagename pkglist pkgdir otherpkglist otherpkgdir exlist postinstall rootimgdir nodebootif otherifce netdrivers kernelver krpmver permission initrd addons scriptnetwork'.split(
          ' ',
        ),
      passwd: ['key', 'username', 'password'],
    },
    options,
    setup: () => ({
      images: (view, image) => (isBuiltBy(family, image) ? planImage(view, image, family).plan : undefined),
      check: (view) => checkImagesOf(view, family),
      plan: (view) => planFor(view, family),
      build: async (artifact, context) => {
        const { faults } = faulty.parse(artifact.recipe);
        if (faults.length > 0)
          throw new Error(`${artifact.name} can't be built as the commit has it:\n${faults.join('\n')}`);
        await build(artifact, context);
      },
      repositories: async (view, image, context) => {
        const { base, faults } = planImage(view, image, family);
        if (faults.length > 0)
          throw new Error(`${image.name} can't be built as the commit has it:\n${faults.join('\n')}`);
        return await askRepositories(family, base, context);
      },
    }),
  });
}

/**
 * What is laid over the generations of each image, also of one that no row boots any more: nodes may run it still. And for those that
 * nodes boot the link by which people find the newest.
 */
function planFor(view: View, family: OsFamily): Output[] {
  const outputs: Output[] = [];
  const linked = new Set<string>();
  for (const image of view.images.values()) {
    if (!isBuilt(image, family)) continue;
    const folder = `images/${image.name}/rootimg`;
    outputs.push({
      kind: 'live',
      target: managementNode,
      root: 'install',
      image: image.name,
      folder,
      leaveOut: kernelFolders,
      attributes: imageAttributes(view).filter(
        ({ path, deep }) => path === folder || path.startsWith(`${folder}/`) || (deep && folder.startsWith(`${path}/`)),
      ),
    });
  }
  for (const image of bootedImages(view, family)) {
    const { build } = image;
    const path = `${imageFolder(image)}/rootimg`;
    if (build.kind !== 'built' || linked.has(path)) continue;
    linked.add(path);
    const needs = build.needs.filter((id) => id.startsWith(`${family.name}/generation-`));
    const to = `${build.generation}/rootimg`;
    outputs.push({ kind: 'link', target: managementNode, root: 'install', path, to, needs });
  }
  return outputs;
}
