/** Writes commits into bare git repositories through `git fast-import`: thousands of files or commits in one process. */
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export type TreeMode = '100644' | '100755' | '120000';
export interface TreeFile {
  readonly text: string;
  readonly mode: TreeMode;
}

/** A commit to be: its changes against its first parent. */
export interface NewCommit {
  readonly branch: string;
  readonly subject: string;
  /** Numbers of earlier commits of the same import, from 0; none: a root commit, or what `onto` says. */
  readonly parents: readonly number[];
  /** For a first commit onto a repository with history: the commit that it follows. */
  readonly onto?: string;
  /** Path to new content; undefined: removed. Removals are written first, so that a file may become a folder. */
  readonly changes: ReadonlyMap<string, TreeFile | undefined>;
}

/** Times are fixed, one minute apart, so that the same commits get the same ids. */
const firstCommitAt = 1_272_292_763;

/** Makes a bare repository with `main` as its branch. */
export async function initBare(dir: string): Promise<void> {
  await run('git', ['init', '--quiet', '--bare', '--initial-branch=main', dir]);
}

/** Writes the commits and gives their ids, in order. */
export async function importCommits(dir: string, commits: Iterable<NewCommit>): Promise<string[]> {
  const scratch = await mkdtemp(join(tmpdir(), 'litehouse-import-'));
  try {
    const marks = join(scratch, 'marks');
    const git = spawn('git', ['fast-import', '--quiet', '--force', `--export-marks=${marks}`], {
      cwd: dir,
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    let complaint = '';
    git.stderr.on('data', (chunk) => {
      complaint += chunk;
    });
    // A refusal by git closes the pipe; what it said is told below.
    git.stdin.on('error', () => {});
    const ended = new Promise<number | null>((resolve, reject) => {
      git.on('error', reject);
      git.on('close', resolve);
    });
    let number = 0;
    for (const commit of commits) {
      const text = commitText(commit, number++);
      if (!git.stdin.write(text))
        await Promise.race([new Promise((resolve) => git.stdin.once('drain', resolve)), ended]);
    }
    git.stdin.end();
    const code = await ended;
    if (code !== 0) throw new Error(`git fast-import ended with ${code}: ${complaint}`);
    const ids: string[] = [];
    for (const line of (await readFile(marks, 'utf8')).split('\n')) {
      const found = /^:(\d+) ([0-9a-f]{40})$/.exec(line);
      if (found) ids[Number(found[1]) - 1] = found[2] ?? '';
    }
    return ids;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function commitText(commit: NewCommit, number: number): string {
  const data = (text: string) => `data ${Buffer.byteLength(text)}\n${text}\n`;
  const who = `Ada Operator <ada@cluster.example> ${firstCommitAt + number * 60} +0000`;
  const parts = [
    `commit refs/heads/${commit.branch}\nmark :${number + 1}\nauthor ${who}\ncommitter ${who}\n`,
    data(commit.subject),
  ];
  const [first, ...others] = commit.parents;
  if (first !== undefined) parts.push(`from :${first + 1}\n`);
  else if (commit.onto !== undefined) parts.push(`from ${commit.onto}\n`);
  for (const other of others) parts.push(`merge :${other + 1}\n`);
  for (const [path, file] of commit.changes) if (file === undefined) parts.push(`D ${path}\n`);
  for (const [path, file] of commit.changes) if (file) parts.push(`M ${file.mode} inline ${path}\n`, data(file.text));
  parts.push('\n');
  return parts.join('');
}

/** A bare repository in `dir` with one commit on main that holds the files; gives the commit's id. */
export async function writeRepository(
  files: ReadonlyMap<string, string>,
  dir: string,
  subject = 'A new cluster',
): Promise<string> {
  await initBare(dir);
  const changes = new Map([...files].map(([path, text]) => [path, { text, mode: '100644' as const }]));
  const [id] = await importCommits(dir, [{ branch: 'main', subject, parents: [], changes }]);
  if (id === undefined) throw new Error('git fast-import gave no commit id');
  return id;
}
