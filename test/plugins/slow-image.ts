/** A plugin for tests: builds osimages whose os begins with `test`; a marker file decides whether a build is slow, fails or succeeds. */

import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { ArtifactOutput } from '../../core/plugin/output.ts';
import { managementNode } from '../../core/plugin/output.ts';
import { contractVersion, definePlugin } from '../../core/plugin/plugin.ts';

const options = z.strictObject({
  /** A file with the word `fail`, `slow` (waits until the word changes) or anything else; missing: succeeds. */
  marker: z.string(),
});

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

/** The plugin; artifacts lie below root `install`: a base, and a generation that needs it. */
export default definePlugin({
  name: 'slow-image',
  contract: contractVersion,
  version: '1',
  about: 'Builds pretended images for tests, slowly or not at all.',
  reads: { osimage: ['osvers', 'osarch', 'profile'] },
  options,
  setup({ marker }) {
    const word = async (): Promise<string> => (await readFile(marker, 'utf8').catch(() => '')).trim();
    return {
      images(_view, image) {
        if (!image.os.startsWith('test')) return undefined;
        const litefile = image.litefile.map((entry) => `${entry.path} ${entry.kind}`);
        const base = digestOf(`base ${image.os} ${image.arch} ${image.profile}`);
        const generation = digestOf([base, ...litefile].join('\n'));
        const folder = `netboot/${image.os}/${image.arch}/${image.profile}`;
        const of = (kind: string, digest: string, inputs: readonly string[]): ArtifactOutput => ({
          kind: 'artifact',
          target: managementNode,
          root: 'install',
          path: `${folder}/${kind === 'base' ? `base-${digest}` : digest}`,
          id: `slow-image/${kind}-${image.name}@${digest}`,
          plugin: 'slow-image',
          name: `${kind} ${image.name}`,
          digest,
          inputs,
          recipe: { kind, litefile },
        });
        const first = of('base', base, []);
        const second = of('generation', generation, [first.id]);
        return {
          image: image.name,
          build: { kind: 'built', plugin: 'slow-image', base, boot: base, generation, needs: [first.id, second.id] },
          artifacts: [first, second],
        };
      },
      async build(artifact, { directory, log, signal }) {
        log(`building ${artifact.name}`, 0);
        while ((await word()) === 'slow') await sleep(20, undefined, { signal });
        if ((await word()) === 'fail') throw new Error(`the marker says that ${artifact.name} fails`);
        await writeFile(join(directory, 'recipe.json'), `${JSON.stringify(artifact.recipe)}\n`, { signal });
        log(`built ${artifact.name}`, 1);
      },
    };
  },
});
