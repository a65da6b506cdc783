/** Says in the log once what came into effect, however many asked for it: the push, and the watcher that saw its refs move. */
import type { Reconciled } from '../core/engine/types.ts';
import type { Log } from './log.ts';

export type AppliedLog = (
  result: Reconciled,
  facts: { readonly pusher?: string; readonly by?: string; readonly reason?: string },
) => void;

export function appliedLog(log: Log): AppliedLog {
  // The engine gives one look to all who asked for it meanwhile.
  const told = new WeakSet<Reconciled>();
  let last: string | undefined;
  return (result, facts) => {
    const { commit, changed, ok, lines } = result;
    if (told.has(result) || (ok && !changed && commit === last)) return;
    told.add(result);
    last = ok ? commit : undefined;
    const [said = '', ...more] = lines;
    log(ok ? 'info' : 'error', ok ? 'applied' : 'not applied', {
      commit: commit?.slice(0, 10),
      ...facts,
      said,
      more: more.length || undefined,
    });
  };
}
