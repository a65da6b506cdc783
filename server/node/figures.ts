/** What the server's thread and the node listener's both count: in shared memory, so that neither waits for the other. */
import { mostWaitingBytes } from '../reports/report.ts';

/** What becomes of a request for an answer: an answer, or the status of a refusal. */
const outcomes = ['answer', '403', '404', '409', '503'];

/** Counts of answers, and how much of the nodes' reports waits to be written. Outlives the listener's thread. */
export class NodeFigures {
  readonly memory: SharedArrayBuffer;
  private readonly counts: BigUint64Array;
  private readonly most: number;

  /** @param memory of the figures in another thread, to be the same figures */
  constructor(memory = new SharedArrayBuffer(8 * (outcomes.length + 2)), most = mostWaitingBytes) {
    this.memory = memory;
    this.counts = new BigUint64Array(memory);
    this.most = most;
  }

  /** Counts one answer. */
  add(outcome: string): void {
    const i = outcomes.indexOf(outcome);
    if (i !== -1) Atomics.add(this.counts, i, 1n);
  }

  /** Answers so far, by what became of them. */
  answers(): [outcome: string, count: number][] {
    return outcomes.map((outcome, i) => [outcome, Number(Atomics.load(this.counts, i))]);
  }

  /** Whether so much more may be handed over: never while the disk takes none, since what is handed over is answered for. */
  hasRoom(bytes: number): boolean {
    return !this.failing && this.waiting + bytes <= this.most;
  }

  /** Whether the store of reports refuses to be written. */
  get failing(): boolean {
    return Atomics.load(this.counts, outcomes.length + 1) === 1n;
  }

  set failing(failing: boolean) {
    Atomics.store(this.counts, outcomes.length + 1, failing ? 1n : 0n);
  }

  /** Reports are handed over: by the listener's thread, and with them, so that its death leaves nothing counted that nobody writes. */
  handOver(bytes: number): void {
    Atomics.add(this.counts, outcomes.length, BigInt(bytes));
  }

  /** What was handed over is written. */
  written(bytes: number): void {
    Atomics.sub(this.counts, outcomes.length, BigInt(bytes));
  }

  get waiting(): number {
    return Number(Atomics.load(this.counts, outcomes.length));
  }
}
