/** One at a time, in the order of asking: who holds the turn gives it back, or it comes back by itself when something is seen. */

export interface Turn {
  release(): void;
  /** Releases as soon as `seen` says yes (asked in growing steps, and at `Turns.check`), or after `limit` milliseconds. */
  releaseWhen(seen: () => Promise<boolean>, limit: number): void;
}

/** First look and longest pause between two looks, in milliseconds. */
const FIRST_LOOK = 5;
const LONGEST_PAUSE = 200;

export class Turns {
  readonly #waiting: (() => void)[] = [];
  #taken = false;
  #look: (() => void) | undefined;

  /** Waits for the turn; undefined when `patience` (milliseconds) ends. Throws when `signal` aborts. `queued` is told where it has to wait. */
  take(patience: number, signal: AbortSignal, queued: () => void): Promise<Turn | undefined> {
    if (signal.aborted) return Promise.reject(signal.reason);
    if (!this.#taken) {
      this.#taken = true;
      return Promise.resolve(this.#turn());
    }
    queued();
    return new Promise((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', aborted);
        const index = this.#waiting.indexOf(next);
        if (index >= 0) this.#waiting.splice(index, 1);
      };
      const next = () => {
        leave();
        resolve(this.#turn());
      };
      const aborted = () => {
        leave();
        reject(signal.reason);
      };
      const timer = setTimeout(() => {
        leave();
        resolve(undefined);
      }, patience);
      signal.addEventListener('abort', aborted, { once: true });
      this.#waiting.push(next);
    });
  }

  /** Something happened that the holder may be waiting for: look now. */
  check(): void {
    this.#look?.();
  }

  #turn(): Turn {
    let over = false;
    const release = () => {
      if (over) return;
      over = true;
      this.#look = undefined;
      const next = this.#waiting.shift();
      if (next === undefined) this.#taken = false;
      else next();
    };
    return {
      release,
      releaseWhen: (seen, limit) => {
        const end = setTimeout(release, limit);
        let pause = FIRST_LOOK;
        let timer: NodeJS.Timeout | undefined;
        const look = async () => {
          clearTimeout(timer);
          if (over) return;
          // A look that fails says nothing: the limit ends it.
          if (await seen().catch(() => false)) {
            clearTimeout(end);
            release();
          } else if (!over) {
            pause = Math.min(pause * 2, LONGEST_PAUSE);
            timer = setTimeout(look, pause);
          }
        };
        this.#look = () => void look();
        timer = setTimeout(look, pause);
      },
    };
  }
}
