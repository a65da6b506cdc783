/** Commands of a build whose server was killed: they go on by themselves, and are ended before anything is built anew. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** In the environment of every command of a build: the build's directory. So what a killed server left can be told from all else. */
export const buildMark = 'LITEHOUSE_BUILD';

/**
 * Kills the processes that carry the mark of a build below one of the directories, and waits for their end. Only a server that
 * holds the lock of its state may ask: then nothing builds there. Gives how many there were.
 */
export async function endLeftovers(directories: readonly string[], proc = '/proc'): Promise<number> {
  const ended = new Set<string>();
  for (let round = 0; round < 50; round++) {
    const found = await marked(directories, proc);
    if (found.length === 0) break;
    for (const pid of found) {
      ended.add(pid);
      try {
        process.kill(Number(pid), 'SIGKILL');
      } catch {
        // It ended by itself in between.
      }
    }
    await sleep(20);
  }
  return ended.size;
}

async function marked(directories: readonly string[], proc: string): Promise<string[]> {
  const marks = directories.map((directory) => `\0${buildMark}=${directory}/`);
  const found: string[] = [];
  for (const pid of await readdir(proc).catch((): string[] => [])) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
    // Another user's, or gone meanwhile. The environment of a zombie is empty.
    const environment = await readFile(join(proc, pid, 'environ'), 'utf8').catch(() => '');
    if (marks.some((mark) => `\0${environment}`.includes(mark))) found.push(pid);
  }
  return found;
}
