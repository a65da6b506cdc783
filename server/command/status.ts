/** `litehouse status`: what is in effect, what waits, and what a person has to do. */
import type { Command } from 'commander';
import { clockText } from '../../core/apply/build-watch.ts';
import { heldText } from '../../core/engine/held-text.ts';
import type { Engine, Status } from '../../core/engine/types.ts';
import { foldNodes } from '../../core/noderange/fold.ts';
import { bootCountText, type ServerStatus, statusWithBoots } from '../reports/counts.ts';
import { openReports } from '../reports/reports.ts';
import { askEngine, awaitServer } from '../running/engine.ts';
import { followEvents, type ServerEvent } from '../running/follow.ts';
import { askServer } from '../running/note.ts';
import { meantRemote, type Remote, type RemoteOptions, readRemote } from '../running/remote.ts';
import { readSettings } from '../settings.ts';
import { paint, type Terminal } from '../terminal.ts';
import {
  type CommandContext,
  count,
  describe,
  printJson,
  serverDir,
  withDir,
  withJson,
  withServer,
} from './context.ts';
import { Failure } from './failure.ts';

interface StatusOptions extends RemoteOptions {
  readonly dir?: string;
  readonly json?: boolean;
  readonly watch?: boolean;
}

export function addStatusCommand(program: Command, context: CommandContext): void {
  withJson(
    withServer(
      withDir(
        describe(program.command('status'), 'Say what is in effect, what waits, and what somebody has to do.', [
          'status --dir var',
          'status --watch',
        ]),
      ),
      'ask the server at that URL',
    ),
  )
    .option('--watch', 'go on, and say what the running server does as it does it')
    .action(async (options: StatusOptions) => {
      if (options.watch === true) return watch(context, options);
      const { status, server } = await context.terminal.during('asking', ask(context, options));
      if (status.state === 'refused' || status.state === 'failed') context.status = 1;
      if (options.json) printJson(context, { ...status, server });
      else for (const line of statusLines(status, server, context.terminal)) context.terminal.out(line);
    });
}

/** The status, and where the server is that told it; undefined where none runs. */
async function ask(
  context: CommandContext,
  options: StatusOptions,
): Promise<{ readonly status: ServerStatus; readonly server: string | undefined }> {
  const remote = await meantRemote(context, options);
  if (remote !== undefined)
    return { status: (await readRemote(remote, '/status')) as ServerStatus, server: remote.url };
  const dir = serverDir(context, options);
  return askEngine<{ status: ServerStatus; server: string | undefined }>(dir, 'status', {
    server: async (server) => ({ status: (await askServer(server, '/status')) as ServerStatus, server: server.admin }),
    engine: async (engine) => ({ status: await withReports(dir, engine), server: undefined }),
  });
}

/** What nodes said to the server that ran here last. */
async function withReports(dir: string, engine: Engine): Promise<ServerStatus> {
  const reports = await openReports((await readSettings(dir)).state);
  try {
    const status = await statusWithBoots(engine, reports);
    if (status.state !== 'applying') return status;
    const idle =
      'what main names is not wholly in effect, and no server runs that applies it: litehouse serve, or once: litehouse apply';
    return { ...status, problem: status.problem ?? idle };
  } finally {
    await reports.close();
  }
}

/** Prints until the server stops, which makes the exit status 1, or until somebody stops this. */
async function watch(context: CommandContext, options: StatusOptions): Promise<void> {
  const { terminal } = context;
  const server = (await meantRemote(context, options)) ?? (await serverHere(context, options));
  let said = '';
  await followEvents(server, (event) => {
    if (options.json === true) return terminal.out(JSON.stringify({ event: event.name, data: event.data }));
    const lines = eventLines(event, server.url, terminal);
    // Builds say much that leaves the status as it was.
    if (event.name === 'status' && lines.join('\n') === said) return;
    if (event.name === 'status') said = lines.join('\n');
    for (const line of lines) terminal.out(line);
  });
  terminal.err('the server has stopped');
  context.status = 1;
}

async function serverHere(context: CommandContext, options: StatusOptions): Promise<Remote> {
  const settings = await readSettings(serverDir(context, options));
  const server = await awaitServer(settings);
  if (server !== undefined) return { url: server.admin, token: server.key };
  throw new Failure({
    what: `no server runs on ${settings.dir}`,
    mend: `start it: litehouse serve --dir ${settings.dir}   (or leave out --watch: the status is told without one)`,
  });
}

function eventLines({ name, data }: ServerEvent, server: string, terminal: Pick<Terminal, 'colour'>): string[] {
  if (name === 'status') return [...statusLines(data as ServerStatus, server, terminal), ''];
  const { at, line } = data as { at: string; line: string };
  // A look that changed nothing is nothing to read; one that did shows in the status.
  return line === 'done' || line.endsWith(': poll') ? [] : [`${at.slice(11, 19)} ${line}`];
}

/** `building since 10:31 UTC, 42 %`, `failed`. */
export function buildText(build: Pick<Status['builds'][number], 'state' | 'since' | 'progress'>): string {
  const { state, since, progress } = build;
  if (since === undefined) return state;
  return `${state} since ${clockText(Date.parse(since))}, ${Math.round((progress ?? 0) * 100)} %`;
}

/** The status for people, most urgent first. */
export function statusLines(
  status: ServerStatus,
  server: string | undefined,
  terminal: Pick<Terminal, 'colour'>,
): string[] {
  const good = status.state === 'applied';
  const bad = status.state === 'refused' || status.state === 'failed';
  const lines = [`state    ${paint(terminal, good ? 'green' : bad ? 'red' : 'yellow', status.state)}`];
  if (status.problem !== undefined) lines.push(`to do    ${status.problem}`);
  lines.push(`server   ${server ?? 'not running'}`);
  if (status.head !== undefined) lines.push(`main     ${status.head.slice(0, 10)}`);
  if (status.applied !== undefined) lines.push(`applied  ${status.applied.slice(0, 10)}${appliedText(status)}`);
  lines.push(`nodes    ${status.nodes}`);
  for (const count of status.boots) {
    // Nodes that wait keep the set of an earlier commit.
    const of = count.commit === status.applied ? '' : `${count.commit.slice(0, 10)}: `;
    lines.push(`booted   ${of}${bootCountText(count).replace(/^booted /, '')}`);
  }
  for (const { image, why, nodes } of status.waiting) {
    lines.push(
      `waiting  ${count(nodes.length, 'node')}, ${image === undefined ? '' : `image ${image}: `}${why} (${foldNodes(nodes)})`,
    );
  }
  for (const build of status.builds) {
    // What is there is no news; `litehouse images` lists it.
    if (build.state === 'present') continue;
    const [first = '', ...more] = build.detail.split('\n');
    lines.push(
      `build    ${build.id}: ${buildText(build)}${first === '' ? '' : `: ${first}`}`,
      ...more.map((line) => `         ${line}`),
    );
    if (build.log !== undefined) lines.push(`         log: ${build.log}`);
  }
  if (status.asked.length > 0) lines.push(`asked    ${status.asked.join(', ')}: built because somebody asked by name`);
  if (status.external.length > 0) lines.push(`external ${status.external.join(', ')}: not checked`);
  for (const { root, path, what } of status.blocked) lines.push(`blocked  ${root}:${path}: ${what}`);
  for (const group of status.held) lines.push(`held     ${heldText(group)}`);
  for (const { image, files, generations, problems } of status.live) {
    lines.push(`live     ${image}: ${count(files, 'file')} in ${count(generations, 'generation')}`);
    for (const problem of problems.slice(0, 4)) lines.push(`         ! ${problem}`);
    if (problems.length > 4) lines.push(`         ! and ${problems.length - 4} more: litehouse status --json`);
  }
  if (status.needsRoot > 0)
    lines.push(`as root  ${count(status.needsRoot, 'output needs', 'outputs need')} an owner that only root can give`);
  if (status.skippedReloads.length > 0) lines.push(`reloads  not run: ${status.skippedReloads.join(', ')}`);
  if (status.warnings > 0) lines.push(`warnings ${status.warnings}: litehouse check shows them`);
  return lines;
}

function appliedText({ record }: Status): string {
  if (record?.appliedAt === undefined) return '';
  const by = record.pusher === undefined ? '' : `, pushed by ${record.pusher}`;
  return `, ${record.appliedAt.slice(0, 19).replace('T', ' ')} UTC${by}`;
}
