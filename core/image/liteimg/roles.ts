/** Who carries a link of its own, and who lies inside another entry: decided by real places, whatever the order of the rows. */
import { type Asked, above, comparePaths } from './entry.ts';
import type { Place, Trouble } from './place.ts';

/** Why an entry gets nothing of its own. */
export type Skipped = Trouble | 'same place' | 'through a link';

export type Role =
  /** Has links, or a copy, of its own. */
  | { readonly role: 'own' }
  /** In the directory of `top`, the outermost entry around it (core/check/nesting.ts says what the node makes of it there). */
  | { readonly role: 'inside'; readonly top: string }
  | { readonly role: 'skipped'; readonly why: Skipped };

export type Placed = Asked & Pick<Place, 'place' | 'trouble'>;

/**
 * Decides for all entries at once. Nesting goes by real places, so that `/var/run/foo` is inside `/run/` where /var/run leads
 * there. An entry whose name goes through a link inside a listed directory is skipped: on the node that name would lie inside
 * the directory's tmpfs, and its link would lead to itself.
 */
export function decideRoles(entries: readonly Placed[]): Map<string, Role> {
  const roles = new Map<string, Role>();
  const byPath = new Map(entries.map((entry) => [entry.path, entry]));
  const byPlace = new Map<string, Placed>();
  const sound: Placed[] = [];
  const skip = (entry: Placed, why: Skipped) => roles.set(entry.path, { role: 'skipped', why });
  for (const entry of entries) {
    const parent = above(entry.path).find((path) => byPath.has(path));
    const outer = parent === undefined ? undefined : byPath.get(parent);
    if (entry.trouble !== undefined) skip(entry, entry.trouble);
    else if (
      outer !== undefined &&
      (outer.trouble !== undefined || entry.place !== outer.place + entry.path.slice(outer.path.length))
    )
      skip(entry, outer.trouble ?? 'through a link');
    else sound.push(entry);
  }
  // Two names of one place: the plain one counts, else the first.
  for (const entry of sound) {
    const other = byPlace.get(entry.place);
    if (other === undefined || entry.path === entry.place) byPlace.set(entry.place, entry);
  }
  const tops = new Map<string, string>();
  for (const entry of sound.sort((a, b) => comparePaths(a.place, b.place) || comparePaths(a.path, b.path))) {
    if (byPlace.get(entry.place) !== entry) {
      skip(entry, 'same place');
      continue;
    }
    const outer = above(entry.place).find((place) => tops.has(place));
    const top = outer === undefined ? undefined : tops.get(outer);
    tops.set(entry.place, top ?? entry.path);
    roles.set(entry.path, top === undefined ? { role: 'own' } : { role: 'inside', top });
  }
  return roles;
}
