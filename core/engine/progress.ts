/** Turns the many lines of a build's log into the few that listeners hear: its start, and each tenth of the way. */
import type { ArtifactOutput } from '../plugin/output.ts';

export class BuildProgress {
  readonly #tenths = new Map<string, number>();

  /** What to tell of a line; undefined: nothing new. */
  line({ id, name }: ArtifactOutput, progress: number | undefined): string | undefined {
    const tenth = Math.floor((progress ?? 0) * 10);
    const before = this.#tenths.get(id);
    if (before !== undefined && tenth <= before) return undefined;
    this.#tenths.set(id, tenth);
    return before === undefined ? `building ${name}` : `building ${name}: ${tenth * 10} %`;
  }

  /** Builds have ended: the next lines are of new ones. */
  settled(): void {
    this.#tenths.clear();
  }
}
