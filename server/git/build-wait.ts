/** `git push -o wait`: tells the pusher how the builds of the push go, until they are done, have failed, or nobody listens. */
import type { Engine, Status } from '../../core/engine/types.ts';

/** Between two looks where no event says that something changed (milliseconds). */
const longestPause = 2000;

/** How often is looked again where all is built and nodes wait still. */
const looksForFlip = 10;

/** Progress is told in steps of this size. */
const step = 0.1;

type Build = Status['builds'][number];

/**
 * Prints a line as each build of the commit in effect begins, gets on, ends or fails. Resolves when all have ended and what they
 * gave is in effect, or when `signal` aborts: the builds go on then. Failures are told in full; the push stays taken.
 */
export async function waitForBuilds(
  engine: Pick<Engine, 'status' | 'on'>,
  commit: string,
  print: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const told = new Map<string, string>();
  const seen = new Map<string, Build>();
  let first = true;
  let patience = looksForFlip;
  for (;;) {
    // Listening begins before the look, so that nothing is missed between the two.
    const news = nextNews(engine, signal);
    const status = await engine.status();
    if (signal.aborted) return news.forget();
    const builds = new Map(status.builds.map((build) => [build.id, build]));
    if (first) for (const build of status.builds) if (build.state !== 'present') seen.set(build.id, build);
    if (first && seen.size > 0) print(`waiting for ${number(seen.size, 'build')}; leave with ^C, they go on`);
    first = false;
    for (const id of seen.keys()) {
      const build = builds.get(id);
      for (const line of build === undefined ? [] : linesOf(build, told)) print(line);
    }
    const open = [...seen.keys()].filter((id) => isOpen(builds.get(id), builds));
    const failed = [...seen.keys()].filter((id) => builds.get(id)?.state === 'failed');
    // The last one is there, and its nodes are about to flip.
    const flips = failed.length === 0 && status.waiting.some(({ image }) => image !== undefined) && patience-- > 0;
    if (open.length === 0 && status.state !== 'applying' && !flips) {
      news.forget();
      print(ending(status, commit, seen.size, failed.length));
      return;
    }
    await news.come;
  }
}

/** One that waits behind a failure waits for a person. */
function isOpen(build: Build | undefined, builds: ReadonlyMap<string, Build>): boolean {
  if (build?.state === 'building') return true;
  if (build?.state !== 'waiting') return false;
  const running = [...builds.values()].some(({ state }) => state === 'building');
  return running || ![...builds.values()].some(({ state }) => state === 'failed');
}

function linesOf(build: Build, told: Map<string, string>): string[] {
  const { id, state, progress, detail, log } = build;
  const tenths = Math.floor((progress ?? 0) / step);
  const now = state === 'building' ? `building ${tenths}` : state;
  if (told.get(id) === now || state === 'waiting') return [];
  told.set(id, now);
  switch (state) {
    case 'building':
      return [`building ${id}${progress === undefined ? '' : `: ${Math.round(progress * 100)} %`}`];
    case 'present':
      return [`built ${id}`];
    default: {
      const file = log === undefined ? [] : [`  whole log, on the server: ${log}`];
      return [`build failed: ${id}`, ...detail.split('\n').map((line) => `  ${line}`), ...file];
    }
  }
}

function ending(status: Status, commit: string, builds: number, failed: number): string {
  if (failed > 0) {
    return `build failed: nodes keep what they have; push what mends it, or try the same again: litehouse apply --retry-builds`;
  }
  if (status.applied !== commit) return 'another commit is in effect by now: litehouse status says what it waits for';
  if (status.waiting.length > 0) return 'some nodes wait still: litehouse status says for what';
  return builds === 0
    ? 'nothing has to be built'
    : `${number(builds, 'build')} done: nodes that boot get the new images`;
}

const number = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;

/** Resolves with the next event, after a pause, or when nobody listens any more. */
function nextNews(engine: Pick<Engine, 'on'>, signal: AbortSignal): { readonly come: Promise<void>; forget(): void } {
  let forget = (): void => undefined;
  const come = new Promise<void>((resolve) => {
    const timer = setTimeout(() => forget(), longestPause);
    const undo = [engine.on('build', () => forget()), engine.on('change', () => forget())];
    forget = () => {
      clearTimeout(timer);
      for (const each of undo) each();
      signal.removeEventListener('abort', forget);
      resolve();
    };
    signal.addEventListener('abort', forget, { once: true });
    if (signal.aborted) forget();
  });
  return { come, forget: () => forget() };
}
