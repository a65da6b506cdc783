/** How the repositories of an image stand now, and which packages a build would take from them (`images update`, outdated). */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { RepositoryContext, RepositoryReport } from '../plugin/plugin.ts';
import { localRepositories } from './base/build-base.ts';
import { confineRunner } from './confine/confine.ts';
import type { OsFamily, PackageJob } from './family.ts';
import type { BaseRecipe } from './recipe.ts';

/** Asks the repositories of a recipe; throws where one cannot be asked. A lock of the recipe is not looked at. */
export async function askRepositories(
  family: OsFamily,
  recipe: BaseRecipe,
  context: RepositoryContext,
): Promise<RepositoryReport> {
  const { directory, cache, run, log, signal } = context;
  const [root, scratch] = [join(directory, 'rootimg'), join(directory, 'scratch')];
  await mkdir(root);
  await mkdir(scratch, { mode: 0o700 });
  const job: PackageJob = {
    ...{ recipe, root, cache, scratch, run, log, signal, lock: undefined },
    repositories: localRepositories(recipe, context),
    confine: confineRunner(signal, log),
  };
  if (!context.packages || family.resolved === undefined)
    return { repositories: await family.repositoryStates(job), packages: undefined };
  await family.fetch(job);
  const packages = [...(await family.resolved(job))].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return { repositories: await family.repositoryStates(job), packages };
}
