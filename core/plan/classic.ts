/** The lists of the original, `litefile` and `litetree`: their lines, as its commands and its node scripts know them (facts 3). */
import type { NodeCommand } from '../policy/rows.ts';
import type { LiteEntry, Mount } from '../resolve/view.ts';

/** The row's own words, which are words of the repository's dialect; for a blank cell what the original prints. */
export function classicOption({ row }: LiteEntry): string {
  return (
    row.table
      .value(row, 'options')
      ?.replace(/\s*,\s*/g, ',')
      .trim() || 'tmpfs,rw'
  );
}

/** The path as the lists have it: a directory ends in a slash. */
export function classicPath({ path, directory }: Pick<LiteEntry, 'path' | 'directory'>): string {
  return directory ? `${path}/` : path;
}

/** Sorts by the path as it is printed, byte for byte: `/etc/zz.d/x` stands before `/etc/zz/`. */
export function byClassicPath<T>(entries: readonly T[], pathOf: (entry: T) => string): T[] {
  return entries
    .map((entry) => ({ entry, bytes: Buffer.from(pathOf(entry)) }))
    .sort((a, b) => Buffer.compare(a.bytes, b.bytes))
    .map(({ entry }) => entry);
}

/** A litefile entry: the option in thirteen columns, and the path. */
export function classicEntry(option: string, path: string): string {
  return `${option.padEnd(13)} ${path}`;
}

/** A tree, with ` :mntopts` where it has some; `server` is a name or an address (see `classicList`). */
export function classicTree({ server, path, options }: Pick<Mount, 'server' | 'path' | 'options'>): string {
  return `${server === undefined ? '' : `${server}:`}${path}${options === undefined ? '' : ` :${options}`}`;
}

/**
 * The list that a node gets over HTTP, made from the text of its answer: `NODE: %-13s PATH` a litefile entry, or
 * `NODE: server:/dir :mntopts` a tree. Trees that the answer calls absent are left out: a script of the original would try for
 * minutes to mount them.
 *
 * litefile is the same text as the command `litefile` prints. litetree is not: the command prints servers as the table has them,
 * as the original does (facts 3), while here they are addresses. A node's script takes the second word of each line and mounts it
 * (facts 6.2), and an initrd can resolve no names.
 *
 * @param answer an answer as `answerText` makes it
 * @param options the words of the rows, in the order of the answer's entries; a generation that was frozen by an earlier version
 *   has none, and gets words that mean the same in each dialect that has them
 */
export function classicList(answer: string, command: NodeCommand, options: readonly string[] | undefined): string {
  let node = '';
  const files: { readonly path: string; readonly option: string }[] = [];
  let trees = '';
  for (const line of answer.split('\n')) {
    const [word, ...fields] = line.split('\t');
    if (word === 'node') node = fields[0] ?? '';
    else if (word === 'file' || word === 'directory') {
      const [kind = '', path = ''] = fields;
      const option = options?.[files.length] ?? wordOfKind(kind);
      files.push({ path: classicPath({ path, directory: word === 'directory' }), option });
    } else if (word === 'tree') {
      const [, , server, path = '', mountOptions] = fields;
      trees += `${node}: ${classicTree({ server: server === '-' ? undefined : server, path, options: mountOptions })}\n`;
    }
  }
  if (command === 'litetree') return trees;
  const sorted = byClassicPath(files, ({ path }) => path);
  return sorted.map(({ path, option }) => `${node}: ${classicEntry(option, path)}\n`).join('');
}

function wordOfKind(kind: string): string {
  if (kind === 'link') return 'tmpfs,rw';
  return kind === 'bind+localdisk' ? 'localdisk' : kind.replace('+', ',');
}
