/** Whether this server does its job: what load balancers and monitors ask. */
import type { Status } from '../../core/engine/types.ts';

export interface Readiness {
  readonly ready: boolean;
  /** One word or a few, for everybody. */
  readonly state: string;
  /** What somebody has to do; may name paths and rows, so it is for those who may read. */
  readonly problem: string | undefined;
}

/**
 * Ready: a commit is in effect, what the branch names was neither refused nor failed to get in place, nodes can boot what they have, and what nodes report can be
 * stored. `unstored`: why it cannot.
 */
export function readinessOf({ applied, state, problem }: Status, unstored?: string): Readiness {
  const lost = state === 'applied, image lost';
  const ready =
    applied !== undefined && !lost && state !== 'refused' && state !== 'failed' && state !== 'no commit yet';
  if (ready && unstored !== undefined) return { ready: false, state: 'node reports are not stored', problem: unstored };
  return { ready, state: applied === undefined && state === 'applied' ? 'nothing in effect' : state, problem };
}

/** `ready` or `not ready`, then why. */
export function readinessText({ ready, state, problem }: Readiness, withProblem: boolean): string {
  const lines = [`${ready ? 'ready' : 'not ready'}: ${state}`];
  if (withProblem && problem !== undefined) lines.push(problem);
  return `${lines.join('\n')}\n`;
}
