/** The first lines of a file of the repository, as far as a terminal can show them. */
import { isUtf8 } from 'node:buffer';
import type { FileEntry, Snapshot } from '../repo/snapshot.ts';

export interface Content {
  readonly bytes: number;
  readonly mode: string;
  /** First lines, control characters replaced; undefined: not text. */
  readonly lines: readonly string[] | undefined;
  /** Lines that are not shown. */
  readonly more: number;
}

const longestLine = 200;

/** Reads a file's content and gives its first `most` lines. */
export async function readContent(snapshot: Snapshot, entry: FileEntry, most: number): Promise<Content> {
  const [data = Buffer.alloc(0)] = await snapshot.blobs([entry.oid]);
  const common = { bytes: data.length, mode: entry.mode };
  if (!isUtf8(data) || data.includes(0)) return { ...common, lines: undefined, more: 0 };
  const all = data.toString('utf8').split('\n');
  if (all.at(-1) === '') all.pop();
  return { ...common, lines: all.slice(0, most).map(printableLine), more: Math.max(0, all.length - most) };
}

/** A line without anything that a terminal would obey. */
export function printableLine(line: string): string {
  const short = line.length > longestLine ? `${line.slice(0, longestLine)}…` : line;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what has to go.
  return short.replaceAll('\t', '        ').replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');
}
