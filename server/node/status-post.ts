/** `POST /status`: what a booting node reports, taken in under limits that hold however many send however much. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { RefusalLog } from '../once-a-minute.ts';
import { parseStatus } from '../reports/report.ts';
import type { NodeEngine, NodeOptions, Taken } from './app.ts';
import { sinceStart, TokenBuckets } from './limits.ts';
import { noProxies, sourceOf } from './source.ts';

/** A log of 64 KiB, each byte of it escaped in a form, and the rest of the report. */
const maxBody = 3 * 65_536 + 4_096;
/** Bodies that may be under way at once, in bytes. */
const maxUnderWay = 64 * 2 ** 20;
/** A boot reports a handful of stages within a minute: so many at once, then one every three seconds. */
const burst = 20;
const secondsEach = 3;

const notNow = {
  'too many': 'too many reports at once: try again in a moment',
  'not stored':
    'reports cannot be stored on the server now (its disk may be full: litehouse status): try again in a moment',
} as const;

/**
 * Makes the handler. It answers 200 `ok`, or refuses: 404 an address that is not exactly one node's, 413 a log that is too
 * large, 429 too many reports of one source (with Retry-After), 400 a report that cannot be read, 503 not ready. Any known node
 * may report; the policy table is not asked, and what the report calls the node is not looked at: its address says who it is.
 */
export function statusReceiver(
  engine: NodeEngine,
  options: NodeOptions,
): (incoming: IncomingMessage, outgoing: ServerResponse) => void {
  const { reports, log, proxies = noProxies, now = sinceStart } = options;
  const buckets = new TokenBuckets(burst, secondsEach, now);
  const refusals = log === undefined ? undefined : new RefusalLog(log, now);
  let underWay = 0;
  return (incoming, outgoing) => {
    const source = sourceOf(incoming, proxies);
    const refuse = (status: number, why: string, headers: Readonly<Record<string, string>> = {}): void => {
      if (status !== 503) refusals?.refused(source, 'status', status, why);
      // What is left of the body is not waited for.
      say(outgoing, status, `${status}: ${why}\n`, { connection: 'close', ...headers });
    };
    const nodes = engine.world?.addresses.get(source) ?? [];
    const [node, other] = nodes;
    if (reports === undefined || engine.world === undefined)
      return refuse(503, 'reports are not taken yet: try again in a moment', { 'retry-after': '5' });
    if (node === undefined) return refuse(404, `no node has the address ${source}: look at tables/hosts.csv`);
    if (other !== undefined)
      return refuse(404, `address ${source} belongs to ${nodes.join(' and ')}: give each its own`);
    const wait = buckets.take(source);
    if (wait > 0) return refuse(429, `too many reports: wait ${wait} s`, { 'retry-after': String(wait) });
    const tooLarge = `a report has at most ${maxBody} bytes: send the end of the log`;
    if (Number(incoming.headers['content-length'] ?? 0) > maxBody) return refuse(413, tooLarge);

    const chunks: Buffer[] = [];
    let size = 0;
    let done = false;
    const end = (): void => {
      done = true;
      underWay -= size;
      size = 0;
      chunks.length = 0;
    };
    incoming.on('data', (chunk: Buffer) => {
      if (done) return;
      size += chunk.length;
      underWay += chunk.length;
      if (size <= maxBody && underWay <= maxUnderWay) {
        chunks.push(chunk);
        return;
      }
      const large = size > maxBody;
      end();
      if (large) refuse(413, tooLarge);
      else refuse(503, notNow['too many'], { 'retry-after': '5' });
    });
    const answer = async (outcome: Taken | Promise<Taken>): Promise<void> => {
      const taken = await outcome;
      if (taken === 'stored') say(outgoing, 200, 'ok\n');
      else refuse(503, notNow[taken], { 'retry-after': '5' });
    };
    // A client that goes away, or that the listener's time-out cuts off.
    incoming.on('close', () => {
      if (!done) end();
    });
    incoming.on('end', () => {
      if (done) return;
      const report = parseStatus(Buffer.concat(chunks).toString('utf8'));
      end();
      if ('wrong' in report) refuse(report.tooLong ? 413 : 400, report.wrong);
      else void answer(reports.receive(node, report));
    });
  };
}

function say(
  outgoing: ServerResponse,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (outgoing.headersSent || outgoing.destroyed) return;
  outgoing.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    ...headers,
  });
  outgoing.end(text);
}
