/** A real litehouse process on a directory of its own, as the benches need it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ClusterFiles, generateCluster, nodeName } from '../cluster/generate.ts';
import { writeRepository } from '../cluster/repository.ts';

/** As people start it: with the flags of bin/litehouse. */
const program = fileURLToPath(new URL('../../bin/litehouse', import.meta.url));

export interface House {
  readonly dir: string;
  readonly pid: number;
  readonly admin: string;
  readonly node: string;
  /** From the start of the process until it is ready: listeners open, main applied. */
  readonly startMilliseconds: number;
  get(path: string): Promise<unknown>;
  stop(): Promise<void>;
}

export async function makeScratch(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'litehouse-bench-'));
}

/**
 * A generated cluster whose nodes have addresses of loopback; the first node's is the one that a client on this machine
 * comes from, so that a load generator that cannot choose its address is that node.
 */
export function loopbackCluster(nodes: number): ClusterFiles {
  const files = generateCluster({ nodes, seed: 7 });
  const path = 'tables/hosts.csv';
  const hosts = files.get(path) ?? '';
  files.set(path, `${hosts.replace('|10.(', '|127.(')}"${nodeName(1, nodes)}","127.0.0.1",,,,\n`);
  return files;
}

/** Makes a server's directory whose repository holds the files; gives the commit. */
export async function makeHouse(dir: string, files: ClusterFiles): Promise<string> {
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, 'litehouse.json'), JSON.stringify({ images: 'external' }));
  return writeRepository(files, join(dir, 'config.git'));
}

/** Starts the server and waits until it is ready. */
export async function startHouse(dir: string): Promise<House> {
  const note = join(dir, 'state', 'server.json');
  await rm(note, { force: true });
  const started = performance.now();
  const child = spawn(
    program,
    ['serve', '--dir', dir, '--node', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--tftp', 'off'],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let log = '';
  child.stderr.on('data', (chunk) => {
    log = (log + chunk).slice(-4000);
  });
  const pid = child.pid;
  if (pid === undefined) throw new Error('the server did not start');
  // The note is there as soon as the ports are open, and the first apply is done a while later.
  while (!/ info +ready admin=/.test(log)) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}:\n${log}`);
    if (performance.now() - started > 120_000) throw new Error(`the server is not ready after two minutes:\n${log}`);
    await pause(5);
  }
  const startMilliseconds = performance.now() - started;
  const { admin, node } = JSON.parse(await readFile(note, 'utf8')) as { admin: string; node: string };
  return {
    dir,
    pid,
    admin,
    node,
    startMilliseconds,
    get: async (path) => (await fetch(admin + path)).json(),
    stop: () => stopChild(child),
  };
}

/** Ends a process that a bench started, and waits until it is gone. */
export async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await gone;
}

/** Resident memory of a process now and at its highest, in MB. */
export async function memoryOf(pid: number): Promise<{ readonly now: number; readonly highest: number }> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8');
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) / 1024;
  return { now: field('VmRSS'), highest: field('VmHWM') };
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
