/** A plan as Markdown, for a merge request or a chat: the same words as on the terminal, in tables that fold nodes. */
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import { foldNodes } from '../noderange/fold.ts';
import type { PathChange, WorldDiff } from './diff.ts';
import { count, detail, isImplied, loudLines, short, signs, summary } from './render.ts';

/** Rows of one table at the most; the rest is counted. */
const mostRows = 50;
const nodesWidth = 80;

/** What is judged: a preview of the engine is one. */
export interface MarkdownPlan {
  readonly ok: boolean;
  readonly diagnostics: readonly Diagnostic[];
  readonly diff: WorldDiff | undefined;
}

/** The whole document: what is wrong, what somebody must know before anything else, then what would change. Ends with a newline. */
export function planToMarkdown({ ok, diagnostics, diff }: MarkdownPlan): string {
  const blocks: string[] = [];
  blocks.push(diff === undefined ? '### Plan' : `### Plan ${short(diff.from)} → ${short(diff.to)}`);
  if (!ok) blocks.push('**Refused: a push of this changes nothing.**');
  if (diagnostics.length > 0) blocks.push(diagnosticsTable(diagnostics));
  if (diff !== undefined) {
    const loud = loudLines(diff.nodes, (nodes, used) => foldNodes(nodes, Math.max(20, 120 - used)));
    if (loud.length > 0) blocks.push(loudList(loud));
    const rows = changeRows(diff);
    if (rows.length > 0) blocks.push(table(['', '', 'what', 'nodes'], rows), `${summary(diff)}.`);
    else blocks.push(loud.length > 0 ? `${summary(diff)}.` : 'Nothing changes.');
  }
  return `${blocks.join('\n\n')}\n`;
}

/** `! 3 nodes LOSE BOOT FILES: …` and the reason below it, as bullets. */
function loudList(lines: readonly string[]): string {
  return lines
    .map((line) => {
      const [, sign, text = ''] = /^ {2}([!*]) (.*)$/.exec(line) ?? [];
      if (sign === undefined) return `  ${plain(line.trim())}`;
      return sign === '!' ? `- **${plain(text)}**` : `- ${plain(text)}`;
    })
    .join('\n');
}

function diagnosticsTable(diagnostics: readonly Diagnostic[]): string {
  const ordered = [
    ...diagnostics.filter(({ severity }) => severity === 'error'),
    ...diagnostics.filter(({ severity }) => severity !== 'error'),
  ];
  const rows = ordered.map(({ severity, code, at, message, mend, nodes }) => [
    `${severity} ${code}`,
    at === undefined ? '' : [at.file, at.line, at.column].filter((part) => part !== 0).join(':'),
    `${message}\nmend: ${mend}`,
    nodes === undefined ? '' : foldNodes(nodes, nodesWidth),
  ]);
  return table(['', 'where', 'what', 'nodes'], rows);
}

/** One row a plugin and kind of change for paths of nodes, one row a path for those that all share. */
function changeRows(diff: WorldDiff): string[][] {
  const ofNodes = new Map<string, { head: readonly [string, string]; paths: number; nodes: Set<string> }>();
  const shared: PathChange[] = [];
  for (const change of diff.paths) {
    const entry = change.after ?? change.before;
    if (entry?.node === undefined) {
      if (!isImplied(change)) shared.push(change);
      continue;
    }
    const key = `${entry.plugin}\n${change.change}`;
    const group = ofNodes.get(key);
    if (group === undefined)
      ofNodes.set(key, { head: [entry.plugin, signs[change.change]], paths: 1, nodes: new Set([entry.node]) });
    else {
      group.paths++;
      group.nodes.add(entry.node);
    }
  }
  const rows: string[][] = [];
  for (const { head, paths, nodes } of ofNodes.values())
    rows.push([...head, count(paths, 'path'), foldNodes([...nodes], nodesWidth)]);
  for (const change of shared) {
    const plugin = (change.after ?? change.before)?.plugin ?? '';
    rows.push([plugin, signs[change.change], `${change.root}:${change.path}${detail(change)}`, '']);
  }
  const answers = diff.nodes.filter(({ what }) => what === 'answer').map(({ node }) => node);
  if (answers.length > 0) rows.push(['answers', '~', count(answers.length, 'node'), foldNodes(answers, nodesWidth)]);
  for (const { image, added, changed, removed } of diff.live) {
    const of = { '+': added, '~': changed, '-': removed };
    for (const [sign, paths] of Object.entries(of))
      for (const path of paths) rows.push(['live', sign, `images/${image}: ${path}`, '']);
  }
  for (const { name, nodes } of diff.builds) rows.push(['build', '+', name, foldNodes(nodes, nodesWidth)]);
  return rows;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const lines = [line(head), line(head.map(() => '---'))];
  for (const row of rows.slice(0, mostRows)) lines.push(line(row.map(plain)));
  if (rows.length > mostRows) lines.push(line(['', '', `… and ${count(rows.length - mostRows, 'more row')}`, '']));
  return lines.join('\n');
}

/** Text as it stands: a path or a message of somebody's repository can't become markup, a link, or another table cell. */
function plain(text: string): string {
  return text
    .replace(/[\\`*_~[\]|#<>&!]/g, (character) => (character === '~' && text === '~' ? '~' : `\\${character}`))
    .replace(/(https?):\/\//g, '$1\\://')
    .replaceAll('\n', '<br>');
}
