/** What a prune has to know of the paths above and below the one that goes. */
import { join } from 'node:path';
import type { Entry } from '../plan/world.ts';
import type { ManifestRow } from './manifest.ts';
import { look, type Root } from './roots.ts';

/**
 * True when something of ours that is no directory stands above a path: an apply that was killed has cleared what was
 * below, or has never made it. `unsure` are owned paths of which it is not known what an earlier apply made of them.
 */
export function isBuried(
  root: Root,
  wanted: ReadonlyMap<string, Entry>,
  path: string,
  unsure: ReadonlySet<string>,
): boolean {
  for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
    const above = path.slice(0, slash);
    const kind = wanted.get(above)?.kind ?? root.manifest.rows.get(above)?.kind;
    const suspect = unsure.has(above) || (kind !== undefined && kind !== 'directory');
    if (suspect && look(join(root.dir, above))?.isDirectory() !== true) return true;
  }
  return false;
}

/** Paths that stay whatever the plan says; the directories above them stay too, and nobody needs to be told. */
export function isKeeper(row: ManifestRow): boolean {
  return row.kind === 'artifact' || row.lifetime === 'create-only';
}

/** All directories above the paths of rows. */
export function ancestorsOf(rows: readonly ManifestRow[]): Set<string> {
  const found = new Set<string>();
  for (const { path } of rows) {
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      const parent = path.slice(0, slash);
      if (found.has(parent)) break;
      found.add(parent);
    }
  }
  return found;
}
