/** Drift of live files: what stands in a generation against what is noted to be laid there. */
import { createHash } from 'node:crypto';
import { constants, open, readlink } from 'node:fs/promises';
import type { LiveFile, LiveSet } from '../../plan/live.ts';
import { loadState } from '../liteimg/state.ts';
import { openTree } from '../liteimg/tree.ts';
import { groundOf, targetsOf } from './place.ts';
import { loadLive, look } from './state.ts';

export interface LiveDrift {
  /** In the tree, with a leading slash. */
  readonly path: string;
  readonly what: string;
  readonly detail: string;
}

/** Every live file of a set that is not in place as it was laid, its content hashed; and what was never laid. */
export async function verifyLaid(directory: string, set: LiveSet): Promise<LiveDrift[]> {
  const state = await loadLive(directory);
  // A set of nothing but directories that every image has leaves no state.
  if (state === undefined && set.files.every(({ kind }) => kind === 'directory')) return [];
  if (state?.digest !== set.digest || state.unsure.length > 0) {
    return [{ path: '', what: 'changed', detail: 'the live files of the commit are not laid over it' }];
  }
  const records = loadState(openTree(`${directory}/rootimg`))?.records ?? [];
  const ground = groundOf(directory, records, state.laid, []);
  const files = new Map(set.files.map((file) => [file.path, file]));
  const found: LiveDrift[] = [];
  for (const { path, place } of state.laid) {
    const file = files.get(path);
    if (file === undefined) continue;
    for (const target of targetsOf(ground, place)) {
      const fault = await compare(ground.root + target, file);
      if (fault !== undefined) found.push({ path: target, ...fault });
    }
  }
  return found;
}

async function compare(absolute: string, file: LiveFile): Promise<Omit<LiveDrift, 'path'> | undefined> {
  const there = await look(absolute);
  if (there === undefined) return { what: 'missing', detail: 'the live file is gone' };
  const right =
    file.kind === 'directory' ? there.isDirectory() : file.kind === 'link' ? there.isSymbolicLink() : there.isFile();
  if (!right) return { what: 'type', detail: `no ${file.kind}, as the live file is` };
  if (file.kind === 'link') {
    const to = await readlink(absolute);
    return to === file.to ? undefined : { what: 'changed', detail: `links to ${to}, not ${file.to}` };
  }
  if (file.kind === 'file') {
    const blob = await blobOf(absolute);
    if (blob !== file.blob)
      return { what: 'changed', detail: `content ${blob.slice(0, 10)}, not ${file.blob.slice(0, 10)}` };
  }
  const octal = (mode: number): string => (mode & 0o7777).toString(8).padStart(4, '0');
  if ((Number(there.mode) & 0o7777) !== file.mode) {
    return { what: 'mode', detail: `mode ${octal(Number(there.mode))}, not ${octal(file.mode)}` };
  }
  if (process.geteuid?.() === 0 && (there.uid !== file.uid || there.gid !== file.gid)) {
    return { what: 'owner', detail: `owner ${there.uid}:${there.gid}, not ${file.uid}:${file.gid}` };
  }
  return undefined;
}

/** git's id of a content, opened without following a link. */
async function blobOf(absolute: string): Promise<string> {
  const handle = await open(absolute, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const bytes = await handle.readFile();
    return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
  } finally {
    await handle.close();
  }
}
