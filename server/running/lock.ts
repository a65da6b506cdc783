/** Keeps two litehouse processes away from one directory: a lock file that names its holder, and dies with it. */
import { createHash, randomBytes } from 'node:crypto';
import { link, mkdir, readFile, realpath, unlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname } from 'node:path';

/** Who holds a lock. A process is known by its id, its start (clock ticks after boot) and the boot, so a reused id is not it. */
export interface Holder {
  readonly pid: number;
  readonly started: string;
  readonly boot: string;
  /** What it does, for people: `serve`, `apply`. */
  readonly doing: string;
}

export type LockOutcome =
  | { readonly kind: 'taken'; readonly release: () => Promise<void> }
  | { readonly kind: 'busy'; readonly holder: Holder };

/**
 * Takes the lock at `path`, or says who has it. A lock whose process is gone is taken over.
 * The file appears complete (written aside, then linked), so a reader never sees half a holder.
 */
export async function takeLock(path: string, doing: string): Promise<LockOutcome> {
  await mkdir(dirname(path), { recursive: true });
  const me: Holder = { pid: process.pid, started: (await startOf(process.pid)) ?? '', boot: await bootId(), doing };
  const text = JSON.stringify(me);
  const aside = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    await writeFile(aside, text, { flag: 'wx', mode: 0o644 });
    for (let attempt = 0; attempt < 200; attempt++) {
      if (await linked(aside, path)) return { kind: 'taken', release: () => releaseLock(path, text) };
      const found = await readText(path);
      if (found === undefined) continue;
      const holder = parseHolder(found);
      if (holder !== undefined && (await isAlive(holder))) return { kind: 'busy', holder };
      await removeStale(path, found);
    }
    throw new Error(`the lock ${path} changes hands all the time`);
  } finally {
    await unlink(aside).catch(() => {});
  }
}

/** Who holds the lock at `path` now; undefined where nobody alive does. */
export async function lockHolder(path: string): Promise<Holder | undefined> {
  const text = await readText(path);
  const holder = text === undefined ? undefined : parseHolder(text);
  return holder !== undefined && (await isAlive(holder)) ? holder : undefined;
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Removes a lock that was found stale, if it still is that one. Two processes may find the same stale lock, and the slower
 * must not remove what the faster has just taken: so they look once more under a mutex of the kernel, an abstract socket,
 * which goes with its process and so can't itself be left behind.
 */
async function removeStale(path: string, stale: string): Promise<void> {
  const name = createHash('sha256')
    .update(await realpath(dirname(path)))
    .digest('hex');
  const mutex = createServer();
  const held = await new Promise<boolean>((resolve, reject) => {
    mutex.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(false) : reject(error),
    );
    mutex.listen(`\0litehouse-lock-${name}`, () => resolve(true));
  });
  if (!held) {
    await new Promise((resolve) => setTimeout(resolve, 5 + Math.random() * 20));
    return;
  }
  try {
    if ((await readText(path)) === stale) await unlink(path);
  } finally {
    await new Promise((resolve) => mutex.close(resolve));
  }
}

async function releaseLock(path: string, mine: string): Promise<void> {
  if ((await readText(path)) === mine) await unlink(path).catch(() => {});
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function parseHolder(text: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    const { pid, started, boot, doing } = value as Record<string, unknown>;
    if (typeof pid !== 'number' || typeof started !== 'string' || typeof boot !== 'string') return undefined;
    return { pid, started, boot, doing: typeof doing === 'string' ? doing : '' };
  } catch {
    return undefined;
  }
}

async function isAlive(holder: Holder): Promise<boolean> {
  if (holder.boot !== (await bootId())) return false;
  return (await startOf(holder.pid)) === holder.started;
}

async function bootId(): Promise<string> {
  return (await readText('/proc/sys/kernel/random/boot_id'))?.trim() ?? '';
}

/** Field 22 of /proc/<pid>/stat; the command name before it may hold blanks and parentheses. A zombie holds nothing any more. */
async function startOf(pid: number): Promise<string | undefined> {
  const stat = await readText(`/proc/${pid}/stat`).catch(() => undefined);
  if (stat === undefined) return undefined;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}
