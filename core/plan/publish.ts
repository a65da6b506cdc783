/** Expands a published folder of the commit into entries: one a file, link or directory, with owner and mode. */
import type { TreeOutput } from '../plugin/output.ts';
import type { View } from '../resolve/view.ts';
import { attributeFinder, directoryMode } from './attributes.ts';
import { directoryEntry, fileEntry, linkEntry } from './entry.ts';
import type { Entry } from './world.ts';

/** Expanded folders by tree id, place and rules: an unchanged folder of twenty thousand files is expanded once. */
const cache = new Map<string, readonly Entry[]>();

/** Rule paths are relative to the repository (`syncdirs/...`), entries to the root. */
export function publishedEntries(output: TreeOutput, plugin: string, view: View): readonly Entry[] {
  const folder = view.folder(output.folder);
  const { root, node } = output;
  const base = output.path;
  const key = JSON.stringify([folder.tree, root, base, plugin, node, output.folder, output.attributes]);
  const known = folder.tree === undefined ? undefined : cache.get(key);
  if (known !== undefined) return known;
  const entries: Entry[] = [];
  const given = attributeFinder(output.attributes);
  const attributesOf = (path: string, mode: number, directory: boolean) => {
    const found = given(`${output.folder}/${path}`);
    // No set-id bits on files: nodes mount any part of a published folder, so it is open, and the program would be that of every local user.
    const asked = found.mode === undefined || directory ? found.mode : found.mode & 0o1777;
    const bits = asked === undefined ? mode : directory ? directoryMode(asked) : asked;
    return { uid: found.uid ?? 0, gid: found.gid ?? 0, mode: bits };
  };
  const made = new Set<string>();
  const placed = (path: string) => (base === '' ? path : path === '' ? base : `${base}/${path}`);
  const makeDirectories = (path: string): void => {
    for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
      const directory = path.slice(0, slash);
      if (made.has(directory)) continue;
      made.add(directory);
      const attributes = attributesOf(directory, 0o755, true);
      entries.push(directoryEntry({ root, path: placed(directory), plugin, node, lifetime: 'managed', ...attributes }));
    }
  };
  for (const { path, mode, oid } of folder.entries) {
    makeDirectories(path);
    if (path === '.gitkeep' || path.endsWith('/.gitkeep')) continue;
    const common = { root, path: placed(path), plugin, node, lifetime: 'managed' as const };
    // A submodule is refused with the other paths of the commit, where it is said how to mend it.
    if (mode === '160000') continue;
    if (mode === '120000') {
      entries.push(linkEntry({ ...common, to: view.text(`${output.folder}/${path}`) ?? '' }));
    } else {
      const attributes = attributesOf(path, mode === '100755' ? 0o755 : 0o644, false);
      entries.push(fileEntry({ ...common, content: { blob: oid }, blob: oid, ...attributes }));
    }
  }
  if (folder.tree !== undefined) {
    if (cache.size >= 8) cache.delete(cache.keys().next().value ?? '');
    cache.set(key, entries);
  }
  return entries;
}
