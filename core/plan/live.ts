/** Expands the live files of an image (RULES, Paths) into what is laid over its generations, and says what never can be. */
import { createHash } from 'node:crypto';
import { liveOverEntries, liveReserved } from '../diagnostic/catalogue/live.ts';
import type { Diagnostic, Position } from '../diagnostic/diagnostic.ts';
import { imageFiles } from '../image/files.ts';
import type { LiveOutput } from '../plugin/output.ts';
import type { View } from '../resolve/view.ts';
import { attributeFinder, directoryMode } from './attributes.ts';

/** One live path, `/etc/motd`, as a node sees it. Equal digests mean nothing to change. */
export type LiveFile = { readonly path: string; readonly digest: string } & (
  | {
      readonly kind: 'file';
      readonly blob: string;
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
    }
  | { readonly kind: 'directory'; readonly mode: number; readonly uid: number; readonly gid: number }
  | { readonly kind: 'link'; readonly to: string }
);

/** All that is laid over the generations of one image. */
export interface LiveSet {
  readonly plugin: string;
  readonly output: LiveOutput;
  /** Parents come first; every directory above a file is there, and is made only where the image has none. */
  readonly files: readonly LiveFile[];
  /** Covers all of `files`. */
  readonly digest: string;
}

/** What the kernel, or the node's own mounts, cover; and what litehouse keeps for itself in a tree. */
const reserved = ['.default', '.statelite', 'proc', 'sys', 'dev'];

/** Whether nothing can be laid at a path of an image. */
export function isReserved(path: string): boolean {
  return reserved.includes(path.split('/')[1] ?? '');
}

/** Sets by tree id and rules: an unchanged folder of twenty thousand files is expanded once. */
const cache = new Map<string, LiveSet>();

/** The live files of an image in a commit. */
export function liveSet(output: LiveOutput, plugin: string, view: View): LiveSet {
  const { tree } = view.folder('images');
  const key = JSON.stringify([tree, plugin, output]);
  const known = tree === undefined ? undefined : cache.get(key);
  if (known !== undefined) return known;
  const files = expand(output, view);
  const hash = createHash('sha256');
  for (const { path, digest } of files) hash.update(`${path}\0${digest}\n`);
  const set: LiveSet = { plugin, output, files, digest: hash.digest('hex').slice(0, 32) };
  if (tree !== undefined) {
    if (cache.size >= 64) cache.delete(cache.keys().next().value ?? '');
    cache.set(key, set);
  }
  return set;
}

function expand({ image, folder, leaveOut, attributes }: LiveOutput, view: View): LiveFile[] {
  const given = attributeFinder(attributes);
  const top = 'rootimg/';
  const found = new Map<string, LiveFile>();
  const addDirectories = (path: string): void => {
    for (let slash = path.indexOf('/', 1); slash !== -1; slash = path.indexOf('/', slash + 1)) {
      const directory = path.slice(0, slash);
      if (found.has(directory)) continue;
      const rule = given(folder + directory);
      const mode = rule.mode === undefined ? 0o755 : directoryMode(rule.mode);
      found.set(directory, { path: directory, kind: 'directory', ...owned('directory', mode, rule) });
    }
  };
  for (const { path: whole, mode, oid } of imageFiles(view, image)) {
    if (!whole.startsWith(top) || mode === '160000') continue;
    const path = `/${whole.slice(top.length)}`;
    if (leaveOut.some((out) => path.startsWith(`/${out}/`))) continue;
    addDirectories(path);
    // Keeps a directory in git, and is not published.
    if (path.endsWith('/.gitkeep')) continue;
    if (mode === '120000') {
      const to = view.text(`images/${image}/${whole}`) ?? '';
      found.set(path, { path, kind: 'link', to, digest: `link ${to}` });
    } else {
      const rule = given(folder + path);
      const bits = rule.mode ?? (mode === '100755' ? 0o755 : 0o644);
      found.set(path, { path, kind: 'file', blob: oid, ...owned(`file ${oid}`, bits, rule) });
    }
  }
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function owned(
  what: string,
  mode: number,
  { uid = 0, gid = 0 }: { readonly uid?: number | undefined; readonly gid?: number | undefined },
): { readonly mode: number; readonly uid: number; readonly gid: number; readonly digest: string } {
  return { mode, uid, gid, digest: `${what} ${mode.toString(8)} ${uid}:${gid}` };
}

/** What can be known of live files without the tree that they are laid over. */
export function liveFindings({ output, files }: LiveSet, view: View): Diagnostic[] {
  const found: Diagnostic[] = [];
  const at = (path: string): Position => ({ file: output.folder + path, line: 0, column: 0 });
  const inside = new Map<string, string>();
  for (const { path } of view.images.get(output.image)?.litefile ?? []) {
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      inside.set(path.slice(0, end), path);
    }
  }
  for (const { path, kind } of files) {
    if (kind === 'directory') continue;
    const entry = inside.get(path);
    if (isReserved(path)) found.push(liveReserved(at(path), { path }));
    else if (entry !== undefined) found.push(liveOverEntries(at(path), { path, entry, image: output.image }));
  }
  return found;
}
