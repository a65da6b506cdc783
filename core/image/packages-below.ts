/** Finds the package files of a folder that a table names, within bounds: the folder may be anything, a whole host included. */
import type { Dirent } from 'node:fs';
import { lstat, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Folders below one another; media and mirrors have five at most. */
const deepest = 8;
/** Files and folders; the largest distribution has not a quarter of it. */
const most = 500_000;

export interface PackageWalk {
  readonly signal?: AbortSignal | undefined;
  readonly log?: ((line: string) => void) | undefined;
  readonly deepest?: number;
  readonly most?: number;
}

/**
 * Paths relative to `directory` of plain files (or links to some) whose names are `wanted`, sorted. Links to folders, other filesystems
 * and what is deeper than eight folders are left out; the latter two are said.
 * @throws the system's error where `directory` can't be read; Error where it holds too much; the signal's reason.
 */
export async function packagesBelow(
  directory: string,
  wanted: (name: string) => boolean,
  walk: PackageWalk = {},
): Promise<string[]> {
  const limit = walk.most ?? most;
  const { dev } = await stat(directory);
  const found: string[] = [];
  let seen = 0;
  const look = async (below: string, depth: number): Promise<void> => {
    walk.signal?.throwIfAborted();
    const place = join(directory, below);
    const entries: Dirent[] = await readdir(place, { withFileTypes: true }).catch((error: unknown) => {
      // Gone meanwhile, as its files would be.
      if (below === '') throw error;
      return [];
    });
    seen += entries.length;
    if (seen > limit)
      throw new Error(`${directory} holds more than ${limit} files: name the folder of the packages itself`);
    for (const entry of entries) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) {
        if ((await lstat(join(directory, path)).catch(() => undefined))?.dev !== dev)
          walk.log?.(`${join(directory, path)} is another filesystem: packages in it are left out`);
        else if (depth >= (walk.deepest ?? deepest))
          walk.log?.(`${join(directory, path)} is too deep below ${directory}: packages in it are left out`);
        else await look(path, depth + 1);
      } else if (wanted(entry.name) && (entry.isFile() || (entry.isSymbolicLink() && (await isFile(directory, path)))))
        found.push(path);
    }
  };
  await look('', 0);
  return found.sort();
}

async function isFile(directory: string, path: string): Promise<boolean> {
  return (await stat(join(directory, path)).catch(() => undefined))?.isFile() === true;
}
