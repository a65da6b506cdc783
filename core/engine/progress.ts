/** Turns the many lines of a build's log into the few that listeners hear: its start, each tenth of the way, its end. */
import { clockText } from '../apply/build-watch.ts';
import type { ArtifactOutput } from '../plugin/output.ts';

export class BuildProgress {
  readonly #tenths = new Map<string, number>();

  /** What to tell of a line of a build that began at `since`; undefined: nothing new. */
  line({ id, name }: ArtifactOutput, progress: number | undefined, since: number): string | undefined {
    const tenth = Math.floor((progress ?? 0) * 10);
    const before = this.#tenths.get(id);
    if (before !== undefined && tenth <= before) return undefined;
    this.#tenths.set(id, tenth);
    return before === undefined ? `building ${name}` : `building ${name} since ${clockText(since)}, ${tenth * 10} %`;
  }

  /** What to tell of the end of a build: the next lines are of a new one. */
  settled({ id, name }: ArtifactOutput, failure: string | undefined): string {
    this.#tenths.delete(id);
    return failure === undefined ? `built ${name}` : `${name} failed: ${failure.split('\n', 1)[0]}`;
  }
}
