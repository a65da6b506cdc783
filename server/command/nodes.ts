/** `litehouse nodes`: who booted what and when, who is behind, who was never seen; `nodes log`: what a node wrote as it booted. */
import type { Command } from 'commander';
import { foldNodes } from '../../core/noderange/fold.ts';
import { type BootReport, bootReport, nodeReport } from '../admin/reports.ts';
import { bootLines, type NodeBoot } from '../reports/boots.ts';
import { openReports } from '../reports/reports.ts';
import { askEngine } from '../running/engine.ts';
import { askServer } from '../running/note.ts';
import { meantRemote, readRemote } from '../running/remote.ts';
import { readSettings } from '../settings.ts';
import { withoutControls } from '../terminal.ts';
import { type CommandContext, describe, printJson, serverDir, withDir, withJson, withServer } from './context.ts';
import { Failure } from './failure.ts';

interface NodesOptions {
  readonly dir?: string;
  readonly server?: string;
  readonly tokenFile?: string;
  readonly json?: boolean;
}

export function addNodesCommand(program: Command, context: CommandContext): void {
  const nodes = withJson(
    withServer(
      withDir(
        describe(
          program.command('nodes'),
          'Say which nodes (all, or those of a noderange) booted which commit and generation, and who is behind.',
          ['nodes', 'nodes rack1 --json', 'nodes log n01'],
        ),
      ),
      'ask the server at that URL',
    ),
  )
    .argument('[noderange]', 'nodes, groups, ranges')
    .action(async (noderange: string | undefined, options: NodesOptions) => {
      const report = await readReport(context, noderange?.trim(), options);
      if (options.json) printJson(context, report);
      else for (const line of reportLines(report, context.terminal.width)) context.terminal.out(line);
      if (report.missed.length === 0) return;
      context.status = 1;
      context.terminal.err(`neither a node nor a group: ${foldNodes(report.missed, context.terminal.width)}`);
    });
  withJson(
    withServer(
      withDir(
        describe(nodes.command('log <node>'), 'Print what a node wrote as it last booted (its statelite.log).', [
          'nodes log n01',
        ]),
      ),
      'ask the server at that URL',
    ),
  ).action(async (node: string, _options: NodesOptions, command: Command) => {
    const options = command.optsWithGlobals<NodesOptions>();
    const report = await readNode(context, node, options);
    const { log, stage } = report;
    if (log === undefined) {
      throw new Failure({
        what: stage === undefined ? `${node} never reported` : `${node} reported '${stage}', and sent no log`,
        mend: 'a node sends its log at the end of its boot: boot it, and look at its console if it does not get there',
        status: 1,
      });
    }
    if (options.json) printJson(context, report);
    else context.terminal.out(withoutControls(log.replace(/\n$/, ''), true));
  });
}

async function readReport(
  context: CommandContext,
  noderange: string | undefined,
  options: NodesOptions,
): Promise<BootReport> {
  const query = noderange === undefined ? '' : `?nodes=${encodeURIComponent(noderange)}`;
  return ask(context, options, `/reports${query}`, (source) => {
    const report = bootReport(source, noderange);
    if ('wrong' in report) throw new Failure({ what: report.wrong, mend: 'see: litehouse noderange --help' });
    return report;
  });
}

async function readNode(
  context: CommandContext,
  node: string,
  options: NodesOptions,
): Promise<NodeBoot & { readonly log?: string | undefined }> {
  return ask(context, options, `/reports/${encodeURIComponent(node)}`, (source) => {
    const report = nodeReport(source, node);
    if (report !== undefined) return report;
    throw new Failure({ what: `no node ${node}`, mend: 'litehouse nodels shows the nodes that there are', status: 1 });
  });
}

/** The running server where there is one; else what it left behind is read. */
async function ask<T>(
  context: CommandContext,
  options: NodesOptions,
  path: string,
  read: (source: Parameters<typeof bootReport>[0]) => T,
): Promise<T> {
  const remote = await meantRemote(context, options);
  if (remote !== undefined) return context.terminal.during('asking', readRemote(remote, path)) as Promise<T>;
  const dir = serverDir(context, options);
  return context.terminal.during(
    'asking',
    askEngine<T>(dir, 'nodes', {
      server: async (server) => (await askServer(server, path)) as T,
      engine: async (engine) => {
        const reports = await openReports((await readSettings(dir)).state);
        try {
          return read({ engine, reports });
        } finally {
          await reports.close();
        }
      },
    }),
  );
}

/** For people: what is in effect, then a line for all nodes that stand alike. */
export function reportLines({ applied, nodes }: BootReport, width: number): string[] {
  const lines = applied === undefined ? ['nothing is in effect yet'] : [`applied ${applied.slice(0, 10)}`];
  return [...lines, ...bootLines(nodes, Math.max(40, width - 40))];
}
