/** What nodes reported, kept beside the model and never changing the plan: records in memory, logs on disk, written in batches. */
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { DamagedStore, openStore, type Store } from '../../core/apply/store.ts';
import type { Log } from '../log.ts';
import { logs, records, recordsIn } from './read.ts';
import { afterReport, mostWaitingBytes, type NodeReport, type StatusReport } from './report.ts';

/** Since when a node that reported is in no table any more. */
const gone = 'gone';

/** So long a node that left the tables is remembered: it may come back, as after a revert or a repair. */
const keepGoneMilliseconds = 30 * 86_400_000;

/** Reports wait so long to be written together: ten thousand nodes boot at once. */
const writeAfterMilliseconds = 250;
/** How soon what a full disk refused is tried again. */
const retryMilliseconds = 5_000;

export type ReportListener = (node: string, now: NodeReport, before: NodeReport | undefined) => void;

export interface NodeReports {
  /** What is known of a node; undefined: it never reported. */
  of(node: string): NodeReport | undefined;
  readonly all: ReadonlyMap<string, NodeReport>;
  /** The log of the last report that had one. Reads the disk: not for what nodes ask. */
  log(node: string): string | undefined;
  /** Takes a report in. False: too much waits to be written, the node must ask again. */
  receive(node: string, report: StatusReport): boolean;
  /** Hears every report as it comes, after it is taken in. Returns its own undo. */
  on(listener: ReportListener): () => void;
  /**
   * Forgets nodes that have been in no table for thirty days, and their logs; gives their names. To be asked once a day: what counts is
   * when they were first missed, not when they reported last. What is held for such a node is the engine's, and stays (law 4).
   */
  prune(inTables: (node: string) => boolean): Promise<readonly string[]>;
  /** Why what nodes said cannot be written now; undefined: it can. It waits, and is tried again until it is written. */
  readonly problem: string | undefined;
  /** Writes all that was taken in so far at once; resolves when it is written, or known not to be (`problem`). */
  written(): Promise<void>;
  /** Resolves when all that was taken in so far is written, without hurrying. */
  stored(): Promise<void>;
  /** Resolves when it was tried to write all that was taken in so far: true where it is written, false where the disk refused it. */
  tried(): Promise<boolean>;
  /** Writes a last time. */
  close(): Promise<void>;
}

export interface ReportOptions {
  readonly log?: Log;
  readonly now?: () => Date;
  /** Hears when the store begins to refuse what is to be written, and when it takes it again. */
  readonly onFailing?: (failing: boolean) => void;
  /** A store of one's own, for tests. */
  readonly store?: Store;
  /** Milliseconds until what was refused is tried again, for tests. */
  readonly retry?: number;
}

/** Opens `<state>/reports`. A damaged one is put aside: what nodes said is news, and they will say it again. */
export async function openReports(state: string, options: ReportOptions = {}): Promise<NodeReports> {
  const directory = join(state, 'reports');
  if (options.store !== undefined) return new StoredReports(options.store, options);
  try {
    return new StoredReports(openStore(directory), options);
  } catch (error) {
    if (!(error instanceof DamagedStore)) throw error;
    const aside = `${directory}.damaged-${(options.now?.() ?? new Date()).toISOString().replace(/\W/g, '')}`;
    await rename(directory, aside);
    options.log?.('error', 'node reports', { error: error.message, movedTo: aside });
    return new StoredReports(openStore(directory), options);
  }
}

class StoredReports implements NodeReports {
  private readonly known = new Map<string, NodeReport>();
  private readonly store: Store;
  private readonly say: Log | undefined;
  private readonly now: () => Date;
  private readonly listeners = new Set<ReportListener>();
  private readonly texts = new Map<string, string>();
  /** Nodes whose record is to be written, with the log of the report where it has one. */
  private waiting = new Map<string, string | undefined>();
  private writing = new Map<string, string | undefined>();
  private bytes = 0;
  /** Who waits for what is in `waiting` to be written. */
  private readonly waitingFor: (() => void)[] = [];
  /** Who waits for the next write, however it ends. */
  private readonly trying: ((written: boolean) => void)[] = [];
  private timer: NodeJS.Timeout | undefined;
  private underWay: Promise<void> = Promise.resolve();
  private readonly onFailing: (failing: boolean) => void;
  private readonly retry: number;
  private closed = false;
  problem: string | undefined;

  constructor(store: Store, options: ReportOptions) {
    this.store = store;
    this.onFailing = options.onFailing ?? (() => {});
    this.retry = options.retry ?? retryMilliseconds;
    this.say = options.log;
    this.now = options.now ?? (() => new Date());
    for (const [node, record] of recordsIn(store)) this.known.set(node, this.shared(record));
  }

  get all(): ReadonlyMap<string, NodeReport> {
    return this.known;
  }

  of(node: string): NodeReport | undefined {
    return this.known.get(node);
  }

  log(node: string): string | undefined {
    const text = this.waiting.get(node) ?? this.writing.get(node) ?? this.store.get(logs, node);
    return typeof text === 'string' ? text : undefined;
  }

  receive(node: string, report: StatusReport): boolean {
    const bytes = report.log === undefined ? 0 : Buffer.byteLength(report.log);
    if (this.bytes + bytes > mostWaitingBytes) return false;
    const before = this.known.get(node);
    const now = this.shared(afterReport(before, report, this.now().toISOString()));
    this.known.set(node, now);
    const replaced = this.waiting.get(node);
    this.bytes += bytes;
    if (replaced !== undefined && report.log !== undefined) this.bytes -= Buffer.byteLength(replaced);
    this.waiting.set(node, report.log ?? replaced);
    this.writeIn(this.problem === undefined ? writeAfterMilliseconds : this.retry);
    for (const listener of this.listeners) listener(node, now, before);
    return true;
  }

  on(listener: ReportListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async written(): Promise<void> {
    do await this.write();
    while (this.waiting.size > 0 && this.problem === undefined);
  }

  stored(): Promise<void> {
    return this.waiting.size === 0 ? this.underWay : new Promise((resolve) => this.waitingFor.push(resolve));
  }

  async tried(): Promise<boolean> {
    if (this.waiting.size > 0) return new Promise((resolve) => this.trying.push(resolve));
    await this.underWay;
    return this.problem === undefined;
  }

  private write(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.underWay = this.underWay.then(async () => {
      if (this.waiting.size === 0) return;
      this.writing = this.waiting;
      this.waiting = new Map();
      const waitingFor = this.waitingFor.splice(0);
      const trying = this.trying.splice(0);
      const changes: { db: string; key: string; value: unknown }[] = [];
      let bytes = 0;
      for (const [node, text] of this.writing) {
        changes.push({ db: records, key: node, value: stored(this.known.get(node)) });
        if (text === undefined) continue;
        changes.push({ db: logs, key: node, value: text });
        bytes += Buffer.byteLength(text);
      }
      try {
        await this.store.batch(changes);
      } catch (error) {
        this.waitAgain(error as Error, waitingFor);
        for (const resolve of trying) resolve(false);
        return;
      }
      this.writing = new Map();
      this.bytes -= bytes;
      this.told(undefined);
      for (const resolve of waitingFor) resolve();
      for (const resolve of trying) resolve(true);
    });
    return this.underWay;
  }

  private writeIn(milliseconds: number): void {
    if (!this.closed) this.timer ??= setTimeout(() => void this.write(), milliseconds);
  }

  /** What the disk refused waits on, since a node may not ask again; of a node that said more since, its later log counts. */
  private waitAgain(error: Error, waitingFor: readonly (() => void)[]): void {
    for (const [node, text] of this.writing) {
      const later = this.waiting.get(node);
      if (later !== undefined && text !== undefined) this.bytes -= Buffer.byteLength(text);
      this.waiting.set(node, later ?? text);
    }
    this.writing = new Map();
    this.waitingFor.unshift(...waitingFor);
    this.told(error);
    this.writeIn(this.retry);
  }

  /** Says once that writing fails, and once that it works again. */
  private told(error: Error | undefined): void {
    const before = this.problem;
    this.problem = error?.message;
    if ((before === undefined) === (error === undefined)) return;
    if (error === undefined) this.say?.('info', 'node reports are written again');
    else
      this.say?.('error', 'node reports are not written', {
        error: error.message,
        hint: 'they wait, and are tried again',
      });
    this.onFailing(error !== undefined);
  }

  async prune(inTables: (node: string) => boolean): Promise<readonly string[]> {
    await this.written();
    const now = this.now();
    const since = new Map<string, unknown>();
    for (const { key, value } of this.store.range(gone)) since.set(key, value);
    const changes: { db: string; key: string; value?: unknown }[] = [];
    const forgotten: string[] = [];
    for (const node of since.keys()) {
      if (inTables(node) || !this.known.has(node)) changes.push({ db: gone, key: node });
    }
    for (const node of this.known.keys()) {
      if (inTables(node)) continue;
      const at = since.get(node);
      const missed = typeof at === 'string' ? Date.parse(at) : Number.NaN;
      // One that says nothing readable begins anew, as one that lies in the future: a clock that was put right.
      if (Number.isNaN(missed) || missed > now.getTime()) {
        changes.push({ db: gone, key: node, value: now.toISOString() });
      } else if (now.getTime() - missed >= keepGoneMilliseconds) {
        forgotten.push(node);
        changes.push({ db: records, key: node }, { db: logs, key: node }, { db: gone, key: node });
      }
    }
    if (changes.length > 0) await this.store.batch(changes);
    for (const node of forgotten) this.known.delete(node);
    return forgotten;
  }

  async close(): Promise<void> {
    await this.written();
    this.closed = true;
    clearTimeout(this.timer);
    if (this.waiting.size > 0)
      this.say?.('error', 'node reports are lost', { nodes: this.waiting.size, error: this.problem });
    await this.store.close();
  }

  /** A hundred thousand nodes boot a handful of commits and generations: each text is kept once. */
  private shared(record: NodeReport): NodeReport {
    const once = <T extends string | undefined>(text: T): T => {
      if (text === undefined) return text;
      const known = this.texts.get(text) as T | undefined;
      if (known !== undefined) return known;
      // Hostile nodes may invent texts without end.
      if (this.texts.size > 10_000) this.texts.clear();
      this.texts.set(text, text);
      return text;
    };
    const { booted } = record;
    return {
      ...record,
      stage: once(record.stage),
      commit: once(record.commit),
      generation: once(record.generation),
      booted:
        booted === undefined
          ? undefined
          : { ...booted, commit: once(booted.commit), generation: once(booted.generation) },
    };
  }
}

/** Without keys of no value, which a store of JSON data would not give back. */
function stored(record: NodeReport | undefined): unknown {
  return record === undefined ? undefined : JSON.parse(JSON.stringify(record));
}
