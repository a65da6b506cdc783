/** Takes what an .exlist names out of a finished tree. */
import { opendir, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { RE2JS } from 're2js';

/** A pattern of `find -path`: `*` and `?` match a slash too. */
function expression(pattern: string): string {
  return pattern.replace(/\[!?\]?[^\]]*\]|[\s\S]/g, (part) => {
    if (part === '*') return '.*';
    if (part === '?') return '.';
    if (part.length > 1) return part.replace(/^\[!/, '[^').replaceAll('\\', '\\\\');
    return RE2JS.quote(part);
  });
}

function matcher(patterns: readonly string[]): (path: string) => boolean {
  if (patterns.length === 0) return () => false;
  // Of linear cost whatever a push says.
  const compiled = RE2JS.compile(patterns.map((it) => `(?:${expression(it)})`).join('|'), RE2JS.DOTALL);
  return (path) => compiled.matches(path);
}

/** Numbers of files and directories. */
export interface Excluded {
  readonly removed: number;
  /** Matched, and left all the same. */
  readonly spared: number;
}

/**
 * Removes every file that a pattern matches (`./usr/share/doc*`), but those that a pattern with `+` matches and those that are
 * `isSpared` names (by path below the root); a directory goes where it is matched and nothing is left in it.
 */
export async function applyExlist(
  root: string,
  patterns: readonly string[],
  isSpared: (path: string) => boolean = () => false,
): Promise<Excluded> {
  const out = matcher(patterns.filter((it) => !it.startsWith('+')));
  const back = matcher(patterns.filter((it) => it.startsWith('+')).map((it) => it.slice(1)));
  let removed = 0;
  let spared = 0;
  /** Whether nothing is left in it. */
  const walk = async (directory: string, below: string): Promise<boolean> => {
    let empty = true;
    for await (const entry of await opendir(directory)) {
      const path = `${below}/${entry.name}`;
      const matched = out(path) && !back(path);
      const gone = matched && !isSpared(path.slice(2));
      if (matched && !gone && !entry.isDirectory()) spared += 1;
      if (entry.isDirectory()) {
        const bare = await walk(join(directory, entry.name), path);
        if (!gone || !bare) empty = false;
        else {
          await rmdir(join(directory, entry.name));
          removed += 1;
        }
      } else if (gone) {
        await unlink(join(directory, entry.name));
        removed += 1;
      } else empty = false;
    }
    return empty;
  };
  if (patterns.length > 0) await walk(root, '.');
  return { removed, spared };
}
