/** The build hook that all families share: an artifact's recipe says which of the three steps it is. */
import { join } from 'node:path';
import type { ArtifactOutput } from '../plugin/output.ts';
import type { BuildContext } from '../plugin/plugin.ts';
import { buildBase } from './base/build-base.ts';
import type { OsFamily } from './family.ts';
import { imageRecipe } from './recipe.ts';
import { buildBoot } from './steps/boot.ts';
import { buildGeneration } from './steps/generation.ts';

/** Gives the build hook of a family's plugin. */
export function buildImageArtifact(
  family: OsFamily,
): (artifact: ArtifactOutput, context: BuildContext) => Promise<void> {
  return async (artifact, context) => {
    const recipe = imageRecipe.parse(artifact.recipe);
    if (process.getuid?.() !== 0)
      throw new Error('images are built as root: trees have owners, and scripts are confined');
    if (recipe.step === 'base') return await buildBase(family, recipe, artifact.digest, context);
    const base = baseOf(artifact, context);
    if (recipe.step === 'boot') await buildBoot(recipe, join(base, 'rootimg'), context);
    else await buildGeneration(recipe, base, context);
  };
}

function baseOf(artifact: ArtifactOutput, context: BuildContext): string {
  const [id] = artifact.inputs;
  const directory = id === undefined ? undefined : context.inputs.get(id);
  if (directory === undefined || directory === '') throw new Error(`${artifact.name}: its base is not in place`);
  return directory;
}
