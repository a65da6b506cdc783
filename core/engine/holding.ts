/** When what running nodes hold has to be put into effect: as they boot with another set, and as somebody releases them. */
import type { NodeSet } from '../plan/make-plan.ts';
import type { Held } from '../plan/parts.ts';
import type { BootedSets } from './holds.ts';
import type { LaterWrites } from './later-writes.ts';
import type { Pins } from './pins.ts';

/** How long nodes that boot are waited for before what was held for them goes. */
const settleMilliseconds = 1000;

export class Holding {
  readonly #sets: BootedSets;
  readonly #pins: Pins;
  /** Applies the commit in effect again. */
  readonly #again: (reason: string) => Promise<unknown>;
  #nodes: ReadonlySet<string> = new Set();
  #timer: NodeJS.Timeout | undefined;

  /** @param onProblem hears when what nodes booted cannot be written (then why), and when it can again */
  constructor(
    sets: BootedSets,
    pins: Pins,
    again: (reason: string) => Promise<unknown>,
    onProblem: (problem: string | undefined) => void = () => {},
  ) {
    this.#sets = sets;
    this.#pins = pins;
    this.#again = again;
    let before: string | undefined;
    const told = (): void => {
      const { problem } = this;
      if ((before === undefined) !== (problem === undefined)) onProblem(problem);
      before = problem;
    };
    for (const writes of this.#writes) writes.onProblem = told;
  }

  get #writes(): readonly LaterWrites[] {
    return [this.#sets.writes, ...this.#pins.writes];
  }

  /** Why what nodes booted cannot be written now; undefined: it can. It waits, and is tried again until it is written. */
  get problem(): string | undefined {
    return this.#writes.map(({ problem }) => problem).find((it) => it !== undefined);
  }

  /** What is held in the world that came into effect. */
  inEffect(held: readonly Held[]): void {
    this.#nodes = new Set(held.map(({ node }) => node));
    // Whoever plans beside the server reads from the store what is held: it should not be later there than in the world.
    void this.written().catch(() => undefined);
  }

  /** A node runs with a set. `current`: it is the one that the node has now. */
  booted(node: string, set: NodeSet, current: boolean): void {
    const before = this.#sets.version;
    this.#sets.booted(node, set);
    if (this.#sets.version === before || (!this.#nodes.has(node) && current)) return;
    // A rack that boots changes the files once, not once a node.
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.#again('nodes booted with another set');
    }, settleMilliseconds);
  }

  /** Lets go of what is held for nodes and of the generations that they pin; gives those of which anything was known. */
  async release(nodes: Iterable<string>): Promise<readonly string[]> {
    const names = [...nodes];
    const unpinned = this.#pins.release(names);
    const released = [...new Set([...this.#sets.release(names), ...unpinned])];
    await this.written();
    if (released.length > 0) await this.#again('nodes were released');
    return released;
  }

  /** Nothing is put into effect by itself any more. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  async written(): Promise<void> {
    await this.#sets.written();
    await this.#pins.written();
  }

  /** Writes a last time what nodes said; rejects with what a full disk takes away for good. */
  async close(): Promise<void> {
    const [sets, pins] = await Promise.allSettled([this.#sets.close(), this.#pins.close()]);
    for (const outcome of [sets, pins]) if (outcome.status === 'rejected') throw outcome.reason;
  }
}
