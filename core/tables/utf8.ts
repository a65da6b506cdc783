/** Turns the bytes of a table into text, or says where they stop being UTF-8. */
import { isUtf8 } from 'node:buffer';
import { columnOf } from './scan.ts';

export interface Decoded {
  /** Bytes that are not UTF-8 stand as U+FFFD. A byte-order mark is kept, so that an edit gives back every byte. */
  readonly text: string;
  /** The first byte that is not UTF-8. */
  readonly bad: { readonly line: number; readonly column: number; readonly byte: string } | undefined;
}

/** Decodes UTF-8. Never throws for sizes below the longest string of the engine (512 MB). */
export function decodeUtf8(bytes: Buffer): Decoded {
  const text = bytes.toString('utf8');
  if (isUtf8(bytes)) return { text, bad: undefined };
  const at = firstBadByte(bytes);
  const before = bytes.subarray(0, at).toString('utf8');
  let line = 1;
  for (let i = before.indexOf('\n'); i >= 0; i = before.indexOf('\n', i + 1)) line++;
  const byte = `0x${(bytes[at] ?? 0).toString(16).padStart(2, '0').toUpperCase()}`;
  return { text, bad: { line, column: columnOf(before, before.length), byte } };
}

/** Index of the first byte that begins no valid character. Called for bytes of which isUtf8 said no. */
function firstBadByte(bytes: Buffer): number {
  for (let i = 0; i < bytes.length; ) {
    const length = sequenceLength(bytes[i] ?? 0);
    if (length === 1) {
      i++;
      continue;
    }
    if (length === 0 || !isUtf8(bytes.subarray(i, i + length))) return i;
    i += length;
  }
  return bytes.length;
}

function sequenceLength(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead < 0xe0) return 2;
  if (lead >= 0xe0 && lead < 0xf0) return 3;
  return lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
}
