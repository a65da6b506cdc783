/** Reads what stands on the disk, so that two worlds can be compared: content, type, owner, mode. */
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** One path in words, e.g. `file 0644 0:0 <sha1>`; hard links to one inode also name the first path of that inode. */
export type Tree = ReadonlyMap<string, string>;

/**
 * Everything below a directory but its `.litehouse`, by path in order. `but`: a text that files are compared without, for
 * exports, which name the directories of the host that they are on.
 */
export function readTree(directory: string, but?: string): Tree {
  const tree = new Map<string, string>();
  const inodes = new Map<string, string>();
  const walk = (folder: string): void => {
    for (const name of readdirSync(join(directory, folder)).sort()) {
      const path = folder === '' ? name : `${folder}/${name}`;
      if (path === '.litehouse') continue;
      const absolute = join(directory, path);
      const found = lstatSync(absolute);
      const owner = `${found.uid}:${found.gid}`;
      const mode = (found.mode & 0o7777).toString(8).padStart(4, '0');
      if (found.isSymbolicLink()) {
        tree.set(path, `link ${readlinkSync(absolute)}`);
      } else if (found.isDirectory()) {
        tree.set(path, `directory ${mode} ${owner}`);
        walk(path);
      } else {
        const first = inodes.get(`${found.dev}:${found.ino}`);
        inodes.set(`${found.dev}:${found.ino}`, first ?? path);
        const hash = found.isFile() ? createHash('sha1').update(contentOf(absolute, but)).digest('hex') : 'special';
        tree.set(path, `file ${mode} ${owner} ${hash}${first === undefined ? '' : ` = ${first}`}`);
      }
    }
  };
  walk('');
  return tree;
}

function contentOf(file: string, but: string | undefined): Buffer | string {
  return but === undefined ? readFileSync(file) : readFileSync(file, 'utf8').replaceAll(but, '');
}
