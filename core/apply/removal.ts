/** Takes artifacts out of their place for good: safe to be killed at any instant, and a big tree never holds up the event loop. */
import { constants } from 'node:fs';
import { open, readdir, rename, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CommandRunner } from '../plugin/plugin.ts';
import type { ManifestRow } from './manifest.ts';
import { locate, look, type Root } from './roots.ts';

let serial = 0;

/** A test stops the process at each of these. */
export type RemovalStep = 'pending' | 'renamed' | 'forgotten';

/**
 * Moves an artifact out of its place into the root's private corner and lets go of its row. What is left to do is `emptyTrash`.
 * Killed before the rename the artifact is whole and ours; killed after it `BuildQueue.open` finds its place empty.
 */
export async function takeAway(root: Root, row: ManifestRow, onStep?: (step: RemovalStep) => void): Promise<void> {
  const place = locate(root, row.path);
  await root.manifest.write([{ set: { ...row, pending: true } }]);
  onStep?.('pending');
  if (look(place)?.isDirectory() === true) {
    const to = join(root.trash, `${process.pid}-${Date.now()}-${serial++}`);
    await rename(place, to);
    // The row must not go before the rename is on the disk: the tree would come back, and be nobody's.
    await syncDirectory(dirname(place));
    await syncDirectory(root.trash);
  }
  onStep?.('renamed');
  await root.manifest.write([{ gone: row.path }]);
  onStep?.('forgotten');
}

/** Removes owned directories above a path that nothing wants any more, as long as they are empty. */
export async function dropParents(root: Root, path: string, wanted: (path: string) => boolean): Promise<void> {
  for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
    const parent = path.slice(0, slash);
    const row = root.manifest.rows.get(parent);
    if (row?.kind !== 'directory' || row.lifetime === 'create-only' || wanted(parent)) return;
    try {
      await rmdir(locate(root, parent));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return;
    }
    await root.manifest.write([{ gone: parent }]);
  }
}

/** Removes all that was taken away, also before a crash. A tree may hold a million files: that is a process of its own. */
export async function emptyTrash(root: Root, run: CommandRunner): Promise<void> {
  for (const name of await readdir(root.trash)) {
    await run('rm', ['-rf', '--one-file-system', '--', join(root.trash, name)]);
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  await handle.sync().finally(() => handle.close());
}
