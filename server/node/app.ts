/** What nodes ask as they boot: each its own answer, and nothing else. No middleware: ten thousand of them ask at once. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import ipaddr from 'ipaddr.js';
import type { Engine } from '../../core/engine/types.ts';

/** What the listener hands along with a request. */
export interface NodeBindings {
  readonly incoming: Pick<IncomingMessage, 'socket'>;
}

/**
 * `GET /answer?generation=G`: the answer of the node that has the peer's address, as plain text.
 *
 * The address identifies a node, it does not authenticate it (DESIGN 8). A refusal comes with its own status (403, 404,
 * 409, 503); with `&always=200` it comes with 200, because busybox wget throws the body of an error away, and the body is
 * what says why. The first line of the text tells an answer from a refusal either way.
 *
 * @example `curl --interface 127.0.1.7 'http://127.0.0.1:3001/answer?generation=20a1'`
 */
export function nodeApp(engine: Pick<Engine, 'answerFor'>): Hono<{ Bindings: NodeBindings }> {
  const app = new Hono<{ Bindings: NodeBindings }>();
  app.get('/answer', (c) => {
    const { text, status } = answerTo(engine, c.env.incoming, new URL(c.req.url).search);
    return plainText(text, status);
  });
  // Not a second route on /answer: hono takes its fast path only where one handler matches.
  app.notFound((c) =>
    c.req.path === '/answer'
      ? plainText('405: nodes only read here: GET /answer\n', 405, { allow: 'GET, HEAD' })
      : plainText('404: nodes ask here: GET /answer\n', 404),
  );
  app.onError((error) => plainText(`500: ${error.message}\n`, 500));
  return app;
}

/**
 * The app as a handler of node's own server. A client in an initrd may speak HTTP/1.0 and send no Host header.
 *
 * `GET /answer`, the one request that ten thousand nodes send at once, goes past hono: with it a listener reached 0.65 of bare
 * node:http, without it 0.9 (`npm run bench -- answers`). Everything else is hono's.
 */
export function nodeHandler(
  engine: Pick<Engine, 'answerFor'>,
): (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void> | void {
  const listener = getRequestListener(nodeApp(engine).fetch, { hostname: 'litehouse' });
  return (incoming, outgoing) => {
    const url = incoming.url ?? '';
    if (incoming.method !== 'GET' || !/^\/answer(?:\?|$)/.test(url)) return listener(incoming, outgoing);
    const { text, status } = answerTo(engine, incoming, url.slice('/answer'.length));
    outgoing.writeHead(status, { 'content-type': textType, 'content-length': Buffer.byteLength(text) });
    outgoing.end(text);
  };
}

/** The answer to the peer of a request. `search`: its query, with the question mark. */
function answerTo(
  engine: Pick<Engine, 'answerFor'>,
  incoming: NodeBindings['incoming'],
  search: string,
): { readonly text: string; readonly status: number } {
  const asked = new URLSearchParams(search);
  const address = peerAddress(incoming.socket.remoteAddress);
  const answer = engine.answerFor(address, asked.get('generation') || undefined);
  const status = answer.kind === 'answer' || asked.get('always') === '200' ? 200 : answer.status;
  return { text: answer.text, status };
}

const textType = 'text/plain; charset=utf-8';

/** A listener on `::` sees IPv4 peers as `::ffff:10.0.0.7`; the tables have `10.0.0.7`. */
function peerAddress(address: string | undefined): string {
  if (address === undefined) return '';
  return address.includes(':') && ipaddr.isValid(address) ? ipaddr.process(address).toString() : address;
}

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
