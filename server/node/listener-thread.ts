/**
 * The node listener's thread: it answers from a copy, so that neither a plan of ten thousand nodes nor the garbage collection of
 * the server's large heap makes a node wait. Started by `thread.ts`.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { answerForAddress } from '../../core/engine/answers.ts';
import { Failure } from '../command/failure.ts';
import { type Listener, listen } from '../listen.ts';
import type { StatusReport } from '../reports/report.ts';
import { AnsweringCopy } from './answering-copy.ts';
import { type NodeEngine, nodeHandler, type Taken } from './app.ts';
import { NodeFigures } from './figures.ts';
import { connectionLimit, strangerLimit } from './limits.ts';
import type { FromThread, HandedReport, ThreadData, ToThread } from './messages.ts';
import { noProxies, readProxies } from './source.ts';

if (parentPort === null) throw new Error('this is a thread of the server, and no program');
const port = parentPort;
const { figures: memory, trustedProxies, server, tree } = workerData as ThreadData;
const figures = new NodeFigures(memory);
const say = (message: FromThread): void => port.postMessage(message);

/** What a report takes beside its log, roughly. */
const reportBytes = 256;

type Told = (stored: boolean) => void;

/** Hands reports over, those of one turn of the event loop together, and hears when they are stored. */
class Hand {
  private reports: HandedReport[] = [];
  private bytes = 0;
  private waiting: Told[] = [];
  /** Who waits for what was handed over, by its number. */
  private readonly handed = new Map<number, readonly Told[]>();
  private number = 0;

  /** Resolves when the report is on the disk, or known not to get there now. */
  async receive(node: string, report: StatusReport): Promise<Taken> {
    const bytes = reportBytes + (report.log === undefined ? 0 : Buffer.byteLength(report.log));
    if (!figures.hasRoom(this.bytes + bytes)) return figures.failing ? 'not stored' : 'too many';
    if (this.reports.push([node, report]) === 1) setImmediate(() => this.over());
    this.bytes += bytes;
    const stored = await new Promise<boolean>((resolve) => this.waiting.push(resolve));
    return stored ? 'stored' : 'not stored';
  }

  stored(number: number, stored: boolean): void {
    for (const tell of this.handed.get(number) ?? []) tell(stored);
    this.handed.delete(number);
  }

  private over(): void {
    const { reports, bytes } = this;
    const number = ++this.number;
    this.handed.set(number, this.waiting);
    [this.reports, this.bytes, this.waiting] = [[], 0, []];
    figures.handOver(bytes);
    say({ kind: 'reports', number, reports, bytes });
  }
}

let askedNow: [node: string, generation: string][] = [];

/** Tells who was answered, all of one turn of the event loop together. */
function tellAsked(node: string, generation: string): void {
  if (askedNow.push([node, generation]) > 1) return;
  setImmediate(() => {
    say({ kind: 'asked', asked: askedNow });
    askedNow = [];
  });
}

const copy = new AnsweringCopy();
const engine: NodeEngine = {
  get world() {
    return copy.world;
  },
  answerFor: (address, generation, only) => answerForAddress(copy.world, copy.generations, address, generation, only),
};
const hand = new Hand();
const trusted = readProxies(trustedProxies);
const proxies = 'has' in trusted ? trusted : noProxies;
let listener: Listener | undefined;

const admit = connectionLimit(proxies);
// Before there is a world nobody is known, and every node would be a stranger.
const strangers = strangerLimit((address) => copy.world?.addresses.has(address) !== false, proxies);

async function open(message: ToThread & { kind: 'listen' }): Promise<void> {
  const handle = nodeHandler(engine, {
    answers: figures,
    reports: hand,
    asked: tellAsked,
    log: (level, what, facts = {}) => say({ kind: 'log', level, what, facts }),
    proxies,
    tree,
  });
  try {
    listener = await listen({
      address: message.address,
      name: 'node',
      flag: '--node',
      handler(incoming, outgoing) {
        // Else it could leave its second request half-open.
        if (strangers.asked(incoming.socket)) outgoing.shouldKeepAlive = false;
        return handle(incoming, outgoing);
      },
      admit(socket) {
        if (!admit(socket)) return false;
        strangers.came(socket);
        return true;
      },
      server,
    });
    say({ kind: 'listening', address: listener.address });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const { what, why, mend } = error;
    say({ kind: 'failed', what, why, mend });
  }
}

async function close(graceMilliseconds: number): Promise<void> {
  await listener?.close(graceMilliseconds);
  say({ kind: 'closed' });
}

port.on('message', (message: ToThread) => {
  switch (message.kind) {
    case 'answering':
      copy.take(message.changes);
      say({ kind: 'taken', number: message.number });
      break;
    case 'stored':
      hand.stored(message.number, message.stored);
      break;
    case 'listen':
      void open(message);
      break;
    case 'close':
      void close(message.graceMilliseconds);
      break;
    default:
      throw new Error(`the node listener's thread was told ${JSON.stringify(message satisfies never)}`);
  }
});
// A copy that did not arrive whole must not be answered from: the next thread gets all of it anew.
port.on('messageerror', (error) => {
  throw error;
});
