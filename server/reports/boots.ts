/** Who booted what, and who is behind: the reports of nodes held against what they would be told now. */

import { foldNodes } from '../../core/noderange/fold.ts';
import type { World } from '../../core/plan/world.ts';
import type { NodeReport } from './report.ts';

/**
 * Where a node stands. `current`: booted what is in effect; `older commit`: its generation is still the newest, but it booted
 * before the commit in effect came; `older generation`: only another boot gives it the newest image; `failed` and `booting`: the
 * last thing it said is not a whole boot; `never seen`: it should boot, and never said anything; `not due`: it gets no answer
 * (local disk, offline, unplannable) and never said anything.
 */
export type Standing =
  | 'current'
  | 'older commit'
  | 'older generation'
  | 'failed'
  | 'booting'
  | 'never seen'
  | 'not due';

export interface NodeBoot {
  readonly node: string;
  readonly standing: Standing;
  /** The last thing that it said. */
  readonly stage: string | undefined;
  readonly at: string | undefined;
  /** How often it booted. */
  readonly boots: number;
  /** What its last whole boot was of; of one under way what it says. */
  readonly commit: string | undefined;
  readonly generation: string | undefined;
  /** When it last booted as a whole. */
  readonly booted: string | undefined;
  /** What it would be told now; undefined: a refusal. */
  readonly now: { readonly commit: string; readonly generation: string } | undefined;
}

/** Standings of the named nodes, in their order; of all nodes of the world where none are named. Linear in nodes. */
export function bootsOf(
  world: Pick<World, 'answers'> | undefined,
  reports: { of(node: string): NodeReport | undefined },
  nodes: Iterable<string> = world?.answers.keys() ?? [],
): NodeBoot[] {
  const boots: NodeBoot[] = [];
  for (const node of nodes) {
    const answer = world?.answers.get(node);
    const now = answer?.kind === 'answer' ? { commit: answer.commit, generation: answer.generation } : undefined;
    const report = reports.of(node);
    const said = report?.stage === 'booted' ? report.booted : report;
    boots.push({
      node,
      standing: standingOf(report, now),
      stage: report?.stage,
      at: report?.at,
      boots: report?.boots ?? 0,
      commit: said?.commit ?? report?.booted?.commit,
      generation: said?.generation ?? report?.booted?.generation,
      booted: report?.booted?.at,
      now,
    });
  }
  return boots;
}

function standingOf(report: NodeReport | undefined, now: NodeBoot['now']): Standing {
  if (report === undefined) return now === undefined ? 'not due' : 'never seen';
  if (report.stage === 'failed') return 'failed';
  if (report.stage !== 'booted') return 'booting';
  if (now === undefined) return 'current';
  if (report.generation !== now.generation) return 'older generation';
  return report.commit === now.commit ? 'current' : 'older commit';
}

const order: readonly Standing[] = [
  'current',
  'older commit',
  'older generation',
  'failed',
  'booting',
  'never seen',
  'not due',
];

/** For people: a line for all nodes that stand alike. `width`: how long a folded noderange may get. */
export function bootLines(boots: readonly NodeBoot[], width = 60): string[] {
  const groups = new Map<string, { standing: Standing; what: string; nodes: string[]; from: string; to: string }>();
  for (const boot of boots) {
    const what = wording(boot);
    const at = boot.at ?? '';
    const group = groups.get(what);
    if (group === undefined) groups.set(what, { standing: boot.standing, what, nodes: [boot.node], from: at, to: at });
    else {
      group.nodes.push(boot.node);
      if (at < group.from) group.from = at;
      if (at > group.to) group.to = at;
    }
  }
  return [...groups.values()]
    .sort((a, b) => order.indexOf(a.standing) - order.indexOf(b.standing) || b.nodes.length - a.nodes.length)
    .map(({ what, nodes, from, to }) => `${what}: ${foldNodes(nodes, width)}${span(from, to)}`);
}

function wording({ standing, stage, commit, generation, now }: NodeBoot): string {
  const name = commit?.slice(0, 10) ?? 'an unnamed commit';
  const of = generation === undefined ? '' : ` (generation ${generation})`;
  switch (standing) {
    case 'current':
      return `booted ${name}${of}`;
    case 'older commit':
      return `behind ${name}${of}, same image as ${now?.commit.slice(0, 10)}`;
    case 'older generation':
      return `behind ${name}${of}, boot again for generation ${now?.generation}`;
    case 'failed':
      return `failed ${name}${of}`;
    case 'booting':
      return `${stage} ${name}${of}`;
    case 'never seen':
      return 'never seen';
    case 'not due':
      return 'not due to boot from here';
  }
}

function span(from: string, to: string): string {
  if (to === '') return '';
  const short = (time: string): string => time.slice(0, 16).replace('T', ' ');
  return short(from) === short(to) ? `  ${short(to)} UTC` : `  ${short(from)} … ${short(to)} UTC`;
}
