/** `litehouse explain`: where a value, a file, a node or an image comes from. */
import type { Command } from 'commander';
import { Authors } from '../../core/explain/authorship.ts';
import { readContent } from '../../core/explain/content.ts';
import { explainFile, type FileExplanation, groupFiles, normalPath } from '../../core/explain/file.ts';
import { explainMount, siteValue } from '../../core/explain/mount.ts';
import { explainImage, explainNode } from '../../core/explain/node.ts';
import {
  authorLines,
  type FileDetails,
  fileGroupLines,
  fileLines,
  imageLines,
  nodeLines,
  placeText,
  valueGroupLines,
  valueLines,
} from '../../core/explain/text.ts';
import { explainValue, groupValues } from '../../core/explain/value.ts';
import { foldNodes } from '../../core/noderange/fold.ts';
import { diagnosticToJson } from '../../core/plan/json.ts';
import { isFullPath } from '../../core/resolve/litefile.ts';
import type { Node, View } from '../../core/resolve/view.ts';
import { nearest } from '../../core/tables/nearest.ts';
import type { Source, SourceOptions } from '../reading/source.ts';
import { withView } from '../reading/view.ts';
import { type CommandContext, describe, printJson, withJson, withSource } from './context.ts';
import { Failure } from './failure.ts';
import { readColumn } from './nodels.ts';
import { readNodes } from './nodes-named.ts';

/** Lines of a file's content that are shown. */
const contentLines = 10;

interface ExplainOptions extends SourceOptions {
  readonly json?: boolean;
}

/** One question, with everything that answering it needs. */
interface Question {
  readonly context: CommandContext;
  readonly view: View;
  readonly source: Source;
  readonly authors: Authors;
  readonly json: boolean;
}

export function addExplainCommand(program: Command, context: CommandContext): void {
  withJson(
    withSource(
      describe(
        program.command('explain <what> [about]'),
        'Say where a file or a value of a node comes from: which row, which tree, which commit. WHAT is a node, a noderange or an image; ABOUT a path on the node or a table.column.',
        ['explain n01 /etc/motd', 'explain n01 noderes.nfsserver', 'explain n01', 'explain compute nodetype.os'],
      ),
    ),
  ).action(async (what: string, about: string | undefined, options: ExplainOptions) => {
    await withView(context, options, async (view, source) => {
      const authors = new Authors(view, source.repository);
      await answer({ context, view, source, authors, json: options.json === true }, what, about);
    });
  });
}

async function answer(question: Question, what: string, about: string | undefined): Promise<void> {
  const { context, view } = question;
  const image = view.nodes.has(what) ? undefined : view.images.get(what);
  if (image !== undefined && about === undefined) {
    const found = explainImage(view, image);
    print(question, found, () => imageLines(found, context.terminal.width));
    return;
  }
  const nodes = nodesOf(question, what);
  const [node, ...others] = nodes;
  if (node === undefined) return;
  if (about === undefined) {
    if (others.length > 0) {
      throw new Failure({
        what: `${what} names ${nodes.length} nodes`,
        mend: `explain one of them, such as ${node.name}, or ask for a path or a table.column of them all`,
      });
    }
    const found = explainNode(view, node);
    const problems = found.problems.map(diagnosticToJson);
    print(question, { ...found, problems }, () => nodeLines(found, context.terminal.width));
  } else if (about.startsWith('/')) await answerFile(question, nodes, about);
  else if (about.startsWith('site.')) await answerSite(question, about.slice('site.'.length));
  else await answerValue(question, nodes, about);
}

/** The nodes asked about. None: what they might have been is told, and the status is 1. */
function nodesOf({ context, view }: Question, what: string): readonly Node[] {
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

async function answerValue(question: Question, nodes: readonly Node[], about: string): Promise<void> {
  const { context, view, authors } = question;
  const { table, column } = readColumn(view, about);
  const [node, ...others] = nodes;
  if (node === undefined) return;
  if (others.length > 0) {
    const groups = groupValues(
      view,
      nodes.map(({ name }) => name),
      table,
      column,
    );
    const folded = groups.map((group) => ({ ...group, nodes: foldNodes(group.nodes), nodeCount: group.nodes.length }));
    print(question, { table, column, values: folded }, () => valueGroupLines(groups, context.terminal.width));
    return;
  }
  const found = explainValue(view, node, table, column);
  const author = found.at === undefined ? undefined : await authors.ofLine(found.at);
  const isMount = table === 'statelite' && column === 'statemnt' && node.statemnt !== undefined;
  const mounted = isMount ? explainMount(view, node, node.statemnt, column) : undefined;
  const json = { ...found, author: author ?? null, ...(mounted === undefined ? {} : { mounted }) };
  print(question, json, () => valueLines(found, author, mounted));
}

async function answerSite(question: Question, key: string): Promise<void> {
  const { text, at } = siteValue(question.view, key);
  if (text === undefined || at === undefined) {
    const near = nearest(key, question.view.site.keys());
    throw new Failure({
      what: `site.csv sets no ${key}`,
      mend: near === undefined ? `write a row for it into tables/site.csv` : `did you mean ${near}?`,
      status: 1,
    });
  }
  const author = await question.authors.ofLine(at);
  print(question, { site: key, text, at, author: author ?? null }, () => [
    `site.${key}  ${text}`,
    `          ${placeText(at)}`,
    ...authorLines(author).map((line) => `          ${line}`),
  ]);
}

async function answerFile(question: Question, nodes: readonly Node[], about: string): Promise<void> {
  const { context, view } = question;
  const path = normalPath(about);
  if (!isFullPath(path)) {
    throw new Failure({
      what: `${about} is no path of a file`,
      mend: 'write it in full, such as /etc/motd, without . and ..',
    });
  }
  const [node, ...others] = nodes;
  if (node === undefined) return;
  if (others.length > 0) {
    const groups = groupFiles(view, nodes, path);
    const folded = groups.map(({ sample, nodes: members }) => ({
      nodes: foldNodes(members),
      nodeCount: members.length,
      sample,
    }));
    print(question, { path, ways: folded }, () => fileGroupLines(groups, context.terminal.width));
    return;
  }
  const found = explainFile(view, node, path);
  const details = await detailsOf(question, found);
  const json = {
    ...found,
    rowAuthor: details.rowAuthor ?? null,
    contents: Object.fromEntries(details.contents),
  };
  print(question, json, () => fileLines(found, details));
}

/** Authors and contents: the only parts of an explanation that read more than the view. */
async function detailsOf({ source, authors }: Question, file: FileExplanation): Promise<FileDetails> {
  const contents = new Map<
    string,
    { content: Awaited<ReturnType<typeof readContent>> | undefined; author: Awaited<ReturnType<Authors['ofFile']>> }
  >();
  for (const { found } of file.supplies) {
    if (found?.kind !== 'file') continue;
    const content =
      found.entry.mode === '160000' ? undefined : await readContent(source.snapshot, found.entry, contentLines);
    contents.set(found.path, { content, author: await authors.ofFile(found.path, found.entry.oid) });
  }
  return { rowAuthor: file.entry === undefined ? undefined : await authors.ofLine(file.entry.at), contents };
}

function print({ context, json }: Question, data: unknown, lines: () => readonly string[]): void {
  if (json) printJson(context, data);
  else for (const line of lines()) context.terminal.out(line);
}
