/** `POST /edit`: what chtab, tabedit and nodeset send. */
import type { Hono } from 'hono';
import { type ApplyEdit, editRequest } from '../edits.ts';
import type { AdminContext, AdminEnv, Guard } from './app.ts';

/** The largest edit: a table of a hundred thousand nodes, twice (tabedit sends what it started from, too). */
const maxBody = 64 * 2 ** 20;

/** Adds the route. A dry run needs the right to read, an edit that to push. 200: done, planned, or so already; 422: refused, with the reasons; 400: no edit. */
export function mountEdits(app: Hono<AdminEnv>, guard: Guard, apply: ApplyEdit): void {
  app.post('/edit', async (c) => {
    // What a dry run shows may be read; whether it is one stands in the body.
    const reader = guard(c, 'read');
    if (reader instanceof Response) return reader;
    const text = await bodyOf(c);
    if (text === undefined) return c.json({ error: `an edit has a content-length of at most ${maxBody} bytes` }, 413);
    const wrong = (why: string): Response => c.json({ error: `this is no edit: ${why}` }, 400);
    const json = parseJson(text);
    if (json === undefined) return wrong('the body is no JSON');
    if (namesPrototype(text)) return wrong("'__proto__' is the name of no table and of no column");
    const request = editRequest.safeParse(json);
    if (!request.success) {
      const [issue] = request.error.issues;
      const place = issue?.path.join('.') ?? '';
      return wrong(`${place === '' ? '' : `${place}: `}${issue?.message}`);
    }
    const caller = request.data.dryRun ? reader : guard(c, 'push');
    if (caller instanceof Response) return caller;
    const outcome = await apply(request.data, { name: caller.name, via: 'http' });
    return c.json(outcome, outcome.outcome === 'refused' ? 422 : 200);
  });
}

async function bodyOf(c: AdminContext): Promise<string | undefined> {
  const length = Number(c.req.header('content-length') ?? Number.NaN);
  if (!(length <= maxBody) || c.req.header('transfer-encoding') !== undefined) return undefined;
  return c.req.text();
}

/** Whether an object of the JSON has the key `__proto__`: a schema drops it in silence, and the rest would mean something else. */
function namesPrototype(text: string): boolean {
  if (!text.includes('__proto__') && !text.includes('\\u')) return false;
  let found = false;
  JSON.parse(text, (key, value: unknown) => {
    if (key === '__proto__') found = true;
    return value;
  });
  return found;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
