/** What people, scripts and git find on the admin listener: status, history, nodes, plans, and the repository itself. */
import type { HttpBindings } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import type { z } from 'zod';
import { adoptFault } from '../../core/engine/applied.ts';
import { heldText } from '../../core/engine/held-text.ts';
import type { Engine, HeldGroup } from '../../core/engine/types.ts';
import { diagnosticToJson, diffToJson } from '../../core/plan/json.ts';
import { planToMarkdown } from '../../core/plan/markdown.ts';
import type { Repository } from '../../core/repo/repository.ts';
import type { Snapshot } from '../../core/repo/snapshot.ts';
import { diskTrouble } from '../command/failure.ts';
import type { ApplyEdit } from '../edits.ts';
import { metricsType } from '../metrics.ts';
import { historyWithBoots, reportsProblem, statusWithBoots } from '../reports/counts.ts';
import type { NodeReports } from '../reports/reports.ts';
import type { ServerMetrics } from '../server-metrics.ts';
import { version } from '../version.ts';
import {
  type AccessRequest,
  type AccessRules,
  type Caller,
  judgeAccess,
  plainAddress,
  type Verdict,
  type WrongAccess,
} from './access.ts';
import { type Listeners, mountBoot } from './boot.ts';
import { mountEdits } from './edits.ts';
import type { EventFeed } from './events.ts';
import { explainInEffect } from './explain.ts';
import { mountImages } from './images.ts';
import { listNodes, nodeToJson } from './nodes.ts';
import { openApiDocument } from './openapi.ts';
import { readinessOf, readinessText } from './ready.ts';
import { mountRelease } from './release.ts';
import { mountReports } from './reports.ts';
import { applyRequest } from './schemas.ts';
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
  /** Where authors of rows are looked up. */
  readonly repository?: Repository;
  readonly events: EventFeed;
  /** Makes edits; undefined: none are taken. */
  readonly edit?: ApplyEdit;
  readonly metrics: ServerMetrics;
  /** What nodes reported; undefined: nothing is known. */
  readonly reports?: NodeReports;
  /** Where nodes come; undefined: not known. */
  readonly listeners?: Listeners;
  /** Hears of who was refused with a wrong token, or from a page of another site. */
  readonly onRefused?: (refusal: RefusedAccess) => void;
  /** Hears of errors that no request should have caused. */
  readonly onError?: (error: Error, path: string) => void;
}

export interface RefusedAccess {
  readonly source: string;
  readonly asked: string;
  readonly status: number;
  readonly wrong: WrongAccess;
  readonly reason: string;
}

/** Largest body of a command. Pushes are not commands and have their own limit. */
const maxBody = 65_536;

const index = `litehouse

  GET  /status                      what is in effect, what waits, what is wrong
  GET  /history?limit=20            commits, newest first, with who pushed them and what became of them
  GET  /nodes                       all nodes
  GET  /nodes/NODE                  one node: its image, files and trees, and the row that each came from
  GET  /nodes/NODE/answer           what the node is told as it boots (?generation=G for another than its newest)
  GET  /nodes/NODE/boot             all that is planned for its boot: servers, boot file, exports, mounts (litehouse doctor)
  GET  /reports?nodes=NODERANGE     which nodes booted which commit and generation, and who is behind
  GET  /reports/NODE                the same of one node, with the log of its boot
  GET  /plan?commit=NAME            what a branch or commit would change (&format=markdown for people)
  GET  /diagnostics?commit=NAME     what is wrong with a branch or commit (default: main)
  GET  /explain?node=N&what=PATH    where a file, a table.column or a node comes from (&format=text for people)
  GET  /verify                      where the disk differs from what should be there
  POST /apply                       look at main now ({"repair":true} mends drift, {"retryBuilds":true} builds again)
  POST /release                     let go of exports that are held for running nodes: {"nodes":"n01"}
  GET  /images                      images: what is planned, what is on the disk and why, which nodes booted it
  GET  /images/NAME/links           the links of its newest generation (?generation=G)
  GET  /images/NAME/log             the last lines of its builds' logs (?lines=40)
  POST /images/NAME/repositories    how its package repositories stand now (asks the network)
  POST /images/NAME/build           build an image, whether a node has it or not (…/forget takes that back)
  POST /images/NAME/stop            end its builds: failed, until somebody tries again
  POST /images/prune                remove what nothing needs ({"dryRun":true}: only say it)
  POST /edit                        change rows as chtab, tabedit and nodeset do, in a commit ({"dryRun":true}: only the plan)
  GET  /events                      server-sent events: change, build, status
  GET  /health                      ok
  GET  /ready                       200 when a commit is in effect, nothing is refused or failed, and reports are stored, else 503
  GET  /metrics                     figures for Prometheus
  GET  /openapi.json                all of this for programs
  git clone .../config.git          the configuration
`;

/**
 * The admin app. Every route but /health and /ready asks the guard first.
 *
 * @example `adminApp(parts).request('/status', { headers: { host: 'localhost' } }, { incoming: { socket } })`
 */
export function adminApp(parts: AdminParts): { readonly app: Hono<AdminEnv>; readonly guard: Guard } {
  const { engine } = parts;
  const app = new Hono<AdminEnv>();
  const judge = (c: AdminContext, scope: Scope): Verdict => {
    const request = accessRequest(c);
    const verdict = judgeAccess(request, scope, parts.access);
    if (verdict.kind === 'refused' && verdict.wrong !== undefined) {
      const source = plainAddress(request.peer ?? 'unknown');
      parts.onRefused?.({ ...verdict, wrong: verdict.wrong, source, asked: `${c.req.method} ${c.req.path}` });
    }
    return verdict;
  };
  const guard: Guard = (c, scope) => guardRequest(c, judge(c, scope));

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
  app.get('/ready', async (c) => {
    const readiness = readinessOf(await engine.status(), reportsProblem(engine, parts.reports));
    const mayRead = judge(c, 'read').kind === 'allowed';
    return c.text(readinessText(readiness, mayRead), readiness.ready ? 200 : 503);
  });
  route('GET', '/', 'read', (c) => c.text(index));
  route('GET', '/openapi.json', 'read', (c) => c.json(openApiDocument(version)));
  route('GET', '/events', 'read', (c) => {
    // Nobody would read, or ever leave, the feed of a HEAD.
    if (c.req.method === 'HEAD') return c.body(null, 200, { 'content-type': 'text/event-stream' });
    return parts.events.open() ?? c.text('too many listen, or the server stops\n', 503);
  });
  route('GET', '/metrics', 'read', async (c) =>
    c.text(await parts.metrics.text(), 200, { 'content-type': metricsType }),
  );
  route('GET', '/status', 'read', async (c) => c.json(await statusWithBoots(engine, parts.reports)));
  route('GET', '/history', 'read', async (c) =>
    c.json(await historyWithBoots(engine, parts.reports, limitOf(c.req.query('limit')))),
  );
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
  route('GET', '/explain', 'read', (c) => explained(c, parts));
  route('GET', '/verify', 'read', async (c) => {
    const drift = await engine.verify();
    parts.metrics.verified(drift.length);
    return c.json({ drift });
  });
  route('POST', '/apply', 'admin', async (c, caller) => {
    const options = await applyOptions(c);
    if (options === undefined) {
      return c.json({ error: 'the body is no JSON object of adopt, repair, retryBuilds' }, 400);
    }
    const fault = adoptFault(options.adopt, engine.settings);
    if (fault !== undefined) return c.json({ error: fault.what, mend: fault.mend }, 400);
    return c.json(await engine.reconcile(`asked by ${caller.name}`, { ...options, again: true }));
  });
  mountRelease(app, guard, engine);
  mountImages(app, guard, engine);
  mountBoot(app, guard, { engine, listeners: parts.listeners });
  mountReports(app, guard, { engine, reports: parts.reports });
  if (parts.edit !== undefined) mountEdits(app, guard, parts.edit);
  app.notFound((c) => notFound(c, `nothing at ${c.req.method} ${c.req.path}; GET / says what is here`));
  app.onError((error, c) => {
    parts.onError?.(error, c.req.path);
    const disk = diskTrouble(error);
    if (disk !== undefined) return c.json({ error: disk.what, mend: `on the server: ${disk.mend}` }, 507);
    return c.json({ error: error.message.split('\n', 1)[0] }, 500);
  });
  return { app, guard };
}

function guardRequest(c: AdminContext, verdict: Verdict): Caller | Response {
  if (verdict.kind === 'allowed') return verdict.caller;
  if (verdict.status === 401) c.header('www-authenticate', 'Basic realm="litehouse", charset="UTF-8"');
  // git shows the body of a refusal to its user only as plain text.
  return c.text(`${verdict.reason}\n`, verdict.status);
}

function accessRequest(c: AdminContext): AccessRequest {
  return { method: c.req.method, peer: c.env.incoming.socket.remoteAddress, header: (name) => c.req.header(name) };
}

/** `format=` if it is there, else `other` where Accept names its type, else JSON; undefined for a format that there is not. */
function formatOf(c: AdminContext, other: 'markdown' | 'text', type: string): 'json' | 'markdown' | 'text' | undefined {
  const asked = c.req.query('format');
  if (asked === undefined) return c.req.header('accept')?.includes(type) ? other : 'json';
  return asked === 'json' || asked === other ? asked : undefined;
}

async function explained(c: AdminContext, parts: AdminParts): Promise<Response> {
  const format = formatOf(c, 'text', 'text/plain');
  if (format === undefined) return c.json({ error: 'no such format', mend: 'ask for format=json or format=text' }, 400);
  const { engine, repository, snapshot } = parts;
  const answer = await explainInEffect(
    { engine, repository, snapshot },
    c.req.query('node') || undefined,
    c.req.query('what') || undefined,
  );
  if (answer.kind === 'refused') return c.json({ error: answer.error, mend: answer.mend }, answer.status);
  const { explanation } = answer;
  return format === 'json' ? c.json(explanation.data as object) : c.text(`${explanation.lines(100).join('\n')}\n`);
}

async function judged(c: AdminContext, parts: AdminParts, withDiff: boolean): Promise<Response> {
  const format = withDiff ? formatOf(c, 'markdown', 'text/markdown') : 'json';
  if (format === undefined)
    return c.json({ error: 'no such format', mend: 'ask for format=json or format=markdown' }, 400);
  const name = c.req.query('commit') || parts.engine.settings.branch;
  const snapshot = await parts.snapshot(name);
  if (snapshot === undefined) return notFound(c, `no commit ${name}`);
  const preview = await parts.engine.judge(snapshot);
  if (format === 'markdown')
    return c.text(planToMarkdown(preview) + heldMarkdown(preview.held), 200, {
      'content-type': 'text/markdown; charset=utf-8',
    });
  const diff = preview.diff === undefined ? undefined : diffToJson(preview.diff);
  return c.json({
    commit: preview.commit,
    ok: preview.ok,
    diagnostics: preview.diagnostics.map(diagnosticToJson),
    ...(withDiff ? { diff, held: preview.held } : {}),
  });
}

function heldMarkdown(held: readonly HeldGroup[] | undefined): string {
  return held === undefined ? '' : `\n${held.map((group) => `- held: ${heldText(group)}`).join('\n')}\n`;
}

async function applyOptions(c: AdminContext): Promise<z.infer<typeof applyRequest> | undefined> {
  if (Number(c.req.header('content-length') ?? '0') > maxBody || c.req.header('transfer-encoding') !== undefined) {
    return undefined;
  }
  const text = await c.req.text();
  if (text.trim() === '') return {};
  try {
    return applyRequest.parse(JSON.parse(text));
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
