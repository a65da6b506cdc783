/** A folder as a snapshot: a working copy as it would be committed now, with changes that are not committed yet. */
import type { Stats } from 'node:fs';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { git } from './git.ts';
import { composeTrees, NO_OBJECT, objectId } from './object-format.ts';
import type { FileEntry, GitMode, Snapshot } from './snapshot.ts';

/** Files hashed at a time: enough to keep the disk busy, few enough that big ones do not fill the memory. */
const AT_ONCE = 16;

/**
 * Opens a folder. In a git working copy the files are those that `git add -A` would commit; elsewhere (or with
 * `everything`) all of them but `.git`. Files are found now, hashed when they are first listed, and read when asked for.
 * A file that changes between hashing and reading makes the read throw.
 */
export async function openFolder(dir: string, options: { readonly everything?: boolean } = {}): Promise<Snapshot> {
  const paths = (options.everything === true ? undefined : await committable(dir)) ?? (await walk(dir));
  paths.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const hashed = new Map<string, Promise<FileEntry | undefined>>();
  const placed = new Map<string, FileEntry>();

  function entry(path: string): Promise<FileEntry | undefined> {
    let made = hashed.get(path);
    if (made === undefined) {
      made = describe(dir, path);
      hashed.set(path, made);
    }
    return made;
  }

  return {
    commit: undefined,
    async list(folder) {
      const wanted = folder === '' ? paths : paths.filter((path) => path.startsWith(`${folder}/`));
      const entries: FileEntry[] = [];
      for (let from = 0; from < wanted.length; from += AT_ONCE)
        for (const found of await Promise.all(wanted.slice(from, from + AT_ONCE).map(entry))) {
          if (found === undefined) continue;
          entries.push(found);
          placed.set(found.oid, found);
        }
      if (entries.length === 0 && folder !== '') return { tree: undefined, entries };
      const cut = folder === '' ? 0 : folder.length + 1;
      const trees = composeTrees(entries.map((each) => ({ ...each, path: each.path.slice(cut) })));
      return { tree: trees.at(-1)?.oid, entries };
    },
    async blobs(oids) {
      const all: Buffer[] = [];
      for (const oid of oids) {
        const found = placed.get(oid);
        if (found === undefined || found.mode === '160000') throw new Error(`object ${oid} is not in ${dir}`);
        const data = await content(dir, found.path, found.mode);
        if (objectId('blob', data) !== oid) throw new Error(`${found.path} changed while it was read: try again`);
        all.push(data);
      }
      return all;
    },
  };
}

/** What `git add -A` would take; undefined where the folder is in no working copy, or in one that ignores it. */
async function committable(dir: string): Promise<string[] | undefined> {
  const inside = await git(['rev-parse', '--is-inside-work-tree'], { cwd: dir, accept: [0, 128] });
  if (inside.stdout.toString().trim() !== 'true') return undefined;
  const ignored = await git(['check-ignore', '--quiet', dir], { cwd: dir, accept: [0, 1, 128] });
  if (ignored.code === 0) return undefined;
  const listed = await git(['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: dir });
  const names = listed.stdout
    .toString('utf8')
    .split('\0')
    .filter((name) => name !== '');
  // A file in conflict is listed once for each side; a repository inside this one ends with a slash.
  return [...new Set(names.map((name) => name.replace(/\/$/, '')))];
}

async function walk(dir: string): Promise<string[]> {
  const paths: string[] = [];
  const enter = async (folder: string): Promise<void> => {
    for (const found of await readdir(join(dir, folder), { withFileTypes: true })) {
      if (found.name === '.git') continue;
      const path = folder === '' ? found.name : `${folder}/${found.name}`;
      if (found.isDirectory()) await enter(path);
      else if (found.isFile() || found.isSymbolicLink()) paths.push(path);
    }
  };
  await enter('');
  return paths;
}

async function describe(dir: string, path: string): Promise<FileEntry | undefined> {
  let stat: Stats;
  try {
    stat = await lstat(join(dir, path));
  } catch (error) {
    // Tracked, and deleted in the working copy: it would not be committed.
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
  const mode = modeOf(stat);
  if (mode === undefined) return undefined;
  if (mode === '160000') return { path, mode, oid: NO_OBJECT };
  return { path, mode, oid: objectId('blob', await content(dir, path, mode)) };
}

function modeOf(stat: Stats): GitMode | undefined {
  if (stat.isSymbolicLink()) return '120000';
  if (stat.isDirectory()) return '160000';
  if (!stat.isFile()) return undefined;
  return (stat.mode & 0o100) === 0 ? '100644' : '100755';
}

function content(dir: string, path: string, mode: GitMode): Promise<Buffer> {
  const file = join(dir, path);
  return mode === '120000' ? readlink(file, { encoding: 'buffer' }) : readFile(file);
}
