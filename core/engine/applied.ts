/** What an apply left behind, in words and for the engine's memory. */
import type { Blocked } from '../apply/examine.ts';
import type { ApplyReport } from '../apply/report.ts';
import { heldInTheWay } from '../diagnostic/catalogue/live.ts';
import { blockedPath } from '../diagnostic/catalogue/plan.ts';
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import type { World } from '../plan/world.ts';
import { liveTroubleText } from './status.ts';
import type { EngineSettings, Reconciled } from './types.ts';

/** Nodes that have another commit's set, by that commit. */
export function keepsOf(world: World): Record<string, string[]> {
  const keeps: Record<string, string[]> = {};
  for (const { node, keeps: commit } of world.waiting.values()) {
    if (commit === undefined) continue;
    const list = keeps[commit];
    if (list === undefined) keeps[commit] = [node];
    else list.push(node);
  }
  return keeps;
}

/** What a push is told of a path that it will not get. */
export function blockedFinding({ root, path, there, held }: Blocked): Diagnostic {
  return (held === true ? heldInTheWay : blockedPath)(undefined, { root, path, what: there });
}

/** What somebody has to see to after an apply; undefined: nothing. */
export function problemOf(report: ApplyReport): string | undefined {
  if (report.failure !== undefined) return `${report.failure.message} (${report.failure.code}: ${report.failure.mend})`;
  if (report.outcome === 'stopped') return 'the apply was stopped before it was done';
  const [first, ...others] = report.blocked;
  if (first !== undefined) {
    const more = others.length === 0 ? '' : ` and ${others.length} more`;
    if (first.held === true) {
      return `${first.root}:${first.path}${more} waits: ${first.there} stands there; litehouse status lists for whom, litehouse release NODERANGE lets go`;
    }
    return `${first.root}:${first.path}${more} is blocked: ${first.there} stands there and is not litehouse's; move it away and run litehouse apply, or take it over with --adopt ${first.root}:${first.path}`;
  }
  const [live, ...more] = report.live.flatMap(({ image, troubles }) =>
    troubles.map((trouble) => `live file of image ${image} can't be laid: ${liveTroubleText(trouble)}`),
  );
  if (live !== undefined) {
    return `${live}${more.length === 0 ? '' : ` (and ${more.length} more: litehouse status)`}; change it in images/, and push`;
  }
  const reload = report.reloads.find(({ outcome }) => outcome === 'failed');
  return reload === undefined
    ? undefined
    : `reload ${reload.name} failed: ${reload.problem?.message ?? reload.command.join(' ')}`;
}

/** What is wrong with paths that somebody wants taken over; undefined: each is `ROOT:PATH`, in a root that there is. */
export function adoptFault(
  adopt: readonly string[] | undefined,
  { roots }: Pick<EngineSettings, 'roots'>,
): { readonly what: string; readonly mend: string } | undefined {
  const names = roots.map(({ name }) => name);
  for (const text of adopt ?? []) {
    const [, root = '', path = ''] = /^([^:]*):(.*)$/s.exec(text) ?? [];
    const mend = 'write ROOT:PATH as litehouse status shows it for what is blocked: tftp:pxelinux.0';
    if (!names.includes(root)) return { what: `'${text}' names no root: there are ${names.join(', ')}`, mend };
    if (path.split('/').some((part) => part === '' || part === '.' || part === '..'))
      return { what: `'${text}' is no path below root ${root}`, mend };
  }
  return undefined;
}

/** How many paths an apply that ended well had to leave out. */
export function withoutOf(report: ApplyReport): { readonly without?: number } {
  const without = report.blocked.length + report.live.reduce((sum, { troubles }) => sum + troubles.length, 0);
  return without === 0 || report.outcome !== 'applied' ? {} : { without };
}

/** What a pusher or editor is told last of an apply; undefined: it is in effect, whole. `made`: `the push is taken`. */
export function effectLine({ ok, without }: Reconciled, made: string): string | undefined {
  if (!ok) return `${made}, but not in effect: litehouse status says what to do`;
  if (without === undefined) return undefined;
  return `in effect, but for ${without === 1 ? 'one path' : `${without} paths`}: litehouse status says what to do`;
}

export function appliedLines(
  head: string,
  report: ApplyReport,
  world: World,
  summary: { readonly written: number; readonly removed: number; readonly milliseconds: number },
  problem: string | undefined,
): string[] {
  const number = (n: number) => n.toLocaleString('en-US');
  const name = head.slice(0, 9);
  const lines: string[] = [];
  if (report.outcome !== 'applied') {
    lines.push(`${name} is not wholly applied: ${problem}`, '  mend what it says, then run: litehouse apply');
  } else {
    const seconds = (summary.milliseconds / 1000).toFixed(2);
    lines.push(
      `applied ${name} in ${seconds} s: ${number(summary.written)} written, ${number(summary.removed)} removed`,
    );
    if (problem !== undefined) lines.push(`  ${problem}`);
  }
  const { size } = world.waiting;
  if (size === 1) lines.push('  1 node keeps what it has until its image is built');
  else if (size > 1) lines.push(`  ${number(size)} nodes keep what they have until their images are built`);
  return lines;
}
