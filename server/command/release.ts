/** `litehouse release`: lets go of exports that are held for nodes that booted with them. */
import type { Command } from 'commander';
import { foldNodes } from '../../core/noderange/fold.ts';
import { type ReleaseOutcome, releaseNodes, releaseOutcome } from '../admin/release.ts';
import { askEngine } from '../running/engine.ts';
import { askServer } from '../running/note.ts';
import { askRemote, meantRemote, type RemoteOptions } from '../running/remote.ts';
import { type CommandContext, describe, printJson, serverDir, withDir, withJson, withServer } from './context.ts';
import { Failure } from './failure.ts';

interface ReleaseOptions extends RemoteOptions {
  readonly dir?: string;
  readonly json?: boolean;
}

export function addReleaseCommand(program: Command, context: CommandContext): void {
  withJson(
    withServer(
      withDir(
        describe(
          program.command('release'),
          'Let go of exports that are held for nodes because they booted with them (see status); for nodes that are down.',
          ['release n01', 'release rack1,n[20-29]'],
        ),
      ),
      'release at the server at that URL',
    ),
  )
    .argument('<noderange>', 'nodes, groups, ranges')
    .action(async (noderange: string, options: ReleaseOptions) => {
      const outcome = await context.terminal.during('releasing', release(context, options, noderange.trim()));
      if (outcome.released.length === 0) context.status = 1;
      if (options.json) printJson(context, outcome);
      else for (const line of outcomeLines(outcome)) context.terminal.out(line);
    });
}

async function release(context: CommandContext, options: ReleaseOptions, noderange: string): Promise<ReleaseOutcome> {
  const remote = await meantRemote(context, options);
  if (remote !== undefined)
    return askRemote(
      remote,
      '/release',
      { nodes: noderange },
      {
        parse: (json) => releaseOutcome.safeParse(json).data,
        token: 'a token of scope admin',
      },
    );
  return askEngine<ReleaseOutcome>(serverDir(context, options), 'release', {
    server: async (server) => (await askServer(server, '/release', { nodes: noderange })) as ReleaseOutcome,
    engine: async (engine) => {
      const released = await releaseNodes(engine, noderange);
      if ('wrong' in released) throw new Failure({ what: released.wrong, mend: 'see: litehouse noderange --help' });
      return released;
    },
  });
}

function outcomeLines({ released, unknown }: ReleaseOutcome): string[] {
  const lines: string[] = [];
  if (released.length > 0)
    lines.push(`released ${foldNodes(released)}: nothing is held for them until they boot again`);
  if (unknown.length > 0) lines.push(`nothing was known of a boot of ${foldNodes(unknown)}`);
  return lines;
}
