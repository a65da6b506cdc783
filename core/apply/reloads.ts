/** Which services an apply has to poke, and when: before the answers flip for what was made, after the prune for what went. */
import type { ReloadOutput, RootName } from '../plugin/output.ts';

/** Paths of roots that an apply touches. */
export type Touched = ReadonlyMap<RootName, readonly string[]>;

export interface ReloadDue {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  /** Highest rank of the roots that made it due: it runs when all of that rank is in place. */
  readonly rank: number;
}

function concerns(reload: ReloadOutput, touched: Touched): boolean {
  const { root, path } = reload.when;
  const paths = touched.get(root) ?? [];
  return path === undefined ? paths.length > 0 : paths.some((one) => one === path || one.startsWith(`${path}/`));
}

/**
 * Reloads that the touched paths make due, and those owed from an earlier apply; each name once, in the order of the world.
 */
export function reloadsDue(
  reloads: readonly ReloadOutput[],
  touched: Touched,
  owed: ReadonlySet<string>,
  rankOf: (root: RootName) => number,
): ReloadDue[] {
  const due = new Map<string, ReloadDue>();
  for (const reload of reloads) {
    if (!owed.has(reload.name) && !concerns(reload, touched)) continue;
    const rank = Math.max(rankOf(reload.when.root), due.get(reload.name)?.rank ?? Number.NEGATIVE_INFINITY);
    due.set(reload.name, { name: reload.name, command: reload.command, rank });
  }
  return [...due.values()];
}
