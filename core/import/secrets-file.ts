/** The file outside the repository that holds moved secrets: read, merged, and written without a moment of being readable. */
import { randomBytes } from 'node:crypto';
import { chown, mkdir, open, readFile, rename, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { MovedSecret } from './secrets.ts';

/** Its name in the server's state directory. */
export const secretsFile = 'secrets.json';

const fileSchema = z.strictObject({ secrets: z.record(z.string(), z.string()) });

/** Name (as in `secret:NAME`) to value. */
export type Secrets = ReadonlyMap<string, string>;

/** Reads the file; a missing one holds none. Throws with a text that quotes nothing of it where it is damaged. */
export async function readSecrets(file: string): Promise<Secrets> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
    throw error;
  }
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw new Error(`${file} is not JSON`);
  }
  const parsed = fileSchema.safeParse(data);
  if (!parsed.success) throw new Error(`${file} is no file of secrets`);
  return new Map(Object.entries(parsed.data.secrets));
}

/** Those that the file holds with another value: to write them would lose the old one. */
export function conflicts(known: Secrets, moved: readonly MovedSecret[]): string[] {
  return moved.filter(({ name, value }) => (known.get(name) ?? value) !== value).map(({ name }) => name);
}

/** Adds secrets to the file: whole or not at all, mode 0600 from its first instant, on the disk when it resolves. */
export async function writeSecrets(file: string, known: Secrets, moved: readonly MovedSecret[]): Promise<void> {
  const all = new Map(known);
  for (const { name, value } of moved) all.set(name, value);
  const sorted = [...all].sort(([a], [b]) => (a < b ? -1 : 1));
  await mkdir(dirname(file), { recursive: true });
  const aside = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  const handle = await open(aside, 'wx', 0o600);
  try {
    try {
      await handle.writeFile(`${JSON.stringify({ secrets: Object.fromEntries(sorted) }, null, 2)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    // Written by root for a server that runs as another user: whoever owns the directory has to read it.
    if (process.getuid?.() === 0) {
      const { uid, gid } = await stat(dirname(file));
      await chown(aside, uid, gid);
    }
    await rename(aside, file);
  } catch (error) {
    await unlink(aside).catch(() => {});
    throw error;
  }
  await syncDirectory(dirname(file));
}

/** A rename lasts only once its directory is on the disk. */
export async function syncDirectory(dir: string): Promise<void> {
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
