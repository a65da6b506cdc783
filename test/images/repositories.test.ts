/** What repositories say, asked without a build, against what a build from them writes down: for both families of RPMs. */
import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandRunner } from '../../core/apply/run-command.ts';
import { baseNote } from '../../core/image/base/build-base.ts';
import { plannedImageOf } from '../../core/image/plan.ts';
import { askRepositories } from '../../core/image/repositories.ts';
import { planWith, snapshotOf } from '../../core/image/testing/family.ts';
import { rhFamily } from '../../plugins/rh/index.ts';
import { slesFamily } from '../../plugins/sles/index.ts';
import { RpmLab } from './rpm-lab.ts';

const lab = new RpmLab();
beforeAll(() => lab.make());
afterAll(() => lab.remove());

describe.each([
  { family: rhFamily, os: 'rhels9.4', folder: 'rh' },
  { family: slesFamily, os: 'sles15.5', folder: 'sles' },
])('$family.name', ({ family, os, folder }) => {
  const files = lab.files(os, folder, 'bash\ncoreutils\n');

  async function ask(packages: boolean) {
    const { plan } = await planWith(snapshotOf(files), family);
    const image = plan.images.get('compute');
    const recipe = image === undefined ? undefined : plannedImageOf(image)?.base;
    if (recipe === undefined) throw new Error('compute is external');
    const cache = join(lab.dir, 'asking', family.name);
    mkdirSync(cache, { recursive: true });
    const { signal } = new AbortController();
    return askRepositories(family, recipe, {
      directory: mkdtempSync(join(lab.dir, 'question-')),
      cache,
      rootDirectory: (root) => (root === 'install' ? lab.install : undefined),
      run: commandRunner(signal),
      log: () => {},
      signal,
      packages,
    });
  }

  it('are asked for the packages and the state that a base made now has', async () => {
    const { base } = await lab.build(family, files, { baseOnly: true });
    const note = baseNote.parse(JSON.parse(readFileSync(join(base, 'base.json'), 'utf8')));
    const asked = await ask(true);
    expect(asked.packages).toEqual(note.packages);
    expect(asked.repositories.map(({ digest }) => digest)).toEqual(note.repositories.map(({ digest }) => digest));
    const state = await ask(false);
    expect([state.packages, state.repositories]).toEqual([undefined, asked.repositories]);
  });
});
