/** What the server and the node listener's thread say to each other: plain data, in the order in which it was said. */

import type { nodeServerOptions } from '../listen.ts';
import type { ListenAddress } from '../listen-address.ts';
import type { LogFacts, LogLevel } from '../log.ts';
import type { StatusReport } from '../reports/report.ts';
import type { AnsweringChanges } from './answering-copy.ts';

/** Time-outs and bounds of the listener. */
export type NodeServerOptions = { readonly [K in keyof typeof nodeServerOptions]: number };

/** What the thread is started with. */
export interface ThreadData {
  /** Of `NodeFigures`. */
  readonly figures: SharedArrayBuffer;
  readonly trustedProxies: readonly string[];
  readonly server: NodeServerOptions;
  /** Directory of root `tftp`, which is served below `/tftpboot/` too. */
  readonly tree: string | undefined;
}

export type ToThread =
  /** Is answered `taken` with the same number, once requests are answered from it. */
  | { readonly kind: 'answering'; readonly number: number; readonly changes: AnsweringChanges }
  | { readonly kind: 'listen'; readonly address: ListenAddress }
  /** The reports of that number are on the disk with all that follows from them, or (`stored` false) the disk refused them. */
  | { readonly kind: 'stored'; readonly number: number; readonly stored: boolean }
  | { readonly kind: 'close'; readonly graceMilliseconds: number };

export type FromThread =
  | { readonly kind: 'taken'; readonly number: number }
  | { readonly kind: 'listening'; readonly address: ListenAddress }
  /** It cannot listen: the parts of a Failure. */
  | { readonly kind: 'failed'; readonly what: string; readonly why: string | undefined; readonly mend: string }
  /** Reports, answered `stored` with the same number; `bytes`: what they count for until they are written. */
  | {
      readonly kind: 'reports';
      readonly number: number;
      readonly reports: readonly HandedReport[];
      readonly bytes: number;
    }
  /** Nodes that were answered, and for which generation. */
  | { readonly kind: 'asked'; readonly asked: readonly (readonly [node: string, generation: string])[] }
  | { readonly kind: 'log'; readonly level: LogLevel; readonly what: string; readonly facts: LogFacts }
  /** Every request under way has ended, or was cut off. */
  | { readonly kind: 'closed' };

export type HandedReport = readonly [node: string, report: StatusReport];
