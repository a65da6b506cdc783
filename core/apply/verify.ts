/** Drift: what stands on the disk against what the world wants there. */

import { createHash } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { constants, open } from 'node:fs/promises';
import { join } from 'node:path';
import { heldIn } from '../plan/held-trees.ts';
import type { DirectoryEntry, Entry, FileEntryOf, World } from '../plan/world.ts';
import type { RootName } from '../plugin/output.ts';
import type { Drift } from '../plugin/plugin.ts';
import { isUntouched, lastingParents } from './difference.ts';
import { type Attributes, describe } from './effects.ts';
import type { ManifestRow } from './manifest.ts';
import { locate, look, type Root, UnsafePath } from './roots.ts';
import { lossOf } from './whole.ts';

const octal = (mode: number): string => (mode & 0o7777).toString(8).padStart(4, '0');

/** Mode and owner as this process can give them; `needsRoot` where that is less than wanted. */
export function attributesOf(
  entry: FileEntryOf | DirectoryEntry,
  asRoot: boolean,
): Attributes & { readonly needsRoot: boolean } {
  const { uid, gid } = entry;
  if (asRoot) return { mode: entry.mode, uid, gid, chown: true, needsRoot: false };
  const foreign = uid !== process.geteuid?.() || gid !== process.getegid?.();
  // A set-user file of the server's own user would give that user away; and it must be able to work in its directories.
  const mode = (foreign ? entry.mode & 0o1777 : entry.mode) | (entry.kind === 'directory' ? 0o700 : 0);
  return { mode, uid, gid, chown: false, needsRoot: foreign || mode !== entry.mode };
}

/** git's id of the content of a file, which is opened without following a link; undefined where it can't be read. */
async function blobOf(absolute: string): Promise<string | undefined> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  try {
    const handle = await open(absolute, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const bytes = await handle.readFile();
      return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
    } finally {
      await handle.close();
    }
  } catch {
    return undefined;
  }
}

/** How the disk differs from an entry; undefined when it does not. Content is always hashed. */
export async function compareEntry(
  root: Root,
  entry: Entry,
  asRoot: boolean,
): Promise<{ readonly what: string; readonly detail: string } | undefined> {
  let absolute: string;
  try {
    absolute = locate(root, entry.path);
  } catch (error) {
    if (error instanceof UnsafePath) return { what: 'type', detail: error.reason };
    throw error;
  }
  const found = look(absolute);
  if (found === undefined) return { what: 'missing', detail: 'nothing is there' };
  const right =
    entry.kind === 'directory' ? found.isDirectory() : entry.kind === 'link' ? found.isSymbolicLink() : found.isFile();
  if (!right) return { what: 'type', detail: `${describe(found)} where a ${entry.kind} is wanted` };
  if (entry.lifetime === 'create-only') return undefined;
  if (entry.kind === 'link') {
    const to = readlinkSync(absolute);
    return to === entry.to ? undefined : { what: 'changed', detail: `links to ${to}, not ${entry.to}` };
  }
  if (entry.kind === 'hardlink') {
    const target = look(join(root.dir, entry.to));
    const same = target !== undefined && target.ino === found.ino && target.dev === found.dev;
    return same ? undefined : { what: 'changed', detail: `not the same file as ${entry.to}` };
  }
  const want = attributesOf(entry, asRoot);
  if (entry.kind === 'file') {
    const blob = await blobOf(absolute);
    if (blob === undefined) return { what: 'changed', detail: 'the content cannot be read' };
    if (blob !== entry.blob)
      return { what: 'changed', detail: `content ${blob.slice(0, 10)}, not ${entry.blob.slice(0, 10)}` };
  }
  if ((found.mode & 0o7777) !== want.mode) {
    return { what: 'mode', detail: `mode ${octal(found.mode)}, not ${octal(want.mode)}` };
  }
  if (want.chown && (found.uid !== want.uid || found.gid !== want.gid)) {
    return { what: 'owner', detail: `owner ${found.uid}:${found.gid}, not ${want.uid}:${want.gid}` };
  }
  return undefined;
}

/** Runs `work` on every item, at most `width` at once; the first error stops it, after those under way have ended. */
export async function eachOf<T>(items: Iterable<T>, width: number, work: (item: T) => Promise<void>): Promise<void> {
  const rest = items[Symbol.iterator]();
  let failed = false;
  const lane = async (): Promise<void> => {
    for (let next = rest.next(); !failed && next.done !== true; next = rest.next()) {
      try {
        await work(next.value);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: width }, lane));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

/** An artifact that was put in place and is not there any more, or not whole: somebody removed it by hand. */
function lostArtifact(root: Root, row: ManifestRow): Drift | undefined {
  const loss = row.pending ? undefined : lossOf(join(root.dir, row.path), row);
  if (loss === undefined) return undefined;
  const { there } = loss;
  // Drift knows no word for a part: the whole of it is missing to whoever needs it.
  const what = loss.what === 'damaged' ? 'missing' : loss.what;
  const detail = `${there} where ${row.artifact ?? 'a built image'} was: an apply builds it again if it is wanted, and else forgets it`;
  return { plugin: row.plugin, root: root.name, path: row.path, what, detail };
}

/**
 * Every difference between world and disk, in the world's order. Foreign files are nobody's business; `extra` are paths
 * that the manifest owns and the world does not want (an apply that has not finished).
 */
export async function verifyWorld(
  world: World,
  roots: ReadonlyMap<RootName, Root>,
  asRoot: boolean,
  signal?: AbortSignal,
): Promise<Drift[]> {
  const drifts: Drift[] = [];
  for (const [name, root] of roots) {
    const entries = world.roots.get(name) ?? new Map<string, Entry>();
    const found = new Map<string, Drift>();
    await eachOf(entries.values(), 16, async (entry) => {
      signal?.throwIfAborted();
      const base = { plugin: entry.plugin, root: name, path: entry.path };
      const row = root.manifest.rows.get(entry.path);
      const difference = await compareEntry(root, entry, asRoot);
      if (row === undefined) {
        // Used without owning: a directory that somebody else made, or a create-only path.
        const used = difference === undefined || (entry.kind === 'directory' && /^(mode|owner)$/.test(difference.what));
        if (used && (entry.kind === 'directory' || entry.lifetime === 'create-only')) return;
        if (difference === undefined || difference.what !== 'missing') {
          found.set(entry.path, { ...base, what: 'blocked', detail: difference?.detail ?? 'identical, but not owned' });
          return;
        }
      }
      if (difference !== undefined) found.set(entry.path, { ...base, ...difference });
    });
    for (const path of entries.keys()) {
      const drift = found.get(path);
      if (drift !== undefined) drifts.push(drift);
    }
    const untouched = world.untouched.get(name);
    const holding = lastingParents(root.manifest.rows, untouched);
    const held = heldIn(world.heldTrees.get(name));
    for (const row of root.manifest.rows.values()) {
      if (row.kind === 'artifact') {
        const lost = lostArtifact(root, row);
        if (lost !== undefined) drifts.push(lost);
        continue;
      }
      if (entries.has(row.path) || holding.has(row.path) || row.lifetime === 'create-only') continue;
      if (isUntouched(row, untouched) || held(row.path)) continue;
      const base = { plugin: row.plugin, root: name, path: row.path };
      drifts.push({ ...base, what: 'extra', detail: 'owned, but no longer wanted' });
    }
  }
  return drifts;
}
