/** A plugin for tests: builds osimages whose os begins with `test`; a marker file decides whether a build is slow, fails or succeeds. */

import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { liteKinds } from '../../core/check/nesting.ts';
import { imageAttributes } from '../../core/image/attributes.ts';
import { linkImage } from '../../core/image/liteimg/link-image.ts';
import type { ArtifactOutput, LinkOutput, LiveOutput } from '../../core/plugin/output.ts';
import { managementNode } from '../../core/plugin/output.ts';
import { contractVersion, definePlugin, type PluginHooks } from '../../core/plugin/plugin.ts';
import type { Image } from '../../core/resolve/view.ts';

const options = z.strictObject({
  /** A file with the word `fail`, `slow` (waits until the word changes), `command` (starts one that never ends) or anything else. */
  marker: z.string(),
});

const entries = z.array(z.object({ path: z.string(), directory: z.boolean(), kind: z.enum(liteKinds) }));
const recipeSchema = z.object({ kind: z.string(), image: z.string(), base: z.string(), entries });

const folderOf = ({ os, arch, profile }: Image): string => `netboot/${os}/${arch}/${profile}`;

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

/** A few paths of every sort that live files and links meet. */
async function makeTree(root: string): Promise<void> {
  for (const path of ['etc/ssh', 'opt/tools', 'var', '.statelite']) await mkdir(join(root, path), { recursive: true });
  for (const path of ['etc/motd', 'etc/issue', 'etc/hosts', 'opt/tools/run']) {
    await writeFile(join(root, path), `${path} of the image\n`);
  }
  await chmod(join(root, 'opt/tools/run'), 0o755);
  await symlink('../opt/tools', join(root, 'var/tools'));
  await symlink('hosts', join(root, 'etc/names'));
}

/** The plugin; artifacts lie below root `install`: a base, its boot directory, a generation made from the base; and a link to it. */
export default definePlugin({
  name: 'slow-image',
  contract: contractVersion,
  version: '2',
  about: 'Builds pretended images for tests, slowly or not at all.',
  reads: { osimage: ['osvers', 'osarch', 'profile'] },
  options,
  setup({ marker }) {
    const word = async (): Promise<string> => (await readFile(marker, 'utf8').catch(() => '')).trim();
    const hooks: PluginHooks = {
      images(view, image) {
        if (!image.os.startsWith('test')) return undefined;
        const entries = image.litefile.map(({ path, directory, kind }) => ({ path, directory, kind }));
        const litefile = entries.map((entry) => `${entry.path} ${entry.kind}`);
        const list = view.folder?.('images').entries.find(({ path }) => path === `${image.name}/list`)?.oid ?? '';
        const base = digestOf(`base ${image.os} ${image.arch} ${image.profile} ${list}`);
        const boot = digestOf(`boot ${base}`);
        const generation = digestOf([base, ...litefile].join('\n'));
        const folder = folderOf(image);
        const of = (kind: string, path: string, digest: string, inputs: readonly string[]): ArtifactOutput => ({
          kind: 'artifact',
          target: managementNode,
          root: 'install',
          path: `${folder}/${path}`,
          id: `slow-image/${kind}-${image.name}@${digest}`,
          plugin: 'slow-image',
          name: `${kind} ${image.name}`,
          digest,
          inputs,
          // Of what is in the digest, and no more: an artifact is a function of its digest.
          holds: kind === 'boot' ? ['boot.json'] : ['rootimg', `${kind}.json`],
          recipe: { kind, image: image.name, base, entries: kind === 'generation' ? entries : [] },
        });
        const first = of('base', `.bases/${base}`, base, []);
        const second = of('boot', `.boot/${boot}`, boot, [first.id]);
        const third = of('generation', generation, generation, [first.id]);
        return {
          image: image.name,
          build: { kind: 'built', plugin: 'slow-image', base, boot, generation, needs: [second.id, third.id] },
          artifacts: [first, second, third],
        };
      },
      plan(view) {
        return [...view.images.values()].flatMap((image): (LinkOutput | LiveOutput)[] => {
          const { build } = image;
          if (build.kind !== 'built' || build.plugin !== 'slow-image') return [];
          const placed = { target: managementNode, root: 'install' } as const;
          const path = `${folderOf(image)}/rootimg`;
          const folder = `images/${image.name}/rootimg`;
          return [
            { ...placed, kind: 'link', path, to: `${build.generation}/rootimg`, needs: build.needs },
            {
              ...placed,
              kind: 'live',
              image: image.name,
              folder,
              leaveOut: ['boot'],
              attributes: imageAttributes(view),
            },
          ];
        });
      },
      async build(artifact, { directory, inputs, log, run, signal }) {
        log(`building ${artifact.name}`, 0);
        const says = await word();
        // A command that would go on for ever, with a child of its own, as a package manager with its scripts.
        if (says === 'command') await run('sh', ['-c', `sleep 1000 & echo $! > '${marker}.pid'; wait`]);
        while ((await word()) === 'slow') await sleep(20, undefined, { signal });
        if ((await word()) === 'fail') throw new Error(`the marker says that ${artifact.name} fails`);
        const { kind, entries } = recipeSchema.parse(artifact.recipe);
        await writeFile(join(directory, `${kind}.json`), `${JSON.stringify(artifact.recipe)}\n`, { signal });
        const rootimg = join(directory, 'rootimg');
        if (kind === 'base') await makeTree(rootimg);
        if (kind === 'generation') {
          await run('cp', ['-al', '--', join([...inputs.values()][0] ?? '', 'rootimg'), rootimg]);
          await linkImage(rootimg, entries);
        }
        log(`built ${artifact.name}`, 1);
      },
    };
    return hooks;
  },
});
