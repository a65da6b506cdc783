/** Says in one place what state the engine is in (STYLE: status is written in one place). */
import type { BuildState } from '../apply/builds.ts';
import type { ApplyReport } from '../apply/report.ts';
import type { Held } from '../plan/parts.ts';
import type { World } from '../plan/world.ts';
import type { CommitRecord, HeldGroup, LiveStanding, Status, WaitingGroup } from './types.ts';

export interface StatusParts {
  readonly head: string | undefined;
  readonly world: World | undefined;
  readonly record: CommitRecord | undefined;
  readonly report: ApplyReport | undefined;
  readonly problem: string | undefined;
  readonly busy: boolean;
  readonly refused: boolean;
  /** Nodes can't boot, because something of their image is gone from the disk. */
  readonly lost: boolean;
  readonly builds: readonly BuildState[];
  readonly warnings: number;
  readonly held: readonly Held[];
  readonly asked: Iterable<string>;
}

export function statusOf(parts: StatusParts): Status {
  const { head, world, report } = parts;
  const applied = world?.commit;
  return {
    head,
    applied,
    record: parts.record,
    state: stateOf(parts, applied),
    problem: parts.problem ?? (report === undefined ? parts.record?.failed : undefined),
    nodes: world?.answers.size ?? 0,
    waiting: waitingGroups(world),
    builds: parts.builds.map(({ artifact, state, progress, since, failure, log, logFile }) => ({
      id: artifact.id,
      state,
      detail: failure?.error ?? log.at(-1) ?? '',
      progress,
      since: since === undefined ? undefined : new Date(since).toISOString(),
      log: logFile,
    })),
    asked: [...parts.asked],
    external: (world?.external ?? []).map((image) => image.name),
    blocked: (report?.blocked ?? []).map(({ root, path, there }) => ({ root, path, what: there })),
    needsRoot: report?.needsRoot.length ?? 0,
    skippedReloads: (report?.reloads ?? []).filter(({ outcome }) => outcome === 'skipped').map(({ name }) => name),
    warnings: parts.warnings,
    held: heldGroups(parts.held),
    live: liveStanding(report),
  };
}

function liveStanding(report: ApplyReport | undefined): LiveStanding[] {
  const told = (report?.live ?? []).filter(({ files, troubles }) => files + troubles.length > 0);
  return told.map(({ image, files, generations, troubles }) => {
    return { image, files, generations, problems: troubles.map(liveTroubleText) };
  });
}

/** `/etc/motd in netboot/…/3f2a…: the image has a directory there` */
export function liveTroubleText({ path, generation, why }: ApplyReport['live'][number]['troubles'][number]): string {
  return `${path === '' ? 'live files' : path} in ${generation}: ${why}`;
}

function stateOf(parts: StatusParts, applied: string | undefined): Status['state'] {
  const { head, report, world } = parts;
  if (parts.busy) return 'applying';
  if (head === undefined) return world === undefined ? 'no commit yet' : 'failed';
  if (parts.refused) return 'refused';
  if (report === undefined) {
    const open = unfinished(parts, applied);
    if (open !== undefined) return open;
  } else if (report.outcome !== 'applied') return 'failed';
  else if (applied !== head) return parts.problem === undefined ? 'applying' : 'failed';
  if (parts.lost) return 'applied, image lost';
  if ((report?.blocked.length ?? 0) > 0) return 'applied, blocked';
  return (world?.waiting.size ?? 0) > 0 ? 'applied, waiting' : 'applied';
}

/** Before its first look an engine goes by what the one before wrote down; undefined: the commit came into effect. */
function unfinished({ head, record, problem }: StatusParts, applied: string | undefined): Status['state'] | undefined {
  if (applied === head && record?.appliedAt !== undefined) return undefined;
  if (problem !== undefined) return 'failed';
  if (record?.failed === undefined) return 'applying';
  return record.checkedAt === undefined ? 'refused' : 'failed';
}

/** What is held, a group for each line with all nodes that it is held for. */
export function heldGroups(held: readonly Held[]): HeldGroup[] {
  const groups = new Map<string, { root: string; path: string; line: string; nodes: Set<string> }>();
  for (const { node, root, path, line } of held) {
    const key = `${root}:${path} ${line}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { root, path, line, nodes: new Set([node]) });
    else group.nodes.add(node);
  }
  return [...groups.values()].map(({ nodes, ...group }) => ({ ...group, nodes: [...nodes] }));
}

function waitingGroups(world: World | undefined): WaitingGroup[] {
  const groups = new Map<string, { image: string | undefined; why: string; nodes: string[] }>();
  for (const { node, image, behind } of world?.waiting.values() ?? []) {
    const why = behind === undefined ? `image ${image}` : `node ${behind}`;
    const group = groups.get(why);
    if (group === undefined) groups.set(why, { image, why, nodes: [node] });
    else group.nodes.push(node);
  }
  return [...groups.values()];
}
