/** The node listener as the server sees it: a thread of its own, told what answers are made of, begun anew where it dies. */
import { Worker } from 'node:worker_threads';
import type { Engine } from '../../core/engine/types.ts';
import { Failure } from '../command/failure.ts';
import { type Listener, nodeServerOptions } from '../listen.ts';
import { type ListenAddress, urlOf } from '../listen-address.ts';
import type { Log } from '../log.ts';
import type { NodeReports } from '../reports/reports.ts';
import { AnsweringSource } from './answering-copy.ts';
import type { NodeFigures } from './figures.ts';
import type { FromThread, NodeServerOptions, ThreadData, ToThread } from './messages.ts';

/** A thread that dies so often within a minute is not begun again: the fault is not one that passes. */
const mostDeaths = 3;
const deathsWithin = 60_000;
/** What dies young here is small. A larger young generation made answers no faster, and the server larger. */
const maxYoungGenerationSizeMb = 16;
/** What the thread has to close a listener beyond the grace of its requests. */
const patienceMilliseconds = 5_000;

export interface NodeThreadOptions {
  readonly figures: NodeFigures;
  readonly log: Log;
  readonly trustedProxies?: readonly string[];
  /** Directory of root `tftp`, which is served below `/tftpboot/` too. */
  readonly tree?: string | undefined;
  /** Other time-outs, for tests. */
  readonly server?: Partial<NodeServerOptions>;
}

export interface Served {
  readonly address: ListenAddress;
  readonly engine: Pick<Engine, 'answering' | 'onAnswering' | 'asked' | 'bootsWritten'>;
  readonly reports: Pick<NodeReports, 'receive' | 'stored' | 'tried'>;
  /** Hears that nodes are answered no more, and why: the server has to end. */
  readonly onEnd: (failure: Failure) => void;
}

/**
 * The listener's thread. Its modules load from the moment that it is made; it answers from `listen` on.
 *
 * The order at a flip (law 3): the engine has the new world in effect, durably; then the thread takes its copy, whole, between two
 * requests; then the engine goes on to prune what the old answers point at. While nobody listens because a thread died, an apply
 * does not wait: the next thread begins with what is in effect then.
 */
export class NodeThread {
  private readonly options: NodeThreadOptions;
  private worker: Worker;
  private served: Served | undefined;
  private source = new AnsweringSource();
  /** Copies that were sent and not yet taken. */
  private readonly untaken = new Map<number, () => void>();
  private sent = 0;
  private address: ListenAddress | undefined;
  private heard: ((outcome: ListenAddress | Failure) => void) | undefined;
  private closed: () => void = () => {};
  private closing = false;
  private deaths: number[] = [];
  /** What ended the thread that is dying, where it said so. */
  private reason: string | undefined;
  /** There is no thread now, and why. */
  private dead: Failure | undefined;

  constructor(options: NodeThreadOptions) {
    this.options = options;
    this.worker = this.begin();
  }

  /** Listens; throws the Failure that says why it cannot. */
  async listen(served: Served): Promise<Listener> {
    this.served = served;
    const undo = served.engine.onAnswering(() => this.tell());
    try {
      const address = await this.open(served.address);
      const close = async (graceMilliseconds: number): Promise<void> => {
        undo();
        await this.close(graceMilliseconds);
      };
      return { address, url: urlOf(address), close };
    } catch (error) {
      undo();
      throw error;
    }
  }

  /** Ends the thread at once. */
  async end(): Promise<void> {
    this.closing = true;
    await this.worker.terminate();
  }

  private begin(): Worker {
    this.dead = undefined;
    const { figures, trustedProxies = [], server, tree } = this.options;
    const data: ThreadData = {
      figures: figures.memory,
      trustedProxies,
      tree,
      server: { ...nodeServerOptions, ...server },
    };
    const worker = startWorker(data);
    worker.on('message', (message: FromThread) => this.hear(message));
    worker.on('error', (error) => {
      this.reason = error.message;
    });
    worker.on('exit', (code) => this.ended(code));
    return worker;
  }

  private say(message: ToThread, transfer: ArrayBuffer[] = []): void {
    this.worker.postMessage(message, transfer);
  }

  private async open(address: ListenAddress): Promise<ListenAddress> {
    if (this.dead !== undefined) throw this.dead;
    void this.tell();
    const outcome = await new Promise<ListenAddress | Failure>((resolve) => {
      this.heard = resolve;
      this.say({ kind: 'listen', address });
    });
    this.heard = undefined;
    if (outcome instanceof Failure) throw outcome;
    this.address = outcome;
    return outcome;
  }

  /** Resolves when requests are answered from what answers are made of now. */
  private tell(): Promise<void> {
    if (this.served === undefined || this.dead !== undefined) return Promise.resolve();
    const { changes, transfer } = this.source.changes(this.served.engine.answering);
    const number = ++this.sent;
    const taken = new Promise<void>((resolve) => this.untaken.set(number, resolve));
    this.say({ kind: 'answering', number, changes }, transfer);
    return taken;
  }

  private hear(message: FromThread): void {
    switch (message.kind) {
      case 'taken':
        this.untaken.get(message.number)?.();
        this.untaken.delete(message.number);
        break;
      case 'listening':
        this.heard?.(message.address);
        break;
      case 'failed':
        this.heard?.(new Failure(message));
        break;
      case 'reports':
        this.store(message);
        break;
      case 'asked':
        for (const [node, generation] of message.asked) this.served?.engine.asked(node, generation);
        break;
      case 'log':
        this.options.log(message.level, message.what, message.facts);
        break;
      case 'closed':
        this.closed();
    }
  }

  /**
   * Reports count until they are written, and the thread takes no more than the store does: so the store never refuses one. They are
   * answered when they are on the disk together with what the engine makes of them (law 1: what was acknowledged is not lost).
   */
  private store({ number, reports, bytes }: FromThread & { kind: 'reports' }): void {
    const { served, worker } = this;
    if (served === undefined) return;
    for (const [node, report] of reports) {
      if (!served.reports.receive(node, report)) this.options.log('error', 'a report was lost', { node });
    }
    void served.reports.stored().then(() => this.options.figures.written(bytes));
    const tell = (stored: boolean): void => worker.postMessage({ kind: 'stored', number, stored } satisfies ToThread);
    void served.reports
      .tried()
      .then((written) => written && served.engine.bootsWritten().then(() => true))
      .then(tell, () => tell(false));
  }

  private ended(code: number): void {
    const why = this.reason ?? `it ended with ${code}`;
    this.reason = undefined;
    for (const taken of this.untaken.values()) taken();
    this.untaken.clear();
    this.closed();
    const mend = 'start the server again, and report this with the log: it is a fault of litehouse';
    const failure = new Failure({ what: 'the thread of the node listener ended', why, mend });
    this.dead = failure;
    // One that never listened is not begun again: whoever waits for it is told.
    if (this.heard !== undefined) {
      this.heard(failure);
      return;
    }
    if (this.closing || this.address === undefined || this.served === undefined) return;
    const now = performance.now();
    this.deaths = [...this.deaths.filter((at) => now - at < deathsWithin), now];
    if (this.deaths.length >= mostDeaths) {
      this.served.onEnd(failure);
      return;
    }
    this.options.log('error', 'the node listener ended and is begun again', { why });
    void this.again(this.served, this.address);
  }

  private async again(served: Served, address: ListenAddress): Promise<void> {
    this.source = new AnsweringSource();
    this.worker = this.begin();
    try {
      await this.open(address);
      this.options.log('info', 'the node listener answers again', { address: urlOf(address) });
    } catch (error) {
      if (this.closing) return;
      served.onEnd(error as Failure);
    }
  }

  private async close(graceMilliseconds: number): Promise<void> {
    this.closing = true;
    const timer = setTimeout(() => this.closed(), graceMilliseconds + patienceMilliseconds);
    await new Promise<void>((resolve) => {
      this.closed = resolve;
      if (this.dead !== undefined) resolve();
      else this.say({ kind: 'close', graceMilliseconds });
    });
    clearTimeout(timer);
    await this.worker.terminate();
  }
}

/**
 * As built, the thread's file is loaded like any other. From the sources it needs the loader that this process got by --import,
 * which node 20 does not give to threads.
 */
function startWorker(workerData: ThreadData): Worker {
  const options = { workerData, resourceLimits: { maxYoungGenerationSizeMb } };
  if (!import.meta.url.endsWith('.ts')) return new Worker(new URL('listener-thread.js', import.meta.url), options);
  const loader = JSON.stringify(import.meta.resolve('tsx/esm/api'));
  const file = JSON.stringify(new URL('listener-thread.ts', import.meta.url).href);
  const program = `import(${loader}).then((loader) => { loader.register(); return import(${file}); });`;
  return new Worker(program, { ...options, eval: true, execArgv: [] });
}
