/** `litehouse explain`: where a value, a file, a node or an image comes from. */
import type { Command } from 'commander';
import type { Node, View } from '../../core/resolve/view.ts';
import { nearest } from '../../core/tables/nearest.ts';
import {
  type Explanation,
  type ExplanationSources,
  explanationOfImage,
  explanationOfNodes,
} from '../reading/explanation.ts';
import type { SourceOptions } from '../reading/source.ts';
import { withView } from '../reading/view.ts';
import { type CommandContext, describe, printJson, withJson, withRemoteSource } from './context.ts';
import { readNodes } from './nodes-named.ts';

interface ExplainOptions extends SourceOptions {
  readonly json?: boolean;
}

export function addExplainCommand(program: Command, context: CommandContext): void {
  withJson(
    withRemoteSource(
      describe(
        program.command('explain <what> [about]'),
        'Say where a file or a value of a node comes from: which row, which tree, which commit. WHAT is a node, a noderange or an image; ABOUT a path on the node or a table.column.',
        ['explain n01 /etc/motd', 'explain n01 noderes.nfsserver', 'explain n01', 'explain compute nodetype.os'],
      ),
    ),
  ).action(async (what: string, about: string | undefined, options: ExplainOptions) => {
    await withView(
      context,
      { ...options, remote: true, history: true },
      async (view, { snapshot, repository }, builders) => {
        const found = await explanationOf(context, { view, snapshot, repository, builders }, what, about);
        if (found === undefined) return;
        if (options.json === true) printJson(context, found.data);
        else for (const line of found.lines(context.terminal.width)) context.terminal.out(line);
      },
    );
  });
}

async function explanationOf(
  context: CommandContext,
  sources: ExplanationSources,
  what: string,
  about: string | undefined,
): Promise<Explanation | undefined> {
  const { view } = sources;
  const image = view.nodes.has(what) ? undefined : view.images.get(what);
  if (image !== undefined && about === undefined) return explanationOfImage(sources, image);
  const [node, ...others] = nodesOf(context, view, what);
  return node === undefined ? undefined : explanationOfNodes(sources, [node, ...others], about);
}

/** The nodes asked about. None: what they might have been is told, and the status is 1. */
function nodesOf(context: CommandContext, view: View, what: string): readonly Node[] {
  const one = view.nodes.get(what);
  if (one !== undefined) return [one];
  const { nodes } = readNodes(context, view, what);
  if (nodes.length === 0) {
    const images = [...view.images.keys()];
    const near = nearest(what, images);
    context.status = 1;
    context.terminal.err(
      near !== undefined
        ? `did you mean the image ${near}?`
        : `no node to explain; litehouse nodels lists the nodes${images.length === 0 ? '' : `, and the images are ${images.slice(0, 8).join(', ')}`}`,
    );
  }
  return nodes.flatMap((name) => view.nodes.get(name) ?? []);
}
