/** `litehouse genimage`: says in the tables what an image is made of, as a commit, has it built, and shows what came of it. */
import { machine } from 'node:os';
import type { Command } from 'commander';
import { type ChangeTables, computeEdit } from '../../../core/edit/edit.ts';
import { asksForBuild } from '../../../core/image/columns.ts';
import type { View } from '../../../core/resolve/view.ts';
import type { EditOutcome } from '../../edits.ts';
import { type CommandContext, describe, printJson, withDir, withJson, withServer } from '../context.ts';
import { printOutcome, sendEdit } from '../edit/send.ts';
import { Failure } from '../failure.ts';
import { type ImageOptions, type ImageServer, withImages } from './ask.ts';
import { buildResult, resultLines } from './built.ts';
import { failedLines, followBuilds } from './follow.ts';
import {
  askWanted,
  cellOf,
  imageWith,
  missing,
  noSuchImage,
  terminalAsk,
  usualName,
  type Wanted,
} from './questions.ts';
import { withTables } from './tables.ts';

interface GenimageOptions extends ImageOptions {
  readonly repo?: string;
  readonly message?: string;
  readonly dryRun?: boolean;
  readonly dryrun?: boolean;
  readonly interactive?: boolean;
  readonly wait: boolean;
  readonly os?: string;
  readonly arch?: string;
  readonly profile?: string;
  readonly interface?: string;
  readonly drivers?: string;
  readonly kernel?: string;
  readonly krpm?: string;
  readonly otherifce?: string;
  readonly permission?: string;
  readonly mode?: string;
}

export function addGenimageCommand(program: Command, context: CommandContext): void {
  const command = describe(
    program.command('genimage [image]'),
    'Make an image: its rows as a commit, then the build, followed to its end. Asks for what is missing on a terminal.',
    [
      'genimage',
      'genimage debian12-x86_64-statelite-compute',
      'genimage -o rhels5.3 -p test1 -i eth0 -n mlx4_core,mlx4_en,igb,bnx2 -m statelite -permission 777',
      'genimage -i eth0 -n ehea -o sles11.1 -p test1 -m statelite -k 2.6.32.10-0.5-ppc64',
    ],
  );
  withJson(withServer(withDir(command), 'make it at the server at that URL'))
    .option('-o, --os <osver>', 'operating system, as osimage.osvers has it: debian12, rhels5.3')
    .option('-a, --arch <arch>', "architecture (default: that of the image's row, else of this machine)")
    .option('-p, --profile <profile>', 'profile: names the package lists')
    .option('-i, --interface <name>', 'interface that nodes boot from')
    .option('-n, --drivers <list>', 'network drivers of the initrd, with commas')
    .option('-k, --kernel <version>', "kernel instead of the image's newest")
    .option('-g, --krpm <version>', "version of that kernel's package")
    .option('-r, --otherifce <list>', 'other interfaces that are set up by DHCP')
    .option('-m, --mode <mode>', 'statelite, which every image here is')
    .option('--permission <mode>', "mode of nodes' /.statelite, such as 777 (default 755)")
    .option('--interactive', 'ask for everything')
    .option('--dry-run', 'print what the rows would change in the cluster, and change and build nothing')
    .option('--no-wait', 'do not wait for the build')
    .option('--repo <dir>', 'only change the files of a working copy; a push of it builds the image')
    .option('--message <text>', "the commit's message (default: the command itself)")
    .action((image: string | undefined, options: GenimageOptions) => genimage(context, options, image));
  command.addOption(command.createOption('--dryrun', 'the same as --dry-run').hideHelp());
}

async function genimage(context: CommandContext, given: GenimageOptions, image: string | undefined): Promise<void> {
  const options = { ...given, dryRun: given.dryRun === true || given.dryrun === true };
  if (options.mode !== undefined && options.mode !== 'statelite') {
    throw new Failure({
      what: `'${options.mode}' is no kind of image here`,
      mend: 'every image here is -m statelite: leave -m out, or write that',
    });
  }
  const plan = await planRows(context, options, image);
  let edit: EditOutcome | undefined;
  if (plan.command !== undefined) {
    const message = options.message ?? plan.subject;
    // Whoever asks for a build must not commit what can't be built.
    edit = await sendEdit(context, { ...options, message, build: plan.image }, plan.command);
    const bad = edit.outcome === 'refused' || edit.outcome === 'not in effect';
    if (bad || options.dryRun || options.repo !== undefined) return printOutcome(context, options, edit);
    if (!options.json) for (const line of edit.lines) context.terminal.out(line);
  } else if (options.dryRun || options.repo !== undefined) {
    const lines = ['the rows say so already: nothing was changed'];
    return printOutcome(context, options, { outcome: 'unchanged', lines, diagnostics: [] });
  }
  await withImages(context, options, 'genimage', (server) => buildImage(context, options, server, plan.image, edit));
}

interface PlannedRows {
  readonly image: string;
  /** Undefined: the rows say so already. */
  readonly command: ChangeTables | undefined;
  readonly subject: string;
}

async function planRows(
  context: CommandContext,
  options: GenimageOptions,
  image: string | undefined,
): Promise<PlannedRows> {
  return withTables(context, options, async (view) => {
    const wanted = await completed(context, view, options, {
      ...{ image, os: options.os, arch: options.arch, profile: options.profile },
      cells: {
        nodebootif: options.interface,
        netdrivers: options.drivers,
        kernelver: options.kernel,
        krpmver: options.krpm,
        otherifce: options.otherifce,
        permission: options.permission,
      },
    });
    const command = rowsOf(view, wanted);
    const words = Object.entries(wanted.cells).flatMap(([column, text]) =>
      text === undefined ? [] : `${column}=${text}`,
    );
    const subject = ['genimage', wanted.name, ...words].join(' ');
    return { image: wanted.name, command, subject: subject.length > 120 ? `${subject.slice(0, 119)}…` : subject };
  });
}

type Completed = Wanted & {
  readonly name: string;
  readonly os: string;
  readonly arch: string;
  readonly profile: string;
};

/** What is to be made, with everything that has to be known; asks a person where there is one. */
async function completed(
  context: CommandContext,
  view: View,
  options: GenimageOptions,
  wanted: Wanted,
): Promise<Completed> {
  const row = wanted.image === undefined ? undefined : view.images.get(wanted.image);
  const local = machine();
  const usual = /^i\d86$/.test(local) ? 'x86' : local;
  const all = options.interactive === true || (wanted.image ?? wanted.os ?? wanted.profile) === undefined;
  const known = {
    ...wanted,
    os: wanted.os ?? row?.os,
    arch: wanted.arch ?? row?.arch,
    profile: wanted.profile ?? row?.profile,
  };
  let full = known;
  if (all || known.os === undefined || known.profile === undefined) {
    const terminal = terminalAsk();
    const fault = missing(known, view);
    if (terminal !== undefined) {
      if (wanted.image !== undefined && row === undefined) {
        const { what, mend } = noSuchImage(view, wanted.image);
        context.terminal.err(`${what}. ${mend}, or answer here:`);
      }
      try {
        full = await askWanted(options.interactive === true ? wanted : known, view, {
          ask: terminal.ask,
          all,
          arch: usual,
        });
      } finally {
        terminal.close();
      }
    } else if (fault !== undefined) throw fault;
    else if (options.interactive === true)
      throw new Failure({ what: 'nobody is at a terminal to be asked', mend: 'leave --interactive out' });
  }
  const { os = '', arch = usual, profile = '' } = full;
  const values = { os, arch, profile };
  return { ...full, ...values, name: wanted.image ?? imageWith(view, values)?.name ?? usualName(values) };
}

/** The edit after which the rows say what is wanted; undefined where they do. */
export function rowsOf(view: View, wanted: Completed): ChangeTables | undefined {
  const { name, os, arch, profile } = wanted;
  const there = view.images.get(name);
  const columns = new Set(view.tables.get('osimage')?.columns ?? []);
  const usual = { imagetype: 'linux', rootfstype: 'nfs', osname: 'Linux' };
  const osimage: Record<string, string> = { profile, osvers: os, osarch: arch };
  if (there === undefined) {
    osimage.provmethod = 'statelite';
    for (const [column, text] of Object.entries(usual)) if (columns.has(column)) osimage[column] = text;
  } else {
    // A blank cell says so too.
    const method = there.row.table.value(there.row, 'provmethod') ?? 'statelite';
    if (method !== 'statelite') osimage.provmethod = 'statelite';
  }
  const linuximage: Record<string, string> = {};
  for (const [column, text] of Object.entries(wanted.cells)) {
    if (text !== undefined && text !== (cellOf(view, name, column) ?? '')) linuximage[column] = text;
  }
  if (there === undefined || !asksForBuild(view, there)) linuximage.build = 'yes';
  const set = { osimage, ...(Object.keys(linuximage).length === 0 ? {} : { linuximage }) };
  const command: ChangeTables = { kind: 'chtab', key: { imagename: name }, set, remove: [] };
  const result = computeEdit(view, command);
  return result.kind === 'files' && result.files.size === 0 ? undefined : command;
}

/** Asks for the build, follows it, and prints what came of it. */
export async function buildImage(
  context: CommandContext,
  options: { readonly json?: boolean; readonly wait: boolean },
  server: ImageServer,
  image: string,
  edit?: EditOutcome,
): Promise<void> {
  const { terminal } = context;
  const more = edit === undefined ? {} : { edit };
  const { ok, lines } = await terminal.during(`asking for ${image}`, server.build(image));
  if (!ok) {
    context.status = 1;
    if (options.json) printJson(context, { ...more, image, ok, lines });
    else for (const line of lines) terminal.err(line);
    return;
  }
  if (!options.wait) {
    const text = server.leaves
      ? `no server runs: ${image} is built when one does (litehouse serve)`
      : `${image} is built; see it with: litehouse images ${image}`;
    if (options.json) printJson(context, { ...more, image, ok });
    else terminal.out(text);
    return;
  }
  const { failed, stuck } = await followBuilds(server, image, (line) => terminal.err(line));
  if (failed !== undefined || stuck !== undefined) {
    context.status = 1;
    if (options.json) printJson(context, { ...more, image, ok: false, failed, stuck });
    else for (const line of failed === undefined ? [stuck ?? ''] : failedLines(failed)) terminal.err(line);
    return;
  }
  const result = await terminal.during('measuring', buildResult(server, image));
  if (options.json) printJson(context, { ...more, ok: true, ...result });
  else for (const line of resultLines(result)) terminal.out(line);
}
