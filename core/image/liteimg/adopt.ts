/** First-level links that stand in a tree and that no state remembers: the original's, or the state was removed. */
import { readdirSync } from 'node:fs';
import { defaults, tmpfs } from './entry.ts';
import { type Farm, isOurs, lookAt } from './make.ts';
import { findPlace } from './place.ts';
import type { Placed } from './roles.ts';
import type { LinkRecord } from './state.ts';
import type { Tree } from './tree.ts';

/**
 * Records of such links, as if they had been made for a link row. `all`: also those of no row of today, which the second
 * level still names; without it a directory that moves would take them along, leading nowhere.
 */
export function findAdopted(
  { tree }: Farm,
  placed: ReadonlyMap<string, Placed>,
  records: readonly LinkRecord[],
  all: boolean,
): LinkRecord[] {
  const known = new Set(records.map(({ path }) => path));
  const found = new Map<string, LinkRecord>();
  const adopt = (path: string, place: string, directory: boolean, follow: boolean) => {
    if (known.has(path) || found.has(path) || !isOurs(tree, place, path)) return;
    const home = defaults + path;
    const seen = lookAt(tree, home, directory);
    found.set(path, { path, directory, kind: 'link', follow, place, role: 'link', home, ...seen });
  };
  for (const { path, place, directory, follow, trouble } of placed.values())
    if (trouble === undefined) adopt(path, place, directory, follow);
  for (const path of all ? namedLinks(tree, '') : []) {
    for (const follow of [true, false]) {
      const { place, trouble } = findPlace(tree, { path, follow });
      if (trouble === undefined) adopt(path, place, false, follow);
    }
  }
  return [...found.values()];
}

function namedLinks(tree: Tree, below: string): string[] {
  if (!tree.look(tmpfs + below)?.isDirectory()) return [];
  return readdirSync(tree.root + tmpfs + below, { withFileTypes: true }).flatMap((each) =>
    each.isSymbolicLink() ? [`${below}/${each.name}`] : namedLinks(tree, `${below}/${each.name}`),
  );
}
