/** Files of a commit as images use them: lists and scripts below `custom/`, and what `images/<name>/` holds. */
import { posix } from 'node:path';
import type { FileEntry } from '../repo/snapshot.ts';
import type { Folder, View } from '../resolve/view.ts';

export interface CustomFile {
  /** In the repository, links followed. */
  readonly path: string;
  readonly blob: string;
  readonly executable: boolean;
  readonly text: string;
}

const mostLinks = 8;
const customIndexes = new WeakMap<Folder, ReadonlyMap<string, FileEntry>>();

/** The file at a path of the repository below `custom/`; symbolic links are followed as long as they stay there. */
export function customFile(view: View, path: string): CustomFile | undefined {
  const folder = view.folder('custom');
  let index = customIndexes.get(folder);
  if (index === undefined) {
    index = new Map(folder.entries.map((entry) => [`custom/${entry.path}`, entry]));
    customIndexes.set(folder, index);
  }
  let at = path;
  for (let links = 0; links <= mostLinks; links++) {
    const entry = index.get(at);
    const text = entry === undefined ? undefined : view.text(at);
    if (entry === undefined || text === undefined || entry.mode === '160000') return undefined;
    if (entry.mode !== '120000') return { path: at, blob: entry.oid, executable: entry.mode === '100755', text };
    if (text.startsWith('/')) return undefined;
    at = posix.join(posix.dirname(at), text);
  }
  return undefined;
}

const imageIndexes = new WeakMap<Folder, ReadonlyMap<string, readonly FileEntry[]>>();
const none: readonly FileEntry[] = [];

/** Files of `images/<name>/`, paths relative to that folder, in byte order. */
export function imageFiles(view: View, image: string): readonly FileEntry[] {
  const folder = view.folder('images');
  let index = imageIndexes.get(folder);
  if (index === undefined) {
    const made = new Map<string, FileEntry[]>();
    for (const entry of folder.entries) {
      const slash = entry.path.indexOf('/');
      if (slash === -1) continue;
      const name = entry.path.slice(0, slash);
      const relative = { ...entry, path: entry.path.slice(slash + 1) };
      const list = made.get(name);
      if (list === undefined) made.set(name, [relative]);
      else list.push(relative);
    }
    index = made;
    imageIndexes.set(folder, index);
  }
  return index.get(image) ?? none;
}

/** What a path in a table or a list means in the repository: `/install/custom/x` and `<installdir>/custom/x` are `custom/x`. */
export function customPath(view: Pick<View, 'installdir'>, path: string): string | undefined {
  for (const top of [view.installdir, '/install', '']) {
    const prefix = top === '' ? 'custom/' : `${top}/custom/`;
    if (!path.startsWith(prefix)) continue;
    const found = posix.normalize(`custom/${path.slice(prefix.length)}`);
    return found.startsWith('custom/') ? found : undefined;
  }
  return undefined;
}
