/** `litehouse liteimg`: the links of an image's newest generation, made first where they are not; or those of a tree of one's own. */
import type { Command } from 'commander';
import type { ImageStanding } from '../../../core/engine/types.ts';
import { linkLines } from '../../../core/image/liteimg/links.ts';
import type { LinksReport } from '../../reading/images.ts';
import { type CommandContext, count, describe, printJson } from '../context.ts';
import { Failure } from '../failure.ts';
import { type ImageOptions, type ImageServer, standingOf, withImageOptions, withImages } from './ask.ts';
import { failedLines, followBuilds } from './follow.ts';
import { imageNamed, withTables } from './tables.ts';
import { linkTree } from './tree.ts';

export interface LiteimgOptions extends ImageOptions {
  readonly os?: string;
  readonly arch?: string;
  readonly profile?: string;
  readonly repo?: string;
  readonly tree?: string;
  readonly undo?: boolean;
  readonly dryRun?: boolean;
}

export function addLiteimgCommand(program: Command, context: CommandContext): void {
  withImageOptions(
    describe(
      program.command('liteimg [image]'),
      'Print the two levels of links that the litefile rows make in an image; a push makes them, this waits for them.',
      [
        'liteimg debian12-x86_64-statelite-compute',
        'liteimg rhels5.3-x86_64-test1',
        'liteimg -o rhels5.3 -a x86_64 -p test1',
        'liteimg rhels5.3-x86_64-test1 --tree /install/netboot/rhels5.3/x86_64/test1/rootimg',
      ],
    ),
  )
    .option('-o, --os <osver>', 'operating system of the image')
    .option('-a, --arch <arch>', 'its architecture')
    .option('-p, --profile <profile>', 'its profile')
    .option('--tree <dir>', 'make the links in a root tree of your own, for an image that litehouse does not build')
    .option('--undo', 'with --tree: take the links out again')
    .option('--dry-run', 'with --tree: print what would change, and change nothing')
    .option('--repo <dir>', 'with --tree: take the litefile rows of a working copy or bare repository')
    .action((name: string | undefined, options: LiteimgOptions) => liteimg(context, options, name));
}

async function liteimg(context: CommandContext, options: LiteimgOptions, name: string | undefined): Promise<void> {
  const { tree } = options;
  if (tree === undefined) {
    const only = (['undo', 'dryRun', 'repo'] as const).find((key) => options[key] !== undefined);
    if (only !== undefined) {
      const what = `--${only === 'dryRun' ? 'dry-run' : only} is about a tree of your own`;
      throw new Failure({ what, mend: 'say which: --tree DIR' });
    }
  }
  const image = await withTables(context, options, (view) => imageNamed(view, name, options));
  if (tree !== undefined) return linkTree(context, { ...options, tree }, image);
  await withImages(context, options, 'liteimg', async (server) => {
    const standing = standingOf(await context.terminal.during('asking', server.images()), image.name);
    if (standing.kind !== 'built') {
      throw new Failure({
        what: `image '${image.name}' is external: litehouse neither builds nor links it`,
        mend: `link your own tree: litehouse liteimg ${image.name} --tree DIR; or have it built: litehouse genimage ${image.name}`,
        status: 1,
      });
    }
    if (!(await isLinked(context, options, server, standing))) return;
    const report = await server.links(image.name, standing.planned?.generation);
    if (options.json) printJson(context, report);
    else for (const line of reportLines(report)) context.terminal.out(line);
  });
}

/** Whether the generation of the rows as they stand is there, after its build where it was not. */
async function isLinked(
  context: CommandContext,
  options: LiteimgOptions,
  server: ImageServer,
  standing: ImageStanding,
): Promise<boolean> {
  const { image, planned } = standing;
  if (planned?.artifacts.find(({ kind }) => kind === 'generation')?.state === 'present') return true;
  const { terminal } = context;
  terminal.err(`${image}: its rows ask for a generation that is not there: it is built first`);
  const { ok, lines } = await terminal.during('asking', server.build(image));
  const { failed, stuck } = ok
    ? await followBuilds(server, image, (line) => terminal.err(line))
    : { failed: undefined, stuck: lines.join('\n') };
  if (failed === undefined && stuck === undefined) return true;
  context.status = 1;
  if (options.json) printJson(context, { image, ok: false, failed, stuck });
  else for (const line of failed === undefined ? [stuck ?? ''] : failedLines(failed)) terminal.err(line);
  return false;
}

export function reportLines({ image, generation, directory, links, notes, live }: LinksReport): string[] {
  return [
    `${image}, generation ${generation}: ${directory}/rootimg`,
    ...linkLines(links),
    ...notes.map((note) => `note: ${note}`),
    ...(live === null ? [] : [liveText(live)]),
    links.length === 0 ? 'no litefile row is for this image' : count(links.length, 'entry', 'entries'),
  ];
}

/** What is laid over a generation, in a line. */
export function liveText({ commit, files, troubles }: NonNullable<LinksReport['live']>): string {
  const not = troubles.length === 0 ? '' : `; not laid: ${troubles.join('; ')}`;
  return `live: ${count(files.length, 'file')} laid over it, changed last by ${commit.slice(0, 10)}${not}`;
}
