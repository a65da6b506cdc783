/** `GET /reports`: who booted which commit and generation, and when; `GET /reports/NODE`: the same of one node, with its log. */
import type { Hono } from 'hono';
import type { Engine } from '../../core/engine/types.ts';
import { noderangeContext } from '../../core/noderange/context.ts';
import { expandNoderange } from '../../core/noderange/expand.ts';
import { bootsOf, type NodeBoot } from '../reports/boots.ts';
import type { NodeReports } from '../reports/reports.ts';
import type { AdminEnv, Guard } from './app.ts';

export interface ReportSource {
  readonly engine: Pick<Engine, 'world' | 'view'>;
  /** Undefined: nothing is known of any node. */
  readonly reports: Pick<NodeReports, 'of' | 'log'> | undefined;
}

/** What `GET /reports` answers. */
export interface BootReport {
  readonly applied: string | undefined;
  readonly nodes: readonly NodeBoot[];
  /** Names in the noderange that are neither a node nor a group. */
  readonly missed: readonly string[];
}

/** Adds the routes. Logs are read from the disk: only people ask for them. */
export function mountReports(app: Hono<AdminEnv>, guard: Guard, source: ReportSource): void {
  app.get('/reports', (c) => {
    const caller = guard(c, 'read');
    if (caller instanceof Response) return caller;
    const report = bootReport(source, c.req.query('nodes') || undefined);
    return 'wrong' in report ? c.json({ error: report.wrong }, 400) : c.json(report);
  });
  app.get('/reports/:node', (c) => {
    const caller = guard(c, 'read');
    if (caller instanceof Response) return caller;
    const report = nodeReport(source, c.req.param('node'));
    if (report !== undefined) return c.json(report);
    return c.json(
      { error: `no node ${c.req.param('node')}`, mend: 'litehouse nodels shows the nodes that there are' },
      404,
    );
  });
}

/** Standings of the nodes of a noderange, else of all. */
export function bootReport(
  { engine, reports }: ReportSource,
  noderange: string | undefined,
): BootReport | { readonly wrong: string } {
  const { world, view } = engine;
  const known = reports ?? { of: () => undefined };
  if (noderange === undefined || view === undefined)
    return { applied: world?.commit, nodes: bootsOf(world, known), missed: [] };
  const { nodes, missed, errors } = expandNoderange(noderange, noderangeContext(view));
  const [fault] = errors;
  if (fault !== undefined) return { wrong: `noderange '${noderange}': ${fault.message}; ${fault.mend}` };
  return { applied: world?.commit, nodes: bootsOf(world, known, nodes), missed };
}

/** One node with the log of its last boot; also one that is in no table any more, as long as it reported. */
export function nodeReport(
  { engine, reports }: ReportSource,
  node: string,
): (NodeBoot & { readonly log: string | undefined }) | undefined {
  if (engine.world?.answers.has(node) !== true && reports?.of(node) === undefined) return undefined;
  const [boot] = bootsOf(engine.world, reports ?? { of: () => undefined }, [node]);
  return boot === undefined ? undefined : { ...boot, log: reports?.log(node) };
}
