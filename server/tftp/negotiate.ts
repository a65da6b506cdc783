/** Decides which of the options that a client asks for it gets (RFC 2348, 2349, 7440). */
import type { TftpRequest } from './packets.ts';

/** Bytes of a window at most: what a client may make the server send in one go, and hold in memory twice. */
const mostWindowBytes = 128 * 1024;
const mostWindow = 64;
/** Largest block that fits into a UDP packet over IPv4, and the smallest that RFC 2348 has. */
const mostBlock = 65_464;
const leastBlock = 8;
/** A client that asks for a longer silence than this between two tries does not get it: its transfer would hold its place too long. */
const mostTimeout = 60;

export interface Terms {
  readonly blockSize: number;
  /** Blocks that are sent before an acknowledgement is waited for. */
  readonly window: number;
  /** Milliseconds between two tries, where the client named them. */
  readonly timeout: number | undefined;
  /** What the options packet says; empty: the client asked for nothing that is given, and none is sent. */
  readonly agreed: readonly (readonly [name: string, value: string])[];
}

/** A value that makes no sense, or an option that nobody knows, is passed over, as RFC 2347 has it; one that is too large is lowered. */
export function negotiate(options: TftpRequest['options'], size: number): Terms {
  const number = (name: string): number | undefined => {
    const value = options.get(name)?.value;
    return value !== undefined && /^\d{1,20}$/.test(value) ? Number(value) : undefined;
  };
  const askedBlock = number('blksize');
  const block = askedBlock !== undefined && askedBlock >= leastBlock ? Math.min(askedBlock, mostBlock) : undefined;
  const askedWindow = number('windowsize');
  const fits = Math.max(1, Math.min(mostWindow, Math.floor(mostWindowBytes / (block ?? 512))));
  const window = askedWindow !== undefined && askedWindow >= 1 ? Math.min(askedWindow, fits) : undefined;
  const askedTimeout = number('timeout');
  const timeout =
    askedTimeout !== undefined && askedTimeout >= 1 && askedTimeout <= mostTimeout ? askedTimeout : undefined;
  const given: Readonly<Record<string, number | undefined>> = {
    blksize: block,
    windowsize: window,
    timeout,
    tsize: number('tsize') === undefined ? undefined : size,
  };
  const agreed: [string, string][] = [];
  for (const [key, { spelling }] of options) {
    const value = Object.hasOwn(given, key) ? given[key] : undefined;
    if (value !== undefined) agreed.push([spelling, String(value)]);
  }
  return {
    blockSize: block ?? 512,
    window: window ?? 1,
    timeout: timeout === undefined ? undefined : timeout * 1000,
    agreed,
  };
}
