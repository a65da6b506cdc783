/** What people, scripts and git find on the admin listener: status, history, nodes, plans, and the repository itself. */
import type { HttpBindings } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import type { Engine } from '../../core/engine/types.ts';
import { diagnosticToJson, diffToJson } from '../../core/plan/json.ts';
import type { Snapshot } from '../../core/repo/snapshot.ts';
import { type AccessRules, type Caller, judgeAccess } from './access.ts';
import { listNodes, nodeToJson } from './nodes.ts';
import type { Scope } from './tokens.ts';

/** The listener hands along node's own request and response. */
export type AdminEnv = { Bindings: HttpBindings };
export type AdminContext = Context<AdminEnv>;

/** The caller where a request may do what needs `scope`, else the response that refuses it. */
export type Guard = (c: AdminContext, scope: Scope) => Caller | Response;

export interface AdminParts {
  readonly engine: Engine;
  readonly access: AccessRules;
  /** A commit of the repository by any name that git knows; undefined where there is none. */
  readonly snapshot: (name: string) => Promise<Snapshot | undefined>;
  /** Hears of errors that no request should have caused. */
  readonly onError?: (error: Error, path: string) => void;
}

/** Largest body of a command. Pushes are not commands and have their own limit. */
const maxBody = 65_536;

const index = `litehouse

  GET  /status                      what is in effect, what waits, what is wrong
  GET  /history?limit=20            commits, newest first, with who pushed them and what became of them
  GET  /nodes                       all nodes
  GET  /nodes/NODE                  one node: its image, files and trees, and the row that each came from
  GET  /nodes/NODE/answer           what the node is told as it boots (?generation=G for another than its newest)
  GET  /plan?commit=NAME            what a branch or commit would change
  GET  /diagnostics?commit=NAME     what is wrong with a branch or commit (default: main)
  GET  /verify                      where the disk differs from what should be there
  POST /apply                       look at main now ({"repair":true} mends drift, {"retryBuilds":true} builds again)
  GET  /health                      ok
  git clone .../config.git          the configuration
`;

/**
 * The admin app. Every route but /health asks the guard first.
 *
 * @example `adminApp(parts).request('/status', { headers: { host: 'localhost' } }, { incoming: { socket } })`
 */
export function adminApp(parts: AdminParts): { readonly app: Hono<AdminEnv>; readonly guard: Guard } {
  const { engine } = parts;
  const app = new Hono<AdminEnv>();
  const guard: Guard = (c, scope) => guardRequest(c, scope, parts.access);

  /** Routes of one scope: the handler runs only for those who may. */
  const route = (
    method: 'GET' | 'POST',
    path: string,
    scope: Scope,
    handler: (c: AdminContext, caller: Caller) => Response | Promise<Response>,
  ): void => {
    app.on(method, path, async (c) => {
      const caller = guard(c, scope);
      return caller instanceof Response ? caller : handler(c, caller);
    });
  };

  app.get('/health', (c) => c.text('ok\n'));
  route('GET', '/', 'read', (c) => c.text(index));
  route('GET', '/status', 'read', async (c) => c.json(await engine.status()));
  route('GET', '/history', 'read', async (c) => c.json(await engine.history(limitOf(c.req.query('limit')))));
  route('GET', '/nodes', 'read', (c) => c.json(listNodes(engine)));
  route('GET', '/nodes/:node', 'read', (c) => {
    const node = nodeToJson(engine, c.req.param('node') ?? '');
    return node === undefined ? notFound(c, `no node ${c.req.param('node')}`) : c.json(node);
  });
  route('GET', '/nodes/:node/answer', 'read', (c) => {
    const answer = engine.answer(c.req.param('node') ?? '', c.req.query('generation') || undefined);
    return c.text(answer.text, answer.kind === 'answer' ? 200 : answer.status);
  });
  route('GET', '/plan', 'read', (c) => judged(c, parts, true));
  route('GET', '/diagnostics', 'read', (c) => judged(c, parts, false));
  route('GET', '/verify', 'read', async (c) => c.json({ drift: await engine.verify() }));
  route('POST', '/apply', 'admin', async (c, caller) => {
    const options = await applyOptions(c);
    if (options === undefined) {
      return c.json({ error: 'the body is no JSON object of adopt, repair, retryBuilds' }, 400);
    }
    return c.json(await engine.reconcile(`asked by ${caller.name}`, { ...options, again: true }));
  });
  app.notFound((c) => notFound(c, `nothing at ${c.req.method} ${c.req.path}; GET / says what is here`));
  app.onError((error, c) => {
    parts.onError?.(error, c.req.path);
    return c.json({ error: error.message.split('\n', 1)[0] }, 500);
  });
  return { app, guard };
}

function guardRequest(c: AdminContext, scope: Scope, rules: AccessRules): Caller | Response {
  const verdict = judgeAccess(
    { method: c.req.method, peer: c.env.incoming.socket.remoteAddress, header: (name) => c.req.header(name) },
    scope,
    rules,
  );
  if (verdict.kind === 'allowed') return verdict.caller;
  if (verdict.status === 401) c.header('www-authenticate', 'Basic realm="litehouse", charset="UTF-8"');
  // git shows the body of a refusal to its user only as plain text.
  return c.text(`${verdict.reason}\n`, verdict.status);
}

async function judged(c: AdminContext, parts: AdminParts, withDiff: boolean): Promise<Response> {
  const name = c.req.query('commit') || parts.engine.settings.branch;
  const snapshot = await parts.snapshot(name);
  if (snapshot === undefined) return notFound(c, `no commit ${name}`);
  const preview = await parts.engine.judge(snapshot);
  const diff = preview.diff === undefined ? undefined : diffToJson(preview.diff);
  return c.json({
    commit: preview.commit,
    ok: preview.ok,
    diagnostics: preview.diagnostics.map(diagnosticToJson),
    ...(withDiff ? { diff } : {}),
  });
}

const applyBody = z.strictObject({
  adopt: z.array(z.string()).optional(),
  repair: z.boolean().optional(),
  retryBuilds: z.boolean().optional(),
});

async function applyOptions(c: AdminContext): Promise<z.infer<typeof applyBody> | undefined> {
  if (Number(c.req.header('content-length') ?? '0') > maxBody || c.req.header('transfer-encoding') !== undefined) {
    return undefined;
  }
  const text = await c.req.text();
  if (text.trim() === '') return {};
  try {
    return applyBody.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function notFound(c: AdminContext, error: string): Response {
  return c.json({ error }, 404);
}

function limitOf(text: string | undefined): number {
  const limit = Number(text ?? 20);
  return Number.isInteger(limit) && limit > 0 ? Math.min(limit, 1000) : 20;
}
