/**
 * A plugin for tests: images of systems `small*`, built by the families' own planning, linking and notes, from packages that a file
 * lists. No package manager, no kernel: a tree of a few files, whose generations have real links.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { InstalledPackage, OsFamily, RepositoryState } from '../../core/image/family.ts';
import { imagePlugin } from '../../core/image/plugin.ts';
import { imageRecipe } from '../../core/image/recipe.ts';
import { buildGeneration } from '../../core/image/steps/generation.ts';
import type { ArtifactOutput } from '../../core/plugin/output.ts';
import { type BuildContext, definePlugin } from '../../core/plugin/plugin.ts';

const options = z.strictObject({
  /** A directory with `packages` (lines `name version`, what the repository has) and `word` (`fail`: builds fail; `slow`: they wait; `away`: it is not reached). */
  repository: z.string(),
});

function familyOf(repository: string): OsFamily {
  const read = async (): Promise<InstalledPackage[]> => {
    if ((await wordOf(repository)) === 'away') throw new Error('the repository cannot be reached');
    const text = await readFile(join(repository, 'packages'), 'utf8');
    return text.split('\n').flatMap((line) => {
      const [name, version] = line.split(' ');
      return name === undefined || version === undefined ? [] : [{ name, version, arch: 'all' }];
    });
  };
  return {
    name: 'small',
    recipe: '1',
    matches: (os) => os.startsWith('small'),
    folders: () => ['small'],
    defaultRepositories: () => [{ type: 'deb', url: 'http://mirror.invalid/small', alias: 'mirror', from: 'the test' }],
    addons: true,
    fetch: async () => {},
    install: async () => {},
    packages: read,
    resolved: read,
    repositoryStates: async (): Promise<RepositoryState[]> => {
      const digest = createHash('sha256')
        .update(JSON.stringify(await read()))
        .digest('hex');
      return [{ alias: 'mirror', url: 'http://mirror.invalid/small', date: '2026-11-23T00:00:00.000Z', digest }];
    },
  };
}

const wordOf = async (repository: string): Promise<string> =>
  (await readFile(join(repository, 'word'), 'utf8').catch(() => '')).trim();

async function build(repository: string, artifact: ArtifactOutput, context: BuildContext): Promise<void> {
  const { directory, inputs, log } = context;
  const recipe = imageRecipe.parse(artifact.recipe);
  log(`building ${artifact.name}`, 0);
  if (recipe.step === 'generation') return buildGeneration(recipe, inputs.get(artifact.inputs[0] ?? '') ?? '', context);
  if (recipe.step === 'boot') {
    for (const name of ['kernel', 'initrd.gz']) await writeFile(join(directory, name), name);
    return writeFile(join(directory, 'boot.json'), JSON.stringify({ kernelVersion: '6.1.0-test' }));
  }
  if ((await wordOf(repository)) === 'slow') log('waiting for another word', 0.5);
  while ((await wordOf(repository)) === 'slow') await sleep(20, undefined, { signal: context.signal });
  if ((await wordOf(repository)) === 'fail') {
    const list = recipe.lists[0]?.files[0]?.path;
    throw new Error(
      `pretended ended with exit code 100:\nE: no such package\ncommand: pretended install\nasked for by ${list}`,
    );
  }
  const family = familyOf(repository);
  const job = { recipe, repositories: [], cache: '', scratch: '', run: context.run, log, signal: context.signal };
  const root = join(directory, 'rootimg');
  for (const folder of ['etc/ssh', 'usr/bin', 'root']) await mkdir(join(root, folder), { recursive: true });
  await writeFile(join(root, 'etc/motd'), 'welcome\n');
  await writeFile(join(root, 'etc/ssh/sshd_config'), 'Port 22\n');
  await symlink('motd', join(root, 'etc/issue'));
  const note = {
    ...{ built: new Date().toISOString(), kernelVersion: '6.1.0-test' },
    packages: await family.packages(root, context.run),
    repositories: await family.repositoryStates(job),
  };
  await writeFile(join(directory, 'base.json'), JSON.stringify(note));
}

export default definePlugin({
  ...imagePlugin(familyOf(''), async () => {}),
  options,
  setup({ repository }) {
    const plugin = imagePlugin(familyOf(repository), (artifact, context) => build(repository, artifact, context));
    return plugin.setup({});
  },
});
