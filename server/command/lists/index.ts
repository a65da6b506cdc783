/** `litehouse litefile`, `litetree`, `ilitefile` (`llitefile`), `lslite`, `tabdump`: the lists that administrators know. */
import type { Command } from 'commander';
import { planningContext } from '../../../core/engine/preview.ts';
import { overlaySnapshot } from '../../../core/import/overlay.ts';
import { foldNodes } from '../../../core/noderange/fold.ts';
import { classicOption, classicPath } from '../../../core/plan/classic.ts';
import { buildView } from '../../../core/resolve/build-view.ts';
import type { Image, Node, View } from '../../../core/resolve/view.ts';
import { nearest } from '../../../core/tables/nearest.ts';
import { openSource, type SourceOptions } from '../../reading/source.ts';
import { type CommandContext, describe, printJson, withJson, withRemoteSource } from '../context.ts';
import { Failure } from '../failure.ts';
import { readNodes } from '../nodes-named.ts';
import { listed, litefileLines, litetreeLine, lsliteImage, lsliteNode, mountText, noLists, treeRows } from './lists.ts';
import { addTabdumpCommand } from './tabdump.ts';

type ListOptions = SourceOptions & { readonly json?: boolean };

export function addListCommands(program: Command, context: CommandContext): void {
  const list = (name: string, about: string, examples: readonly string[]): Command =>
    withJson(withRemoteSource(describe(program.command(name), about, examples)));

  list('litefile <noderange>', 'List the files of nodes that do not come read-only from the image.', [
    'litefile n01',
    'litefile rack1 --at topic',
  ]).action((text: string, options: ListOptions) =>
    forNodes(context, options, text, (node) => ({
      lines: litefileLines(node.name, node.image?.litefile ?? []),
      json: { node: node.name, image: node.image?.name, litefile: entriesJson(node.image) },
    })),
  );

  list('litetree <noderange>', 'List the directories in which nodes look for their files, first to last.', [
    'litetree n01',
  ]).action((text: string, options: ListOptions) =>
    forNodes(context, options, text, (node) => ({
      lines: node.litetree.map((tree) => litetreeLine(node.name, tree)),
      json: { node: node.name, litetree: treesJson(node) },
    })),
  );

  for (const name of ['ilitefile', 'llitefile']) {
    list(`${name} <image>`, 'List the files of an image that do not come read-only from it.', [
      `${name} rhels5.4-x86_64-statelite-compute`,
    ]).action((name: string, options: ListOptions) =>
      forImage(context, options, name, (_, image) => ({
        lines: litefileLines(image.name, image.litefile),
        json: { image: image.name, litefile: entriesJson(image) },
      })),
    );
  }

  list('lslite [noderange]', 'Show image, state directory, files and trees of nodes, or of an image (-i).', [
    'lslite n01',
    'lslite -i rhels5.4-x86_64-statelite-compute',
  ])
    .option('-i, --image <name>', 'show an image instead')
    .action((text: string | undefined, options: ListOptions & { image?: string }) => {
      if (options.image !== undefined)
        return forImage(context, options, options.image, (view, image) => ({
          lines: lsliteImage(view, image),
          json: { image: image.name, litefile: entriesJson(image), litetree: treeRows(view, image) },
        }));
      if (text === undefined)
        throw new Failure({ what: 'no nodes and no image named', mend: 'lslite NODERANGE, or lslite -i IMAGE' });
      return forNodes(context, options, text, (node) => ({
        lines: lsliteNode(node),
        json: {
          node: node.name,
          image: node.image?.name,
          statemnt: node.statemnt === undefined ? undefined : mountText(node.statemnt),
          litefile: entriesJson(node.image),
          litetree: treesJson(node),
        },
      }));
    });

  addTabdumpCommand(program, context);
}

interface Listed {
  readonly lines: readonly string[];
  readonly json: unknown;
}

async function forNodes(
  context: CommandContext,
  options: ListOptions,
  text: string,
  list: (node: Node) => Listed,
): Promise<void> {
  await withBootingView(context, options, (view) => {
    const { nodes } = readNodes(context, view, text);
    const listed: Listed[] = [];
    const without = new Map<string, string[]>();
    for (const name of nodes) {
      const node = view.nodes.get(name);
      if (node === undefined) continue;
      const why = noLists(node);
      if (why === undefined) listed.push(list(node));
      else without.set(why.message, [...(without.get(why.message) ?? []), name]);
    }
    print(context, options, listed);
    for (const [message, names] of without) {
      context.status = 1;
      context.terminal.err(`${foldNodes(names, context.terminal.width)}: no lists: ${message}`);
    }
  });
}

async function forImage(
  context: CommandContext,
  options: ListOptions,
  name: string,
  list: (view: View, image: Image) => Listed,
): Promise<void> {
  await withBootingView(context, options, (view) => {
    const image = view.images.get(name);
    if (image === undefined) {
      const near = nearest(name, [...view.images.keys()]);
      throw new Failure({
        what: `there is no image '${name}'`,
        mend: near === undefined ? 'litehouse tabdump osimage lists them' : `did you mean ${near}?`,
        status: 1,
      });
    }
    const listed = list(view, image);
    if (options.json) printJson(context, listed.json);
    else for (const line of listed.lines) context.terminal.out(line);
  });
}

function print(context: CommandContext, options: ListOptions, listed: readonly Listed[]): void {
  if (options.json)
    printJson(
      context,
      listed.map(({ json }) => json),
    );
  else for (const { lines } of listed) if (lines.length > 0) context.terminal.out(lines.join('\n'));
}

function entriesJson(image: Image | undefined): unknown {
  return listed(image?.litefile ?? []).map((entry) => ({
    options: classicOption(entry),
    kind: entry.kind,
    file: classicPath(entry),
  }));
}

function treesJson(node: Node): unknown {
  return node.litetree.map((tree) => ({
    priority: tree.priority,
    directory: mountText(tree),
    mntopts: tree.options,
    present: tree.present,
  }));
}

/**
 * The view in which every node boots statelite: the lists say what a node would be told, whatever its state is just now, so
 * that tables can be looked at before nodeset. Variables of chain itself are lost; nobody writes those.
 */
async function withBootingView(
  context: CommandContext,
  options: SourceOptions,
  work: (view: View) => void,
): Promise<void> {
  const source = await openSource(context, { ...options, remote: true });
  try {
    const made = (async () => {
      const { base } = planningContext([]);
      const view = await buildView(source.snapshot, base);
      if ([...view.nodes.values()].every(({ state }) => state === 'statelite' || state === 'shell')) return view;
      const rows = [...view.nodes.keys()].map((node) => `"${node}","statelite"`);
      const chain = Buffer.from(['#node,currstate', ...rows, ''].join('\n'));
      return buildView(overlaySnapshot(source.snapshot, new Map([['tables/chain.csv', chain]])), base);
    })();
    work(await context.terminal.during('reading', made));
  } finally {
    await source.close();
  }
}
