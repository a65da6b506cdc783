/** What builds share: a cache of packages and of what repositories say, used by one at a time while it is written, and emptied of what no build uses any more. */
import { constants, copyFile, link, lstat, lutimes, readdir, realpath, rm, rmdir } from 'node:fs/promises';
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

/** Marks files of a cache as used now; of a directory all that is in it. */
export async function markUsed(paths: Iterable<string>): Promise<void> {
  const now = new Date();
  for (const path of paths) {
    const found = await lstat(path);
    if (found.isDirectory()) {
      await markUsed((await readdir(path)).map((name) => join(path, name)));
      continue;
    }
    // A link into somebody's repository is marked itself, not what is there. A file of several names is that repository's own.
    if (found.nlink === 1) await lutimes(path, now, now);
  }
}

/**
 * Removes what no build has marked, and none has fetched, for thirty days from a cache, packages and what repositories said alike, with
 * directories that are empty then; logs how much. Only by the one whose turn it is.
 */
export async function pruneUnused(cache: string, log: (line: string) => void, now = Date.now()): Promise<void> {
  const removed = { packages: 0, others: 0 };
  /** Whether nothing is left in it. */
  const walk = async (directory: string): Promise<boolean> => {
    let empty = true;
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) {
        if (await walk(path)) await rmdir(path);
        else empty = false;
        // Its times are as the repository has them until it is marked; the change of the inode is when it came here.
      } else if (now - (await lstat(path)).ctimeMs < unusedDays * 86_400_000) empty = false;
      else {
        await rm(path);
        removed[/\.(deb|rpm)$/.test(entry.name) ? 'packages' : 'others'] += 1;
      }
    }
    return empty;
  };
  await walk(cache);
  const { packages, others } = removed;
  if (packages + others > 0)
    log(
      `${packages} packages and ${others} other files that no build used for ${unusedDays} days are out of the cache`,
    );
}
