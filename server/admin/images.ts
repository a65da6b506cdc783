/** Images: what there is of each, building one by name, and removing what nothing needs. */
import type { Context, Hono } from 'hono';
import { z } from 'zod';
import { liteKinds } from '../../core/check/nesting.ts';
import type { Engine } from '../../core/engine/types.ts';
import { imageLinks, imageLog } from '../reading/images.ts';
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
  since: z.string().optional().describe('When the build under way began: ISO 8601, UTC'),
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
  asked: z.array(z.string()).describe('Nodes that asked for this generation since, and have not reported a boot of it'),
  note: z.unknown().optional().describe('What the build wrote down about itself'),
  called: z.string().describe('How people name it: the digest, and +live(commit) where live files lie over it'),
  live: z
    .strictObject({ commit: z.string(), files: z.int(), problems: z.array(z.string()) })
    .optional()
    .describe('Live files that lie over it'),
  bytes: z.number().optional().describe('What it takes of the disk beyond those before it, where sizes were asked for'),
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

export const stopRequest = z.strictObject({
  by: z
    .string()
    .max(100)
    .regex(/^\P{Cc}*$/u)
    .optional()
    .describe('Who asks, as status shows it; else the name of the token'),
});

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

const packages = z.array(z.strictObject({ name: z.string(), version: z.string(), arch: z.string() }));

export const repositoriesRequest = z.strictObject({
  packages: z.boolean().optional().describe('Also what a build without a lock would take; may download it'),
});

export const imageRepositories = z.strictObject({
  ok: z.boolean().describe('False: they could not be asked'),
  lines: z.array(z.string()).describe('Why not'),
  repositories: z.array(
    z.strictObject({ alias: z.string(), url: z.string(), date: z.string().optional(), digest: z.string() }),
  ),
  packages: packages.optional(),
});

export const imageLinksReport = z.strictObject({
  image: z.string(),
  generation: z.string(),
  directory: z.string(),
  links: z.array(
    z.strictObject({
      path: z.string(),
      kind: z.enum(liteKinds),
      role: z.enum(['link', 'bind', 'left', 'inside']),
      place: z.string().optional().describe('Real path in the image, where it is another one'),
      top: z.string().optional().describe('Of inside: the outermost entry around it'),
      first: z.string().optional().describe('Text of the link in the image'),
      second: z.string().optional().describe('Text of the link below /.statelite/tmpfs'),
      holds: z.enum(['file', 'directory', 'symlink', 'empty file', 'empty directory', 'nothing']),
      leads: z.string().optional().describe('Text of a symbolic link that is kept'),
    }),
  ),
  notes: z.array(z.string()),
  live: z
    .strictObject({
      commit: z.string(),
      files: z.array(z.strictObject({ path: z.string(), digest: z.string() })),
      troubles: z.array(z.string()),
    })
    .nullable()
    .describe('Live files that are laid over it'),
});

export const imageLogReport = z.strictObject({
  image: z.string(),
  logs: z.array(z.strictObject({ name: z.string(), state: z.string(), file: z.string(), lines: z.array(z.string()) })),
});

type ImagesEngine = Pick<
  Engine,
  'images' | 'buildImage' | 'stopBuilds' | 'forgetImage' | 'pruneImages' | 'imageRepositories' | 'settings'
>;

/** The most lines of a log that are given. */
const mostLogLines = 5000;

/** Adds the routes. */
export function mountImages(app: Hono<AdminEnv>, guard: Guard, engine: ImagesEngine): void {
  app.get('/images', async (c) => {
    const caller = guard(c, 'read');
    if (caller instanceof Response) return caller;
    return c.json(await engine.images({ sizes: c.req.query('sizes') === '1' }));
  });
  app.get('/images/:image/links', async (c) => {
    const caller = guard(c, 'read');
    if (caller instanceof Response) return caller;
    const report = await imageLinks(engine, c.req.param('image'), c.req.query('generation') || undefined);
    return 'wrong' in report ? c.json({ error: report.wrong }, 404) : c.json(report);
  });
  app.get('/images/:image/log', async (c) => {
    const caller = guard(c, 'read');
    if (caller instanceof Response) return caller;
    const asked = Number(c.req.query('lines'));
    const most = Number.isInteger(asked) && asked > 0 ? Math.min(asked, mostLogLines) : 40;
    const report = await imageLog(engine, c.req.param('image'), most);
    return 'wrong' in report ? c.json({ error: report.wrong }, 404) : c.json(report);
  });
  app.post('/images/:image/repositories', async (c) => {
    // It makes this host ask others, and may download much.
    const caller = guard(c, 'push');
    if (caller instanceof Response) return caller;
    const request = await requestOf(c, repositoriesRequest, 'packages');
    if (request instanceof Response) return request;
    const { ok, lines, repositories, packages } = await engine.imageRepositories(c.req.param('image'), request);
    return c.json({ ok, lines, repositories, packages }, ok ? 200 : 422);
  });
  app.post('/images/prune', async (c) => {
    const caller = guard(c, 'admin');
    if (caller instanceof Response) return caller;
    const request = await requestOf(c, pruneRequest, 'dryRun and all');
    if (request instanceof Response) return request;
    return c.json(await engine.pruneImages(request));
  });
  app.post('/images/:image/build', async (c) => {
    const caller = guard(c, 'admin');
    if (caller instanceof Response) return caller;
    const { ok, lines } = await engine.buildImage(c.req.param('image'));
    return c.json({ ok, lines }, ok ? 200 : 422);
  });
  app.post('/images/:image/stop', async (c) => {
    const caller = guard(c, 'admin');
    if (caller instanceof Response) return caller;
    const request = await requestOf(c, stopRequest, 'by');
    if (request instanceof Response) return request;
    const { ok, lines } = await engine.stopBuilds(c.req.param('image'), request.by ?? caller.name);
    return c.json({ ok, lines }, ok ? 200 : 422);
  });
  app.post('/images/:image/forget', async (c) => {
    const caller = guard(c, 'admin');
    return caller instanceof Response ? caller : c.json({ forgotten: await engine.forgetImage(c.req.param('image')) });
  });
}

/** The body, of which `words` tells the names; none is an empty request. Else the answer that refuses it. */
async function requestOf<T extends object>(c: Context, schema: z.ZodType<T>, words: string): Promise<T | Response> {
  const text = await c.req.text();
  const request = schema.safeParse(text.trim() === '' ? {} : jsonOf(text));
  return request.success ? request.data : c.json({ error: `the body is no JSON object of ${words}` }, 400);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
