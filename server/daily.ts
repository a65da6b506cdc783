/** What a server does as it starts and once a day: pack the repository, forget nodes that left the tables long ago. */
import type { Engine } from '../core/engine/types.ts';
import { foldNodes } from '../core/noderange/fold.ts';
import type { Log } from './log.ts';
import type { NodeReports } from './reports/reports.ts';

/** Does it now and every 24 hours; what fails is logged as `what`. Returns its own undo, which waits for what is under way. */
export function daily(what: string, work: () => Promise<unknown>, log: Log): () => Promise<void> {
  let underWay: Promise<unknown> = Promise.resolve();
  const run = (): void => {
    underWay = work().catch((error: Error) => log('warn', what, { error: error.message }));
  };
  run();
  const timer = setInterval(run, 86_400_000);
  return async () => {
    clearInterval(timer);
    await underWay;
  };
}

/** Without a view nobody knows which nodes there are, and so none has left. */
export async function forgetNodes(
  { view }: Pick<Engine, 'view'>,
  reports: Pick<NodeReports, 'prune'>,
  log: Log,
): Promise<void> {
  if (view === undefined) return;
  const forgotten = await reports.prune((node) => view.nodes.has(node));
  if (forgotten.length > 0)
    log('info', 'forgot reports', { nodes: foldNodes(forgotten, 200), why: 'in no table for 30 days' });
}
