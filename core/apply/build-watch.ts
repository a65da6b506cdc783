/** Watches one build: ends it when it takes too long, says so when it is silent, and stops waiting for one that does not end. */

export interface BuildPatience {
  /** Milliseconds after which a build is ended; a script that waits for ever would keep all others waiting. */
  readonly longest: number;
  /** Milliseconds without a line after which that is said. */
  readonly silent: number;
  /** Milliseconds that an aborted build has to end; then the next one starts without it. */
  readonly ending: number;
}

export const defaultBuildMinutes = 120;

/** What builds are given: so many minutes; ten of silence; and less than a stop of the server is waited for. */
export function buildPatience(minutes: number = defaultBuildMinutes): BuildPatience {
  return { longest: minutes * 60_000, silent: 600_000, ending: 8000 };
}

/** Why a build was ended that counts as failed: it took too long, or somebody stopped it. Other aborts are no failures. */
export class BuildEnded extends Error {}

/** When something began, in UTC: the day is left out where it is today's. */
export function clockText(at: number, now = Date.now()): string {
  const [then, today] = [at, now].map((time) => new Date(time).toISOString());
  return `${then?.slice(0, 10) === today?.slice(0, 10) ? '' : `${then?.slice(0, 10)} `}${then?.slice(11, 16)} UTC`;
}

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
  /** The build waits for another one: until the undo is called its time does not count. */
  pause(): () => void;
  /** The build is over: nothing is watched any more. */
  over(): void;
}

/** Begins with the build. `say` writes a line into its log. */
export function watchBuild(
  controller: AbortController,
  say: (line: string) => void,
  patience: BuildPatience = buildPatience(),
): BuildWatch {
  const { signal } = controller;
  let last: string | undefined;
  let left = patience.longest;
  let tooLong: NodeJS.Timeout | undefined;
  let begun = 0;
  const end = (): void => {
    controller.abort(
      new BuildEnded(
        `the build was ended after ${duration(patience.longest)} (setting buildMinutes): a script or package of it waits for something that does not come, or needs longer${last === undefined ? '' : `; its last line was: ${last}`}`,
      ),
    );
  };
  // Watching alone keeps no process running; an aborted build does, until it is settled.
  const count = (): void => {
    begun = performance.now();
    tooLong = setTimeout(end, left).unref();
  };
  count();
  let quiet = 0;
  let done = false;
  const silence = setInterval(() => {
    quiet += patience.silent;
    say(`nothing was said for ${duration(quiet)}${last === undefined ? '' : `, since: ${last}`}`);
  }, patience.silent).unref();
  let abandon: NodeJS.Timeout | undefined;
  let abort = (): void => undefined;
  const abandoned = new Promise<void>((resolve) => {
    abort = () => {
      clearInterval(silence);
      abandon = setTimeout(resolve, patience.ending);
    };
  });
  signal.addEventListener('abort', abort, { once: true });
  return {
    abandoned,
    pause() {
      clearTimeout(tooLong);
      left -= performance.now() - begun;
      return () => {
        if (!done) count();
      };
    },
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
