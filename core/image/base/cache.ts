/** What builds share: a cache of packages, used by one at a time while it is written, and emptied of what no build uses any more. */
import { lutimes, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

const lasts = new Map<string, Promise<void>>();

/**
 * Runs `work` when no other build of this server uses the directory: package managers lock theirs, and give up where one is locked.
 * Rejects when the signal aborts while it waits.
 */
export async function inTurn<Result>(
  directory: string,
  signal: AbortSignal,
  log: (line: string) => void,
  work: () => Promise<Result>,
): Promise<Result> {
  const before = lasts.get(directory);
  let done = (): void => undefined;
  const mine = new Promise<void>((resolve) => {
    done = resolve;
  });
  const last = Promise.all([before, mine]).then(() => undefined);
  lasts.set(directory, last);
  try {
    if (before !== undefined) {
      log('waiting for another build to fetch its packages');
      await Promise.race([before, aborted(signal)]);
    }
    signal.throwIfAborted();
    return await work();
  } finally {
    done();
    if (lasts.get(directory) === last) lasts.delete(directory);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
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
