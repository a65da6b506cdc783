/**
 * Makes a commit without a working copy, and moves a branch to it if nobody else did meanwhile.
 *
 * Written by git's own plumbing and not by isomorphic-git: that one writes an object in place and does not wait for the disk,
 * so a kill half way would leave a damaged object under a name that is never written again. git writes aside, waits
 * (`core.fsync`) and renames. Objects of an edit that is refused afterwards lead nowhere and are collected by gc.
 */
import { GitError, git, gitEnvironment } from './git.ts';
import { formatTree, isObjectId, NOT_UTF8, parseTree, type TreeEntry } from './object-format.ts';
import type { Repository } from './repository.ts';

export interface NewCommit {
  /** The commit that it stands on. */
  readonly parent: string;
  /** Path to new content; undefined removes the file. Modes of files that are there stay. */
  readonly files: ReadonlyMap<string, string | Buffer | undefined>;
  readonly author: { readonly name: string; readonly email: string };
  readonly message: string;
}

const committer = { GIT_COMMITTER_NAME: 'litehouse', GIT_COMMITTER_EMAIL: 'litehouse@localhost' };

/** Writes the objects of a commit and gives its id; no ref moves. Throws where the parent is not there. */
export async function writeCommit(repository: Repository, commit: NewCommit): Promise<string> {
  const [parent] = await repository.objects.read([commit.parent]);
  const tree = /^tree ([0-9a-f]{40})$/m.exec(parent?.data.toString('latin1', 0, 45) ?? '')?.[1];
  if (parent?.type !== 'commit' || tree === undefined) throw new Error(`no commit ${commit.parent}`);
  const root = folderOf(commit.files);
  const written = (await writeFolder(repository, tree, root)) ?? (await writeTree(repository, []));
  const author = {
    GIT_AUTHOR_NAME: /[^\s.,:;"'\\]/.test(oneLine(commit.author.name)) ? oneLine(commit.author.name) : 'unknown',
    GIT_AUTHOR_EMAIL: oneLine(commit.author.email),
  };
  const args = ['commit-tree', written, '-p', commit.parent, '-F', '-'];
  const { stdout } = await plumbing(repository, args, `${commit.message.trim()}\n`, author);
  return objectIdOf(stdout);
}

/** Moves a branch from one commit to another; false, and nothing done, where it is elsewhere by now. */
export async function moveBranch(
  repository: Repository,
  branch: string,
  from: string,
  to: string,
  reason: string,
): Promise<boolean> {
  try {
    await plumbing(repository, ['update-ref', '-m', oneLine(reason), `refs/heads/${branch}`, to, from]);
    return true;
  } catch (error) {
    const lost = error instanceof GitError && /but expected|unable to resolve|\.lock': File exists/i.test(error.output);
    if (lost || (await repository.head(branch)) !== from) return false;
    throw error;
  }
}

interface Folder {
  readonly files: Map<string, string | Buffer | undefined>;
  readonly folders: Map<string, Folder>;
}

function folderOf(files: NewCommit['files']): Folder {
  const root: Folder = { files: new Map(), folders: new Map() };
  for (const [path, content] of files) {
    const parts = path.split('/');
    const name = parts.pop() ?? '';
    let folder = root;
    for (const part of parts) {
      let next = folder.folders.get(part);
      if (next === undefined) {
        next = { files: new Map(), folders: new Map() };
        folder.folders.set(part, next);
      }
      folder = next;
    }
    folder.files.set(name, content);
  }
  return root;
}

/** The id of a folder with its changes; undefined where nothing is left in it. */
async function writeFolder(
  repository: Repository,
  tree: string | undefined,
  folder: Folder,
): Promise<string | undefined> {
  const entries = new Map<string, TreeEntry>();
  if (tree !== undefined) {
    const [object] = await repository.objects.read([tree]);
    if (object?.type !== 'tree') throw new Error(`no tree ${tree}`);
    for (const entry of parseTree(object.data)) {
      // Written again it would have another name.
      if (entry.name.includes(NOT_UTF8)) throw new Error('the commit has a name that is not UTF-8: git mv it first');
      entries.set(entry.name, entry);
    }
  }
  for (const [name, content] of folder.files) {
    const there = entries.get(name);
    if (content === undefined) entries.delete(name);
    else {
      const args = ['hash-object', '-w', '--no-filters', '--stdin'];
      const oid = objectIdOf((await plumbing(repository, args, content)).stdout);
      entries.set(name, { name, oid, mode: there?.mode === '100755' ? '100755' : '100644' });
    }
  }
  for (const [name, inner] of folder.folders) {
    const there = entries.get(name);
    const oid = await writeFolder(repository, there?.mode === '040000' ? there.oid : undefined, inner);
    if (oid === undefined) entries.delete(name);
    else entries.set(name, { name, oid, mode: '040000' });
  }
  return entries.size === 0 ? undefined : writeTree(repository, [...entries.values()]);
}

async function writeTree(repository: Repository, entries: readonly TreeEntry[]): Promise<string> {
  // hash-object checks the tree's form as it writes it.
  const { stdout } = await plumbing(repository, ['hash-object', '-w', '-t', 'tree', '--stdin'], formatTree(entries));
  return objectIdOf(stdout);
}

function plumbing(
  repository: Repository,
  args: readonly string[],
  input: string | Buffer = '',
  environment: Readonly<Record<string, string>> = {},
): ReturnType<typeof git> {
  return git(['--git-dir', repository.gitDir, ...args], {
    input,
    environment: gitEnvironment({ ...committer, ...environment }),
  });
}

function objectIdOf(stdout: Buffer): string {
  const oid = stdout.toString('latin1').trim();
  if (!isObjectId(oid)) throw new Error(`git gave no object id: ${oid.slice(0, 100)}`);
  return oid;
}

/** A name or reason without what would end its line or, in a name, begin its address. */
function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not get through.
  return text.replace(/[\u0000-\u0020\u007f<>]+/g, ' ').trim();
}
