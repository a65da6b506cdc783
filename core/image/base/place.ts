/** Paths below a root tree, resolved as a process with that root would: a link in the tree never leads out of it. */
import { chmod, lstat, mkdir, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Links followed for one path, as the kernel counts. */
const mostLinks = 40;

async function look(path: string) {
  return await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
}

/**
 * The real place of a path in a tree: links among its parents are followed inside the tree, its last part is not. With `make`
 * missing parents are made. Only while nothing of the tree runs. Undefined: a parent is missing or no directory.
 */
export async function placeInside(root: string, path: string, make = false): Promise<string | undefined> {
  const waiting = path.split('/').filter((part) => part !== '' && part !== '.');
  const at: string[] = [];
  let links = 0;
  while (waiting.length > 0) {
    const part = waiting.shift() ?? '';
    if (part === '..') {
      at.pop();
      continue;
    }
    const here = join(root, ...at, part);
    const found = await look(here);
    if (waiting.length === 0) return here;
    if (found?.isSymbolicLink() === true) {
      links += 1;
      if (links > mostLinks) return undefined;
      const text = await readlink(here);
      if (text.startsWith('/')) at.length = 0;
      waiting.unshift(...text.split('/').filter((one) => one !== '' && one !== '.'));
      continue;
    }
    if (found === undefined) {
      if (!make) return undefined;
      await mkdir(here);
      // Whatever the umask of whoever started the server: nodes are to read it.
      await chmod(here, 0o755);
    } else if (!found.isDirectory()) return undefined;
    at.push(part);
  }
  return join(root, ...at);
}

/** Follows the last part too, where it is a link: `/etc/resolv.conf` to what is behind it. Undefined: nothing there. */
export async function fileInside(root: string, path: string): Promise<string | undefined> {
  let here = path;
  for (let links = 0; links < mostLinks; links++) {
    const place = await placeInside(root, here);
    const found = place === undefined ? undefined : await look(place);
    if (place === undefined || found === undefined) return undefined;
    if (!found.isSymbolicLink()) return found.isFile() ? place : undefined;
    const text = await readlink(place);
    here = text.startsWith('/') ? text : `${dirname(place).slice(root.length)}/${text}`;
  }
  return undefined;
}

/** Puts a file, by rename: an inode that is there, perhaps shared with another tree, is never written. */
export async function putInside(root: string, path: string, content: string | Buffer, mode: number): Promise<void> {
  const place = await placeInside(root, path, true);
  if (place === undefined) throw new Error(`/${path} can't be put into the image: a part of the path is no directory`);
  const fresh = `${place}.litehouse-new`;
  await rm(fresh, { force: true });
  await writeFile(fresh, content, { mode, flag: 'wx' });
  await chmod(fresh, mode);
  await rename(fresh, place);
}

/** Puts a symbolic link, in the place of whatever is no directory. */
export async function linkInside(root: string, path: string, text: string): Promise<void> {
  const place = await placeInside(root, path, true);
  if (place === undefined) throw new Error(`/${path} can't be put into the image: a part of the path is no directory`);
  await rm(place, { force: true });
  await symlink(text, place);
}

/** Removes a file or a link. */
export async function removeInside(root: string, path: string): Promise<void> {
  const place = await placeInside(root, path);
  if (place !== undefined) await rm(place, { force: true });
}
