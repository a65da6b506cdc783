/** What of last time still holds, what has to be undone, and what will be made: read from the tree, changing nothing. */
import { isLinked } from './copies.ts';
import { type Asked, above, comparePaths, defaults, isInside, tmpfs } from './entry.ts';
import { type Farm, type Happening, isOurs, lookAt, planAbove } from './make.ts';
import { findPlace, isMounts } from './place.ts';
import { decideRoles, type Placed, type Role } from './roles.ts';
import type { LinkRecord } from './state.ts';

/** Records whose links or content are not as they were left: one look a row, and all of a bind directory. */
export async function findDamage(farm: Farm, records: readonly LinkRecord[]): Promise<Map<string, Happening>> {
  const { tree } = farm;
  const damaged = new Map<string, Happening>();
  for (const { path, place, home, role } of records) {
    await tree.breathe();
    if (role === 'link') {
      if (!isOurs(tree, place, path)) damaged.set(path, tree.look(place) === undefined ? 'restored' : 'replaced');
    } else if (role === 'inside') {
      if (tree.look(home) === undefined) damaged.set(path, 'missing');
    } else if (!(await isLinked(tree, place, defaults + path))) damaged.set(path, 'refreshed');
  }
  return damaged;
}

/** The real place of every entry; those of last time are remembered, for links of the image do not move. */
export function placeEntries(
  { tree }: Farm,
  wanted: ReadonlyMap<string, Asked>,
  records: readonly LinkRecord[],
  damaged: ReadonlyMap<string, Happening>,
): Map<string, Placed> {
  const known = new Map(records.map((record) => [record.path, record]));
  const blanks = new Set(records.filter(({ existed }) => !existed).map(({ place }) => place));
  const placed = new Map<string, Placed>();
  for (const entry of wanted.values()) {
    const record = known.get(entry.path);
    const same = record !== undefined && !damaged.has(entry.path) && isSamePlace(record, entry);
    const { place, trouble } = same ? { place: record.place, trouble: undefined } : findPlace(tree, entry, blanks);
    placed.set(entry.path, { ...entry, place, trouble });
  }
  return placed;
}

function isSamePlace(record: LinkRecord, entry: Asked): boolean {
  return record.directory === entry.directory && record.follow === entry.follow;
}

export interface Decision {
  readonly roles: ReadonlyMap<string, Role>;
  /** Records that stay as they are, with the kind of the row of today. */
  readonly kept: ReadonlyMap<string, LinkRecord>;
  readonly gone: readonly LinkRecord[];
}

/** Compares what was linked with what is asked for. An outer entry that is undone takes along all that is inside it; one that
 *  is copied is copied anew when something inside it changes. */
export function decide(
  wanted: ReadonlyMap<string, Asked>,
  placed: ReadonlyMap<string, Placed>,
  records: readonly LinkRecord[],
  damaged: ReadonlyMap<string, Happening>,
  adopted: readonly LinkRecord[],
): Decision {
  const roles = decideRoles([...placed.values()]);
  const known = new Map(records.map((record) => [record.path, record]));
  const gone = new Set<string>();
  const holders = holdersIn(placed);
  for (const record of records) {
    const entry = wanted.get(record.path);
    const role = roles.get(record.path);
    const fits =
      entry !== undefined &&
      role !== undefined &&
      !damaged.has(record.path) &&
      isSamePlace(record, entry) &&
      (record.existed || (record.type === 'directory') === (entry.directory || holders.has(record.place))) &&
      (role.role === 'inside'
        ? role.top === record.top
        : role.role === 'own' && (record.role === 'left' || familyOf(entry, record.type) === record.role));
    if (!fits) gone.add(record.path);
  }
  const unsettled = (path: string) => gone.has(path) || !known.has(path);
  for (const [path, role] of roles) {
    if (role.role !== 'inside' || !unsettled(path)) continue;
    if (known.get(role.top)?.role === 'bind') gone.add(role.top);
  }
  for (const { path, top } of records) {
    if (top === undefined) continue;
    const outer = known.get(top);
    if (gone.has(path) && outer?.role === 'bind') gone.add(top);
  }
  for (const { path, top } of records) if (top !== undefined && gone.has(top)) gone.add(path);
  const kept = new Map<string, LinkRecord>();
  for (const record of records) {
    const entry = wanted.get(record.path);
    if (!gone.has(record.path) && entry !== undefined) kept.set(record.path, { ...record, kind: entry.kind });
  }
  // Taken over where they are links today too; `makeLink` completes them.
  const undone = adopted.filter((record) => {
    const [entry, role] = [wanted.get(record.path), roles.get(record.path)];
    return entry === undefined || role?.role !== 'own' || familyOf(entry, record.type) !== 'link';
  });
  return { roles, kept, gone: [...records.filter(({ path }) => gone.has(path)), ...undone] };
}

/** Every directory above a place: a missing entry that others lie inside is made as a directory. */
function holdersIn(placed: ReadonlyMap<string, Placed>): ReadonlySet<string> {
  const holders = new Set<string>();
  for (const { place } of placed.values()) for (const parent of above(place)) holders.add(parent);
  return holders;
}

/** A live file is a link even where the word is bind (RULES, Options). */
function familyOf({ kind }: Pick<Asked, 'kind'>, type: LinkRecord['type']): 'link' | 'bind' {
  return kind.startsWith('link') || (kind === 'bind+ro' && type !== 'directory') ? 'link' : 'bind';
}

/** The records of what is to be made, by what the tree holds now; directories that will be made on the way are listed. */
export function planRecords(
  farm: Farm,
  wanted: ReadonlyMap<string, Asked>,
  placed: ReadonlyMap<string, Placed>,
  roles: ReadonlyMap<string, Role>,
  kept: ReadonlyMap<string, LinkRecord>,
): LinkRecord[] {
  const holders = holdersIn(placed);
  const tops = new Map<string, LinkRecord>();
  for (const record of kept.values()) tops.set(record.path, record);
  const fresh: LinkRecord[] = [];
  const sorted = [...placed.values()].sort((a, b) => comparePaths(a.place, b.place));
  for (const { path, place } of sorted) {
    const entry = wanted.get(path);
    const role = roles.get(path);
    if (entry === undefined || kept.has(path) || role === undefined || role.role === 'skipped') continue;
    const directory = entry.directory || holders.has(place);
    const top = role.role === 'inside' ? tops.get(role.top) : undefined;
    if (role.role === 'own') {
      const record = planOwn(farm, entry, directory, place);
      tops.set(path, record);
      fresh.push(record);
    } else if (top !== undefined) fresh.push(planInside(farm, entry, directory, place, top));
  }
  return fresh;
}

function planOwn(farm: Farm, entry: Asked, directory: boolean, place: string): LinkRecord {
  const { tree } = farm;
  const copy = defaults + entry.path;
  const adopted = isOurs(tree, place, entry.path);
  const now = adopted || (tree.look(place) === undefined && entry.kind.startsWith('link')) ? copy : place;
  const { type, existed } = lookAt(tree, now, directory);
  const family = familyOf(entry, type);
  const role = isMounts(entry.path, tree.text(place)) ? 'left' : family;
  if (adopted && existed) farm.note(entry.path, 'adopted');
  planAbove(farm, place);
  planAbove(farm, copy);
  if (role === 'link') planAbove(farm, tmpfs + entry.path);
  return { ...entry, place, role, home: role === 'link' ? copy : place, type, existed };
}

function planInside(farm: Farm, entry: Asked, directory: boolean, place: string, top: LinkRecord): LinkRecord {
  const { tree, made } = farm;
  // Where the directory will be, and where it is until it is made.
  const final = top.role === 'link' ? top.home : top.place;
  const now = isOurs(tree, top.place, top.path) ? top.home : top.place;
  const rest = place.slice(top.place.length);
  const { type, existed } = lookAt(tree, now + rest, directory);
  for (const parent of above(now + rest)) {
    if (!isInside(parent, now) || tree.look(parent) !== undefined) break;
    made.add(final + parent.slice(now.length));
  }
  return { ...entry, place, role: 'inside', top: top.path, home: final + rest, type, existed };
}
