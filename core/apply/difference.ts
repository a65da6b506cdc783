/** What has to change in one root: the wanted world against the manifest, without a look at the disk. */
import { heldIn } from '../plan/held-trees.ts';
import type { Entry } from '../plan/world.ts';
import type { RootName } from '../plugin/output.ts';
import type { ManifestRow } from './manifest.ts';

/** One wanted path that is not known to be in place. `row` undefined: the manifest does not own it (yet). */
export interface Change {
  readonly entry: Entry;
  readonly row: ManifestRow | undefined;
  /** Rewrite even where it looks right (verify said so, or it was adopted by name). */
  readonly force: boolean;
}

export interface Difference {
  /** In byte order of paths, so parents come first. */
  readonly changes: Change[];
  /** In place, but owned under another plugin, node or lifetime: only the manifest changes. */
  readonly relabel: readonly Entry[];
  /** Owned, not wanted any more; deepest first. */
  readonly gone: readonly ManifestRow[];
  /** Create-only entries that nothing names any more; kept. */
  readonly orphans: readonly ManifestRow[];
  readonly unchanged: readonly Entry[];
}

const byPath = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function sameLabels(entry: Entry, row: ManifestRow): boolean {
  return entry.plugin === row.plugin && entry.node === row.node && entry.lifetime === row.lifetime;
}

/** True when the manifest says that the entry is in place as wanted. */
function inPlace(entry: Entry, row: ManifestRow, asRoot: boolean): boolean {
  if (row.pending || row.kind !== entry.kind) return false;
  // Made once, then left alone for ever: a new mode, owner or content in the plan does not reach it.
  if (entry.lifetime === 'create-only') return true;
  if (row.lifetime === 'create-only' || row.digest !== entry.digest) return false;
  if ('to' in entry && entry.to !== row.to) return false;
  return !(asRoot && row.needsRoot === true);
}

/**
 * Compares by digest. `force` are paths to rewrite whatever the manifest says. With root, what an earlier unprivileged
 * server could not give its owner is taken up again.
 */
export function differ(
  wanted: ReadonlyMap<string, Entry>,
  rows: ReadonlyMap<string, ManifestRow>,
  options: {
    readonly force: ReadonlySet<string>;
    readonly asRoot: boolean;
    /** Entries that the last apply of this process left in place: the same object again needs no comparison. */
    readonly placed?: ReadonlyMap<string, Entry>;
    /** Links that stay as they are, whatever that is. */
    readonly untouched?: ReadonlySet<string>;
    /** Directories that running nodes have mounted: they stay though nothing wants them. */
    readonly held?: ReadonlySet<string>;
  },
): Difference {
  const changes: Change[] = [];
  const changed = new Set<string>();
  const relabel: Entry[] = [];
  const unchanged: Entry[] = [];
  const add = (entry: Entry, row: ManifestRow | undefined, force: boolean): void => {
    changes.push({ entry, row, force });
    changed.add(entry.path);
  };
  const settled: Entry[] = [];
  for (const entry of wanted.values()) {
    if (options.placed?.get(entry.path) === entry && entry.kind !== 'hardlink' && !options.force.has(entry.path)) {
      unchanged.push(entry);
      continue;
    }
    const row = rows.get(entry.path);
    const force = options.force.has(entry.path);
    if (row !== undefined && !force && inPlace(entry, row, options.asRoot)) settled.push(entry);
    else add(entry, row, force);
  }
  for (const entry of settled) {
    const row = rows.get(entry.path);
    // A rewritten file is a new inode: its further names must follow it.
    if (entry.kind === 'hardlink' && changed.has(entry.to)) {
      add(entry, row, false);
    } else {
      unchanged.push(entry);
      if (row !== undefined && !sameLabels(entry, row)) relabel.push(entry);
    }
  }
  const gone: ManifestRow[] = [];
  const orphans: ManifestRow[] = [];
  const holding = lastingParents(rows, options.untouched);
  const held = heldIn(options.held);
  for (const row of rows.values()) {
    if (isUntouched(row, options.untouched)) continue;
    if (wanted.has(row.path) || row.kind === 'artifact' || holding.has(row.path) || held(row.path)) continue;
    (row.lifetime === 'create-only' ? orphans : gone).push(row);
  }
  changes.sort((a, b) => byPath(a.entry.path, b.entry.path));
  gone.sort((a, b) => byPath(b.path, a.path));
  return { changes, relabel, gone, orphans, unchanged };
}

/** A link of ours that waits for its artifacts stays; anything else of that name goes as ever. */
export function isUntouched(row: ManifestRow, untouched: ReadonlySet<string> | undefined): boolean {
  return row.kind === 'link' && untouched?.has(row.path) === true;
}

/** Directories above artifacts and untouched links: owned as long as one lies below, though no plan names them. */
export function lastingParents(rows: ReadonlyMap<string, ManifestRow>, untouched?: ReadonlySet<string>): Set<string> {
  const parents = new Set<string>();
  for (const row of rows.values()) {
    const { kind, path } = row;
    if (kind !== 'artifact' && !isUntouched(row, untouched)) continue;
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      parents.add(path.slice(0, slash));
    }
  }
  return parents;
}

/** The manifest row of an entry that is about to be made. */
export function rowOf(entry: Entry, pending: boolean): ManifestRow {
  const owned = entry.kind === 'file' || entry.kind === 'directory';
  return {
    path: entry.path,
    kind: entry.kind,
    digest: entry.digest,
    mode: owned ? entry.mode : 0,
    uid: owned ? entry.uid : 0,
    gid: owned ? entry.gid : 0,
    to: 'to' in entry ? entry.to : undefined,
    plugin: entry.plugin,
    node: entry.node,
    lifetime: entry.lifetime,
    pending,
  };
}

/** Of `root:path` names, the paths of one root. */
export function pathsOf(names: Iterable<string>, root: RootName): Set<string> {
  const prefix = `${root}:`;
  return new Set([...names].filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length)));
}
