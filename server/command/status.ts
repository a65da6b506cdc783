/** `litehouse status`: what is in effect, what waits, and what a person has to do. */
import type { Command } from 'commander';
import type { Status } from '../../core/engine/types.ts';
import { foldNodes } from '../../core/noderange/fold.ts';
import { askEngine } from '../running/engine.ts';
import { askServer } from '../running/note.ts';
import { paint, type Terminal } from '../terminal.ts';
import { type CommandContext, count, describe, printJson, serverDir, withDir, withJson } from './context.ts';

export function addStatusCommand(program: Command, context: CommandContext): void {
  withJson(
    withDir(
      describe(program.command('status'), 'Say what is in effect, what waits, and what somebody has to do.', [
        'status --dir var',
      ]),
    ),
  ).action(async (options: { dir?: string; json?: boolean }) => {
    const { status, server } = await context.terminal.during(
      'asking',
      askEngine<{ status: Status; server: string | undefined }>(serverDir(context, options), 'status', {
        server: async (server) => ({ status: (await askServer(server, '/status')) as Status, server: server.admin }),
        engine: async (engine) => ({ status: await engine.status(), server: undefined }),
      }),
    );
    if (status.state === 'refused' || status.state === 'failed') context.status = 1;
    if (options.json) printJson(context, { ...status, server });
    else for (const line of statusLines(status, server, context.terminal)) context.terminal.out(line);
  });
}

/** The status for people, most urgent first. */
export function statusLines(status: Status, server: string | undefined, terminal: Pick<Terminal, 'colour'>): string[] {
  const good = status.state === 'applied';
  const bad = status.state === 'refused' || status.state === 'failed';
  const lines = [`state    ${paint(terminal, good ? 'green' : bad ? 'red' : 'yellow', status.state)}`];
  if (status.problem !== undefined) lines.push(`to do    ${status.problem}`);
  lines.push(`server   ${server ?? 'not running'}`);
  if (status.head !== undefined) lines.push(`main     ${status.head.slice(0, 10)}`);
  if (status.applied !== undefined) lines.push(`applied  ${status.applied.slice(0, 10)}${appliedText(status)}`);
  lines.push(`nodes    ${status.nodes}`);
  for (const { image, why, nodes } of status.waiting) {
    lines.push(
      `waiting  ${count(nodes.length, 'node')}, ${image === undefined ? '' : `image ${image}: `}${why} (${foldNodes(nodes)})`,
    );
  }
  for (const build of status.builds) {
    const progress = build.progress === undefined ? '' : ` ${Math.round(build.progress * 100)} %`;
    lines.push(`build    ${build.id}: ${build.state}${progress} ${build.detail}`.trimEnd());
  }
  if (status.external.length > 0) lines.push(`external ${status.external.join(', ')}: not checked`);
  for (const { root, path, what } of status.blocked) lines.push(`blocked  ${root}:${path}: ${what}`);
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
