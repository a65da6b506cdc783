/** What is laid over a generation, kept beside its tree (`live.json`), with what it hides (`hidden/`). Away while nothing is laid. */
import { createHash } from 'node:crypto';
import { lstat, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const laid = z.strictObject({
  /** As the commit has it. */
  path: z.string(),
  /** Real path in the image as it was before links and live files. */
  place: z.string(),
  kind: z.enum(['file', 'directory', 'link']),
  digest: z.string(),
  /** What the image has there: nothing, something that is kept below `hidden/`, or an empty directory that the links made. */
  hides: z.enum(['nothing', 'kept', 'directory']),
});
const trouble = z.strictObject({ path: z.string(), why: z.string() });
const state = z.strictObject({
  version: z.literal(1),
  /** Of the set that is laid; '' while it is not known to be whole. */
  digest: z.string(),
  /** Commit by which what is laid last changed. */
  commit: z.string(),
  laid: z.array(laid),
  /** Being laid or taken away when this was saved: each may be in place, half in place or not at all. */
  unsure: z.array(laid),
  /** What could not be laid, and why. */
  troubles: z.array(trouble),
});

export type Laid = Readonly<z.infer<typeof laid>>;
export type LiveTrouble = Readonly<z.infer<typeof trouble>>;
export type LiveState = Readonly<z.infer<typeof state>>;

const file = 'live.json';

export const hiddenDirectory = (generation: string): string => join(generation, 'hidden');

/** Where what a live file hides is kept: a flat name, for its own may be a file in one commit and a directory in the next. */
export function hiddenFile(generation: string, place: string): string {
  return join(hiddenDirectory(generation), createHash('sha256').update(place).digest('hex').slice(0, 32));
}

/** The state of a generation; undefined where nothing is laid. Throws on a file that can't be read: nothing is done without it. */
export async function loadLive(generation: string): Promise<LiveState | undefined> {
  let text: string;
  try {
    text = await readFile(join(generation, file), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return state.parse(JSON.parse(text));
  } catch (cause) {
    throw new Error(
      `${join(generation, file)} can't be read: prune this generation, or remove it, and it is built anew`,
      {
        cause,
      },
    );
  }
}

/** Renamed into place; `durable`: on the disk when it resolves. */
export async function saveLive(generation: string, saved: LiveState, durable: boolean): Promise<void> {
  const to = join(generation, file);
  const handle = await open(`${to}.new`, 'w', 0o644);
  try {
    await handle.writeFile(textOf(saved));
    if (durable) await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${to}.new`, to);
  if (durable) await syncDirectory(generation);
}

/** Takes the state away; only when nothing is laid. */
export async function dropLive(generation: string): Promise<void> {
  await rm(hiddenDirectory(generation), { recursive: true, force: true });
  await rm(join(generation, `${file}.new`), { force: true });
  await rm(join(generation, file), { force: true });
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  await handle.sync().finally(() => handle.close());
}

/** The same for the same files, whatever led to them, but for the commit. */
function textOf(saved: LiveState): string {
  const list = (values: readonly unknown[]): string =>
    values.length === 0 ? '[]' : `[\n${values.map((value) => `  ${JSON.stringify(value)}`).join(',\n')}\n ]`;
  const { version, digest, commit } = saved;
  const head = `{"version": ${version}, "digest": ${JSON.stringify(digest)}, "commit": ${JSON.stringify(commit)}`;
  return `${head},\n "laid": ${list(saved.laid)},\n "unsure": ${list(saved.unsure)},\n "troubles": ${list(saved.troubles)}}\n`;
}

/** lstat that gives undefined where nothing is. */
export async function look(path: string): Promise<Awaited<ReturnType<typeof lstat>> | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
