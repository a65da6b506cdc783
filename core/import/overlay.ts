/** A snapshot with some files over those of another: what a repository would be with files that are not written yet. */
import { composeTrees, objectId } from '../repo/object-format.ts';
import type { FileEntry, Snapshot } from '../repo/snapshot.ts';

/** `files`: path to bytes, undefined where a file goes. Files of `base` with those paths are replaced. */
export function overlaySnapshot(base: Snapshot, files: ReadonlyMap<string, Buffer | undefined>): Snapshot {
  const added: FileEntry[] = [];
  const contents = new Map<string, Buffer>();
  for (const [path, bytes] of files) {
    if (bytes === undefined) continue;
    const oid = objectId('blob', bytes);
    added.push({ path, mode: '100644', oid });
    contents.set(oid, bytes);
  }
  return {
    commit: undefined,
    async list(folder) {
      const below = await base.list(folder);
      const prefix = folder === '' ? '' : `${folder}/`;
      const fresh = added.filter(({ path }) => path.startsWith(prefix));
      const goes = below.entries.some(({ path }) => files.has(path));
      if (fresh.length === 0 && !goes) return below;
      const entries = [...below.entries.filter(({ path }) => !files.has(path)), ...fresh];
      entries.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
      const trees = composeTrees(entries.map((entry) => ({ ...entry, path: entry.path.slice(prefix.length) })));
      return { tree: trees.at(-1)?.oid, entries };
    },
    async blobs(oids) {
      const others = oids.filter((oid) => !contents.has(oid));
      const found = new Map((await base.blobs(others)).map((data, i) => [others[i], data]));
      return oids.map((oid) => contents.get(oid) ?? found.get(oid) ?? Buffer.alloc(0));
    },
  };
}
