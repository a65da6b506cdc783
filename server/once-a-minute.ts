/** What is said once a minute a source and counted meanwhile, whatever a hostile network sends; and the refusals said so. */
import type { Log } from './log.ts';

const minute = 60_000;
/** Sources remembered; more in one minute are counted together. */
const mostSources = 4096;

export class OnceAMinute {
  private readonly told = new Map<string, { at: number; again: number }>();
  private readonly now: () => number;
  private readonly most: number;
  private sweptAt = Number.NEGATIVE_INFINITY;
  private untold = 0;

  constructor(now: () => number, most = mostSources) {
    this.now = now;
    this.most = most;
  }

  /**
   * Whether something is to be said of a source now, and how often there was something since the last time. `more`: how often there
   * was something of sources that there was no room for, given once there is room again.
   */
  tell(source: string): { readonly again: number | undefined; readonly more: number | undefined } | undefined {
    const now = this.now();
    const before = this.told.get(source);
    if (before !== undefined && now - before.at < minute) {
      before.again++;
      return undefined;
    }
    let more = 0;
    if (before === undefined && this.told.size >= this.most) {
      if (now - this.sweptAt >= minute) this.sweep(now);
      if (this.told.size >= this.most) {
        this.untold++;
        return undefined;
      }
      [more, this.untold] = [this.untold, 0];
    }
    this.told.set(source, { at: now, again: 0 });
    return { again: before?.again || undefined, more: more || undefined };
  }

  private sweep(now: number): void {
    this.sweptAt = now;
    for (const [source, { at }] of this.told) if (now - at >= minute) this.told.delete(source);
  }
}

/** Says in the log who was refused and what to change. */
export class RefusalLog {
  private readonly once: OnceAMinute;
  private readonly log: Log;

  constructor(log: Log, now: () => number, most?: number) {
    this.log = log;
    this.once = new OnceAMinute(now, most);
  }

  /** `why` says what to change, as the refusal itself does. */
  refused(source: string, asked: string, status: number, why: string): void {
    const told = this.once.tell(source);
    if (told === undefined) return;
    if (told.more !== undefined) this.log('warn', 'refused', { source: `${told.more} requests of more sources` });
    this.log('warn', 'refused', { source, asked, status, why, again: told.again });
  }
}
