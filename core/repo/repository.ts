/** A git repository, bare or a working copy: what its refs say, its commits as snapshots, history, blame, and what to keep. */
import { stat } from 'node:fs/promises';
import { dirname, resolve as resolvePath } from 'node:path';
import { FolderCache, openCommit } from './commit-snapshot.ts';
import { GitError, type GitOptions, type GitResult, git, gitEnvironment } from './git.ts';
import { EMPTY_TREE, isObjectId } from './object-format.ts';
import { type ClosableObjectSource, cachedObjects, catFile, type ObjectSource } from './objects.ts';
import type { CommitInfo, Snapshot } from './snapshot.ts';

/** One file that differs between two commits. */
export interface ChangedPath {
  readonly path: string;
  readonly change: 'added' | 'removed' | 'modified';
}

/** Refs that keep commits from being collected; hidden from clients (`transfer.hideRefs`). */
const KEEP = 'refs/litehouse/keep';

/** The fields of CommitInfo in git's format language, each ended by NUL: no field can hold one. */
const FORMAT = '%H%x00%P%x00%an%x00%ae%x00%at%x00%cn%x00%ct%x00%s%x00%b';
const FIELDS = 9;

export class Repository {
  /** The git directory: the repository itself where it is bare, else its `.git`. */
  readonly gitDir: string;
  /** The working copy's top folder; undefined for a bare repository. */
  readonly workTree: string | undefined;
  /** Objects of this repository, cached. */
  readonly objects: ObjectSource;
  /** Unfolded folders, shared by all snapshots of this repository; also for commits in quarantine. */
  readonly folders = new FolderCache();
  readonly #source: ClosableObjectSource;

  private constructor(gitDir: string, workTree: string | undefined) {
    this.gitDir = gitDir;
    this.workTree = workTree;
    this.#source = catFile(gitDir);
    this.objects = cachedObjects(this.#source);
  }

  /**
   * Opens the repository in `dir`: a bare one, or a working copy. Folders above are searched only with `climb`:
   * else a repository that is missing would turn out to be the one around it. Throws with a text for people.
   */
  static async open(dir: string, options: { readonly climb?: boolean } = {}): Promise<Repository> {
    const path = resolvePath(dir);
    if (!(await isFolder(path))) throw new Error(`${path}: no such directory`);
    const environment = gitEnvironment(options.climb === true ? {} : { GIT_CEILING_DIRECTORIES: dirname(path) });
    let said: string[];
    try {
      const asked = ['rev-parse', '--absolute-git-dir', '--is-bare-repository', '--show-object-format'];
      said = (await git(asked, { cwd: path, environment })).stdout.toString().split('\n');
    } catch (error) {
      if (error instanceof GitError && /not a git repository/.test(error.output))
        throw new Error(`${path} is no git repository`);
      throw error;
    }
    const [gitDir = '', bare, format] = said;
    if (format !== 'sha1')
      throw new Error(
        `${path} names its objects by ${format}; litehouse reads sha1 repositories only: make a new one and push the files there`,
      );
    if (bare === 'true') return new Repository(gitDir, undefined);
    const top = await git(['rev-parse', '--show-toplevel'], { cwd: path, environment, accept: [0, 128] });
    const workTree = top.stdout.toString().replace(/\n$/, '');
    return new Repository(gitDir, workTree === '' ? undefined : workTree);
  }

  /** The commit that a revision names (`main`, `HEAD~2`, a tag, an abbreviated id); undefined where it names none. */
  async resolve(revision: string): Promise<string | undefined> {
    if (revision === '' || revision.startsWith('-') || /[\0\n]/.test(revision)) return undefined;
    const asked = ['rev-parse', '--verify', '--quiet', `${revision}^{commit}`];
    const { stdout } = await this.#git(asked, { accept: [0, 1, 128] });
    const oid = stdout.toString().trim();
    return isObjectId(oid) ? oid : undefined;
  }

  /** The commit at the end of a branch; undefined where it has none yet. */
  head(branch = 'main'): Promise<string | undefined> {
    return this.resolve(`refs/heads/${branch}`);
  }

  /** The state that a commit describes. */
  snapshot(oid: string): Promise<Snapshot> {
    return openCommit(this.objects, oid, this.folders);
  }

  /** The bytes of blobs, in the order asked. Throws where one is missing. */
  async blobs(oids: readonly string[]): Promise<Buffer[]> {
    const found = await this.objects.read(oids);
    return oids.map((oid, i) => {
      const object = found[i];
      if (object?.type !== 'blob') throw new Error(`${this.gitDir} has no blob ${oid}`);
      return object.data;
    });
  }

  /** The bytes of one file of a commit. Throws where the commit has none. */
  async readFile(commit: string, path: string): Promise<Buffer> {
    const { stdout } = await this.#git(['rev-parse', '--verify', `${commit}:${path}`]);
    const [data] = await this.blobs([stdout.toString().trim()]);
    if (data === undefined) throw new Error(`${commit} has no file ${path}`);
    return data;
  }

  /** What a commit says about itself. Throws where there is no such commit. */
  async commitInfo(oid: string): Promise<CommitInfo> {
    if (!isObjectId(oid)) throw new Error(`not a commit id: '${oid}'`);
    const { stdout } = await this.#git(['log', '-1', '-z', `--format=tformat:${FORMAT}`, oid]);
    const [info] = readLog(stdout.toString('utf8'));
    if (info === undefined) throw new Error(`no commit ${oid}`);
    return info;
  }

  /** The newest `limit` commits that lead to `ref`, newest first; with paths, those that touch them. An unknown ref gives none. */
  async history(limit: number, ref = 'main', paths: readonly string[] = []): Promise<CommitInfo[]> {
    const oid = await this.resolve(ref);
    if (oid === undefined || limit <= 0) return [];
    const asked = ['log', '-z', `--format=tformat:${FORMAT}`, `--max-count=${limit}`, oid, '--', ...literal(paths)];
    return readLog((await this.#git(asked)).stdout.toString('utf8'));
  }

  /** True where `ancestor` is `descendant` or lies before it. */
  async isAncestor(ancestor: string, descendant: string): Promise<boolean> {
    const { code } = await this.#git(['merge-base', '--is-ancestor', ancestor, descendant], { accept: [0, 1] });
    return code === 0;
  }

  /** The commit that last wrote a line (from 1) of a file, as of `oid`; undefined where there is no such line or file. */
  async blame(oid: string, path: string, line: number): Promise<CommitInfo | undefined> {
    if (!Number.isInteger(line) || line < 1) return undefined;
    try {
      const asked = ['blame', '--porcelain', '-L', `${line},${line}`, oid, '--', path];
      const { stdout } = await this.#git(asked);
      return await this.commitInfo(stdout.toString('latin1', 0, 40));
    } catch (error) {
      if (error instanceof GitError && /no such path|has only \d+ line/.test(error.output)) return undefined;
      throw error;
    }
  }

  /** Files that differ between two commits, in byte order of their paths; from undefined, all files of `to`. Renames are two changes. */
  async changedPaths(from: string | undefined, to: string): Promise<ChangedPath[]> {
    const asked = ['diff-tree', '-r', '-z', '--no-renames', '--name-status', from ?? EMPTY_TREE, `${to}^{tree}`];
    const fields = (await this.#git(asked)).stdout.toString('utf8').split('\0');
    const changed: ChangedPath[] = [];
    for (let at = 0; at + 1 < fields.length; at += 2) {
      const change = fields[at] === 'A' ? 'added' : fields[at] === 'D' ? 'removed' : 'modified';
      changed.push({ path: fields[at + 1] ?? '', change });
    }
    return changed;
  }

  /** Keeps a commit from being collected although no branch leads to it: nodes may run with it for months. */
  async keep(oid: string): Promise<void> {
    await this.#git(['update-ref', '--no-deref', `${KEEP}/${oid}`, oid]);
  }

  /** Ends `keep`; nothing happens where it was not kept. */
  async release(oid: string): Promise<void> {
    if (!isObjectId(oid)) throw new Error(`not a commit id: '${oid}'`);
    await this.#git(['update-ref', '--no-deref', '-d', `${KEEP}/${oid}`]);
  }

  /** All commits that are kept. */
  async kept(): Promise<string[]> {
    const { stdout } = await this.#git(['for-each-ref', '--format=%(objectname)', KEEP]);
    return stdout.toString().split('\n').filter(isObjectId);
  }

  /** Collects what nothing leads to any more, where there is enough of it, and what pushes left that broke off a day ago. */
  async tidy(): Promise<void> {
    await this.#git(['-c', 'gc.autoDetach=false', 'gc', '--auto', '--quiet']);
    await this.#git(['prune', '--expire=1.day.ago']);
  }

  /** Ends the process that reads objects. */
  close(): Promise<void> {
    return this.#source.close();
  }

  #git(args: readonly string[], options: GitOptions = {}): Promise<GitResult> {
    const committer = { GIT_COMMITTER_NAME: 'litehouse', GIT_COMMITTER_EMAIL: 'litehouse@localhost' };
    return git(['--git-dir', this.gitDir, ...args], { environment: gitEnvironment(committer), ...options });
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

/** Paths as they stand, not as patterns. */
function literal(paths: readonly string[]): string[] {
  return paths.map((path) => `:(literal)${path}`);
}

function readLog(text: string): CommitInfo[] {
  const fields = text.split('\0');
  const commits: CommitInfo[] = [];
  for (let at = 0; at + FIELDS <= fields.length - 1; at += FIELDS) {
    const [
      oid = '',
      parents = '',
      author = '',
      authorEmail = '',
      authored,
      committer = '',
      committed,
      subject = '',
      body = '',
    ] = fields.slice(at, at + FIELDS);
    commits.push({
      oid,
      parents: parents.split(' ').filter((parent) => parent !== ''),
      author,
      authorEmail,
      authoredAt: isoTime(authored),
      committer,
      committedAt: isoTime(committed),
      subject,
      body: body.trimEnd(),
    });
  }
  return commits;
}

/** Seconds since 1970 as ISO 8601 in UTC. A commit may carry any number: one that no calendar has counts as 1970. */
function isoTime(seconds: string | undefined): string {
  const time = new Date(Number(seconds) * 1000);
  return Number.isNaN(time.getTime()) ? new Date(0).toISOString() : time.toISOString();
}
