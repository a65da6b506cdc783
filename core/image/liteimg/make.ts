/** One entry made and undone. Undoing takes whatever stands: whole, half made, or replaced by a package since. */
import { isBlank, isLinked, layUnder, linkTree, removeTree } from './copies.ts';
import { above, defaults, entryOfLink, firstLink, secondLink, tmpfs } from './entry.ts';
import { findPlace } from './place.ts';
import type { LinkRecord } from './state.ts';
import type { Like, Tree } from './tree.ts';

/** What a run carries along. */
export interface Farm {
  readonly tree: Tree;
  /** Directories made on the way to something; grows and shrinks. */
  readonly made: Set<string>;
  /** Mode and owner of the original directories, by path. */
  readonly likes: Map<string, Like | undefined>;
  note(path: string, what: Happening): void;
}

/** What was found or done beyond the ordinary. */
export type Happening = 'missing' | 'replaced' | 'restored' | 'lost' | 'kept' | 'adopted' | 'refreshed';

/** Lists the directories above a path that will have to be made: a state says so before they are. */
export function planAbove({ tree, made }: Farm, path: string): void {
  for (const parent of above(path)) {
    if (made.has(parent) || tree.isDirectory(parent) || tree.look(parent) !== undefined) return;
    made.add(parent);
  }
}

function missingAbove(tree: Tree, path: string): string[] {
  const missing: string[] = [];
  for (const parent of above(path)) {
    if (tree.isDirectory(parent) || tree.look(parent) !== undefined) break;
    missing.push(parent);
  }
  return missing;
}

function makeAbove({ tree, made }: Farm, path: string, like?: (parent: string) => Like | undefined): void {
  for (const parent of missingAbove(tree, path).reverse()) {
    made.add(parent);
    tree.mkdir(parent, like?.(parent));
  }
}

/** As above, below one of our own directories: modes and owners are those of the original parents. */
function makeMirror(farm: Farm, base: string, path: string): void {
  // A stray link of an earlier linking (facts 4.3) would lead what comes below it elsewhere.
  if (base === tmpfs)
    for (const parent of above(path))
      if (!farm.tree.isDirectory(base + parent) && farm.tree.look(base + parent)?.isSymbolicLink())
        farm.tree.unlink(base + parent);
  makeAbove(farm, base + path, (parent) => {
    const name = parent.slice(base.length);
    if (!parent.startsWith(`${base}/`)) return undefined;
    if (!farm.likes.has(name)) {
      farm.likes.set(name, farm.tree.look(findPlace(farm.tree, { path: name, follow: true }).now));
    }
    return farm.likes.get(name);
  });
}

/** Removes directories above a path that we made, as far as they are empty. */
function pruneAbove({ tree, made }: Farm, path: string): void {
  for (const parent of above(path)) {
    if (!made.has(parent)) return;
    if (!tree.rmdir(parent)) return;
    made.delete(parent);
  }
}

/** Whether a place is the first-level link of an entry. */
export function isOurs(tree: Tree, place: string, path: string): boolean {
  const text = tree.text(place);
  return text !== undefined && entryOfLink(place, text) === path;
}

function makeBlank({ tree }: Farm, path: string, record: LinkRecord): void {
  if (tree.look(path) !== undefined) return;
  if (record.type === 'directory') tree.mkdir(path);
  else tree.blank(path);
}

/** What there is at a path, and what will be made where there is nothing. */
export function lookAt(tree: Tree, path: string, directory: boolean): Pick<LinkRecord, 'type' | 'existed'> {
  const stat = tree.look(path);
  if (stat === undefined) return { type: directory ? 'directory' : 'file', existed: false };
  return { type: stat.isDirectory() ? 'directory' : stat.isSymbolicLink() ? 'symlink' : 'file', existed: true };
}

/** Two levels of links; the content moves to /.default. */
export async function makeLink(farm: Farm, record: LinkRecord): Promise<void> {
  const { tree } = farm;
  const { path, place } = record;
  const [home, second] = [defaults + path, tmpfs + path];
  makeAbove(farm, place);
  makeMirror(farm, defaults, path);
  makeMirror(farm, tmpfs, path);
  const ours = isOurs(tree, place, path);
  if (!ours && tree.look(place) !== undefined) {
    // A copy of an earlier linking that nobody remembers: what stands at the place is newer.
    await layUnder(tree, home, place);
    tree.move(place, home);
  }
  makeBlank(farm, home, record);
  const wanted = secondLink(path, place, record.type === 'symlink' ? tree.text(home) : undefined);
  if (tree.text(second) !== wanted) {
    await removeTree(tree, second);
    tree.symlink(wanted, second);
  }
  if (!ours) tree.symlink(firstLink(place, path), place);
}

/** What a bind mount will cover: there, empty where it was missing. Its copy is made when all that is inside it is there. */
export function makeMountPoint(farm: Farm, record: LinkRecord): void {
  makeAbove(farm, record.home);
  makeBlank(farm, record.home, record);
}

/** The image's own content of a bind entry for the node to start from: the same inodes by a second name. */
export async function makeCopy(farm: Farm, record: LinkRecord): Promise<void> {
  const copy = defaults + record.path;
  makeMirror(farm, defaults, record.path);
  if (await isLinked(farm.tree, record.place, copy)) return;
  await removeTree(farm.tree, copy);
  await linkTree(farm.tree, record.place, copy);
}

/** Puts everything of an entry back as it was before, or, where it was not there, away. */
export async function undo(farm: Farm, record: LinkRecord): Promise<void> {
  if (record.role === 'link') await undoLink(farm, record);
  else {
    if (record.role !== 'inside') {
      await removeTree(farm.tree, defaults + record.path);
      pruneAbove(farm, defaults + record.path);
    }
    removeBlank(farm, record);
  }
}

function removeBlank(farm: Farm, { existed, path, home }: LinkRecord): void {
  if (existed) return;
  const stat = farm.tree.look(home);
  if (stat !== undefined && !isBlank(farm.tree, home, stat)) {
    farm.note(path, 'kept');
    return;
  }
  if (stat?.isDirectory()) farm.tree.rmdir(home);
  else if (stat !== undefined) farm.tree.unlink(home);
  pruneAbove(farm, home);
}

async function undoLink(farm: Farm, record: LinkRecord): Promise<void> {
  const { tree } = farm;
  const { path, place, home } = record;
  const [ours, there, content] = [isOurs(tree, place, path), tree.look(place), tree.look(home)];
  if (content === undefined) {
    if (ours) {
      tree.unlink(place);
      if (record.existed) farm.note(path, 'lost');
    }
  } else if (!ours && there !== undefined) {
    await layUnder(tree, home, place);
  } else if (!record.existed && isBlank(tree, home, content)) {
    if (ours) tree.unlink(place);
    removeBlank(farm, record);
  } else {
    if (!record.existed) farm.note(path, 'kept');
    makeAbove(farm, place);
    // A file takes the place of the link in one step; a directory cannot.
    if (ours && content.isDirectory()) tree.unlink(place);
    tree.move(home, place);
  }
  pruneAbove(farm, place);
  pruneAbove(farm, home);
  if (tree.look(tmpfs + path)?.isSymbolicLink()) tree.unlink(tmpfs + path);
  pruneAbove(farm, tmpfs + path);
}
