/** What builds share: a cache of packages, used by one at a time while it is written, and emptied of what no build uses any more. */
import { constants, copyFile, link, lutimes, readdir, realpath, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const lasts = new Map<string, Promise<void>>();

interface TurnOptions {
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
  /** Called when it has to wait, and what that gave when it need not any more. */
  readonly pause?: (() => () => void) | undefined;
  /** Milliseconds that work has to end in when the signal aborts. */
  readonly ending?: number;
}

/** More than the ends of commands that are killed take, also on a busy machine. */
const usualEnding = 10_000;

/**
 * Runs `work` when no other build of this server uses the directory: package managers lock theirs, and give up where one is locked.
 * Rejects when the signal aborts while it waits; and soon after it aborted where work does not end: the others get their turn then.
 */
export async function inTurn<Result>(
  directory: string,
  { signal, log, pause, ending = usualEnding }: TurnOptions,
  work: () => Promise<Result>,
): Promise<Result> {
  const before = lasts.get(directory);
  let done = (): void => undefined;
  const mine = new Promise<void>((resolve) => {
    done = resolve;
  });
  const last = Promise.all([before, mine]).then(() => undefined);
  lasts.set(directory, last);
  const over = new AbortController();
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true, signal: over.signal });
  });
  try {
    if (before !== undefined) {
      log('waiting for another build to fetch its packages');
      const goOn = pause?.();
      await Promise.race([before, aborted]);
      goOn?.();
    }
    signal.throwIfAborted();
    const hung = aborted.then(() => sleep(ending, undefined, { ref: false }));
    return await Promise.race([work(), hung.then(() => Promise.reject(signal.reason))]);
  } finally {
    over.abort();
    done();
    if (lasts.get(directory) === last) lasts.delete(directory);
  }
}

/** Gives a build a file of the cache, or of a repository, under a name of its own: other builds may fetch that name anew meanwhile. */
export async function linkOrCopy(from: string, to: string): Promise<void> {
  await rm(to, { force: true });
  const file = await realpath(from);
  // A file by link is the one that was looked at, whatever becomes of its repository.
  await link(file, to).catch(async () => await copyFile(file, to, constants.COPYFILE_FICLONE));
}

const unusedDays = 30;

/** Marks files of a cache as used now. */
export async function markUsed(files: Iterable<string>): Promise<void> {
  const now = new Date();
  // A link into somebody's repository is marked itself, not what is there.
  for (const file of files) await lutimes(file, now, now);
}

/**
 * Removes the packages (by their `ending`) in a cache and below it that no build has marked, and none has fetched, for thirty days, and
 * logs their number.
 */
export async function pruneUnused(
  directory: string,
  ending: '.deb' | '.rpm',
  log: (line: string) => void,
  now = Date.now(),
): Promise<void> {
  let removed = 0;
  const entries = await readdir(directory, { withFileTypes: true, recursive: true }).catch(() => []);
  for (const entry of entries) {
    if (!entry.isFile() || !entry.name.endsWith(ending)) continue;
    const path = join(entry.parentPath, entry.name);
    // Its times are as the repository has them until it is marked; the change of the inode is when it came here.
    const used = (await stat(path)).ctimeMs;
    if (now - used < unusedDays * 86_400_000) continue;
    await rm(path, { force: true });
    removed += 1;
  }
  if (removed > 0) log(`${removed} packages that no build used for ${unusedDays} days are out of the cache`);
}
