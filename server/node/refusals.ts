/** Says in the log who was refused and what to change: once a minute a source, whatever a hostile network sends. */
import type { Log } from '../log.ts';

const minute = 60_000;
/** Sources remembered; more in one minute are counted and told in one line. */
const mostSources = 4096;

export class RefusalLog {
  private readonly told = new Map<string, { at: number; again: number }>();
  private readonly log: Log;
  private readonly now: () => number;
  private readonly most: number;
  private sweptAt = Number.NEGATIVE_INFINITY;
  private untold = 0;

  constructor(log: Log, now: () => number, most = mostSources) {
    this.log = log;
    this.now = now;
    this.most = most;
  }

  /** `why` says what to change, as the refusal itself does. */
  refused(source: string, asked: string, status: number, why: string): void {
    const now = this.now();
    const before = this.told.get(source);
    if (before !== undefined && now - before.at < minute) {
      before.again++;
      return;
    }
    if (before === undefined && this.told.size >= this.most && !this.sweep(now)) {
      this.untold++;
      return;
    }
    this.told.set(source, { at: now, again: 0 });
    this.log('warn', 'refused', { source, asked, status, why, again: before?.again || undefined });
  }

  /** Makes room; says how many sources had no line of their own. */
  private sweep(now: number): boolean {
    if (now - this.sweptAt < minute) return false;
    this.sweptAt = now;
    for (const [source, { at }] of this.told) if (now - at >= minute) this.told.delete(source);
    if (this.untold > 0) this.log('warn', 'refused', { source: `${this.untold} requests of more sources` });
    this.untold = 0;
    return this.told.size < this.most;
  }
}
