/** Keys of a database whose values are written a moment later, together; what the disk refuses is tried again until it is written. */
import type { Store } from '../apply/store.ts';

/** Ten thousand nodes boot at once: what they booted is written together. */
const writeAfterMilliseconds = 250;
/** How soon what a full disk refused is tried again. */
const retryMilliseconds = 5_000;

export class LaterWrites {
  readonly #store: Store;
  readonly #database: string;
  readonly #current: (key: string) => unknown;
  readonly #retry: number;
  readonly #waiting = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #underWay: Promise<void> = Promise.resolve();
  #closed = false;
  /** Why the last write failed; undefined: it did not. */
  problem: string | undefined;
  /** Hears when that changes. */
  onProblem: () => void = () => {};

  /** @param current what a key has at the time of writing; undefined: it goes */
  constructor(store: Store, database: string, current: (key: string) => unknown, retry: number = retryMilliseconds) {
    this.#store = store;
    this.#database = database;
    this.#current = current;
    this.#retry = retry;
  }

  changed(keys: readonly string[]): void {
    if (keys.length === 0) return;
    for (const key of keys) this.#waiting.add(key);
    this.#writeIn(writeAfterMilliseconds);
  }

  /** Resolves when all is written, also what others are writing; rejects where the disk refuses, and tries again by itself. */
  written(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const keys = [...this.#waiting];
    this.#waiting.clear();
    if (keys.length === 0) return this.#underWay;
    const all = Promise.all([this.#underWay, this.#write(keys)]).then(() => undefined);
    this.#underWay = all;
    const over = (): void => {
      if (this.#underWay === all) this.#underWay = Promise.resolve();
    };
    all.then(over, over);
    return all;
  }

  async #write(keys: readonly string[]): Promise<void> {
    try {
      await this.#store.batch(keys.map((key) => ({ db: this.#database, key, value: this.#current(key) })));
    } catch (error) {
      for (const key of keys) this.#waiting.add(key);
      this.#writeIn(this.#retry);
      this.#told((error as Error).message);
      throw error;
    }
    this.#told(undefined);
  }

  #told(problem: string | undefined): void {
    if (problem === this.problem) return;
    this.problem = problem;
    this.onProblem();
  }

  /** Writes a last time; rejects with what stays unwritten for good. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.written();
  }

  #writeIn(milliseconds: number): void {
    if (this.#closed) return;
    this.#timer ??= setTimeout(() => void this.written().catch(() => undefined), milliseconds);
  }
}
