import { afterEach, describe, expect, test } from 'vitest';
import type { Engine } from '../../core/engine/types.ts';
import { quietStatus } from '../../test/server/fake-engine.ts';
import { startTestServer } from '../../test/server/harness.ts';
import { parseEvent, type ServerEvent } from '../running/follow.ts';
import { EventFeed, type EventFeedOptions } from './events.ts';

type Say = (event: 'change' | 'build', line: string) => void;
const open: EventFeed[] = [];
afterEach(() => {
  for (const feed of open.splice(0)) feed.close();
});

function feedOf(options: EventFeedOptions = {}): { feed: EventFeed; say: Say; listening: () => number } {
  const listeners = new Map<(line: string) => void, string>();
  const on: Engine['on'] = (event, listener) => {
    listeners.set(listener, event);
    return () => void listeners.delete(listener);
  };
  const feed = new EventFeed({ on, status: async () => ({ ...quietStatus, nodes: 3 }) }, { pace: 1, ...options });
  open.push(feed);
  const say: Say = (event, line) => {
    for (const [listener, name] of listeners) if (name === event) listener(line);
  };
  return { feed, say, listening: () => listeners.size };
}

/** Events until there are `many`, or all until the end. */
async function take(response: Response, many = Number.POSITIVE_INFINITY): Promise<ServerEvent[]> {
  const events: ServerEvent[] = [];
  let text = '';
  for await (const chunk of response.body as ReadableStream<Uint8Array>) {
    text += Buffer.from(chunk).toString('utf8');
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    events.push(...blocks.map(parseEvent).filter((event) => event !== undefined));
    if (events.length >= many) break;
  }
  return events;
}

function opened(feed: EventFeed): Response {
  const response = feed.open();
  if (response === undefined) throw new Error('the feed is full');
  return response;
}

describe('the feed', () => {
  test('begins with the status, then says each line as it comes and the status after it', async () => {
    const { feed, say } = feedOf();
    const response = opened(feed);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    setTimeout(() => say('change', 'looking\nat main'), 20);
    const events = await take(response, 3);
    expect(events.map(({ name }) => name)).toEqual(['status', 'change', 'status']);
    expect(events[0]?.data).toMatchObject({ nodes: 3 });
    expect(events[1]?.data).toMatchObject({ line: 'looking\nat main' });
  });

  test('forgets who leaves, and asks the engine nothing for nobody', async () => {
    const { feed } = feedOf();
    await take(opened(feed), 1);
    expect(feed.size).toBe(0);
  });

  test('takes so many listeners and no more', () => {
    const { feed } = feedOf({ mostListeners: 2 });
    opened(feed);
    opened(feed);
    expect(feed.open()).toBeUndefined();
  });

  test('cuts off who does not take what it is told, and keeps nothing more for him', async () => {
    const { feed, say } = feedOf({ mostBehind: 10_000 });
    const response = opened(feed);
    for (let i = 0; i < 1000; i++) say('build', 'x'.repeat(100));
    expect(feed.size).toBe(0);
    await expect(take(response)).rejects.toThrow('does not keep up');
  });

  test('closes with the server: responses end whole, no more are opened, the engine is let go', async () => {
    const { feed, listening } = feedOf();
    const response = opened(feed);
    setTimeout(() => feed.close(), 20);
    expect((await take(response)).map(({ name }) => name)).toEqual(['status']);
    expect(feed.open()).toBeUndefined();
    expect(listening()).toBe(0);
  });

  test('is never silent for longer than its heartbeat', async () => {
    const { feed } = feedOf({ heartbeat: 5 });
    let text = '';
    for await (const chunk of opened(feed).body as ReadableStream<Uint8Array>) {
      text += Buffer.from(chunk).toString('utf8');
      if (text.includes(': still here\n\n')) break;
    }
    expect(text).toContain('retry: 2000');
  });
});

describe('over a real connection', () => {
  test('listeners that went away, and such as only ask for the head, leave room for others', async () => {
    const server = await startTestServer();
    try {
      const url = `${server.admin}/events`;
      for (let i = 0; i < 80; i++) {
        const leave = new AbortController();
        const response = await fetch(url, { signal: leave.signal });
        expect(response.status).toBe(200);
        leave.abort();
        expect((await fetch(url, { method: 'HEAD' })).status).toBe(200);
      }
      // Full is full: the last one that stays is refused, in words.
      const staying = new AbortController();
      const statuses: number[] = [];
      for (let i = 0; i < 80; i++) statuses.push((await fetch(url, { signal: staying.signal })).status);
      expect(statuses.filter((status) => status === 503).length).toBeGreaterThan(0);
      expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(48);
      staying.abort();
    } finally {
      await server.stop();
    }
  });
});
