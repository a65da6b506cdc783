/** Makes the bare repository of a new cluster, with a first commit composed from the template folder. */
import fs from 'node:fs';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import isomorphicGit from 'isomorphic-git';
import { openFolder } from './folder-snapshot.ts';
import { git } from './git.ts';
import { composeTrees } from './object-format.ts';

export interface CreateOptions {
  readonly author: { readonly name: string; readonly email: string };
  readonly message?: string;
  /** When the first commit says that it was made, in seconds since 1970; now where absent. */
  readonly timestamp?: number;
  /** The largest push that is taken, in git's words (`500m`, `1g`). */
  readonly maxInputSize?: string;
}

/** Settings of the repository; also brought up to date in one that exists. */
export function repositorySettings(maxInputSize = '1g'): readonly (readonly [key: string, value: string])[] {
  return [
    // A push that was acknowledged is on the disk.
    ['core.fsync', 'committed,reference,loose-object'],
    ['core.logAllRefUpdates', 'always'],
    ['receive.advertisePushOptions', 'true'],
    // Our hook refuses deletions and forced pushes of main, and says why better than git's own settings do.
    ['receive.denyDeletes', 'false'],
    ['receive.denyNonFastForwards', 'false'],
    // Damaged objects, and names such as `..` and `.git`, never get in.
    ['receive.fsckObjects', 'true'],
    ['receive.maxInputSize', maxInputSize],
    ['transfer.hideRefs', 'refs/litehouse'],
    ['gc.auto', '3000'],
  ];
}

/** Writes the settings of `repositorySettings` into a repository; a HEAD that leads nowhere then means main. Other settings stay as they are. */
export async function configureRepository(dir: string, maxInputSize?: string): Promise<void> {
  for (const [key, value] of repositorySettings(maxInputSize))
    await git(['--git-dir', dir, 'config', '--replace-all', key, value]);
  // A repository made by hand may say that its branch is master: clones of it would be empty.
  const at = ['--git-dir', dir, 'rev-parse', '--verify', '--quiet', 'HEAD'];
  if ((await git(at, { accept: [0, 1, 128] })).code !== 0)
    await git(['--git-dir', dir, 'symbolic-ref', 'HEAD', 'refs/heads/main']);
}

/**
 * Makes a bare repository at `dir`, whose branch `main` has one commit with the files of `templateDir` (all of them, dotfiles too).
 * It appears whole or not at all: made beside `dir` and renamed. Gives the commit's id. Throws where `dir` holds something.
 */
export async function createRepository(dir: string, templateDir: string, options: CreateOptions): Promise<string> {
  const place = resolve(dir);
  const parent = dirname(place);
  if (await holdsSomething(place))
    throw new Error(`${place} exists and is not empty: a repository is made only in a new place`);
  await sweep(parent, basename(place));
  const making = join(parent, `.${basename(place)}.new-${process.pid}-${Date.now().toString(36)}`);
  try {
    await git(['init', '--quiet', '--bare', '--template=', '--object-format=sha1', '--initial-branch=main', making]);
    await configureRepository(making, options.maxInputSize);
    const oid = await firstCommit(making, templateDir, options);
    // Checks every object and puts them on the disk in one pack: isomorphic-git does not wait for the disk.
    await git(['--git-dir', making, 'repack', '-a', '-d', '-q']);
    await syncFile(join(making, 'refs', 'heads', 'main'));
    await syncFile(join(making, 'refs', 'heads'));
    await rename(making, place);
    await syncFile(parent);
    return oid;
  } catch (error) {
    await rm(making, { recursive: true, force: true });
    throw error;
  }
}

async function firstCommit(gitdir: string, templateDir: string, options: CreateOptions): Promise<string> {
  const template = await openFolder(templateDir, { everything: true });
  const { entries } = await template.list('');
  for (const entry of entries) {
    const [blob] = await template.blobs([entry.oid]);
    await isomorphicGit.writeBlob({ fs, gitdir, blob: blob ?? Buffer.alloc(0) });
  }
  let tree = '';
  for (const composed of composeTrees(entries)) {
    tree = await isomorphicGit.writeTree({
      fs,
      gitdir,
      tree: composed.entries.map(({ name, mode, oid }) => ({
        mode,
        path: name,
        oid,
        type: mode === '040000' ? ('tree' as const) : ('blob' as const),
      })),
    });
    if (tree !== composed.oid) throw new Error(`the folder '${composed.folder}' of the template was written wrongly`);
  }
  const by = {
    ...options.author,
    timestamp: options.timestamp ?? Math.floor(Date.now() / 1000),
    timezoneOffset: 0,
  };
  const message = `${options.message ?? 'A new cluster'}\n`;
  const oid = await isomorphicGit.writeCommit({
    fs,
    gitdir,
    commit: { tree, parent: [], author: by, committer: by, message },
  });
  await isomorphicGit.writeRef({ fs, gitdir, ref: 'refs/heads/main', value: oid });
  return oid;
}

async function holdsSomething(dir: string): Promise<boolean> {
  try {
    return (await readdir(dir)).length > 0;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return false;
    if (code === 'ENOTDIR') return true;
    throw error;
  }
}

/** Removes what makers left behind that were killed half way. */
async function sweep(parent: string, name: string): Promise<void> {
  for (const found of await readdir(parent)) {
    const pid = found.startsWith(`.${name}.new-`) ? /-(\d+)-[0-9a-z]+$/.exec(found)?.[1] : undefined;
    if (pid !== undefined && !isAlive(Number(pid))) await rm(join(parent, found), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
