/** `litehouse images`: what there is of images, and what can be done with them; `genimage` and `liteimg` make them. */
import { userInfo } from 'node:os';
import type { Command } from 'commander';
import type { ImageStanding, PruneOutcome } from '../../../core/engine/types.ts';
import { withoutControls } from '../../terminal.ts';
import { type CommandContext, count, describe, printJson } from '../context.ts';
import { Failure } from '../failure.ts';
import { type ImageOptions, type ImageServer, standingOf, withImageOptions, withImages } from './ask.ts';
import { difference, differenceLines, type Side, sideOf } from './difference.ts';
import { addGenimageCommand } from './genimage.ts';
import { compareRepositories, imageDetail, imagesTable, inService, leftLines, type Outdated } from './listing.ts';
import { addLiteimgCommand, liveText } from './liteimg.ts';
import { addUpdateCommands } from './update.ts';

export function addImageCommands(program: Command, context: CommandContext): void {
  addGenimageCommand(program, context);
  addLiteimgCommand(program, context);
  const images = withImageOptions(
    describe(
      program.command('images'),
      'List images: state, age, size, packages, and how many nodes run them; with a name, all that there is of one.',
      [
        'images',
        'images debian12-x86_64-statelite-compute --outdated',
        'images diff debian12-x86_64-statelite-compute 3f9c0a',
        'images prune --dry-run',
      ],
    ),
  )
    .argument('[image]', 'an image of the osimage table')
    .option('--outdated', 'ask the package repositories whether they have newer packages')
    .action((name: string | undefined, options: ImageOptions & { outdated?: boolean }) => show(context, options, name));
  addDiff(images, context);
  addUpdateCommands(images, context);
  addPrune(images, context);
  addStop(images, context);
  addForget(images, context);
  addLog(images, context);
}

/** A command below `images`: its options may stand before or behind it. */
function below<Options extends ImageOptions>(
  command: Command,
  work: (options: Options, ...words: string[]) => Promise<void>,
): void {
  command.action((...all: unknown[]) => {
    const words = all.filter((word): word is string => typeof word === 'string');
    return work(command.optsWithGlobals<Options>(), ...words);
  });
}

async function show(
  context: CommandContext,
  options: ImageOptions & { outdated?: boolean },
  name: string | undefined,
): Promise<void> {
  const { terminal } = context;
  await withImages(context, options, 'images', async (server) => {
    const all = await terminal.during('measuring', server.images({ sizes: true }));
    const shown = name === undefined ? all : [standingOf(all, name)];
    const outdated = options.outdated ? await askAll(context, server, shown) : new Map<string, Outdated>();
    if (options.json) {
      const found = shown.map((image) => ({
        ...image,
        ...(outdated.has(image.image) ? { outdated: outdated.get(image.image) } : {}),
      }));
      return printJson(context, name === undefined ? found : found[0]);
    }
    const [one] = shown;
    if (one === undefined) terminal.out('there is no image: litehouse genimage makes one');
    else if (name !== undefined) {
      const links = inService(one).generation === undefined ? undefined : await server.links(name);
      const live = links?.live == null ? undefined : liveText(links.live).replace(/^live: /, '');
      for (const line of imageDetail(one, outdated.get(name), live)) terminal.out(line);
    } else for (const line of [...imagesTable(shown, outdated), ...shown.flatMap(leftLines)]) terminal.out(line);
  });
}

async function askAll(
  context: CommandContext,
  server: ImageServer,
  images: readonly ImageStanding[],
): Promise<Map<string, Outdated>> {
  const outdated = new Map<string, Outdated>();
  for (const image of images) {
    if (image.kind !== 'built') continue;
    const asked = server.repositories(image.image, { packages: false });
    const now = await context.terminal.during(`asking the repositories of ${image.image}`, asked);
    outdated.set(image.image, compareRepositories(inService(image).base, now));
  }
  return outdated;
}

function addDiff(images: Command, context: CommandContext): void {
  const command = describe(
    images.command('diff <a> <b>'),
    'Compare packages and links of two images, or of two generations or bases (the beginning of their digests).',
    ['images diff compute login', 'images diff 3f9c0a 81d2e7'],
  );
  below(withImageOptions(command), async (options, a = '', b = '') => {
    await withImages(context, options, 'images diff', async (server) => {
      const all = await context.terminal.during('asking', server.images());
      const sides = await Promise.all([a, b].map((side) => withLive(server, sideOf(all, side))));
      const [from, to] = sides;
      if (from === undefined || to === undefined) return;
      const found = difference(from, to);
      if (options.json) printJson(context, found);
      else for (const line of differenceLines(found)) context.terminal.out(line);
    });
  });
}

async function withLive(server: ImageServer, side: Side): Promise<Side> {
  if (side.generation === undefined) return side;
  const { live } = await server.links(side.image, side.generation.digest);
  return { ...side, live: live?.files ?? [] };
}

function addPrune(images: Command, context: CommandContext): void {
  const command = describe(
    images.command('prune'),
    'Remove what nothing needs any more of images; the server does that by itself after each apply.',
    ['images prune --dry-run', 'images prune --all'],
  )
    .option('-n, --dry-run', 'only say what would go')
    .option('--all', 'also what is kept only for a revert, or of which nothing is known');
  below<ImageOptions & { dryRun?: boolean; all?: boolean }>(withImageOptions(command), async (options) => {
    const { dryRun = false, all = false } = options;
    await withImages(context, options, 'images prune', async (server) => {
      const outcome = await context.terminal.during('pruning', server.prune({ dryRun, all }));
      if (options.json) printJson(context, outcome);
      else for (const line of pruneLines(outcome)) context.terminal.out(line);
    });
  });
}

function pruneLines({ dryRun, removed, kept }: PruneOutcome): string[] {
  return [
    ...removed.map(({ id }) => `${dryRun ? 'would remove' : 'removed'} ${id}`),
    ...kept.map(({ id, why }) => `kept ${id}: ${why}`),
    `${count(removed.length, 'artifact')} ${dryRun ? 'would go' : 'removed'}, ${kept.length} kept`,
  ];
}

function addStop(images: Command, context: CommandContext): void {
  const command = describe(
    images.command('stop <image>'),
    'End the build of an image, also one that waits for its turn: it has failed, nodes keep what they have, the next build goes on.',
    ['images stop debian12-x86_64-statelite-compute'],
  );
  below(withImageOptions(command), async (options, name = '') => {
    await withImages(context, options, 'images stop', async (server) => {
      const { ok, lines } = await context.terminal.during('stopping', server.stop(name, userInfo().username));
      if (!ok) context.status = 1;
      if (options.json) printJson(context, { image: name, ok, lines });
      else for (const line of lines) (ok ? context.terminal.out : context.terminal.err)(line);
    });
  });
}

function addForget(images: Command, context: CommandContext): void {
  const command = describe(
    images.command('forget <image>'),
    'Take back that an image is to be built by name (genimage); what is built stays as any earlier generation does.',
    ['images forget debian12-x86_64-statelite-compute'],
  );
  below(withImageOptions(command), async (options, name = '') => {
    await withImages(context, options, 'images forget', async (server) => {
      const forgotten = await context.terminal.during('forgetting', server.forget(name));
      if (!forgotten) context.status = 1;
      if (options.json) printJson(context, { image: name, forgotten });
      else if (forgotten) context.terminal.out(`${name} is built only while nodes have it`);
      else context.terminal.err(`nobody asked for ${name} by name`);
    });
  });
}

function addLog(images: Command, context: CommandContext): void {
  const command = describe(images.command('log <image>'), 'Print the last lines of the logs of its builds.', [
    'images log debian12-x86_64-statelite-compute',
    'images log debian12-x86_64-statelite-compute --lines 500',
  ]).option('--lines <number>', 'lines of each log (default 40)');
  below<ImageOptions & { lines?: string }>(withImageOptions(command), async (options, name = '') => {
    const lines = Number(options.lines ?? 40);
    if (!Number.isInteger(lines) || lines < 1 || lines > 5000)
      throw new Failure({ what: `'${options.lines}' is no number of lines`, mend: 'write --lines with 1 to 5000' });
    await withImages(context, options, 'images log', async (server) => {
      const report = await context.terminal.during('asking', server.log(name, lines));
      if (options.json) return printJson(context, report);
      if (report.logs.length === 0) {
        context.status = 1;
        context.terminal.err(`no build of ${name} has left a log`);
      }
      for (const { name: artifact, state, file, lines: shown } of report.logs) {
        context.terminal.out(`${artifact} (${state}): ${file}`);
        for (const line of shown) context.terminal.out(`  ${withoutControls(line)}`);
      }
    });
  });
}
