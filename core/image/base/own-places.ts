/** What a base must not have where generations make the directories of their links. */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { defaults, statelite, tmpfs } from '../liteimg/entry.ts';

/**
 * Nothing is done through a link, and a file has nothing in it: better said by the build that ran the script than by a later one that makes
 * links. `who`: what may have put something else there since it was looked at last.
 */
export async function assertOwnPlaces(root: string, who: string): Promise<void> {
  for (const path of [defaults, statelite, tmpfs]) {
    const found = await lstat(join(root, path)).catch(() => undefined);
    if (found === undefined || found.isDirectory()) continue;
    const what = found.isSymbolicLink() ? 'a link' : 'something that is no directory';
    throw new Error(
      `${who} put ${what} at ${path}, where litehouse makes a directory for the litefile rows: leave that path alone, or make it a directory`,
    );
  }
}
