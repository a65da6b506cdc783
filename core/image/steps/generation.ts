/** Builds a generation: a clone of a base, with the links that the litefile rows ask for. */
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { BuildContext, CommandRunner } from '../../plugin/plugin.ts';
import type { LiteKind } from '../../resolve/view.ts';
import { placeInside, putInside } from '../base/place.ts';
import { linkImage } from '../liteimg/link-image.ts';
import { LinkFarmError } from '../liteimg/tree.ts';
import { nodeProgram } from '../node/program.ts';
import type { GenerationRecipe } from '../recipe.ts';

const kinds = {
  link: true,
  'link+persistent': true,
  'link+ro': true,
  'link+con': true,
  bind: true,
  'bind+persistent': true,
  'bind+ro': true,
  'bind+con': true,
  'bind+localdisk': true,
} satisfies Record<LiteKind, true>;
const liteKind = z.custom<LiteKind>((value) => typeof value === 'string' && Object.hasOwn(kinds, value));

/**
 * Makes `rootimg` and `generation.json`. Live files are the engine's: it lays them in when the artifact is in place, as it does
 * in every generation that is kept.
 */
export async function buildGeneration(
  recipe: GenerationRecipe,
  baseDirectory: string,
  context: BuildContext,
): Promise<void> {
  const { directory, log } = context;
  const { image, base, entries } = recipe;
  const rootimg = join(directory, 'rootimg');
  await cloneTree(join(baseDirectory, 'rootimg'), rootimg, context.run);
  log('cloned the base', 0.5);
  // The copy in the initrd is the one that runs; this one is for reading, and a place to mount on (cookbook 2.11).
  await putInside(rootimg, 'etc/init.d/statelite', nodeProgram(), 0o755);
  const statelite = await placeInside(rootimg, '.statelite');
  if (statelite !== undefined && (await mkdir(statelite, { recursive: true })) !== undefined)
    await chmod(statelite, 0o755);
  const asked = entries.map((entry) => ({ ...entry, kind: liteKind.parse(entry.kind) }));
  const report = await linkImage(rootimg, asked).catch((error: unknown) => {
    if (!(error instanceof LinkFarmError)) throw error;
    // The directory of a build that failed is gone: people have the path in the image.
    throw new Error(
      `in the tree of image ${image}, as its packages and scripts left it: ${error.message.replaceAll(rootimg, '')}`,
      { cause: error },
    );
  });
  for (const note of report.notes) log(`${note.path}: ${note.code}`);
  log(`${report.entries.length} entries linked`, 0.9);
  const note = { image, base, entries, commit: context.commit, notes: report.notes };
  await writeFile(join(directory, 'generation.json'), `${JSON.stringify(note, undefined, 2)}\n`);
}

/**
 * Clones a finished tree with the system's own tools. Files share their blocks where the filesystem can do that, and their inodes
 * where it can't: both trees are finished, and what changes in one of them changes by rename (DESIGN 6).
 */
export async function cloneTree(from: string, to: string, run: CommandRunner): Promise<void> {
  const [probe, copy] = [join(dirname(to), '.probe'), join(dirname(to), '.probe-copy')];
  await writeFile(probe, 'x');
  // A no is an answer, not a line for the log.
  const shares = await run('sh', ['-c', 'exec cp --reflink=always -- "$0" "$1" 2> /dev/null', probe, copy]).then(
    () => true,
    () => false,
  );
  await rm(probe);
  await rm(copy, { force: true });
  await run('cp', [...(shares ? ['-a', '--reflink=always'] : ['-al']), '--', from, to]);
}
