/** `litehouse tabedit TABLE`: a table in the person's editor, accepted once it can be read. */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { shellWord } from '../../../core/edit/shell-word.ts';
import { tablePath } from '../../../core/edit/table-file.ts';
import { renderDiagnostics } from '../../../core/plan/render.ts';
import { nearest } from '../../../core/tables/nearest.ts';
import { parseTable } from '../../../core/tables/parse.ts';
import { headerOf, schemas } from '../../../core/tables/schemas.ts';
import { openSource } from '../../reading/source.ts';
import { type CommandContext, describe, serverDir } from '../context.ts';
import { Failure } from '../failure.ts';
import { joinWith, type Kept, keep, keptIn, letGo } from './kept.ts';
import { type EditOptions, printOutcome, sendEdit, withEdit } from './send.ts';

interface TabeditOptions extends EditOptions {
  /** A directory in which an earlier run kept its text. */
  readonly resume?: string;
}

export function addTabeditCommand(program: Command, context: CommandContext): void {
  withEdit(
    describe(
      program.command('tabedit <table>'),
      'Edit a table in $VISUAL or $EDITOR; what changed becomes a commit, joined with what others changed meanwhile.',
      ['tabedit litefile', 'EDITOR="code --wait" litehouse tabedit litetree -m "New York has its own motd"'],
    ),
  )
    .option(
      '--resume <dir>',
      'go on with the text that an earlier tabedit kept there, and with the table that it began from',
    )
    .action((table: string, options: TabeditOptions) => tabedit(context, options, table));
}

async function tabedit(context: CommandContext, options: TabeditOptions, table: string): Promise<void> {
  const editor = editorOf(context);
  if (editor === undefined && options.resume === undefined)
    throw new Failure({
      what: 'there is no editor, and no terminal to open one on',
      mend: `name one that works without: EDITOR='sed -i s/old/new/' litehouse tabedit ${table}   (or change cells with litehouse chtab)`,
    });
  const kept = await begin(context, options, table);
  const { base, file } = kept;
  const start = base ?? headerText(table) ?? '';
  const later = `put it right there, then bring it in: ${resumeCommand(options, table, kept)}`;
  const again = async (why: readonly string[]): Promise<void> => {
    for (const line of why) context.terminal.err(line);
    if (editor === undefined || !(await askToGoOn(file)))
      throw new Failure({
        what: `${table} was not changed`,
        why: `your text is kept in ${file}`,
        mend: later,
        status: 1,
      });
  };
  for (;;) {
    if (editor !== undefined) await edit(context, editor, kept, start, later);
    const text = await readFile(file, 'utf8').catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      await letGo(kept);
      throw new Failure({
        what: `${table} was not changed`,
        why: `the editor left no ${file}`,
        mend: 'edit it again, and save to the file that is opened',
        status: 1,
      });
    });
    if (text === start) {
      printOutcome(context, options, { outcome: 'unchanged', lines: ['no change: nothing was done'], diagnostics: [] });
      break;
    }
    const faults = parseTable(table, tablePath(table), text, schemas.get(table)).diagnostics.filter(
      ({ severity }) => severity === 'error',
    );
    if (faults.length > 0) {
      await again(renderDiagnostics(faults, { most: 24, width: context.terminal.width }));
      continue;
    }
    const sayKept = (): void => context.terminal.err(`your text is kept in ${file}\n  ${later}`);
    const outcome = await sendEdit(context, options, { kind: 'tabedit', table, base, text }).catch((error: unknown) => {
      sayKept();
      throw error;
    });
    if (outcome.outcome === 'refused' && !options.json) {
      await again(outcome.lines);
      continue;
    }
    printOutcome(context, options, outcome);
    if (outcome.outcome === 'refused') sayKept();
    // What was only planned is still to be brought in, where it was kept before.
    if (outcome.outcome === 'refused' || (outcome.outcome === 'planned' && options.resume !== undefined)) return;
    break;
  }
  await letGo(kept);
}

/** The text to edit: of an earlier run where that is to go on, else the table as it stands. Throws a Failure where there is no such table. */
async function begin(context: CommandContext, options: TabeditOptions, table: string): Promise<Kept> {
  if (options.resume !== undefined) {
    const kept = await keptIn(resolve(context.cwd, options.resume), table);
    return joinWith(kept, table, await textOf(context, options, table));
  }
  const base = await textOf(context, options, table);
  const start = base ?? headerText(table);
  if (start !== undefined) return keep(table, base, start);
  const near = nearest(table, [...schemas.keys()]);
  throw new Failure({
    what: `there is no table '${table}'`,
    mend: near === undefined ? 'litehouse tabdump lists the tables' : `did you mean ${near}?`,
    status: 1,
  });
}

/** What a known table without a file begins with. */
function headerText(table: string): string | undefined {
  const schema = schemas.get(table);
  return schema === undefined ? undefined : `${headerOf(schema)}\n`;
}

async function edit(
  context: CommandContext,
  editor: readonly [command: string, ...args: string[]],
  kept: Kept,
  start: string,
  later: string,
): Promise<void> {
  await runEditor(context, editor, kept.file).catch(async (error: Error) => {
    // An editor that did not even start, or that was left by :cq, wrote nothing that is worth keeping.
    const untouched = (await readFile(kept.file, 'utf8').catch(() => start)) === start;
    if (untouched) await letGo(kept);
    throw new Failure({
      what: 'the editor failed',
      why: untouched ? error.message : `${error.message}; your text is kept in ${kept.file}`,
      mend: untouched ? 'name another: EDITOR=vi' : later,
    });
  });
}

/** The command that brings a kept text in, to where this one would have. */
function resumeCommand(options: TabeditOptions, table: string, { dir }: Kept): string {
  const named = [
    ['--dir', options.dir],
    ['--repo', options.repo],
    ['--server', options.server],
    ['--token-file', options.tokenFile],
  ].flatMap(([flag, value]) => (value === undefined ? [] : [flag, shellWord(value)]));
  return ['litehouse tabedit', table, '--resume', shellWord(dir), ...named].join(' ');
}

/** The table's text as it stands; undefined where there is no such file. */
async function textOf(context: CommandContext, options: EditOptions, table: string): Promise<string | undefined> {
  const { dir, repo, server, tokenFile } = options;
  // An edit without --repo goes to a server, also from within a working copy: so that is what is read.
  const named =
    dir ??
    (repo === undefined && server === undefined && !context.env.LITEHOUSE_SERVER ? serverDir(context, {}) : undefined);
  const source = await openSource(context, {
    dir: named,
    repo,
    server: server ?? (dir === undefined && repo === undefined ? context.env.LITEHOUSE_SERVER || undefined : undefined),
    tokenFile,
  });
  try {
    const { entries } = await source.snapshot.list('tables');
    const entry = entries.find(({ path }) => path === tablePath(table));
    if (entry === undefined) return undefined;
    const [bytes] = await source.snapshot.blobs([entry.oid]);
    return bytes?.toString('utf8');
  } finally {
    await source.close();
  }
}

/** Words of $VISUAL or $EDITOR, else vi; undefined where none is named and nobody could use vi. */
function editorOf({ env }: CommandContext): readonly [command: string, ...args: string[]] | undefined {
  const [command = '', ...args] = (env.VISUAL || env.EDITOR || '').trim().split(/\s+/);
  if (command !== '') return [command, ...args];
  return process.stdin.isTTY === true && process.stdout.isTTY === true ? ['vi'] : undefined;
}

/** Runs an editor on a file; no shell. */
function runEditor(
  { cwd }: CommandContext,
  [command, ...args]: readonly [command: string, ...args: string[]],
  file: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...args, file], { cwd, stdio: 'inherit' });
    child.on('error', reject);
    child.on('close', (code, signal) =>
      code === 0 ? resolve() : reject(new Error(`${command} ended with ${signal ?? `exit code ${code}`}`)),
    );
  });
}

/** Asks whether to edit again; no where nobody is there to answer. */
async function askToGoOn(file: string): Promise<boolean> {
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) return false;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await lines.question(`Edit again? [Y/n] (it is kept in ${file}) `);
    return !/^\s*n/i.test(answer);
  } catch {
    return false;
  } finally {
    lines.close();
  }
}
