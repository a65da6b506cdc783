/** `litehouse images update` and `images lock`: which versions an image has, written beside it as a commit. */
import type { Command } from 'commander';
import type { SetFile } from '../../../core/edit/edit.ts';
import { type CommandContext, describe } from '../context.ts';
import { type EditOptions, printOutcome, sendEdit, withEdit } from '../edit/send.ts';
import { Failure } from '../failure.ts';
import { standingOf, withImages } from './ask.ts';
import { compareRepositories, inService } from './listing.ts';
import { baseOf } from './notes.ts';
import { fileText, imageNamed, withTables } from './tables.ts';
import { lockChanges, lockText, takenText } from './versions.ts';

/** Changes that are listed before the plan; the rest is counted. */
const shownChanges = 40;

export function addUpdateCommands(images: Command, context: CommandContext): void {
  withEdit(
    describe(
      images.command('update <image>'),
      'Take in what the package repositories have now, as a commit: the image is built anew. Rewrites its lock where it has one.',
      ['images update debian12-x86_64-statelite-compute', 'images update debian12-x86_64-statelite-compute --dry-run'],
    ),
  ).action((name: string, _: EditOptions, command: Command) =>
    update(context, command.optsWithGlobals<EditOptions>(), name),
  );
  withEdit(
    describe(
      images.command('lock <image>'),
      'Write the versions of its packages into images/NAME/lock, as a commit: later builds install exactly these.',
      ['images lock debian12-x86_64-statelite-compute', 'images lock debian12-x86_64-statelite-compute --off'],
    ),
  )
    .option('--off', 'remove the lock: builds take what repositories have')
    .action((name: string, _: EditOptions, command: Command) =>
      lock(context, command.optsWithGlobals<EditOptions & { off?: boolean }>(), name),
    );
}

async function update(context: CommandContext, options: EditOptions, name: string): Promise<void> {
  const { terminal } = context;
  const { image, locked } = await withTables(context, options, async (view, snapshot) => {
    const { name: image } = imageNamed(view, name, {});
    return { image, locked: await fileText(snapshot, `images/${image}/lock`) };
  });
  const found = await withImages(context, options, 'images update', async (server) => {
    const standing = standingOf(await server.images(), image);
    const asked = server.repositories(image, { packages: locked !== undefined });
    const now = await terminal.during(`asking the repositories of ${image}`, asked);
    if (!now.ok) {
      const what = `the repositories of ${image} cannot be asked: ${now.lines[0] ?? ''}`;
      const why = now.lines.slice(1).join('\n');
      const mend = 'litehouse explain IMAGE says which they are; see that the server reaches them';
      throw new Failure({ what, ...(why === '' ? {} : { why }), mend, status: 1 });
    }
    return { now, outdated: compareRepositories(inService(standing).base, now) };
  });
  const { now, outdated } = found;
  if (locked === undefined) {
    if ('unknown' in outdated)
      terminal.err(`${image}: ${outdated.unknown}; its first build takes what repositories have`);
    else if (outdated.outdated.length === 0)
      return unchanged(context, options, `${image}: its repositories are as they were`);
    else if (!options.json) terminal.out(`newer: ${outdated.outdated.join(', ')}`);
    const text = takenText(image, now.repositories);
    return commit(context, options, { kind: 'file', path: `images/${image}/taken`, text }, `images update ${image}`);
  }
  if (now.packages === undefined) {
    throw new Failure({
      what: `${image} is locked, and only a build can say which versions it would have`,
      mend: `litehouse images lock ${image} --off, and when it is built: litehouse images lock ${image}`,
      status: 1,
    });
  }
  assertSome(image, now.packages, 'the repositories give');
  const { text } = lockText(image, now.packages);
  const changes = lockChanges(locked, text);
  if (changes.length === 0) return unchanged(context, options, `${image}: its lock has what repositories have`);
  if (!options.json) for (const line of cut(changes)) terminal.out(line);
  return commit(context, options, { kind: 'file', path: `images/${image}/lock`, text }, `images update ${image}`);
}

async function lock(context: CommandContext, options: EditOptions & { off?: boolean }, name: string): Promise<void> {
  const { image, locked } = await withTables(context, options, async (view, snapshot) => {
    const { name: image } = imageNamed(view, name, {});
    return { image, locked: await fileText(snapshot, `images/${image}/lock`) };
  });
  const path = `images/${image}/lock`;
  if (options.off) {
    if (locked === undefined) return unchanged(context, options, `${image} has no lock`);
    return commit(context, options, { kind: 'file', path }, `images lock ${image} --off`);
  }
  const standing = await withImages(context, options, 'images lock', async (server) =>
    standingOf(await server.images(), image),
  );
  const planned = standing.artifacts.find(({ digest, lost }) => digest === standing.planned?.base && !lost);
  const base = planned ?? inService(standing).base;
  const note = baseOf(base);
  if (note === undefined) {
    throw new Failure({
      what: `no base of ${image} is there whose versions could be written down`,
      mend: `build it first: litehouse genimage ${image}`,
      status: 1,
    });
  }
  if (planned === undefined)
    context.terminal.err(
      `${image}: the base that its rows ask for is not there; versions are those of ${base?.digest}`,
    );
  assertSome(image, note.packages, `the record of base ${base?.digest} has`);
  const { text, several } = lockText(image, note.packages);
  if (several.length > 0)
    context.terminal.err(`not locked, for they are there in several versions: ${several.join(', ')}`);
  if (text === locked) return unchanged(context, options, `${image}: its lock says so already`);
  if (locked !== undefined && !options.json)
    for (const line of cut(lockChanges(locked, text))) context.terminal.out(line);
  return commit(context, options, { kind: 'file', path, text }, `images lock ${image}`);
}

/** A lock of nothing would say that every version will do, while it looks like one that holds them. */
function assertSome(image: string, packages: readonly unknown[], who: string): void {
  if (packages.length > 0) return;
  throw new Failure({
    what: `${who} no packages of ${image}: there is nothing to lock`,
    mend: `see what its lists name (litehouse explain ${image}), and build it: litehouse genimage ${image}`,
    status: 1,
  });
}

function cut(lines: readonly string[]): string[] {
  const more = lines.length - shownChanges;
  return more <= 0 ? [...lines] : [...lines.slice(0, shownChanges), `… and ${more} more`];
}

function unchanged(context: CommandContext, options: EditOptions, line: string): void {
  printOutcome(context, options, { outcome: 'unchanged', lines: [`${line}: nothing was changed`], diagnostics: [] });
}

async function commit(context: CommandContext, options: EditOptions, edit: SetFile, subject: string): Promise<void> {
  printOutcome(context, options, await sendEdit(context, { ...options, message: options.message ?? subject }, edit));
}
