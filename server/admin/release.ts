/** `POST /release`: lets go of what is held for nodes that an administrator knows to be down, or not to come back. */
import type { Hono } from 'hono';
import { z } from 'zod';
import type { Engine } from '../../core/engine/types.ts';
import { noderangeContext } from '../../core/noderange/context.ts';
import { expandNoderange } from '../../core/noderange/expand.ts';
import type { AdminEnv, Guard } from './app.ts';

export const releaseRequest = z.strictObject({ nodes: z.string().min(1).describe('A noderange') });

export const releaseOutcome = z.strictObject({
  released: z.array(z.string()).describe('Nodes of which a boot was known'),
  unknown: z.array(z.string()).describe('Names of which none was'),
});

export type ReleaseOutcome = z.output<typeof releaseOutcome>;

/** Adds the route. */
export function mountRelease(app: Hono<AdminEnv>, guard: Guard, engine: Pick<Engine, 'view' | 'release'>): void {
  app.post('/release', async (c) => {
    const caller = guard(c, 'admin');
    if (caller instanceof Response) return caller;
    const request = releaseRequest.safeParse(await c.req.json().catch(() => undefined));
    if (!request.success) return c.json({ error: 'the body is no JSON object with a noderange: {"nodes":"n01"}' }, 400);
    const outcome = await releaseNodes(engine, request.data.nodes);
    return 'wrong' in outcome ? c.json({ error: outcome.wrong }, 400) : c.json(outcome);
  });
}

/** Releases the nodes of a noderange; a name that is in no table any more counts too, for such nodes are held as well. */
export async function releaseNodes(
  engine: Pick<Engine, 'view' | 'release'>,
  noderange: string,
): Promise<ReleaseOutcome | { readonly wrong: string }> {
  if (engine.view === undefined) return { wrong: 'nothing is in effect yet' };
  const { nodes, missed, errors } = expandNoderange(noderange, noderangeContext(engine.view));
  const [fault] = errors;
  if (fault !== undefined) return { wrong: `noderange '${noderange}': ${fault.message}; ${fault.mend}` };
  const asked = [...nodes, ...missed];
  const released = await engine.release(asked);
  const gone = new Set(released);
  return { released: [...released], unknown: asked.filter((node) => !gone.has(node)) };
}
