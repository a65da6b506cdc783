/** Says in the log what clients did not get and why: once a minute a source, the rest counted, whatever a hostile network sends. */
import type { Log } from '../log.ts';

const minute = 60_000;
/** Sources remembered; above, a line is lost rather than memory. */
const mostSources = 4096;

export class Complaints {
  private readonly told = new Map<string, { at: number; more: number }>();
  private readonly log: Log;
  private readonly now: () => number;
  private sweptAt = Number.NEGATIVE_INFINITY;

  constructor(log: Log, now: () => number) {
    this.log = log;
    this.now = now;
  }

  /** A loader that looks for one of ten names finds nine missing: that is `info`, and hides no `warn` of the same source. */
  say(level: 'info' | 'warn', source: string, what: string): void {
    const now = this.now();
    const key = `${level} ${source}`;
    const before = this.told.get(key);
    if (before !== undefined && now - before.at < minute) {
      before.more++;
      return;
    }
    if (before === undefined && this.told.size >= mostSources) this.sweep(now);
    if (this.told.size >= mostSources) return;
    this.told.set(key, { at: now, more: 0 });
    // `more`: of this source, since its last line.
    this.log(level, `tftp: ${source} ${what}`, { more: before?.more || undefined });
  }

  private sweep(now: number): void {
    if (now - this.sweptAt < 1000) return;
    this.sweptAt = now;
    for (const [key, { at }] of this.told) if (now - at >= minute) this.told.delete(key);
  }
}
