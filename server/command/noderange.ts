/** `litehouse noderange`: which nodes a noderange names. */
import type { Command } from 'commander';
import { foldNodes } from '../../core/noderange/fold.ts';
import type { SourceOptions } from '../reading/source.ts';
import { withView } from '../reading/view.ts';
import { type CommandContext, describe, printJson, withJson, withRemoteSource } from './context.ts';
import { readNodes } from './nodes-named.ts';

export function addNoderangeCommand(program: Command, context: CommandContext): void {
  withJson(
    withRemoteSource(
      describe(program.command('noderange <noderange>'), 'Print the nodes that a noderange names, one a line.', [
        "noderange 'rack1,-n[03-04]'",
        'noderange nodetype.os==rhels5.5 --fold',
      ]),
    ),
  )
    .option('--fold', 'print them folded, as a noderange')
    .action(async (text: string, options: SourceOptions & { fold?: boolean; json?: boolean }) => {
      await withView(context, { ...options, remote: true }, (view) => {
        const { nodes, missed } = readNodes(context, view, text);
        if (options.json) printJson(context, { noderange: foldNodes(nodes), nodes, missed });
        else if (options.fold) context.terminal.out(foldNodes(nodes));
        else if (nodes.length > 0) context.terminal.out(nodes.join('\n'));
      });
    });
}
