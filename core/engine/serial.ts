/** Runs asynchronous work one piece after the other, in the order asked. */
export class Serial {
  private tail: Promise<unknown> = Promise.resolve();

  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.tail.then(work, work);
    this.tail = result.catch(() => undefined);
    return result;
  }

  /** Resolves when all that was asked so far is done. */
  async idle(): Promise<void> {
    await this.tail;
  }
}
