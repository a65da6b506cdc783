/** Follows a running server's events, for commands that watch. */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Failure } from '../command/failure.ts';
import type { Remote } from './remote.ts';

export interface ServerEvent {
  readonly name: string;
  readonly data: unknown;
}

/** Hands on each event as it comes; resolves when the server ends the feed. Throws a Failure where it refuses it. */
export function followEvents({ url, token }: Remote, on: (event: ServerEvent) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void =>
      reject(
        new Failure({
          what: `cannot watch the server at ${url}`,
          why,
          mend: 'see that it runs there, that the token may read, and look at its log',
        }),
      );
    const request = url.startsWith('https:') ? httpsRequest : httpRequest;
    const outgoing = request(`${url}/events`, {
      headers: {
        accept: 'text/event-stream',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      agent: false,
    });
    outgoing.on('error', (error) => fail(error.message));
    outgoing.on('response', (incoming) => {
      incoming.setEncoding('utf8');
      if (incoming.statusCode !== 200) {
        incoming.resume();
        fail(`it answers ${incoming.statusCode}`);
        return;
      }
      let rest = '';
      incoming.on('data', (chunk: string) => {
        const blocks = (rest + chunk).split('\n\n');
        rest = blocks.pop() ?? '';
        for (const block of blocks) {
          const event = parseEvent(block);
          if (event !== undefined) on(event);
        }
      });
      // A server that was killed breaks the line off: to who watches that is an end as well.
      incoming.on('close', resolve);
    });
    outgoing.end();
  });
}

/** One block of the feed; undefined for comments and settings of the line. */
export function parseEvent(block: string): ServerEvent | undefined {
  const name = /^event: (.*)$/m.exec(block)?.[1];
  const data = /^data: (.*)$/m.exec(block)?.[1];
  return name === undefined || data === undefined ? undefined : { name, data: JSON.parse(data) };
}
