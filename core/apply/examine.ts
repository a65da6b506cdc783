/** Looks at the disk where a difference wants to write, and decides for each path: make, leave as it is, use, or blocked. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { heldIn } from '../plan/held-trees.ts';
import type { Entry } from '../plan/world.ts';
import type { RootName } from '../plugin/output.ts';
import type { Change, Difference } from './difference.ts';
import { describe } from './effects.ts';
import type { ManifestRow } from './manifest.ts';
import { faultOfPath, look, type Root } from './roots.ts';
import { compareEntry } from './verify.ts';

/** A wanted path that can't be made because something that is not ours stands there. */
export interface Blocked {
  readonly root: RootName;
  readonly path: string;
  readonly plugin: string;
  /** What is there, in words. */
  readonly there: string;
  /** Number of wanted paths below it that can't be made either. */
  readonly below: number;
  /** It is ours, and running nodes have it mounted: it gives way when they let go. */
  readonly held?: boolean;
}

/** One path to make. `over`: what stands there is ours. `clear`: our paths below a directory that has to give way, deepest first. */
export interface Make {
  readonly entry: Entry;
  readonly over: boolean;
  readonly clear: readonly ManifestRow[];
}

export interface Examined {
  /** In byte order of paths. */
  readonly make: readonly Make[];
  /** Pending before, found as wanted: only the manifest changes. */
  readonly same: readonly Entry[];
  /** Exist already and stay somebody else's. */
  readonly used: readonly Entry[];
  readonly blocked: readonly Blocked[];
}

const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));

type Verdict = 'make' | 'over' | 'same' | 'used' | { readonly blocked: string; readonly held?: boolean };

/**
 * What is on the disk below a directory that has to give way: our rows, deepest first, or the first path that is not ours
 * or must never be removed. The disk is asked, not the manifest, which may name paths that were never made.
 */
function contentsBelow(
  root: Root,
  directory: string,
): { readonly rows: ManifestRow[]; readonly keeper: string | undefined } {
  const rows: ManifestRow[] = [];
  for (const found of readdirSync(join(root.dir, directory), { withFileTypes: true })) {
    const path = `${directory}/${found.name}`;
    const row = root.manifest.rows.get(path);
    if (row === undefined || row.lifetime === 'create-only' || row.kind === 'artifact') return { rows, keeper: path };
    if (found.isDirectory()) {
      const below = contentsBelow(root, path);
      if (below.keeper !== undefined) return below;
      for (const one of below.rows) rows.push(one);
    }
    rows.push(row);
  }
  return { rows, keeper: undefined };
}

/** Decides over one path whose parent is in order. */
async function judge(
  root: Root,
  change: Change,
  adopted: boolean,
  { asRoot, isHeld }: { readonly asRoot: boolean; readonly isHeld: (path: string) => boolean },
): Promise<Verdict> {
  const { entry, row } = change;
  const found = look(join(root.dir, entry.path));
  if (found === undefined) return 'make';
  const right =
    entry.kind === 'directory' ? found.isDirectory() : entry.kind === 'link' ? found.isSymbolicLink() : found.isFile();
  if (row?.kind === 'artifact') return { blocked: 'a built image' };
  if (row === undefined && !adopted) {
    if (right && (entry.kind === 'directory' || entry.lifetime === 'create-only')) return 'used';
    return { blocked: describe(found) };
  }
  if (entry.lifetime === 'create-only' && right) return 'same';
  if (row?.lifetime === 'create-only' && !(right && entry.kind === 'directory') && !adopted) {
    return { blocked: `${describe(found)} that was made once and is kept (create-only)` };
  }
  // At three in the morning a node that lost what it has mounted is worse than a path that comes later.
  if (found.isDirectory() && entry.kind !== 'directory' && isHeld(entry.path)) {
    return {
      blocked: 'a directory that running nodes have mounted, held until they boot again or are released',
      held: true,
    };
  }
  if (found.isDirectory() && entry.kind !== 'directory') {
    const { keeper } = contentsBelow(root, entry.path);
    if (keeper !== undefined) return { blocked: `a directory with ${keeper} in it, which must be kept` };
  }
  const unknown = row?.pending === true && !change.force && !adopted;
  if (unknown || (entry.kind === 'hardlink' && !change.force)) {
    if ((await compareEntry(root, entry, asRoot)) === undefined) return 'same';
  }
  return 'over';
}

/**
 * Looks at every path of a difference, parents first, and at the parents themselves: one that has vanished is made again,
 * one that is no directory blocks all below it. Changes nothing.
 */
export async function examine(
  root: Root,
  difference: Difference,
  wanted: ReadonlyMap<string, Entry>,
  options: {
    readonly adopt: ReadonlySet<string>;
    readonly asRoot: boolean;
    /** Directories that running nodes have mounted. */
    readonly held?: ReadonlySet<string> | undefined;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<Examined> {
  const make = new Map<string, Make>();
  const same: Entry[] = [];
  const used: Entry[] = [];
  const blocked = new Map<string, { entry: Entry; there: string; below: number; held: boolean }>();
  const within = { asRoot: options.asRoot, isHeld: heldIn(options.held) };
  const state = new Map<string, 'there' | 'absent' | { readonly blockedBy: string }>([['', 'there']]);
  const { rows } = root.manifest;

  const block = (entry: Entry, there: string, held = false): void => {
    blocked.set(entry.path, { entry, there, below: 0, held });
    state.set(entry.path, { blockedBy: entry.path });
  };
  const decide = async (change: Change): Promise<void> => {
    const { entry } = change;
    const fault = faultOfPath(entry.path);
    if (fault !== undefined) return block(entry, fault);
    const parent = await parentState(parentOf(entry.path));
    if (typeof parent === 'object') {
      const cause = blocked.get(parent.blockedBy);
      if (cause !== undefined) cause.below += 1;
      state.set(entry.path, parent);
      return;
    }
    if (entry.kind === 'hardlink' && (typeof state.get(entry.to) === 'object' || !wanted.has(entry.to))) {
      return block(entry, `its target ${entry.to} is not in place`);
    }
    const adopted = options.adopt.has(entry.path);
    let verdict = parent === 'absent' ? 'make' : await judge(root, change, adopted, within);
    if (verdict === 'same' && entry.kind === 'hardlink' && make.has(entry.to)) verdict = 'over';
    if (typeof verdict === 'object') return block(entry, verdict.blocked, verdict.held);
    state.set(entry.path, 'there');
    if (verdict === 'same') return void same.push(entry);
    if (verdict === 'used') return void used.push(entry);
    const found = verdict === 'over' ? look(join(root.dir, entry.path)) : undefined;
    if (entry.kind === 'directory' && found?.isDirectory() !== true) state.set(entry.path, 'absent');
    const clear =
      found?.isDirectory() === true && entry.kind !== 'directory' ? contentsBelow(root, entry.path).rows : [];
    make.set(entry.path, { entry, over: verdict === 'over', clear });
  };
  const parentState = async (path: string): Promise<'there' | 'absent' | { readonly blockedBy: string }> => {
    const known = state.get(path);
    if (known !== undefined) return known;
    const entry = wanted.get(path);
    const above = await parentState(parentOf(path));
    const found = above === 'there' ? look(join(root.dir, path)) : undefined;
    if (found?.isDirectory() === true) {
      state.set(path, 'there');
    } else if (entry === undefined) {
      // The planner gives every parent an entry; without one there is nothing that could be made or named.
      throw new Error(`${root.name}:${path} has entries below it and none of its own`);
    } else if (typeof above === 'string' && found !== undefined) {
      block(entry, describe(found));
    } else {
      await decide({ entry, row: rows.get(path), force: false });
    }
    return state.get(path) ?? 'there';
  };

  // Hard links last: they depend on what becomes of their targets.
  const later: Change[] = [];
  let count = 0;
  for (const change of difference.changes) {
    if (change.entry.kind === 'hardlink') later.push(change);
    else await decide(change);
    if (++count % 500 === 0) await pause(options.signal);
  }
  for (const change of later) {
    await decide(change);
    if (++count % 500 === 0) await pause(options.signal);
  }
  const list = [...make.values()].sort((a, b) => (a.entry.path < b.entry.path ? -1 : 1));
  return {
    make: list,
    same,
    used,
    blocked: [...blocked.values()].map(({ entry, there, below, held }) => {
      return { root: root.name, path: entry.path, plugin: entry.plugin, there, below, ...(held ? { held } : {}) };
    }),
  };
}

/** Lets the event loop serve nodes in between. */
async function pause(signal: AbortSignal | undefined): Promise<void> {
  await breathe();
  signal?.throwIfAborted();
}
