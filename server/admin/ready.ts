/** Whether this server does its job: what load balancers and monitors ask. */
import type { Status } from '../../core/engine/types.ts';

export interface Readiness {
  readonly ready: boolean;
  /** One word or a few, for everybody. */
  readonly state: string;
  /** What somebody has to do; may name paths and rows, so it is for those who may read. */
  readonly problem: string | undefined;
}

/** Ready: a commit is in effect, and what the branch names was neither refused nor failed to get in place. */
export function readinessOf({ applied, state, problem }: Status): Readiness {
  const ready = applied !== undefined && state !== 'refused' && state !== 'failed' && state !== 'no commit yet';
  return { ready, state: applied === undefined && state === 'applied' ? 'nothing in effect' : state, problem };
}

/** `ready` or `not ready`, then why. */
export function readinessText({ ready, state, problem }: Readiness, withProblem: boolean): string {
  const lines = [`${ready ? 'ready' : 'not ready'}: ${state}`];
  if (withProblem && problem !== undefined) lines.push(problem);
  return `${lines.join('\n')}\n`;
}
