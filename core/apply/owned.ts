/** Artifacts as the manifests know them: what is ours on the disk, and what links of ours lead to. */
import { join, posix } from 'node:path';
import type { RootName } from '../plugin/output.ts';
import type { Root } from './roots.ts';
import { lossOf } from './whole.ts';

/** An artifact that is owned, whether a plan still wants it or not. */
export interface OwnedArtifact {
  readonly id: string;
  readonly root: RootName;
  /** Relative to the root. */
  readonly path: string;
  readonly directory: string;
  readonly digest: string;
  readonly plugin: string;
  /** Milliseconds since 1970; undefined where an older version put it in place. */
  readonly made: number | undefined;
  /** Somebody removed it by hand, or something else stands in its place. */
  readonly lost: boolean;
  /** It stands there, but a part of it is gone. */
  readonly damaged: boolean;
}

export function ownedArtifacts(roots: Iterable<Root>): OwnedArtifact[] {
  const found: OwnedArtifact[] = [];
  for (const root of roots) {
    for (const row of root.manifest.rows.values()) {
      const { kind, pending, path, digest, plugin, made, artifact: id } = row;
      if (kind !== 'artifact' || id === undefined || pending) continue;
      const directory = join(root.dir, path);
      const loss = lossOf(directory, row)?.what;
      const [damaged, lost] = [loss === 'damaged', loss !== undefined && loss !== 'damaged'];
      found.push({ id, root: root.name, path, directory, digest, plugin, made, lost, damaged });
    }
  }
  return found;
}

/** Ids of the artifacts that relative links of the same root lead to, or into. */
export function linkedArtifacts(roots: Iterable<Root>): Set<string> {
  const found = new Set<string>();
  for (const root of roots) {
    const places = new Map<string, string>();
    for (const row of root.manifest.rows.values()) {
      if (row.kind === 'artifact' && row.artifact !== undefined) places.set(row.path, row.artifact);
    }
    if (places.size === 0) continue;
    for (const { kind, path, to } of root.manifest.rows.values()) {
      if (kind !== 'link' || to === undefined || to.startsWith('/')) continue;
      const parts = posix.join(posix.dirname(path), to).split('/');
      for (let length = 1; length <= parts.length; length++) {
        const id = places.get(parts.slice(0, length).join('/'));
        if (id !== undefined) found.add(id);
      }
    }
  }
  return found;
}
