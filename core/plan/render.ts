/** A plan for people: folded, loudest first, at most about a screenful. */
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import { foldNodes } from '../noderange/fold.ts';
import type { LiveChange, NodeChange, PathChange, WorldDiff } from './diff.ts';
import { ofTheNode } from './the-node.ts';
import type { Entry } from './world.ts';

export { diagnosticToJson, diffToJson } from './json.ts';

export interface RenderOptions {
  /** Characters a line; default 100. */
  readonly width?: number;
  /** Lines at the most of any one list; default 8. */
  readonly most?: number;
}

/** What happens to a path, in one character. */
export const signs = { add: '+', change: '~', remove: '-' } as const;
export const count = (n: number, noun: string): string => `${n.toLocaleString('en-US')} ${noun}${n === 1 ? '' : 's'}`;
export const short = (commit: string | undefined): string =>
  commit === undefined ? 'nothing' : /^[0-9a-f]{40}$/.test(commit) ? commit.slice(0, 9) : 'the working copy';

/** The lines of a difference; the last ones say so when nothing changes. */
export function renderDiff(diff: WorldDiff, options: RenderOptions = {}): string[] {
  const width = options.width ?? 100;
  const most = options.most ?? 8;
  const fold = (nodes: readonly string[], used: number): string => foldNodes(nodes, Math.max(20, width - used));
  const lines: string[] = [`plan ${short(diff.from)} -> ${short(diff.to)}`];
  for (const line of loudLines(diff.nodes, fold)) lines.push(line);
  const byPlugin = new Map<string, PathChange[]>();
  for (const change of diff.paths) {
    const plugin = change.after?.plugin ?? change.before?.plugin ?? '';
    const list = byPlugin.get(plugin);
    if (list === undefined) byPlugin.set(plugin, [change]);
    else list.push(change);
  }
  for (const plugin of [...byPlugin.keys()].sort()) {
    for (const line of pluginLines(plugin, byPlugin.get(plugin) ?? [], fold, most)) lines.push(line);
  }
  const answers = diff.nodes.filter((change) => change.what === 'answer').map((change) => change.node);
  if (answers.length > 0)
    lines.push(`  ${'answers'.padEnd(12)} ~ ${count(answers.length, 'node')}: ${fold(answers, 30)}`);
  for (const change of diff.live) for (const line of liveLines(change, most)) lines.push(`  ${line}`);
  for (const build of diff.builds) {
    lines.push(`  ${'build'.padEnd(12)} + ${build.name}: ${fold(build.nodes, 40 + build.name.length)} wait for it`);
  }
  if (lines.length === 1) lines.push('  nothing changes');
  else lines.push(`  ${summary(diff)}`);
  return lines;
}

/** `live images/compute: +1 ~2 -1 in 3 generations`, and the paths. */
export function liveLines({ image, added, changed, removed, generations }: LiveChange, most = 8): string[] {
  const where = generations === undefined ? '' : ` in ${count(generations, 'generation')}`;
  const seen = generations === 0 ? ', laid as the first one is built' : ', seen by running nodes';
  const counts = (
    [
      ['+', added],
      ['~', changed],
      ['-', removed],
    ] as const
  ).flatMap(([sign, { length }]) => (length === 0 ? [] : [`${sign}${length}`]));
  const all = [
    ...added.map((path) => `+ ${path}`),
    ...changed.map((path) => `~ ${path}`),
    ...removed.map((path) => `- ${path}`),
  ];
  const lines = [`${'live'.padEnd(12)} images/${image}: ${counts.join(' ')}${where}${seen}`];
  for (const path of all.slice(0, most)) lines.push(`${''.padEnd(12)}   ${path}`);
  if (all.length > most) lines.push(`${''.padEnd(12)}   ... and ${count(all.length - most, 'more path')}`);
  return lines;
}

/** The last line of a plan: how many paths and nodes it concerns. */
export function summary(diff: WorldDiff): string {
  const counts = { add: 0, change: 0, remove: 0 };
  for (const { change } of diff.paths) counts[change]++;
  const nodes = new Set(diff.nodes.map((change) => change.node)).size;
  return `${count(counts.add, 'path')} new, ${counts.change.toLocaleString('en-US')} changed, ${counts.remove.toLocaleString('en-US')} removed; ${count(nodes, 'node')} concerned`;
}

/** Nodes that lose their boot files, gain them, wait: what somebody has to know before anything else. */
export function loudLines(
  nodes: readonly NodeChange[],
  fold: (nodes: readonly string[], used: number) => string,
): string[] {
  const lines: string[] = [];
  const group = (what: NodeChange['what']) => {
    const byWhy = new Map<string, string[]>();
    for (const change of nodes) {
      if (change.what !== what) continue;
      // The reason names its node; without the name, nodes with one reason fold.
      const why = ofTheNode(change.why ?? '', change.node);
      const list = byWhy.get(why);
      if (list === undefined) byWhy.set(why, [change.node]);
      else list.push(change.node);
    }
    return byWhy;
  };
  for (const [why, list] of group('loses boot files')) {
    lines.push(`  ! ${count(list.length, 'node')} LOSE${list.length === 1 ? 'S' : ''} BOOT FILES: ${fold(list, 40)}`);
    if (why !== '') lines.push(`    ${why}`);
  }
  for (const [why, list] of group('waits')) {
    lines.push(
      `  ! ${count(list.length, 'node')} keep${list.length === 1 ? 's' : ''} what ${list.length === 1 ? 'it has' : 'they have'}, waiting for ${why}: ${fold(list, 50)}`,
    );
  }
  const gains = nodes.filter((change) => change.what === 'gains boot files').map((change) => change.node);
  if (gains.length > 0)
    lines.push(
      `  * ${count(gains.length, 'node')} gain${gains.length === 1 ? 's' : ''} boot files: ${fold(gains, 40)}`,
    );
  return lines;
}

function pluginLines(
  plugin: string,
  changes: readonly PathChange[],
  fold: (nodes: readonly string[], used: number) => string,
  most: number,
): string[] {
  const lines: string[] = [];
  const head = `  ${plugin.padEnd(12)} `;
  for (const kind of ['add', 'change', 'remove'] as const) {
    const ofNodes = new Map<string, number>();
    let sample: PathChange | undefined;
    for (const change of changes) {
      const node = change.after?.node ?? change.before?.node;
      if (change.change !== kind || node === undefined) continue;
      ofNodes.set(node, (ofNodes.get(node) ?? 0) + 1);
      if (sample === undefined && (change.after ?? change.before)?.kind === 'file') sample = change;
    }
    if (ofNodes.size === 0) continue;
    const total = [...ofNodes.values()].reduce((a, b) => a + b, 0);
    lines.push(
      `${head}${signs[kind]} ${count(total, 'path')} of ${count(ofNodes.size, 'node')}: ${fold([...ofNodes.keys()], 45)}`,
    );
    if (kind === 'change' && sample !== undefined) for (const line of textChange(sample)) lines.push(line);
  }
  const shared = changes.filter(
    (change) => (change.after?.node ?? change.before?.node) === undefined && !isImplied(change),
  );
  for (const change of shared.slice(0, most)) {
    lines.push(`${head}${signs[change.change]} ${change.root}:${change.path}${detail(change)}`);
    if (change.change === 'change') for (const line of textChange(change)) lines.push(line);
  }
  if (shared.length > most) lines.push(`${head}  ... and ${count(shared.length - most, 'more path')}`);
  return lines;
}

export function isImplied(change: PathChange): boolean {
  const entry = change.after ?? change.before;
  return entry?.kind === 'directory' && change.change !== 'change';
}

/** What about an entry changed, where it is not the content. */
export function detail({ before, after }: PathChange): string {
  if (before === undefined || after === undefined) return '';
  if (before.kind !== after.kind) return ` (${before.kind} becomes ${after.kind})`;
  const notes: string[] = [];
  if ('mode' in before && 'mode' in after) {
    if (before.mode !== after.mode) notes.push(`mode ${before.mode.toString(8)} -> ${after.mode.toString(8)}`);
    if (before.uid !== after.uid || before.gid !== after.gid) {
      notes.push(`owner ${before.uid}:${before.gid} -> ${after.uid}:${after.gid}`);
    }
  }
  if (before.kind === 'link' && after.kind === 'link') notes.push(`-> ${after.to}`);
  return notes.length === 0 ? '' : ` (${notes.join(', ')})`;
}

const textOf = (entry: Entry | undefined): string | undefined =>
  entry?.kind === 'file' && 'text' in entry.content ? entry.content.text : undefined;

/** The words that differ in the lines that differ: one sample shows what happens to a thousand files. */
function textChange(change: PathChange): string[] {
  const before = textOf(change.before);
  const after = textOf(change.after);
  if (before === undefined || after === undefined || before === after) return [];
  const [old, now] = [before.split('\n'), after.split('\n')];
  const [oldSet, nowSet] = [new Set(old), new Set(now)];
  const gone = old.filter((line) => !nowSet.has(line));
  const come = now.filter((line) => !oldSet.has(line));
  const name = change.after?.node ?? change.path.split('/').at(-1) ?? change.path;
  const lines: string[] = [];
  const pairs = pairLines(gone, come);
  for (const [left, right] of pairs.slice(0, 2)) {
    const [a, b] = [left?.trim().split(/\s+/) ?? [], right?.trim().split(/\s+/) ?? []];
    const [aSet, bSet] = [new Set(a), new Set(b)];
    const minus = a.filter((word) => !bSet.has(word));
    const plus = b.filter((word) => !aSet.has(word));
    const clip = (words: string[]) => {
      const text = words.slice(0, 4).join(' ');
      return words.length > 4 ? `${text} ... (${words.length - 4} more)` : text;
    };
    const parts = [minus.length > 0 ? `-[${clip(minus)}]` : '', plus.length > 0 ? `+[${clip(plus)}]` : ''];
    const text = parts.filter((part) => part !== '').join(' ');
    // What is alike is left out; in a file of many lines it says of what this one is.
    const of = left === undefined || right === undefined ? undefined : subjectOf(left);
    if (text !== '') lines.push(`${' '.repeat(17)}${name}${of === undefined ? '' : ` ${of}`}: ${text}`);
  }
  if (pairs.length > 2) lines.push(`${' '.repeat(17)}${name}: ... ${count(pairs.length - 2, 'more line')}`);
  return lines;
}

/** The path that a line of a shared file is about, as of exports; undefined: its first word is none. */
function subjectOf(line: string): string | undefined {
  return /(?:^|Path = ['"]?)(\/[^\s'";]*)/.exec(line)?.[1];
}

/** Lines that go beside those that come instead: of one path where they are about one, else in their order. */
function pairLines(
  gone: readonly string[],
  come: readonly string[],
): (readonly [gone: string | undefined, come: string | undefined])[] {
  const bySubject = new Map<string | undefined, string[]>();
  for (const line of [...come].reverse()) {
    const subject = subjectOf(line);
    const list = bySubject.get(subject);
    if (list === undefined) bySubject.set(subject, [line]);
    else list.push(line);
  }
  const pairs = gone.map((line) => [line, bySubject.get(subjectOf(line))?.pop()] as const);
  const taken = new Set(pairs.map(([, line]) => line));
  return [...pairs, ...come.filter((line) => !taken.has(line)).map((line) => [undefined, line] as const)];
}

/** `file:line:column: error LH101: text`, then how to mend it; nodes folded. */
export function renderDiagnostic(diagnostic: Diagnostic, width = 100): string[] {
  const { at, severity, code, message, mend, nodes } = diagnostic;
  const place =
    at === undefined ? '' : `${at.file}${at.line > 0 ? `:${at.line}${at.column > 0 ? `:${at.column}` : ''}` : ''}: `;
  const lines = [`${place}${severity} ${code}: ${message}`];
  if (nodes !== undefined && nodes.length > 0) lines.push(`  nodes: ${foldNodes(nodes, width - 10)}`);
  lines.push(`  mend: ${mend}`);
  return lines;
}

/** Errors before warnings, at most `most` lines, and a last line that counts what was left out. */
export function renderDiagnostics(
  diagnostics: readonly Diagnostic[],
  options: { most?: number; width?: number } = {},
): string[] {
  const most = options.most ?? Number.POSITIVE_INFINITY;
  const ordered = [
    ...diagnostics.filter((d) => d.severity === 'error'),
    ...diagnostics.filter((d) => d.severity !== 'error'),
  ];
  const lines: string[] = [];
  let shown = 0;
  for (const diagnostic of ordered) {
    const block = renderDiagnostic(diagnostic, options.width);
    if (lines.length + block.length > most && shown > 0) break;
    lines.push(...block);
    shown++;
  }
  if (shown < ordered.length) lines.push(`... and ${ordered.length - shown} more: litehouse check`);
  return lines;
}
