/** What one source may take of the node listener: connections, requests at once, and reports a minute. Memory is bounded by who is there. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Proxies, peerAddress } from './source.ts';

/** Milliseconds of a clock that nobody sets: limits by time hold also where the wall clock is put back or forth. */
export const sinceStart = (): number => performance.now();

/** Connections that one address may have open; a node needs one. */
const connectionsPerSource = 64;

/** Counts open connections by peer. Proxies are many nodes in one, and have only the listener's own limit. */
export function connectionLimit(proxies: Proxies, most = connectionsPerSource): (socket: Socket) => boolean {
  const open = new Map<string, number>();
  return (socket) => {
    const peer = peerAddress(socket.remoteAddress);
    if (proxies.has(peer)) return true;
    const count = open.get(peer) ?? 0;
    if (count >= most) return false;
    open.set(peer, count + 1);
    socket.once('close', () => {
      const left = (open.get(peer) ?? 1) - 1;
      if (left === 0) open.delete(peer);
      else open.set(peer, left);
    });
    return true;
  };
}

/** So long an address that is no node's has to say what it wants: a node may be slow, a stranger has no reason to be. */
const strangersMilliseconds = 3_000;

export interface StrangerLimit {
  /** A connection came in. */
  came(socket: Socket): void;
  /** A whole request came on it; gives whether it is a stranger's. */
  asked(socket: Socket): boolean;
}

/** Cuts off connections of strangers that say nothing whole in time: half-open ones would take the room of ten thousand nodes. */
export function strangerLimit(
  known: (address: string) => boolean,
  proxies: Proxies,
  milliseconds: number = strangersMilliseconds,
): StrangerLimit {
  const timers = new WeakMap<Socket, NodeJS.Timeout>();
  return {
    came(socket) {
      const peer = peerAddress(socket.remoteAddress);
      if (known(peer) || proxies.has(peer)) return;
      const timer = setTimeout(() => socket.destroy(), milliseconds);
      timers.set(socket, timer);
      socket.once('close', () => clearTimeout(timer));
    },
    asked(socket) {
      const timer = timers.get(socket);
      clearTimeout(timer);
      return timer !== undefined;
    },
  };
}

/** Requests that one connection may send ahead of its answers; a node sends none. */
const requestsAhead = 8;

/**
 * Counts requests that wait behind another of their connection. Without it a client that sends a packet of requests and reads
 * nothing would have two thousand answers kept for it, on each of its connections.
 */
export function aheadLimit(most = requestsAhead): (incoming: IncomingMessage, outgoing: ServerResponse) => boolean {
  const ahead = new WeakMap<Socket, number>();
  return ({ socket }, outgoing) => {
    // A response has its socket from the start, unless another must be sent first.
    if (outgoing.socket !== null) return true;
    const count = ahead.get(socket) ?? 0;
    if (count >= most) return false;
    ahead.set(socket, count + 1);
    outgoing.once('close', () => ahead.set(socket, (ahead.get(socket) ?? 1) - 1));
    return true;
  };
}

interface Bucket {
  tokens: number;
  at: number;
}

/** A token bucket a source: so many at once, and then one every so often. */
export class TokenBuckets {
  private readonly buckets = new Map<string, Bucket>();
  private readonly burst: number;
  private readonly secondsEach: number;
  private readonly now: () => number;
  private sweptAt = Number.NEGATIVE_INFINITY;

  /** @param now milliseconds */
  constructor(burst: number, secondsEach: number, now: () => number) {
    this.burst = burst;
    this.secondsEach = secondsEach;
    this.now = now;
  }

  /** Takes one; gives 0 where there was one, else the whole seconds until there is. */
  take(source: string): number {
    const now = this.now();
    const bucket = this.buckets.get(source);
    const since = bucket === undefined ? 0 : Math.max(0, now - bucket.at) / 1000;
    const tokens = bucket === undefined ? this.burst : Math.min(this.burst, bucket.tokens + since / this.secondsEach);
    if (bucket === undefined) this.sweep(now);
    if (tokens < 1) return Math.ceil((1 - tokens) * this.secondsEach);
    this.buckets.set(source, { tokens: tokens - 1, at: now });
    return 0;
  }

  get size(): number {
    return this.buckets.size;
  }

  /** Full buckets say nothing: they go, once in the time that an empty one takes to fill. */
  private sweep(now: number): void {
    const fill = this.burst * this.secondsEach * 1000;
    if (now - this.sweptAt < fill) return;
    this.sweptAt = now;
    for (const [source, { at }] of this.buckets) if (now - at >= fill) this.buckets.delete(source);
  }
}
