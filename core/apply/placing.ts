/** Puts a finished artifact in its place by one rename. */
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactOutput } from '../plugin/output.ts';
import type { ManifestRow } from './manifest.ts';
import { locate, look, type Root } from './roots.ts';

/**
 * Mode of an artifact's own directory. A root tree has whatever a push put there: programs with set-id bits, directories that anybody
 * may write to. So only root comes to one, which NFS servers are; nodes mount below, and look up nothing above what they mounted.
 */
export function modeOfArtifact(directory: string): number {
  return look(join(directory, 'rootimg')) === undefined ? 0o755 : 0o700;
}

/** Owned first, then in place, then known: a crash in between leaves a pending row that `open` settles. */
export async function placeArtifact(root: Root, artifact: ArtifactOutput, directory: string): Promise<void> {
  const { path, plugin, digest, id, holds } = artifact;
  const base = { uid: 0, gid: 0, plugin, lifetime: 'managed' as const, pending: true };
  const mode = modeOfArtifact(directory);
  const row: ManifestRow = { ...base, mode, path, kind: 'artifact', digest, artifact: id, holds, made: Date.now() };
  const parents: ManifestRow[] = [];
  for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
    const parent = path.slice(0, slash);
    if (look(join(root.dir, parent)) === undefined)
      parents.push({ ...base, mode: 0o755, path: parent, kind: 'directory', digest: '' });
  }
  const unowned = parents.filter((parent) => !root.manifest.rows.has(parent.path));
  await root.manifest.write([...unowned, row].map((set) => ({ set })));
  for (const parent of parents) {
    await mkdir(locate(root, parent.path), { mode: 0o755 }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
  const place = locate(root, path);
  // rename would take the place of an empty directory.
  if (look(place) !== undefined) throw new Error(`${place} exists already and is not litehouse's`);
  await rename(directory, place);
  await root.manifest.write([...unowned, row].map((one) => ({ done: one.path })));
}
