/** What the disk says of built images: the links of a generation, and the last lines of build logs. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { buildLogFile } from '../../core/apply/build-log.ts';
import type { Engine, ImageArtifact, ImageStanding } from '../../core/engine/types.ts';
import { type ImageLink, readLinks } from '../../core/image/liteimg/links.ts';
import { loadLive } from '../../core/image/live/state.ts';

/** How much of the end of a log is looked at. */
const logTail = 256 * 1024;

export interface LinksReport {
  readonly image: string;
  readonly generation: string;
  /** Where the tree lies, on the server. */
  readonly directory: string;
  readonly links: readonly ImageLink[];
  /** What the linking had to say. */
  readonly notes: readonly string[];
  /** Live files that are laid over it (images/NAME/rootimg), with their digests; null: none. */
  readonly live: {
    readonly commit: string;
    readonly files: readonly { readonly path: string; readonly digest: string }[];
    readonly troubles: readonly string[];
  } | null;
}

export interface LogReport {
  readonly image: string;
  readonly logs: readonly {
    readonly name: string;
    readonly state: string;
    readonly file: string;
    readonly lines: readonly string[];
  }[];
}

type Wrong = { readonly wrong: string };
type ImagesEngine = Pick<Engine, 'images' | 'settings'>;

const generationNote = z.object({ notes: z.array(z.object({ code: z.string(), text: z.string() })) });

async function find(engine: Pick<Engine, 'images'>, name: string): Promise<ImageStanding | Wrong> {
  const images = await engine.images();
  return images.find(({ image }) => image === name) ?? { wrong: `there is no image '${name}'` };
}

/** The generation of an image that is meant: by its digest or the beginning of one, else the planned, else the one in effect. */
export function generationOf(image: ImageStanding, digest?: string): ImageArtifact | undefined {
  const there = image.artifacts.filter(({ kind, lost }) => kind === 'generation' && !lost);
  if (digest !== undefined) return there.find((it) => it.digest === digest || it.digest.startsWith(digest));
  const { planned, inEffect } = image;
  return there.find((it) => it.digest === planned?.generation) ?? there.find((it) => it.digest === inEffect);
}

/** The links of a generation, as they stand on the disk. */
export async function imageLinks(
  engine: Pick<Engine, 'images'>,
  name: string,
  digest?: string,
): Promise<LinksReport | Wrong> {
  const image = await find(engine, name);
  if ('wrong' in image) return image;
  const generation = generationOf(image, digest);
  if (generation === undefined) {
    return {
      wrong: `${digest === undefined ? `no generation of ${name}` : `generation ${digest} of ${name}`} is on the disk`,
    };
  }
  const { directory } = generation;
  const note = generationNote.safeParse(generation.note);
  return {
    ...{ image: name, generation: generation.digest, directory },
    links: readLinks(join(directory, 'rootimg')) ?? [],
    notes: note.success ? notesToTell(note.data.notes) : [],
    live: await liveOf(directory),
  };
}

async function liveOf(directory: string): Promise<LinksReport['live']> {
  // A state that can't be read is told where it is mended: by the apply.
  const state = await loadLive(directory).catch(() => undefined);
  if (state === undefined) return null;
  return {
    commit: state.commit,
    files: state.laid.map(({ path, digest }) => ({ path, digest })),
    troubles: state.troubles.map(({ path, why }) => `${path}: ${why}`),
  };
}

/** What the links themselves do not show. */
export function notesToTell(notes: readonly { readonly code: string; readonly text: string }[]): string[] {
  return notes.filter(({ code }) => code !== 'missing').map(({ text }) => text);
}

/** The last lines of the logs of what the plan has for an image. */
export async function imageLog(engine: ImagesEngine, name: string, most: number): Promise<LogReport | Wrong> {
  const image = await find(engine, name);
  if ('wrong' in image) return image;
  const logs: LogReport['logs'][number][] = [];
  for (const { name: artifact, digest, state } of image.planned?.artifacts ?? []) {
    const file = buildLogFile(engine.settings.state, digest);
    const lines = file === undefined ? undefined : await lastLines(file, most);
    if (file !== undefined && lines !== undefined) logs.push({ name: artifact, state, file, lines });
  }
  return { image: name, logs };
}

async function lastLines(path: string, most: number): Promise<string[] | undefined> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const { size } = await file.stat();
    const from = Math.max(0, size - logTail);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from);
    const lines = buffer.toString('utf8', 0, bytesRead).split('\n');
    if (lines.at(-1) === '') lines.pop();
    return lines.slice(-most);
  } finally {
    await file.close();
  }
}
