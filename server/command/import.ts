/** `litehouse import`: brings a dump of the original's tables into a working copy, without the passwords in it. */
import { lstat, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import type { Command } from 'commander';
import type { Diagnostic } from '../../core/diagnostic/diagnostic.ts';
import { readTableFiles, writeTables } from '../../core/import/folders.ts';
import { overlaySnapshot } from '../../core/import/overlay.ts';
import { type ImportedTable, type ImportPlan, planImport } from '../../core/import/plan.ts';
import { conflicts, readSecrets, type Secrets, writeSecrets } from '../../core/import/secrets-file.ts';
import { diagnosticToJson } from '../../core/plan/json.ts';
import { renderDiagnostics } from '../../core/plan/render.ts';
import { EMPTY_SNAPSHOT } from '../../core/repo/commit-snapshot.ts';
import { openFolder } from '../../core/repo/folder-snapshot.ts';
import { setUpPlugins } from '../plugins.ts';
import { openPreviewer } from '../reading/preview.ts';
import { pluginsOf } from '../running/engine.ts';
import { readSettings } from '../settings.ts';
import { verdict } from './check.ts';
import { type CommandContext, count, describe, printJson, serverDir, withDir, withJson } from './context.ts';
import { Failure } from './failure.ts';

interface ImportOptions {
  readonly dir?: string;
  readonly repo?: string;
  readonly secrets?: string;
  readonly replace?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export function addImportCommand(program: Command, context: CommandContext): void {
  withJson(
    withDir(
      describe(
        program.command('import <dumpdir>'),
        'Bring tables dumped by dumpxCATdb (a directory of .csv files) into a working copy. Clear passwords move out of them into a file outside the repository.',
        ['import /tmp/xcatdb --repo ~/cluster', 'import /tmp/xcatdb --repo ~/cluster --dry-run'],
      ),
    ),
  )
    .option(
      '--repo <dir>',
      'the working copy to write tables/ of; made where there is none (default: the current folder)',
    )
    .option(
      '--secrets <file>',
      "where moved passwords are kept (default: state/secrets.json in the server's directory)",
    )
    .option('--replace', 'overwrite tables and secrets that are there already and differ')
    .option('--dry-run', 'say what would be done, and write nothing')
    .action(async (dump: string, options: ImportOptions) => {
      const places = await placesOf(context, dump, options);
      const prepared = await prepare(context, places, options);
      const { plan, known, diagnostics, ok } = prepared;
      if (!options.dryRun) {
        await write(places, known, plan);
      }
      if (!ok) context.status = 1;
      if (options.json) printJson(context, toJson(prepared, places, options));
      else printReport(context, prepared, places, diagnostics, options);
    });
}

/** The values first: a cell must not lose its value before it is safe. A second run finishes one that broke off. */
async function write(places: Places, known: Secrets, plan: ImportPlan): Promise<void> {
  const tables = plan.tables.filter(({ change }) => change !== 'same');
  try {
    if (plan.secrets.length > 0) await writeSecrets(places.secrets, known, plan.secrets);
    if (tables.length > 0) await writeTables(places.target, tables);
  } catch (error) {
    throw new Failure({
      what: 'the import could not be written',
      why: (error as Error).message,
      mend: 'see that this user may write there and that the disk has room, then run it again',
    });
  }
}

interface Places {
  readonly dump: string;
  readonly target: string;
  readonly secrets: string;
}

interface Prepared {
  readonly plan: ImportPlan;
  /** Names of what is no table in the dump. */
  readonly others: readonly string[];
  /** Tables of the repository that the dump does not have. */
  readonly stay: readonly string[];
  readonly known: Secrets;
  readonly diagnostics: readonly Diagnostic[];
  readonly ok: boolean;
  /** The target is a clone, so that it has somewhere to push to. */
  readonly versioned: boolean;
}

async function placesOf(context: CommandContext, dumpdir: string, options: ImportOptions): Promise<Places> {
  const dump = resolve(context.cwd, dumpdir);
  if ((await stat(dump).catch(() => undefined))?.isDirectory() !== true)
    throw new Failure({ what: `there is no directory ${dump}`, mend: 'make one on the old server: dumpxCATdb -p DIR' });
  const target = resolve(context.cwd, options.repo ?? '.');
  const has = async (name: string) => (await lstat(join(target, name)).catch(() => undefined)) !== undefined;
  if ((await has('HEAD')) && (await has('objects')))
    throw new Failure({
      what: `${target} is a bare repository`,
      mend: `clone it, and import into the clone: git clone ${target}`,
    });
  if (options.repo === undefined && !(await has('tables')) && !(await has('.git')))
    throw new Failure({
      what: `${target} is no working copy`,
      mend: 'name one with --repo DIR; it is made where there is none',
    });
  const tables = await lstat(join(target, 'tables')).catch(() => undefined);
  if (tables !== undefined && !tables.isDirectory())
    throw new Failure({
      what: `${join(target, 'tables')} is no directory`,
      mend: 'remove it; tables are files of the repository',
    });
  const inRepository = async (path: string) => within(await realPlace(path), await realPlace(target));
  if ((await inRepository(dump)) && (await realPlace(dump)) !== (await realPlace(join(target, 'tables'))))
    throw new Failure({
      what: `the dump ${dump} lies inside the repository ${target}`,
      why: 'git would commit it, passwords and all',
      mend: 'move it elsewhere, then import it from there',
    });
  const secrets = resolve(context.cwd, options.secrets ?? join(serverDir(context, options), 'state', 'secrets.json'));
  if (await inRepository(secrets))
    throw new Failure({
      what: `the file for passwords, ${secrets}, would lie inside the repository`,
      mend: "name one outside it: --secrets FILE, or the server's directory: --dir DIR",
    });
  return { dump, target, secrets };
}

async function prepare(context: CommandContext, places: Places, options: ImportOptions): Promise<Prepared> {
  const { files, others, links } = await readTableFiles(places.dump);
  const [link, ...moreLinks] = links;
  if (link !== undefined)
    throw new Failure({
      what: `${link} in ${places.dump} is a symbolic link${moreLinks.length === 0 ? '' : `, and so are ${moreLinks.length} more`}`,
      why: 'a dump has files only; what a link leads to may be none of it, and would be committed',
      mend: 'put the file itself there (cp --dereference), or remove the link',
      status: 1,
    });
  if (files.length === 0)
    throw new Failure({ what: `${places.dump} has no .csv files`, mend: 'name the directory that dumpxCATdb wrote' });
  const existing = await readTableFiles(join(places.target, 'tables'), { follow: true });
  const settings = await readSettings(serverDir(context, options));
  const schemas = setUpPlugins(await pluginsOf(settings)).flatMap(({ plugin }) => plugin.tables ?? []);
  const plan = planImport(files, new Map(existing.files.map(({ name, bytes }) => [name, bytes])), schemas);
  refuse(plan, options);
  const known = plan.secrets.length === 0 ? new Map<string, string>() : await secretsIn(places.secrets);
  const clash = options.replace ? [] : conflicts(known, plan.secrets);
  if (clash.length > 0) {
    throw new Failure({
      what: `${places.secrets} holds another value for ${clash.slice(0, 3).join(', ')}${clash.length > 3 ? ' and others' : ''}`,
      mend: 'overwrite them with --replace, or name another file with --secrets',
      status: 1,
    });
  }
  const there = (await stat(places.target).catch(() => undefined)) !== undefined;
  const base = there ? await openFolder(places.target) : EMPTY_SNAPSHOT;
  const snapshot = overlaySnapshot(base, new Map(plan.tables.map(({ file, bytes }) => [file, bytes])));
  const previewer = await openPreviewer(context, options);
  const { diagnostics, ok } = await context.terminal.during('checking', previewer(snapshot));
  const imported = new Set(files.map(({ name }) => name));
  const stay = existing.files.filter(({ name }) => !imported.has(name)).map(({ name }) => name.replace(/\.csv$/, ''));
  const versioned = (await stat(join(places.target, '.git')).catch(() => undefined)) !== undefined;
  return { plan, others, stay, known, diagnostics, ok, versioned };
}

/** Throws where something of the dump can't be imported, or would overwrite what is there. */
function refuse(plan: ImportPlan, options: ImportOptions): void {
  const [first, ...more] = plan.refusals;
  if (first !== undefined) {
    const also = more.map(({ what }) => what).join('; ');
    throw new Failure({
      what: first.what,
      why: also === '' ? undefined : `also: ${also}`,
      mend: first.mend,
      status: 1,
    });
  }
  const changed = plan.tables.filter(({ change }) => change === 'changed').map(({ file }) => file);
  if (changed.length > 0 && !options.replace) {
    throw new Failure({
      what: `the repository has other content in ${changed.slice(0, 5).join(', ')}${changed.length > 5 ? ` and ${changed.length - 5} more` : ''}`,
      mend: 'overwrite them with --replace (git keeps what is committed), or import into an empty folder',
      status: 1,
    });
  }
}

async function secretsIn(file: string): Promise<Secrets> {
  try {
    return await readSecrets(file);
  } catch (error) {
    throw new Failure({
      what: (error as Error).message,
      mend: 'put it back from a backup, or name another with --secrets',
    });
  }
}

/** A path with all links resolved, also where its last parts do not exist yet. */
async function realPlace(path: string): Promise<string> {
  const real = await realpath(path).catch(() => undefined);
  if (real !== undefined) return real;
  const parent = dirname(path);
  return parent === path ? path : join(await realPlace(parent), basename(path));
}

function within(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`));
}

const mostLines = 40;

function printReport(
  { terminal }: CommandContext,
  { plan, others, stay, ok, versioned }: Prepared,
  { dump, target, secrets }: Places,
  diagnostics: readonly Diagnostic[],
  options: ImportOptions,
): void {
  terminal.out(`${options.dryRun ? 'would import' : 'imported'} ${dump} into ${target}`);
  const width = Math.max(...plan.tables.map(({ name }) => name.length));
  for (const table of plan.tables) terminal.out(`  ${table.name.padEnd(width)}  ${tableText(table)}`);
  if (plan.secrets.length > 0) {
    const moved = count(plan.secrets.length, 'clear value');
    terminal.out(
      `${moved} ${options.dryRun ? 'would move' : 'moved'} to ${secrets}, which only its owner can read; the cells say secret:TABLE/KEY/COLUMN`,
    );
  }
  if (stay.length > 0) terminal.out(`not in the dump, left as they are: ${stay.join(', ')}`);
  if (others.length > 0) terminal.out(`no tables, left out: ${others.join(', ')}`);
  for (const note of plan.notes) terminal.out(`note: ${note}`);
  terminal.out('');
  for (const line of renderDiagnostics(diagnostics, { width: terminal.width, most: mostLines })) terminal.out(line);
  terminal.out(
    `check: ${verdict(diagnostics, ok)}${ok ? '' : '; a push of this is refused until the errors are mended'}`,
  );
  terminal.out('');
  if (options.dryRun) terminal.out('nothing was written; leave --dry-run out to import');
  else for (const line of nextSteps(target, ok, versioned)) terminal.out(line);
}

function tableText({ rows, off, moved, change, read }: ImportedTable): string {
  const texts = [
    `${count(rows, 'row')}${off > 0 ? ` and ${off} disabled` : ''}`,
    change === 'changed' ? 'replaced' : change,
  ];
  if (moved > 0) texts.push(`${count(moved, 'clear value')} moved out`);
  if (!read) texts.push('kept only');
  return texts.join(', ');
}

function nextSteps(target: string, ok: boolean, versioned: boolean): string[] {
  return [
    'next:',
    `  cd ${target}`,
    ...(ok ? [] : ['  litehouse check          # mend the errors']),
    ...(versioned ? [] : ['  git init -b main']),
    '  git add -A',
    "  git commit -m 'Import the tables of the old server'",
    ...(versioned
      ? ['  git push']
      : ['  git remote add origin URL   # of the server: litehouse serve prints it', '  git push -u origin main']),
  ];
}

function toJson({ plan, others, stay, diagnostics, ok }: Prepared, places: Places, options: ImportOptions): unknown {
  return {
    ...places,
    dryRun: options.dryRun === true,
    ok,
    tables: plan.tables.map(({ bytes: _, ...table }) => table),
    // Names alone: the values are in the file and nowhere else.
    moved: plan.secrets.map(({ name }) => name),
    stay,
    others,
    notes: plan.notes,
    diagnostics: diagnostics.map(diagnosticToJson),
  };
}
