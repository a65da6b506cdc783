/** `litehouse tabedit TABLE`: a table in the person's editor, accepted once it can be read. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { tablePath } from '../../../core/edit/table-file.ts';
import { renderDiagnostics } from '../../../core/plan/render.ts';
import { nearest } from '../../../core/tables/nearest.ts';
import { parseTable } from '../../../core/tables/parse.ts';
import { headerOf, schemas } from '../../../core/tables/schemas.ts';
import { openSource } from '../../reading/source.ts';
import { type CommandContext, describe } from '../context.ts';
import { Failure } from '../failure.ts';
import { type EditOptions, printOutcome, sendEdit, withEdit } from './send.ts';

export function addTabeditCommand(program: Command, context: CommandContext): void {
  withEdit(
    describe(
      program.command('tabedit <table>'),
      'Edit a table in $VISUAL or $EDITOR; what changed becomes a commit, joined with what others changed meanwhile.',
      ['tabedit litefile', 'EDITOR="code --wait" litehouse tabedit litetree -m "New York has its own motd"'],
    ),
  ).action((table: string, options: EditOptions) => tabedit(context, options, table));
}

async function tabedit(context: CommandContext, options: EditOptions, table: string): Promise<void> {
  const base = await textOf(context, options, table);
  const schema = schemas.get(table);
  const start = base ?? (schema === undefined ? undefined : `${headerOf(schema)}\n`);
  if (start === undefined) {
    const near = nearest(table, [...schemas.keys()]);
    throw new Failure({
      what: `there is no table '${table}'`,
      mend: near === undefined ? 'litehouse tabdump lists the tables' : `did you mean ${near}?`,
    });
  }
  const dir = await mkdtemp(join(tmpdir(), 'litehouse-tabedit-'));
  const file = join(dir, `${table}.csv`);
  await writeFile(file, start, { mode: 0o600 });
  const again = async (why: readonly string[]): Promise<void> => {
    for (const line of why) context.terminal.err(line);
    if (!(await askToGoOn(file)))
      throw new Failure({
        what: `${table} was not changed`,
        why: `your text is kept in ${file}`,
        mend: keptText(table, file),
        status: 1,
      });
  };
  for (;;) {
    await runEditor(context, file).catch(async (error: Error) => {
      // An editor that did not even start, or that was left by :cq, wrote nothing that is worth keeping.
      const untouched = (await readFile(file, 'utf8').catch(() => start)) === start;
      if (untouched) await rm(dir, { recursive: true, force: true });
      throw new Failure({
        what: 'the editor failed',
        why: untouched ? error.message : `${error.message}; your text is kept in ${file}`,
        mend: untouched ? 'name another: EDITOR=vi' : keptText(table, file),
      });
    });
    const text = await readFile(file, 'utf8');
    if (text === start) {
      printOutcome(context, options, { outcome: 'unchanged', lines: ['no change: nothing was done'], diagnostics: [] });
      break;
    }
    const faults = parseTable(table, tablePath(table), text, schema).diagnostics.filter(
      ({ severity }) => severity === 'error',
    );
    if (faults.length > 0) {
      await again(renderDiagnostics(faults, { most: 24, width: context.terminal.width }));
      continue;
    }
    const outcome = await sendEdit(context, options, { kind: 'tabedit', table, base, text }).catch(
      async (error: unknown) => {
        context.terminal.err(`your text is kept in ${file}`);
        throw error;
      },
    );
    if (outcome.outcome !== 'refused' || options.json) {
      printOutcome(context, options, outcome);
      if (outcome.outcome === 'refused') context.terminal.err(`your text is kept in ${file}`);
      if (outcome.outcome === 'refused') return;
      break;
    }
    await again(outcome.lines);
  }
  await rm(dir, { recursive: true, force: true });
}

function keptText(table: string, file: string): string {
  return `put it right there, then bring it in: EDITOR='cp ${file}' litehouse tabedit ${table}`;
}

/** The table's text as it stands; undefined where there is no such file. */
async function textOf(context: CommandContext, options: EditOptions, table: string): Promise<string | undefined> {
  const { dir, repo, server, tokenFile } = options;
  // An edit without --repo goes to a server, also from within a working copy: so that is what is read.
  const named =
    dir ?? (repo === undefined && server === undefined && !context.env.LITEHOUSE_SERVER ? 'var' : undefined);
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

/** Runs the person's editor on a file: words of $VISUAL or $EDITOR, no shell. */
function runEditor({ env, cwd }: CommandContext, file: string): Promise<void> {
  const [command = 'vi', ...args] = (env.VISUAL || env.EDITOR || 'vi').trim().split(/\s+/);
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
