/** Finds what a path of a published overlay is in the commit: a file, a directory, a link, or nothing. */
import type { FileEntry } from '../repo/snapshot.ts';
import type { Folder, View } from '../resolve/view.ts';

/** What stands at a path. `path` is the place in the repository, after links were followed. */
export type Published =
  | { readonly kind: 'file'; readonly path: string; readonly entry: FileEntry; readonly through: readonly string[] }
  | { readonly kind: 'directory'; readonly path: string; readonly files: number; readonly through: readonly string[] }
  /** A link that leads out of the tree, in a circle, or to nothing here. */
  | { readonly kind: 'link'; readonly path: string; readonly to: string };

interface Index {
  readonly files: ReadonlyMap<string, FileEntry>;
  /** Directory to the number of files below it. */
  readonly directories: ReadonlyMap<string, number>;
}

const indexes = new WeakMap<Folder, Index>();
const mostLinks = 16;
const folderName = 'syncdirs';

function indexOf(folder: Folder): Index {
  let index = indexes.get(folder);
  if (index === undefined) {
    const files = new Map<string, FileEntry>();
    const directories = new Map<string, number>([['', 0]]);
    for (const entry of folder.entries) {
      // git's way of keeping a directory that is empty; it is not published (DESIGN 5).
      const counts = entry.path === '.gitkeep' || entry.path.endsWith('/.gitkeep') ? 0 : 1;
      if (counts === 1) files.set(entry.path, entry);
      for (let end = entry.path.lastIndexOf('/'); ; end = entry.path.lastIndexOf('/', end - 1)) {
        const directory = entry.path.slice(0, Math.max(0, end));
        directories.set(directory, (directories.get(directory) ?? 0) + counts);
        if (end < 0) break;
      }
    }
    index = { files, directories };
    indexes.set(folder, index);
  }
  return index;
}

/**
 * Looks a path up in one tree, as a node that mounted the tree would see it: links inside the tree are followed.
 *
 * @param tree the tree's place below `syncdirs/`, '' for all of it
 * @param path absolute, as on the node
 */
export function findPublished(view: View, tree: string, path: string): Published | undefined {
  const index = indexOf(view.folder(folderName));
  const prefix = tree === '' ? '' : `${tree}/`;
  const through: string[] = [];
  let pending = path.split('/').filter((part) => part !== '');
  let place: string[] = [];
  for (;;) {
    const here = prefix + place.join('/');
    const at = place.length === 0 ? tree : here;
    const part = pending.shift();
    if (part === undefined) {
      const files = index.directories.get(at);
      if (files !== undefined) return { kind: 'directory', path: join(at), files, through };
      const entry = index.files.get(at);
      return entry === undefined ? undefined : { kind: 'file', path: join(at), entry, through };
    }
    if (part === '.') continue;
    const next = [...place, part];
    const entry = index.files.get(prefix + next.join('/'));
    if (entry?.mode !== '120000') {
      place = next;
      continue;
    }
    const to = view.text(`${folderName}/${entry.path}`) ?? '';
    through.push(join(entry.path));
    const target = followed(to, place);
    // An absolute link leads into the node's own root, not into the tree.
    if (target === undefined || through.length > mostLinks) return { kind: 'link', path: join(entry.path), to };
    pending = [...target, ...pending];
    place = [];
  }
}

/** The parts of a link's goal from the top of the tree; undefined where it leads out of it. */
function followed(to: string, from: readonly string[]): string[] | undefined {
  if (to.startsWith('/') || to === '') return undefined;
  const parts = [...from];
  for (const part of to.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts;
}

function join(path: string): string {
  return path === '' ? folderName : `${folderName}/${path}`;
}
