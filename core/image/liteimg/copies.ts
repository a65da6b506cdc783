/** Whole directories as trees of hard links: made, compared, merged and removed. Their cost goes by files, not by rows. */
import { readdirSync, type Stats } from 'node:fs';
import type { Name, Tree } from './tree.ts';

/** Names below a directory as bytes, in byte order: an image may hold names that are no UTF-8. */
function namesIn(tree: Tree, path: Name): Buffer[] {
  return readdirSync(tree.at(path), { encoding: 'buffer' }).sort(Buffer.compare);
}

function join(path: Name, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(path), Buffer.from('/'), name]);
}

/** Gives an inode a second name; a directory a second directory, with the same owner, mode and times, of second names. */
export async function linkTree(tree: Tree, from: Name, to: Name): Promise<void> {
  const stat = tree.look(from);
  if (stat === undefined) return;
  if (!stat.isDirectory()) return tree.hardLink(from, to);
  tree.mkdir(to, stat);
  for (const name of namesIn(tree, from)) {
    await tree.breathe();
    await linkTree(tree, join(from, name), join(to, name));
  }
  tree.times(to, stat);
}

/** Whether `linkTree` would make what is there. */
export async function isLinked(tree: Tree, from: Name, to: Name): Promise<boolean> {
  const [stat, copy] = [tree.look(from), tree.look(to)];
  if (stat === undefined || copy === undefined) return stat === copy;
  if (!stat.isDirectory() || !copy.isDirectory()) return stat.ino === copy.ino && stat.dev === copy.dev;
  if (stat.mode !== copy.mode || stat.uid !== copy.uid || stat.gid !== copy.gid) return false;
  const [names, copies] = [namesIn(tree, from), namesIn(tree, to)];
  if (names.length !== copies.length) return false;
  for (const [i, name] of names.entries()) {
    await tree.breathe();
    if (!name.equals(copies[i] ?? Buffer.alloc(0))) return false;
    if (!(await isLinked(tree, join(from, name), join(to, name)))) return false;
  }
  return true;
}

export async function removeTree(tree: Tree, path: Name): Promise<void> {
  const stat = tree.look(path);
  if (stat === undefined) return;
  if (!stat.isDirectory()) return tree.unlink(path);
  for (const name of namesIn(tree, path)) {
    await tree.breathe();
    await removeTree(tree, join(path, name));
  }
  tree.rmdir(path);
}

/** Moves what only the older of two has into the newer, and removes the rest of the older: nothing newer is lost, and of
 *  directories nothing older. Stopped anywhere, it goes on from there. */
export async function layUnder(tree: Tree, older: Name, newer: Name): Promise<void> {
  const [old, fresh] = [tree.look(older), tree.look(newer)];
  if (old === undefined) return;
  if (fresh === undefined) return tree.move(older, newer);
  if (old.isDirectory() && fresh.isDirectory()) {
    for (const name of namesIn(tree, older)) {
      await tree.breathe();
      await layUnder(tree, join(older, name), join(newer, name));
    }
  }
  await removeTree(tree, older);
}

/** An empty file, or an empty directory: what is made for a missing entry, as long as nobody put anything into it. */
export function isBlank(tree: Tree, path: string, stat: Stats): boolean {
  return stat.isDirectory() ? namesIn(tree, path).length === 0 : stat.isFile() && stat.size === 0;
}
