/** Images: what there is of each, building one by name, and removing what nothing needs. */
import type { Hono } from 'hono';
import { z } from 'zod';
import type { Engine } from '../../core/engine/types.ts';
import type { AdminEnv, Guard } from './app.ts';

const kind = z.enum(['base', 'boot', 'generation', 'other']);
const place = { id: z.string(), root: z.string(), path: z.string().describe('Below the root') };

const planned = z.strictObject({
  ...place,
  name: z.string().describe('For people'),
  kind,
  digest: z.string(),
  state: z.enum(['present', 'building', 'failed', 'waiting', 'not wanted']),
  detail: z.string().describe('Why it failed, or the last line of its log'),
  progress: z.number().optional().describe('From 0 to 1'),
  log: z.string().optional().describe('File with the whole log, on the server'),
});

const onDisk = z.strictObject({
  ...place,
  kind,
  digest: z.string(),
  directory: z.string(),
  made: z.string().optional().describe('When it was put in place: ISO 8601, UTC'),
  lost: z.boolean().describe('Somebody removed it by hand'),
  inputs: z.array(z.string()).describe('Ids of what it was made from'),
  kept: z.array(z.string()).describe('Why it stays; none: the next apply removes it'),
  booted: z.array(z.string()).describe('Nodes whose last whole boot was of this generation'),
  note: z.unknown().optional().describe('What the build wrote down about itself'),
});

export const imageList = z.array(
  z.strictObject({
    image: z.string().describe("Name of its row; '' for artifacts of which nothing is known"),
    kind: z.enum(['built', 'external', 'no row']),
    plugin: z.string().optional(),
    asked: z.boolean().describe('Built because somebody asked for it by name'),
    nodes: z.int().describe('How many nodes the tables give it to'),
    inEffect: z.string().optional().describe('Generation that came into effect last'),
    planned: z
      .strictObject({ base: z.string(), boot: z.string(), generation: z.string(), artifacts: z.array(planned) })
      .optional(),
    artifacts: z.array(onDisk),
  }),
);

export const buildOutcome = z.strictObject({ ok: z.boolean(), lines: z.array(z.string()) });
export const forgetOutcome = z.strictObject({ forgotten: z.boolean() });

export const pruneRequest = z.strictObject({
  dryRun: z.boolean().optional().describe('Only say what would go'),
  all: z.boolean().optional().describe('Also what is kept only for a revert, or of which nothing is known'),
});

export const pruneOutcome = z.strictObject({
  dryRun: z.boolean(),
  removed: z.array(z.strictObject(place)),
  kept: z.array(z.strictObject({ ...place, why: z.string() })),
});

type ImagesEngine = Pick<Engine, 'images' | 'buildImage' | 'forgetImage' | 'pruneImages'>;

/** Adds the routes. */
export function mountImages(app: Hono<AdminEnv>, guard: Guard, engine: ImagesEngine): void {
  app.get('/images', async (c) => {
    const caller = guard(c, 'read');
    return caller instanceof Response ? caller : c.json(await engine.images());
  });
  app.post('/images/prune', async (c) => {
    const caller = guard(c, 'admin');
    if (caller instanceof Response) return caller;
    const text = await c.req.text();
    const request = pruneRequest.safeParse(text.trim() === '' ? {} : jsonOf(text));
    if (!request.success) return c.json({ error: 'the body is no JSON object of dryRun and all' }, 400);
    return c.json(await engine.pruneImages(request.data));
  });
  app.post('/images/:image/build', async (c) => {
    const caller = guard(c, 'admin');
    if (caller instanceof Response) return caller;
    const { ok, lines } = await engine.buildImage(c.req.param('image'));
    return c.json({ ok, lines }, ok ? 200 : 422);
  });
  app.post('/images/:image/forget', async (c) => {
    const caller = guard(c, 'admin');
    return caller instanceof Response ? caller : c.json({ forgotten: await engine.forgetImage(c.req.param('image')) });
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
