/** How far a commit came on the nodes themselves: booted by m of the n nodes that have its set (DESIGN 7). */
import type { Engine, Status } from '../../core/engine/types.ts';
import type { World } from '../../core/plan/world.ts';
import type { NodeReport } from './report.ts';

export interface BootCount {
  readonly commit: string;
  /** Nodes that would be told this commit's set now; those that get a refusal, or boot from their own disk, are none of them. */
  readonly nodes: number;
  /** Those of them whose last whole boot named this commit. */
  readonly booted: number;
  /** All nodes of the tables whose last whole boot named it, also those that would be told another set by now. */
  readonly running: number;
}

interface Known {
  of(node: string): NodeReport | undefined;
  readonly problem?: string | undefined;
}

/** By commit; only of commits that some node has the set of, or last booted with. Linear in nodes. */
export function bootCounts(
  world: Pick<World, 'answers'> | undefined,
  reports: Known | undefined,
): ReadonlyMap<string, BootCount> {
  const counts = new Map<string, { commit: string; nodes: number; booted: number; running: number }>();
  const countOf = (commit: string): { nodes: number; booted: number; running: number } => {
    const known = counts.get(commit) ?? { commit, nodes: 0, booted: 0, running: 0 };
    counts.set(commit, known);
    return known;
  };
  for (const [node, answer] of world?.answers ?? []) {
    const booted = reports?.of(node)?.booted?.commit;
    if (booted !== undefined) countOf(booted).running++;
    if (answer.kind !== 'answer') continue;
    const count = countOf(answer.commit);
    count.nodes++;
    if (booted === answer.commit) count.booted++;
  }
  return counts;
}

/** What `GET /status` gives: the engine's, and the commits that nodes have sets of, the one in effect first. */
export type ServerStatus = Status & { readonly boots: readonly BootCount[] };

export async function statusWithBoots(
  engine: Pick<Engine, 'status' | 'world' | 'bootsProblem'>,
  reports: Known | undefined,
): Promise<ServerStatus> {
  const status = await engine.status();
  const counts = [...bootCounts(engine.world, reports).values()].filter(({ nodes }) => nodes > 0);
  const applied = counts.filter(({ commit }) => commit === status.applied);
  const problem =
    [status.problem, reportsProblem(engine, reports)].filter((it) => it !== undefined).join('; ') || undefined;
  return { ...status, problem, boots: [...applied, ...counts.filter((count) => !applied.includes(count))] };
}

/** What somebody has to do so that nodes may report again; undefined: nothing. */
export function reportsProblem(
  { bootsProblem }: Pick<Engine, 'bootsProblem'>,
  reports: Pick<Known, 'problem'> | undefined,
): string | undefined {
  // A report is answered when it is on the disk together with what the engine makes of it.
  const problem = reports?.problem ?? bootsProblem;
  if (problem === undefined) return undefined;
  return `node reports cannot be stored, and nodes are told to try again: ${problem}; free space there (df -h, df -i)`;
}

/** What `GET /history` gives. */
export type ServerHistory = readonly (Awaited<ReturnType<Engine['history']>>[number] & {
  readonly boots: BootCount | undefined;
})[];

export async function historyWithBoots(
  engine: Pick<Engine, 'history' | 'world'>,
  reports: Known | undefined,
  limit: number,
): Promise<ServerHistory> {
  const commits = await engine.history(limit);
  const counts = bootCounts(engine.world, reports);
  return commits.map((commit) => ({ ...commit, boots: counts.get(commit.oid) }));
}

/** For people: `booted by 3/10 nodes`; of a commit that no node is to boot any more how many still run it. */
export function bootCountText({ nodes, booted, running }: BootCount): string {
  if (nodes > 0) return `booted by ${booted}/${nodes} ${nodes === 1 ? 'node' : 'nodes'}`;
  return running === 1 ? '1 node still runs it' : `${running} nodes still run it`;
}
