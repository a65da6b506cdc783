/** Whether an artifact that was put in place is still there with all that its build put in it. */
import { join } from 'node:path';
import { describe } from './effects.ts';
import type { ManifestRow } from './manifest.ts';
import { look } from './roots.ts';

/** What an artifact lacks: `missing`: nothing is there; `type`: something else is; `damaged`: a part of it is gone. */
export interface Loss {
  readonly what: 'missing' | 'type' | 'damaged';
  /** What stands there, in words: `nothing is there`, `a file`, `without rootimg`. */
  readonly there: string;
}

/** What a directory lacks of the names that it should hold; a link counts as what it is, and is not followed. */
export function lacking(directory: string, holds: readonly string[] | undefined): string[] {
  return (holds ?? []).filter((name) => look(join(directory, name)) === undefined);
}

/** How an artifact differs from what was put in place; undefined: it is whole. `directory`: where it belongs. */
export function lossOf(directory: string, row: Pick<ManifestRow, 'holds'>): Loss | undefined {
  const found = look(directory);
  if (found === undefined) return { what: 'missing', there: 'nothing is there' };
  if (!found.isDirectory()) return { what: 'type', there: describe(found) };
  const without = lacking(directory, row.holds);
  return without.length === 0 ? undefined : { what: 'damaged', there: `a directory without ${without.join(' and ')}` };
}
