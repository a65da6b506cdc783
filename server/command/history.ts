/** `litehouse history`: the commits, who pushed them, and what became of each. */
import type { Command } from 'commander';
import type { CommitRecord } from '../../core/engine/types.ts';
import { openCommits, type SourceOptions } from '../reading/source.ts';
import { bootCountText, type ServerHistory } from '../reports/counts.ts';
import { askServer, findServer } from '../running/note.ts';
import { meantRemote, readRemote } from '../running/remote.ts';
import { branch, readSettings } from '../settings.ts';
import { paint, withoutControls } from '../terminal.ts';
import { type CommandContext, describe, printJson, serverDir, withJson, withRemoteSource } from './context.ts';
import { Failure } from './failure.ts';

export function addHistoryCommand(program: Command, context: CommandContext): void {
  withJson(
    withRemoteSource(
      describe(
        program.command('history'),
        'List commits, newest first: id, age, author, pusher, what became of it, subject.',
        ['history --limit 5'],
      ),
    ).option('--limit <number>', 'how many', '20'),
  ).action(async (options: SourceOptions & { limit: string; json?: boolean }) => {
    const limit = Number(options.limit);
    if (!Number.isInteger(limit) || limit < 1)
      throw new Failure({ what: `--limit ${options.limit}: no number`, mend: 'write --limit 20' });
    const commits = await context.terminal.during('reading', readHistory(context, options, limit));
    if (options.json) printJson(context, commits);
    else for (const line of historyLines(commits, Date.now())) context.terminal.out(paintState(context, line));
  });
}

/** The running server knows pushers and states; a repository alone knows commits. */
async function readHistory(context: CommandContext, options: SourceOptions, limit: number): Promise<ServerHistory> {
  if (options.repo === undefined && options.at === undefined) {
    const remote = await meantRemote(context, options);
    if (remote !== undefined) return (await readRemote(remote, `/history?limit=${limit}`)) as ServerHistory;
    const server = await findServer(await readSettings(serverDir(context, options)));
    if (server !== undefined) return (await askServer(server, `/history?limit=${limit}`)) as ServerHistory;
  }
  const { place, repository } = await openCommits(context, options);
  try {
    const name = options.at ?? branch;
    const oid = (await repository.head(name)) ?? (await repository.resolve(name));
    if (oid === undefined) {
      throw new Failure({
        what: `there is no commit ${JSON.stringify(name)} in ${place}`,
        mend: 'commit something first, or name a branch with --at',
      });
    }
    return (await repository.history(limit, oid)).map((commit) => ({ ...commit, record: undefined, boots: undefined }));
  } finally {
    await repository.close();
  }
}

/** One line a commit, in columns. */
export function historyLines(commits: ServerHistory, now: number): string[] {
  const rows = commits.map((commit) => [
    commit.oid.slice(0, 10),
    ageText(now - Date.parse(commit.committedAt)),
    clip(withoutControls(commit.author), 20),
    clip(withoutControls(commit.record?.pusher ?? '-'), 24),
    stateText(commit),
    withoutControls(commit.subject),
  ]);
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 5 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

/** What became of a commit, and how far it came on the nodes: two things, never one tick. */
function stateText({ record, boots }: ServerHistory[number]): string {
  const state = record === undefined ? '-' : recordState(record);
  return boots === undefined ? state : `${state}, ${bootCountText(boots)}`;
}

/** The furthest that a commit came on this server. */
export function recordState(record: CommitRecord): string {
  // What the check refused was never tried; what failed while it was applied is to be mended and tried again.
  if (record.failed !== undefined) return record.checkedAt === undefined ? 'refused' : 'failed';
  if (record.appliedAt !== undefined) return 'applied';
  return record.checkedAt === undefined ? 'received' : 'checked';
}

/** `12s`, `5m`, `3h`, `12d`: age in the largest unit that fits. */
export function ageText(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

function clip(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}

function paintState(context: CommandContext, line: string): string {
  return line.replace(/ {2}failed {2}/, `  ${paint(context.terminal, 'red', 'failed')}  `);
}
