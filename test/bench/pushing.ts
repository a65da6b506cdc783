/** Pushes of one changed row, through litehouse and to a bare repository without hooks; what each costs and what it writes. */
import { execFile } from 'node:child_process';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type ClusterFiles, changeOneRow } from '../cluster/generate.ts';
import { importCommits, initBare, writeRepository } from '../cluster/repository.ts';
import { type House, loopbackCluster, makeHouse, pause, startHouse } from './house.ts';

const run = promisify(execFile);

export interface Pushing {
  readonly nodes: number;
  readonly house: House;
  /** Makes the next commit and pushes it to both, the first one of the two in turn; milliseconds of each. */
  round(via: 'http' | 'file'): Promise<{ readonly through: number; readonly plain: number; readonly commit: string }>;
  /** Waits until a commit is in effect; milliseconds that it took from now on. */
  untilApplied(commit: string): Promise<number>;
  stop(): Promise<void>;
}

/** A server with the cluster applied, a bare repository with the same commit, and a clone to push from. */
export async function openPushing(scratch: string, nodes: number): Promise<Pushing> {
  const dir = join(scratch, `push${nodes}`);
  let files: ClusterFiles = loopbackCluster(nodes);
  let last = await makeHouse(join(dir, 'house'), files);
  const mine = join(dir, 'mine.git');
  const plain = join(dir, 'plain.git');
  await writeRepository(files, mine);
  await initBare(plain);
  await run('git', ['push', '--quiet', plain, 'main'], { cwd: mine });
  const house = await startHouse(join(dir, 'house'));
  let seed = 0;

  async function timedPush(remote: string): Promise<number> {
    const from = performance.now();
    await run('git', ['push', '--quiet', remote, 'main'], { cwd: mine });
    return performance.now() - from;
  }
  return {
    nodes,
    house,
    async round(via) {
      const changed = changeOneRow(files, ++seed);
      files = changed.files;
      const change = new Map([[changed.path, { text: files.get(changed.path) ?? '', mode: '100644' as const }]]);
      const subject = `A kernel word for ${changed.node}`;
      const [commit] = await importCommits(mine, [
        { branch: 'main', subject, parents: [], onto: last, changes: change },
      ]);
      if (commit === undefined) throw new Error('no commit was made');
      last = commit;
      const remote = via === 'http' ? `${house.admin}/config.git` : join(house.dir, 'config.git');
      if (seed % 2 === 0) {
        const through = await timedPush(remote);
        return { through, plain: await timedPush(plain), commit };
      }
      const bare = await timedPush(plain);
      return { through: await timedPush(remote), plain: bare, commit };
    },
    untilApplied: (commit) => untilApplied(house, commit),
    stop: () => house.stop(),
  };
}

/** Waits until a commit is in effect; milliseconds that it took from now on. */
export async function untilApplied(house: House, commit: string): Promise<number> {
  const from = performance.now();
  for (;;) {
    const status = (await house.get('/status')) as { applied?: string; problem?: string };
    if (status.applied === commit) return performance.now() - from;
    if (performance.now() - from > 60_000)
      throw new Error(`${commit} is not applied after a minute: ${status.problem ?? ''}`);
    await pause(5);
  }
}

export interface Seen {
  /** Changes with every write of a file, by whatever means. */
  readonly identity: string;
  readonly content: string;
}

/** What stands below a directory now: files and links, by path; litehouse's own bookkeeping beside them left out. */
export async function look(dir: string, into: Map<string, Seen> = new Map()): Promise<Map<string, Seen>> {
  for (const name of await readdir(dir)) {
    if (name === '.litehouse') continue;
    const path = join(dir, name);
    const stats = await lstat(path, { bigint: true });
    if (stats.isDirectory()) await look(path, into);
    else {
      const content = stats.isSymbolicLink() ? `-> ${await readlink(path)}` : await readFile(path, 'latin1');
      into.set(path, { identity: `${stats.ino} ${stats.mtimeNs}`, content: `${stats.mode} ${content}` });
    }
  }
  return into;
}

/** How many paths were written between two looks, and how many had to be. */
export function compareLooks(
  before: ReadonlyMap<string, Seen>,
  after: ReadonlyMap<string, Seen>,
): { readonly written: number; readonly differing: number } {
  let written = 0;
  let differing = 0;
  for (const path of new Set([...before.keys(), ...after.keys()])) {
    const [a, b] = [before.get(path), after.get(path)];
    if (a?.identity !== b?.identity) written++;
    if (a?.content !== b?.content) differing++;
  }
  return { written, differing };
}
