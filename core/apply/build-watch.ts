/** Watches one build: ends it when it takes too long, says so when it is silent, and stops waiting for one that does not end. */

export interface BuildPatience {
  /** Milliseconds after which a build is ended; a script that waits for ever would keep all others waiting. */
  readonly longest: number;
  /** Milliseconds without a line after which that is said. */
  readonly silent: number;
  /** Milliseconds that an aborted build has to end; then the next one starts without it. */
  readonly ending: number;
}

/** Two hours; ten minutes; and less than a stop of the server is waited for. */
export const usualPatience: BuildPatience = { longest: 2 * 3600_000, silent: 600_000, ending: 8000 };

/** Why a build that took too long was aborted: that one is a failure, others are not. */
export class BuildTooLong extends Error {}

/** `2 hours`, `10 minutes`, `8 seconds`. */
export function duration(milliseconds: number): string {
  const [unit, size] =
    milliseconds >= 2 * 3600_000
      ? ['hours', 3600_000]
      : milliseconds >= 60_000
        ? ['minutes', 60_000]
        : ['seconds', 1000];
  return `${Math.round((milliseconds / Number(size)) * 10) / 10} ${unit}`;
}

export interface BuildWatch {
  /** The build said something. */
  heard(line: string): void;
  /** Resolves when the build was aborted and did not end for as long as it may. */
  readonly abandoned: Promise<void>;
  /** The build is over: nothing is watched any more. */
  over(): void;
}

/** Begins with the build. `say` writes a line into its log. */
export function watchBuild(
  controller: AbortController,
  say: (line: string) => void,
  patience: BuildPatience = usualPatience,
): BuildWatch {
  const { signal } = controller;
  let last: string | undefined;
  const tooLong = setTimeout(() => {
    controller.abort(
      new BuildTooLong(
        `the build was ended after ${duration(patience.longest)}: a script or package of it waits for something that does not come${last === undefined ? '' : `; its last line was: ${last}`}`,
      ),
    );
  }, patience.longest);
  let quiet = 0;
  let done = false;
  const silence = setInterval(() => {
    quiet += patience.silent;
    say(`nothing was said for ${duration(quiet)}${last === undefined ? '' : `, since: ${last}`}`);
  }, patience.silent);
  let abandon: NodeJS.Timeout | undefined;
  let abort = (): void => undefined;
  const abandoned = new Promise<void>((resolve) => {
    abort = () => {
      clearInterval(silence);
      abandon = setTimeout(resolve, patience.ending);
    };
  });
  signal.addEventListener('abort', abort, { once: true });
  // Watching alone keeps no process running; an aborted build does, until it is settled.
  tooLong.unref();
  silence.unref();
  return {
    abandoned,
    heard(line) {
      last = line;
      quiet = 0;
      if (!signal.aborted && !done) silence.refresh();
    },
    over() {
      done = true;
      clearTimeout(tooLong);
      clearInterval(silence);
      clearTimeout(abandon);
      signal.removeEventListener('abort', abort);
    },
  };
}
