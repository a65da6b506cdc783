/** Where an edit goes: the server of this machine, one elsewhere, or a working copy; and what is printed of it. */
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { Diagnostic } from '../../../core/diagnostic/diagnostic.ts';
import { computeEdit, type EditCommand } from '../../../core/edit/edit.ts';
import { addedFaults } from '../../../core/image/findings.ts';
import { overlaySnapshot } from '../../../core/import/overlay.ts';
import { diagnosticToJson, diffToJson } from '../../../core/plan/json.ts';
import { renderDiagnostics, renderDiff } from '../../../core/plan/render.ts';
import { openFolder } from '../../../core/repo/folder-snapshot.ts';
import { git } from '../../../core/repo/git.ts';
import { Repository } from '../../../core/repo/repository.ts';
import { buildView } from '../../../core/resolve/build-view.ts';
import { TableCache } from '../../../core/tables/load.ts';
import { asErrors, bytesOf, type EditOutcome, editOutcome, notBuiltFault, openEdits } from '../../edits.ts';
import { openPreviewer } from '../../reading/preview.ts';
import { askEngine } from '../../running/engine.ts';
import { askRemote, meantRemote, type Remote } from '../../running/remote.ts';
import { type CommandContext, printJson, serverDir, withDir, withJson, withServer } from '../context.ts';
import { Failure } from '../failure.ts';

export interface EditOptions {
  readonly dir?: string;
  readonly repo?: string;
  readonly server?: string;
  readonly tokenFile?: string;
  readonly message?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  /** The image that is built of it: refuse what would keep it, or another, from being built. */
  readonly build?: string;
}

/** The options of commands that change something. */
export function withEdit(command: Command): Command {
  return withJson(
    withServer(withDir(command), 'change the cluster of the server at that URL')
      .option('--repo <dir>', 'only change the files of a working copy; nothing is committed')
      .option('-m, --message <text>', "the commit's message (default: the command itself)")
      .option('-n, --dry-run', 'print what it would change in the cluster, and change nothing'),
  );
}

/** Sends an edit to where the options say and gives what became of it. */
export async function sendEdit(
  context: CommandContext,
  options: EditOptions,
  command: EditCommand,
): Promise<EditOutcome> {
  const doing = options.dryRun ? 'planning' : 'applying';
  if (options.repo !== undefined) return editWorkingCopy(context, options, resolve(context.cwd, options.repo), command);
  const request = {
    command,
    author: await authorOf(context),
    ...(options.message === undefined ? {} : { message: options.message }),
    dryRun: options.dryRun === true,
    ...(options.build === undefined ? {} : { build: options.build }),
  };
  const remote = await meantRemote(context, options);
  if (remote !== undefined) return context.terminal.during(doing, postEdit(remote, request));
  const local = askEngine(serverDir(context, options), command.kind, {
    server: (note) => postEdit({ url: note.admin, token: note.key }, request),
    async engine(engine) {
      // What a server does first as it starts: an edit is planned against what the branch says, not against an older state.
      // A dry run must not put in effect what waits there; its plan then shows that, too.
      if (!request.dryRun) await engine.reconcile('start');
      const repository = await Repository.open(engine.settings.repository);
      try {
        return await openEdits({ engine, repository })(request, { name: userInfo().username, via: 'file' });
      } finally {
        await repository.close();
      }
    },
  });
  return context.terminal.during(doing, local);
}

async function postEdit(remote: Remote, request: { readonly dryRun: boolean }): Promise<EditOutcome> {
  return askRemote(remote, '/edit', request, {
    parse: (json) => editOutcome.safeParse(json).data,
    refusedAs: 422,
    token: request.dryRun ? 'a token' : 'a token that may push',
  });
}

/** Whom git would name as the author, in the folder where the command runs; what it cannot say is the account's. */
async function authorOf({ cwd, env }: CommandContext): Promise<{ readonly name: string; readonly email: string }> {
  // The person's own configuration: git's, not the clean one that repositories are read with.
  const environment = Object.fromEntries(
    Object.entries({ ...process.env, ...env }).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
  const asked = async (key: string): Promise<string> =>
    (await git(['config', key], { cwd, environment, accept: [0, 1] }).catch(() => undefined))?.stdout
      .toString()
      .trim() ?? '';
  const ident = await git(['var', 'GIT_AUTHOR_IDENT'], { cwd, environment }).catch(() => undefined);
  const [, name, email] = /^(.+) <(.+)> \d+ [+-]\d{4}$/.exec(ident?.stdout.toString().trim() ?? '') ?? [];
  if (name !== undefined && email !== undefined) return { name: name.slice(0, 200), email: email.slice(0, 200) };
  // It gives no half of it: a machine without a full name has no address to guess from.
  const account = userInfo().username;
  return {
    name: ((await asked('user.name')) || account).slice(0, 200),
    email: ((await asked('user.email')) || `${account}@${hostname()}`).slice(0, 200),
  };
}

async function editWorkingCopy(
  context: CommandContext,
  options: EditOptions,
  place: string,
  command: EditCommand,
): Promise<EditOutcome> {
  if ((await stat(join(place, 'tables')).catch(() => undefined)) === undefined)
    throw new Failure({
      what: `${place} is no working copy: it has no tables/`,
      mend: 'name a clone with --repo; a server changes its own repository by --dir or --server',
    });
  const snapshot = await openFolder(place);
  const result = computeEdit(await buildView(snapshot, { tableCache: new TableCache(), extraSchemas: [] }), command);
  if (result.kind === 'refused')
    return {
      outcome: 'refused',
      lines: [...renderDiagnostics(result.diagnostics), 'nothing was changed'],
      diagnostics: result.diagnostics.map(diagnosticToJson),
    };
  if (result.files.size === 0)
    return { outcome: 'unchanged', lines: ['it is so already: nothing was changed'], diagnostics: [] };
  const bytes = bytesOf(result.files);
  const preview = async () => {
    const { build } = options;
    // It is built by the server that the working copy is pushed to, whatever is built here.
    const previewer = await openPreviewer(context, build === undefined ? options : { ...options, images: 'rows' });
    const before = await previewer(snapshot);
    const after = await previewer(overlaySnapshot(snapshot, bytes), before.world);
    const external = build === undefined ? undefined : notBuiltFault(after.view, build, 'rows');
    const faults = build === undefined ? [] : addedFaults(before.diagnostics, after.diagnostics);
    return { after, faults: external === undefined ? faults : [external] };
  };
  const refused = (faults: readonly Diagnostic[]): EditOutcome => ({
    outcome: 'refused',
    lines: [...renderDiagnostics(asErrors(faults)), 'nothing was changed'],
    diagnostics: asErrors(faults).map(diagnosticToJson),
  });
  if (!options.dryRun) {
    const faults = options.build === undefined ? [] : (await preview()).faults;
    if (faults.length > 0) return refused(faults);
    for (const [path, text] of result.files) {
      const file = join(place, path);
      if (text === undefined) {
        await rm(file, { force: true });
        continue;
      }
      await mkdir(dirname(file), { recursive: true });
      await writeFile(`${file}.new`, text);
      await rename(`${file}.new`, file);
    }
    const files = [...result.files.keys()].join(', ');
    return {
      outcome: 'applied',
      lines: [`wrote ${files} in ${place}; git commit and git push put it in effect`],
      diagnostics: [],
    };
  }
  const { after, faults } = await preview();
  if (faults.length > 0) return refused(faults);
  const { ok, diagnostics, diff } = after;
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  const plan = diff === undefined ? [] : renderDiff(diff, { width: context.terminal.width });
  return {
    outcome: ok ? 'planned' : 'refused',
    lines: [...renderDiagnostics(errors), ...plan, 'nothing was changed'],
    diagnostics: diagnostics.map(diagnosticToJson),
    ...(diff === undefined ? {} : { diff: diffToJson(diff) }),
  };
}

/** Prints what became of an edit; a refusal goes to stderr. Exit status 1 where it is not in effect. */
export function printOutcome(context: CommandContext, options: EditOptions, outcome: EditOutcome): void {
  const bad = outcome.outcome === 'refused' || outcome.outcome === 'not in effect';
  if (bad) context.status = 1;
  if (options.json) printJson(context, outcome);
  else for (const line of outcome.lines) (bad ? context.terminal.err : context.terminal.out)(line);
}
