/** Explanations of values, files, nodes and images as data and as lines: what the command prints and the admin listener answers. */

import { Authors } from '../../core/explain/authorship.ts';
import { readContent } from '../../core/explain/content.ts';
import { explainFile, type FileExplanation, groupFiles, normalPath } from '../../core/explain/file.ts';
import { buildLines, explainBuild } from '../../core/explain/image.ts';
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
import { asksForBuild } from '../../core/image/columns.ts';
import { plannedImageOf } from '../../core/image/plan.ts';
import { foldNodes } from '../../core/noderange/fold.ts';
import { diagnosticToJson } from '../../core/plan/json.ts';
import type { ImagePlan } from '../../core/plugin/plugin.ts';
import type { Repository } from '../../core/repo/repository.ts';
import type { Snapshot } from '../../core/repo/snapshot.ts';
import { isFullPath } from '../../core/resolve/litefile.ts';
import type { Image, Node, View } from '../../core/resolve/view.ts';
import { nearest } from '../../core/tables/nearest.ts';
import { Failure } from '../command/failure.ts';
import { readColumn } from '../command/nodels.ts';
import type { Builders } from './view.ts';

/** Lines of a file's content that are shown. */
const contentLines = 10;

/** What an explanation is read from. */
export interface ExplanationSources {
  readonly view: View;
  readonly snapshot: Snapshot;
  /** Undefined: a folder that git does not know; nothing has an author. */
  readonly repository: Repository | undefined;
  /** Who would build an image; undefined: not known, and its build is not explained. */
  readonly builders?: Builders;
}

export interface Explanation {
  /** For programs. */
  readonly data: unknown;
  /** For people. */
  lines(width: number): readonly string[];
}

interface Question extends ExplanationSources {
  readonly authors: Authors;
}

/** Says what an image is. */
export function explanationOfImage({ view, builders }: ExplanationSources, image: Image): Explanation {
  const found = explainImage(view, image);
  if (builders === undefined) return { data: found, lines: (width) => imageLines(found, width) };
  const plan = firstPlan(builders, view, image);
  const planned = plan === undefined ? undefined : plannedImageOf(plan);
  const build = planned === undefined ? undefined : explainBuild(planned);
  // Another's plugin says nothing of how it builds.
  const lines = plan !== undefined && build === undefined ? [`built by  ${plan.build.plugin}`] : buildLines(build);
  const builds = builders.images === 'built' || (builders.images === 'rows' && asksForBuild(view, image));
  if (plan !== undefined && !builds) {
    const why =
      builders.images === 'external' ? 'by the setting images' : 'linuximage.build of its row does not say yes';
    lines.unshift(`external  ${why}: nothing is built here; below stands what a build would do`);
  }
  return {
    data: { ...found, builds, build: build ?? plan?.build ?? null },
    lines: (width) => [...imageLines(found, width), '', ...lines],
  };
}

function firstPlan({ plugins }: Builders, view: View, image: Image): ImagePlan | undefined {
  for (const { hooks } of plugins) {
    const plan = hooks.images?.(view, image);
    if (plan !== undefined) return plan;
  }
  return undefined;
}

/**
 * Says where something of nodes comes from. `about`: a path on the node (`/etc/motd`), `table.column`, `site.key`, or
 * undefined for the node as a whole. Throws a Failure where the question makes no sense; its status is 1 where it does, but
 * nothing is there.
 */
export async function explanationOfNodes(
  sources: ExplanationSources,
  nodes: readonly [Node, ...Node[]],
  about: string | undefined,
): Promise<Explanation> {
  const question = { ...sources, authors: new Authors(sources.view, sources.repository) };
  if (about === undefined) return nodeExplanation(question, nodes);
  // No table, column or key has a slash: `etc/motd` can only mean the file.
  if (about.includes('/')) return fileExplanation(question, nodes, about.startsWith('/') ? about : `/${about}`);
  if (about.startsWith('site.')) return siteExplanation(question, about.slice('site.'.length));
  return valueExplanation(question, nodes, about);
}

function nodeExplanation({ view }: Question, nodes: readonly [Node, ...Node[]]): Explanation {
  const [node] = nodes;
  if (nodes.length > 1) {
    throw new Failure({
      what: `${foldNodes(nodes.map(({ name }) => name))} are ${nodes.length} nodes`,
      mend: `explain one of them, such as ${node.name}, or ask for a path or a table.column of them all`,
    });
  }
  const found = explainNode(view, node);
  const data = { ...found, problems: found.problems.map(diagnosticToJson) };
  return { data, lines: (width) => nodeLines(found, width) };
}

async function valueExplanation(
  { view, authors }: Question,
  nodes: readonly [Node, ...Node[]],
  about: string,
): Promise<Explanation> {
  const { table, column } = readColumn(view, about);
  if (nodes.length > 1) {
    const names = nodes.map(({ name }) => name);
    const groups = groupValues(view, names, table, column);
    const values = groups.map((group) => ({ ...group, nodes: foldNodes(group.nodes), nodeCount: group.nodes.length }));
    return { data: { table, column, values }, lines: (width) => valueGroupLines(groups, width) };
  }
  const [node] = nodes;
  const found = explainValue(view, node, table, column);
  const author = found.at === undefined ? undefined : await authors.ofLine(found.at);
  const isMount = table === 'statelite' && column === 'statemnt' && node.statemnt !== undefined;
  const mounted = isMount ? explainMount(view, node, node.statemnt, column) : undefined;
  const data = { ...found, author: author ?? null, ...(mounted === undefined ? {} : { mounted }) };
  return { data, lines: () => valueLines(found, author, mounted) };
}

async function siteExplanation({ view, authors }: Question, key: string): Promise<Explanation> {
  const { text, at } = siteValue(view, key);
  if (text === undefined || at === undefined) {
    const near = nearest(key, view.site.keys());
    throw new Failure({
      what: `site.csv sets no ${key}`,
      mend: near === undefined ? `write a row for it into tables/site.csv` : `did you mean ${near}?`,
      status: 1,
    });
  }
  const author = await authors.ofLine(at);
  return {
    data: { site: key, text, at, author: author ?? null },
    lines: () => [
      `site.${key}  ${text}`,
      `          ${placeText(at)}`,
      ...authorLines(author).map((line) => `          ${line}`),
    ],
  };
}

async function fileExplanation(
  question: Question,
  nodes: readonly [Node, ...Node[]],
  about: string,
): Promise<Explanation> {
  const { view } = question;
  const path = normalPath(about);
  if (!isFullPath(path)) {
    throw new Failure({
      what: `${about} is no path of a file`,
      mend: 'write it in full, such as /etc/motd, without . and ..',
    });
  }
  if (nodes.length > 1) {
    const groups = groupFiles(view, nodes, path);
    const ways = groups.map(({ sample, nodes: members }) => ({
      nodes: foldNodes(members),
      nodeCount: members.length,
      sample,
    }));
    return { data: { path, ways }, lines: (width) => fileGroupLines(groups, width) };
  }
  const found = explainFile(view, nodes[0], path);
  const details = await detailsOf(question, found);
  const contents = Object.fromEntries(details.contents);
  return {
    data: { ...found, rowAuthor: details.rowAuthor ?? null, contents },
    lines: () => fileLines(found, details),
  };
}

/** Authors and contents: the only parts of an explanation that read more than the view. */
async function detailsOf({ snapshot, authors }: Question, file: FileExplanation): Promise<FileDetails> {
  const contents = new Map<
    string,
    { content: Awaited<ReturnType<typeof readContent>> | undefined; author: Awaited<ReturnType<Authors['ofFile']>> }
  >();
  for (const { found } of file.supplies) {
    if (found?.kind !== 'file') continue;
    const content = found.entry.mode === '160000' ? undefined : await readContent(snapshot, found.entry, contentLines);
    contents.set(found.path, { content, author: await authors.ofFile(found.path, found.entry.oid) });
  }
  return { rowAuthor: file.entry === undefined ? undefined : await authors.ofLine(file.entry.at), contents };
}
