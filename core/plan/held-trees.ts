/** Published directories that running nodes booted with and that nobody publishes any more: they stay until those nodes let go. */
import type { RootName } from '../plugin/output.ts';
import type { Booted } from './compose.ts';
import type { Held } from './parts.ts';
import type { Entry, HeldTrees } from './world.ts';

/** Where the trees of nodes lie that are ours. */
export const treeRoot: RootName = 'syncdirs';

/** What is held, and for whom. A directory that is published still is none of it: what is in it changes while nodes run (DESIGN 6). */
export function findHeldTrees(
  booted: ReadonlyMap<string, Pick<Booted, 'trees'>>,
  roots: ReadonlyMap<RootName, ReadonlyMap<string, Entry>>,
): { readonly trees: HeldTrees; readonly held: readonly Held[] } {
  const published = roots.get(treeRoot);
  const found = new Set<string>();
  const held: Held[] = [];
  for (const [node, { trees }] of booted) {
    for (const path of trees) {
      // The root itself stays for ever; what is in it is held where a node mounted all of it.
      const there = path === '' ? (published?.size ?? 0) > 0 : published?.get(path)?.kind === 'directory';
      if (there) continue;
      found.add(path);
      held.push({ node, root: treeRoot, path, line: 'the published tree', item: undefined });
    }
  }
  return { trees: found.size === 0 ? new Map() : new Map([[treeRoot, found]]), held };
}

/** Whether a path is a held directory, lies in one, or above one. */
export function heldIn(trees: ReadonlySet<string> | undefined): (path: string) => boolean {
  if (trees === undefined || trees.size === 0) return () => false;
  const above = new Set<string>();
  for (const tree of trees) {
    for (let end = tree.lastIndexOf('/'); end > 0; end = tree.lastIndexOf('/', end - 1)) above.add(tree.slice(0, end));
  }
  const all = trees.has('');
  return (path) => {
    if (all || above.has(path)) return true;
    for (let at = path; ; at = at.slice(0, at.lastIndexOf('/'))) {
      if (trees.has(at)) return true;
      if (!at.includes('/')) return false;
    }
  };
}
