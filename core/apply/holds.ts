/** Hold areas: replaced and removed files keep their inode there for a stated time, so that open NFS handles do not go stale. */
import { link, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { look, type Root } from './roots.ts';

let serial = 0;

/** Keeps the inode of a file or link that is about to lose its name. */
export async function holdInode(root: Root, absolute: string): Promise<void> {
  const found = look(absolute);
  if (root.holdSeconds === 0 || found === undefined || found.isDirectory()) return;
  const epoch = Math.floor(Date.now() / 1000);
  for (;;) {
    try {
      return await link(absolute, join(root.hold, `${epoch}-${serial++}`));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return;
      if (code !== 'EEXIST') throw error;
    }
  }
}

/**
 * Removes held inodes that are older than their root's holdSeconds; gives how many. Their age is in their name
 * (`<epoch>-<n>`), since a hard link has the times of the inode. To be called at start and now and then.
 */
export async function purgeHolds(roots: Iterable<Root>, now: number = Date.now()): Promise<number> {
  let count = 0;
  for (const root of roots) {
    const limit = Math.floor(now / 1000) - root.holdSeconds;
    for (const name of await namesIn(root.hold)) {
      const epoch = /^(\d+)-\d+$/.exec(name)?.[1];
      if (epoch === undefined || Number(epoch) > limit) continue;
      await unlink(join(root.hold, name)).catch(unlessGone);
      count += 1;
    }
  }
  return count;
}

/** A hold area that is gone with its root holds nothing; that the root is gone is for the apply to say. */
async function namesIn(directory: string): Promise<string[]> {
  return (await readdir(directory).catch(unlessGone)) ?? [];
}

function unlessGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
