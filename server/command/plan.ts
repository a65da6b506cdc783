/** `litehouse plan` and `litehouse diff`: what would change, without changing it. */
import type { Command } from 'commander';
import { heldLines } from '../../core/engine/held-text.ts';
import type { Preview, Status } from '../../core/engine/types.ts';
import { diagnosticToJson, diffToJson } from '../../core/plan/json.ts';
import { renderDiff } from '../../core/plan/render.ts';
import type { Snapshot } from '../../core/repo/snapshot.ts';
import { openPreviewer } from '../reading/preview.ts';
import { commitOf, openCommits, openSource, type Source, type SourceOptions } from '../reading/source.ts';
import { askServer, findServer, type ServerNote } from '../running/note.ts';
import { branch, readSettings } from '../settings.ts';
import { printDiagnostics, verdict } from './check.ts';
import { type CommandContext, describe, printJson, serverDir, withDir, withJson, withSource } from './context.ts';

interface PlanOptions extends SourceOptions {
  readonly from?: string;
  readonly json?: boolean;
}

export function addPlanCommand(program: Command, context: CommandContext): void {
  withJson(
    withSource(
      describe(
        program.command('plan'),
        'Say what a working copy or a commit would change in the cluster, without changing it.',
        ['plan', 'plan --at topic --from main'],
      ),
    ).option(
      '--from <commit>',
      'what to compare with (default: what the server has in effect, else origin/main, else main)',
    ),
  ).action(async (options: PlanOptions) => {
    const source = await openSource(context, options);
    try {
      const preview = await context.terminal.during('planning', planAgainstBase(context, options, source));
      if (!preview.ok) context.status = 1;
      if (options.json) printJson(context, planToJson(preview));
      else printPlan(context, preview, source.called);
    } finally {
      await source.close();
    }
  });
}

export function addDiffCommand(program: Command, context: CommandContext): void {
  withJson(
    withDir(
      describe(program.command('diff <a> <b>'), 'Say how the cluster of one commit differs from that of another.', [
        'diff HEAD~1 HEAD',
        'diff main topic --repo ~/cluster',
      ]),
    ),
  )
    .option('--repo <dir>', 'a working copy or a bare repository')
    .action(async (a: string, b: string, options: PlanOptions) => {
      const { place, repository } = await openCommits(context, options);
      try {
        const [before, after] = [await commitOf(repository, place, a), await commitOf(repository, place, b)];
        const preview = await context.terminal.during('planning', planBetween(context, options, before, after));
        if (!preview.ok) context.status = 1;
        if (options.json) printJson(context, planToJson(preview));
        else printPlan(context, preview, `${b} of ${place}`);
      } finally {
        await repository.close();
      }
    });
}

async function planAgainstBase(context: CommandContext, options: PlanOptions, source: Source): Promise<Preview> {
  const server = await findServer(await readSettings(serverDir(context, options))).catch(() => undefined);
  const before = await baseSnapshot(context, options, source, server);
  return planBetween(context, { ...options, running: server !== undefined }, before, source.snapshot);
}

async function planBetween(
  context: CommandContext,
  options: SourceOptions & { readonly running?: boolean },
  before: Snapshot | undefined,
  after: Snapshot,
): Promise<Preview> {
  const previewer = await openPreviewer(context, options);
  const base = before === undefined ? undefined : (await previewer(before)).world;
  return previewer(after, base);
}

/** `--from`, else the commit that the server has in effect, else main; undefined where the repository has none of them. */
async function baseSnapshot(
  context: CommandContext,
  options: PlanOptions,
  source: Source,
  server: ServerNote | undefined,
): Promise<Snapshot | undefined> {
  const { repository, place } = source;
  if (repository === undefined) return undefined;
  if (options.from !== undefined) return commitOf(repository, place, options.from);
  const applied = server === undefined ? undefined : ((await askServer(server, '/status')) as Status).applied;
  if (applied !== undefined) {
    const oid = await repository.resolve(applied);
    if (oid !== undefined) return repository.snapshot(oid);
    context.terminal.err(
      `${applied.slice(0, 10)}, which the server has in effect, is not in ${place}: compared with its ${branch} (git fetch brings it)`,
    );
  }
  // In a clone, what was pushed: local commits that were not are part of what would change.
  const main = (await repository.resolve(`refs/remotes/origin/${branch}`)) ?? (await repository.head(branch));
  return main === undefined ? undefined : repository.snapshot(main);
}

function planToJson(preview: Preview): unknown {
  return {
    commit: preview.commit,
    ok: preview.ok,
    diagnostics: preview.diagnostics.map(diagnosticToJson),
    diff: preview.diff === undefined ? undefined : diffToJson(preview.diff),
    held: preview.held,
  };
}

function printPlan(context: CommandContext, preview: Preview, called: string): void {
  const { terminal } = context;
  if (!preview.ok) printDiagnostics(terminal, preview.diagnostics);
  if (preview.diff !== undefined)
    for (const line of renderDiff(preview.diff, { width: terminal.width })) terminal.out(line);
  for (const line of heldLines(preview.held, { width: terminal.width })) terminal.out(line);
  if (preview.diagnostics.length > 0) {
    terminal.err(
      `${called}: ${verdict(preview.diagnostics, preview.ok)}${preview.ok ? ': litehouse check shows them' : '; a push of it is refused'}`,
    );
  }
}
