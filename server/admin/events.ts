/** Server-sent events: what the engine says as it happens, and its status after each change, to a bounded number of listeners. */
import type { Engine, Status } from '../../core/engine/types.ts';

export interface EventFeedOptions {
  /** More listeners than that are refused. */
  readonly mostListeners?: number;
  /** A comment line for so long a silence (milliseconds), so that nothing between takes the connection for dead. */
  readonly heartbeat?: number;
  /** Who has not taken so many characters is cut off: it can come again and begins with the status. */
  readonly mostBehind?: number;
  /** Statuses are at least so far apart (milliseconds): builds say much. */
  readonly pace?: number;
}

/** What is fed: the engine's news, and a status as GET /status gives it. */
export interface EventSource extends Pick<Engine, 'on'> {
  status(): Promise<Status>;
}

interface Listener {
  send(text: string): void;
  end(): void;
}

/**
 * The feed of one engine. Events: `change` and `build` with `{"at", "line"}`, `status` with what GET /status gives.
 * The first one of each listener is its status.
 */
export class EventFeed {
  private readonly engine: EventSource;
  private readonly options: Required<EventFeedOptions>;
  private readonly listeners = new Set<Listener>();
  private readonly off: (() => void)[];
  private readonly timer: NodeJS.Timeout;
  private statusTimer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(engine: EventSource, options: EventFeedOptions = {}) {
    this.engine = engine;
    this.options = {
      mostListeners: options.mostListeners ?? 64,
      heartbeat: options.heartbeat ?? 15_000,
      mostBehind: options.mostBehind ?? 4 * 2 ** 20,
      pace: options.pace ?? 100,
    };
    this.off = (['change', 'build'] as const).map((event) =>
      engine.on(event, (line) => {
        if (this.listeners.size === 0) return;
        this.broadcast(event, { at: new Date().toISOString(), line });
        this.statusSoon();
      }),
    );
    this.timer = setInterval(() => this.sendAll(': still here\n\n'), this.options.heartbeat).unref();
  }

  get size(): number {
    return this.listeners.size;
  }

  /** A response that goes on until the listener leaves or the feed closes; undefined where there are too many, or it is closed. */
  open(): Response | undefined {
    if (this.closed || this.listeners.size >= this.options.mostListeners) return undefined;
    const encoder = new TextEncoder();
    const { mostBehind } = this.options;
    let listener: Listener | undefined;
    const leave = (): void => {
      if (listener !== undefined) this.listeners.delete(listener);
    };
    const body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          listener = {
            send(text) {
              if ((controller.desiredSize ?? 0) <= 0) {
                leave();
                controller.error(new Error('this listener does not keep up'));
              } else controller.enqueue(encoder.encode(text));
            },
            end() {
              leave();
              controller.close();
            },
          };
          this.listeners.add(listener);
          listener.send('retry: 2000\n\n');
          void this.sendStatus([listener]);
        },
        cancel: leave,
      },
      { highWaterMark: mostBehind, size: (chunk) => chunk.byteLength },
    );
    return new Response(body, {
      headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' },
    });
  }

  /** Ends every response; later ones are refused. */
  close(): void {
    this.closed = true;
    clearInterval(this.timer);
    clearTimeout(this.statusTimer);
    for (const off of this.off) off();
    for (const listener of [...this.listeners]) listener.end();
  }

  private statusSoon(): void {
    this.statusTimer ??= setTimeout(() => {
      this.statusTimer = undefined;
      void this.sendStatus(this.listeners);
    }, this.options.pace).unref();
  }

  private async sendStatus(to: Iterable<Listener>): Promise<void> {
    const text = await this.engine.status().then(
      (status) => eventText('status', status),
      // An engine that is being closed has none; the feed ends then, too.
      () => undefined,
    );
    if (text === undefined) return;
    for (const listener of [...to]) if (this.listeners.has(listener)) listener.send(text);
  }

  private broadcast(event: string, data: unknown): void {
    this.sendAll(eventText(event, data));
  }

  private sendAll(text: string): void {
    for (const listener of [...this.listeners]) listener.send(text);
  }
}

/** JSON has no line breaks of its own, so data is one line. */
function eventText(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
