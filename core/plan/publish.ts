/** Expands a published folder of the commit into entries: one a file, link or directory, with owner and mode. */
import { badOutput } from '../diagnostic/catalogue/plan.ts';
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import type { AttributeRule, TreeOutput } from '../plugin/output.ts';
import type { View } from '../resolve/view.ts';
import { directoryEntry, fileEntry, linkEntry } from './entry.ts';
import type { Entry } from './world.ts';

interface Attributes {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/** The last rule that matches wins, for each of owner, group and mode by itself (DESIGN 5). */
function attributesOf(path: string, rules: readonly AttributeRule[], mode: number): Attributes {
  let uid = 0;
  let gid = 0;
  let bits = mode;
  for (const rule of rules) {
    const matches = rule.path === path || (rule.deep && (rule.path === '' || path.startsWith(`${rule.path}/`)));
    if (!matches) continue;
    uid = rule.uid ?? uid;
    gid = rule.gid ?? gid;
    bits = rule.mode ?? bits;
  }
  return { uid, gid, mode: bits };
}

/** Expanded folders by tree id, place and rules: an unchanged folder of twenty thousand files is expanded once. */
const cache = new Map<string, readonly Entry[]>();

/** Rule paths are relative to the repository (`syncdirs/...`), entries to the root. */
export function publishedEntries(
  output: TreeOutput,
  plugin: string,
  view: View,
  diagnostics: Diagnostic[],
): readonly Entry[] {
  const folder = view.folder(output.folder);
  const { root, node } = output;
  const base = output.path;
  const key = JSON.stringify([folder.tree, root, base, plugin, node, output.folder, output.attributes]);
  const known = folder.tree === undefined ? undefined : cache.get(key);
  if (known !== undefined) return known;
  const entries: Entry[] = [];
  const made = new Set<string>();
  const placed = (path: string) => (base === '' ? path : path === '' ? base : `${base}/${path}`);
  const makeDirectories = (path: string): void => {
    for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
      const directory = path.slice(0, slash);
      if (made.has(directory)) continue;
      made.add(directory);
      const attributes = attributesOf(`${output.folder}/${directory}`, output.attributes, 0o755);
      entries.push(directoryEntry({ root, path: placed(directory), plugin, node, lifetime: 'managed', ...attributes }));
    }
  };
  for (const { path, mode, oid } of folder.entries) {
    makeDirectories(path);
    if (path === '.gitkeep' || path.endsWith('/.gitkeep')) continue;
    const common = { root, path: placed(path), plugin, node, lifetime: 'managed' as const };
    if (mode === '160000') {
      diagnostics.push(badOutput(undefined, { plugin, what: `${output.folder}/${path} is a submodule` }));
    } else if (mode === '120000') {
      entries.push(linkEntry({ ...common, to: view.text(`${output.folder}/${path}`) ?? '' }));
    } else {
      const attributes = attributesOf(`${output.folder}/${path}`, output.attributes, mode === '100755' ? 0o755 : 0o644);
      entries.push(fileEntry({ ...common, content: { blob: oid }, blob: oid, ...attributes }));
    }
  }
  if (folder.tree !== undefined) {
    if (cache.size >= 8) cache.delete(cache.keys().next().value ?? '');
    cache.set(key, entries);
  }
  return entries;
}
