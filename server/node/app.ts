/** What nodes ask as they boot: each its own answer, and nothing else. No middleware: ten thousand of them ask at once. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import type { AnswerText, Engine } from '../../core/engine/types.ts';
import { classicList } from '../../core/plan/classic.ts';
import type { World } from '../../core/plan/world.ts';
import { type NodeCommand, nodeCommands } from '../../core/policy/rows.ts';
import type { Log } from '../log.ts';
import { RefusalLog } from '../once-a-minute.ts';
import type { StatusReport } from '../reports/report.ts';
import { sendTree, serveTree, type TreeRequest } from '../tftp/http.ts';
import type { NodeFigures } from './figures.ts';
import { aheadLimit, sinceStart } from './limits.ts';
import { noProxies, type Proxies, sourceOf } from './source.ts';
import { statusReceiver } from './status-post.ts';

/** What the listener hands along with a request. */
export interface NodeBindings {
  readonly incoming: Pick<IncomingMessage, 'socket' | 'headers'>;
}

/** What requests are answered from: the engine, or a copy of what it answers from. */
export type NodeEngine = Pick<Engine, 'answerFor'> & { readonly world?: Pick<World, 'addresses'> };

/** What became of a report. `too many`: too much waits to be stored; `not stored`: the disk refuses it. */
export type Taken = 'stored' | 'too many' | 'not stored';

export interface NodeOptions {
  /** Counts answers by what became of them. */
  readonly answers?: Pick<NodeFigures, 'add'>;
  /** Takes reports of nodes; undefined: none are taken. */
  readonly reports?: { receive(node: string, report: StatusReport): Taken | Promise<Taken> };
  /** Hears of each whole answer. */
  readonly asked?: (node: string, generation: string) => void;
  /** Hears of refusals. */
  readonly log?: Log;
  /** Proxies whose X-Forwarded-For is believed. */
  readonly proxies?: Proxies;
  /** Milliseconds, for limits by time. */
  readonly now?: () => number;
  /** Directory of root `tftp`, served below `/tftpboot/`; undefined: it is not. */
  readonly tree?: string | undefined;
}

/**
 * `GET /answer?generation=G`: the answer of the node that has the peer's address, as plain text. `GET /litefile` and
 * `GET /litetree`: its two parts, as the original's scripts ask for them.
 *
 * The address identifies a node, it does not authenticate it (DESIGN 8). A refusal comes with its own status (403, 404,
 * 409, 503); with `&always=200` it comes with 200, because busybox wget throws the body of an error away, and the body is
 * what says why. The first line of the text tells an answer from a refusal either way.
 *
 * @example `curl --interface 127.0.1.7 'http://127.0.0.1:3001/answer?generation=20a1'`
 */
export function nodeApp(engine: NodeEngine, options: NodeOptions = {}): Hono<{ Bindings: NodeBindings }> {
  return appOf(answererOf(engine, options));
}

function appOf(answerTo: Answerer): Hono<{ Bindings: NodeBindings }> {
  const app = new Hono<{ Bindings: NodeBindings }>();
  app.get('/answer', (c) => {
    const { text, status } = answerTo(c.env.incoming, new URL(c.req.url).search);
    return plainText(text, status);
  });
  for (const command of nodeCommands) {
    app.get(`/${command}`, (c) => {
      const { text, status, whole, options } = answerTo(c.env.incoming, new URL(c.req.url).search, command);
      return plainText(whole ? classicList(text, command, options) : text, status);
    });
  }
  // Not a second route on /answer: hono takes its fast path only where one handler matches.
  app.notFound((c) =>
    ['/answer', '/litefile', '/litetree'].includes(c.req.path)
      ? plainText(`405: nodes only read here: GET ${c.req.path}\n`, 405, { allow: 'GET, HEAD' })
      : c.req.path === '/status'
        ? plainText('405: nodes only report here: POST /status\n', 405, { allow: 'POST' })
        : plainText('404: nodes ask here: GET /answer\n', 404),
  );
  app.onError((error) => plainText(`500: ${error.message}\n`, 500));
  return app;
}

/**
 * The app as a handler of node's own server. A client in an initrd may speak HTTP/1.0 and send no Host header.
 *
 * `GET /answer`, the one request that ten thousand nodes send at once, goes past hono, which would make a Request and a Response
 * for each (`npm run bench -- answers`). `POST /status` goes past hono too, for its body is read under limits of its own.
 * Files below `/tftpboot/` are sent as they are read. Everything else is hono's.
 */
export function nodeHandler(
  engine: NodeEngine,
  options: NodeOptions = {},
): (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void> | void {
  const answerTo = answererOf(engine, options);
  const listener = getRequestListener(appOf(answerTo).fetch, { hostname: 'litehouse' });
  const receive = statusReceiver(engine, options);
  const admit = aheadLimit();
  return (incoming, outgoing) => {
    if (!admit(incoming, outgoing)) {
      incoming.socket.destroy();
      return;
    }
    const url = incoming.url ?? '';
    if (incoming.method === 'POST' && /^\/status(?:\?|$)/.test(url)) return receive(incoming, outgoing);
    if (options.tree !== undefined && url.startsWith(treePrefix)) return sendFile(options.tree, incoming, outgoing);
    if (incoming.method !== 'GET' || !/^\/answer(?:\?|$)/.test(url)) return listener(incoming, outgoing);
    const { text, status, plain } = answerTo(incoming, url.slice('/answer'.length));
    // Counting and encoding the bytes of a text that is known to be ASCII would cost more than all the rest of it.
    outgoing.writeHead(status, {
      'content-type': textType,
      'content-length': plain ? text.length : Buffer.byteLength(text),
    });
    outgoing.end(text, plain ? 'latin1' : 'utf8');
  };
}

const treePrefix = '/tftpboot/';

/** The tree that TFTP serves: for loaders that can do HTTP, which is faster by far. */
async function sendFile(tree: string, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const { method, headers } = incoming;
  if (method !== 'GET' && method !== 'HEAD') {
    outgoing.writeHead(405, { 'content-type': textType, allow: 'GET, HEAD' });
    outgoing.end('405: nodes only read here\n');
    return;
  }
  const path = (incoming.url ?? '').slice(treePrefix.length).replace(/\?.*$/s, '');
  const { range, 'if-range': ifRange, 'if-none-match': ifNoneMatch } = headers;
  const request: TreeRequest = {
    method,
    range,
    ifNoneMatch,
    ifRange: typeof ifRange === 'string' ? ifRange : undefined,
  };
  sendTree(await serveTree(tree, path, request), outgoing);
}

interface Told {
  readonly text: string;
  readonly status: number;
  readonly plain: boolean;
  /** An answer, no refusal. */
  readonly whole: boolean;
  /** The words of its litefile rows. */
  readonly options?: readonly string[];
}

/** Answers the source of a request. `search`: its query, with the question mark; `only`: the one part that is asked for. */
type Answerer = (incoming: NodeBindings['incoming'], search: string, only?: NodeCommand) => Told;

function answererOf(engine: NodeEngine, options: NodeOptions): Answerer {
  const { answers, asked, log, proxies = noProxies, now = sinceStart } = options;
  const refusals = log === undefined ? undefined : new RefusalLog(log, now);
  return (incoming, search, only) => {
    const { generation, always } = readQuery(search);
    const source = sourceOf(incoming, proxies);
    const answer: AnswerText = engine.answerFor(source, generation, only);
    answers?.add(answer.kind === 'answer' ? 'answer' : String(answer.status));
    if (answer.kind === 'answer') {
      const { text, plain, options } = answer;
      if (only === undefined) asked?.(answer.node, answer.generation);
      return { text, status: 200, plain: plain === true, whole: true, options };
    }
    // While nothing is applied yet nobody has anything to change.
    if (answer.status !== 503) refusals?.refused(source, only ?? 'answer', answer.status, answer.reason);
    return { text: answer.text, status: always ? 200 : answer.status, plain: false, whole: false };
  };
}

/** What our own program on the node sends, to the letter: nothing in it is escaped. */
const usualQuery = /^\?generation=([\w.-]+)(&always=200)?$/;

function readQuery(search: string): { readonly generation: string | undefined; readonly always: boolean } {
  const usual = usualQuery.exec(search);
  if (usual !== null) return { generation: usual[1], always: usual[2] !== undefined };
  const asked = new URLSearchParams(search);
  return { generation: asked.get('generation') || undefined, always: asked.get('always') === '200' };
}

const textType = 'text/plain; charset=utf-8';

function plainText(text: string, status: number, more?: Readonly<Record<string, string>>): Response {
  return new Response(text, {
    status,
    headers: {
      'content-type': textType,
      'content-length': String(Buffer.byteLength(text)),
      ...more,
    },
  });
}
