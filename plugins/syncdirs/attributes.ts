/** What is wrong with rows of attributes.csv, and which paths there are for its rows to match. */
import type { Diagnostic } from '../../core/diagnostic/diagnostic.ts';
import type { AttributeFault, PublishedFolder } from '../../core/plan/attribute-rules.ts';
import type { FileEntry } from '../../core/repo/snapshot.ts';
import { originOf } from '../../core/resolve/view.ts';
import * as say from './messages.ts';

export function faultOf({ what, row, column, text }: AttributeFault): Diagnostic {
  const at = originOf({ row, column });
  switch (what) {
    case 'outside':
      return say.outsidePath(at, { path: text });
    case 'pattern':
      return say.badPattern(at, { path: text });
    case 'owner':
      return say.badOwner(at, { column, text });
    case 'mode':
      return say.badMode(at, { text });
  }
}

/** Every path of a folder, for "does this row match anything": files, and the directories above them. */
export interface Paths {
  readonly files: ReadonlySet<string>;
  readonly directories: ReadonlySet<string>;
}

/** Paths as they stand in the repository, the folder itself among the directories; entries are relative to the folder. */
export function pathsOf(folder: PublishedFolder, entries: readonly FileEntry[]): Paths {
  const files = new Set<string>();
  const directories = new Set<string>();
  for (const entry of entries) {
    const path = `${folder}/${entry.path}`;
    if (!path.endsWith('/.gitkeep')) files.add(path);
    // Walking up stops at the first directory that is known, so each is visited once.
    for (let up = parentOf(path); up !== undefined && !directories.has(up); up = parentOf(up)) directories.add(up);
  }
  return { files, directories };
}

/** The directory above; the top of the repository is none. */
function parentOf(path: string): string | undefined {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? undefined : path.slice(0, slash);
}
