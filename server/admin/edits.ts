/** `POST /edit`: what chtab, tabedit and nodeset send. */
import type { Hono } from 'hono';
import { type ApplyEdit, editRequest } from '../edits.ts';
import type { AdminContext, AdminEnv, Guard } from './app.ts';

/** The largest edit: a table of a hundred thousand nodes, twice (tabedit sends what it started from, too). */
const maxBody = 64 * 2 ** 20;

/** Adds the route. 200: done, planned, or so already; 422: refused, with the reasons; 400: no edit. */
export function mountEdits(app: Hono<AdminEnv>, guard: Guard, apply: ApplyEdit): void {
  app.post('/edit', async (c) => {
    const caller = guard(c, 'push');
    if (caller instanceof Response) return caller;
    const text = await bodyOf(c);
    if (text === undefined) return c.json({ error: `an edit has a content-length of at most ${maxBody} bytes` }, 413);
    const request = editRequest.safeParse(parseJson(text));
    if (!request.success) {
      const [issue] = request.error.issues;
      return c.json({ error: `this is no edit: ${issue?.path.join('.')}: ${issue?.message}` }, 400);
    }
    const outcome = await apply(request.data, { name: caller.name, via: 'http' });
    return c.json(outcome, outcome.outcome === 'refused' ? 422 : 200);
  });
}

async function bodyOf(c: AdminContext): Promise<string | undefined> {
  const length = Number(c.req.header('content-length') ?? Number.NaN);
  if (!(length <= maxBody) || c.req.header('transfer-encoding') !== undefined) return undefined;
  return c.req.text();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
