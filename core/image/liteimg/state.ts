/** What was linked last time, kept in the tree itself; a run that was interrupted leaves there what has to be undone first. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { liteKinds } from '../../check/nesting.ts';
import { isPlain, statelite } from './entry.ts';
import { LinkFarmError, type Tree } from './tree.ts';

/** Hidden on a node by the tmpfs on /.statelite. */
export const stateFile = `${statelite}/litehouse-links.json`;

// A package's script may have left a file of that name: its paths must stay in the tree like any others.
const plain = z.string().refine(isPlain);
const type = z.enum(['file', 'directory', 'symlink']);
const record = z.strictObject({
  path: plain,
  directory: z.boolean(),
  kind: z.enum(liteKinds),
  follow: z.boolean(),
  /** Real place in the image. */
  place: plain,
  /** link: the place is a link, the content below /.default. bind: the content stays, a copy of hard links below /.default.
   *  left: /etc/mtab as it should be, done like bind. inside: only made sure to exist. */
  role: z.enum(['link', 'bind', 'left', 'inside']),
  /** Of `inside`: the outermost entry around it. */
  top: plain.optional(),
  /** Where its content is while it is linked. */
  home: plain,
  type,
  /** False: it was missing in the image, and an empty one was made. */
  existed: z.boolean(),
});
const state = z.strictObject({
  version: z.literal(1),
  records: z.array(record),
  /** Directories that were made on the way to something, to be removed with it. */
  made: z.array(plain),
  /** Being made or undone when this was saved: each may be in place, half in place or not at all. */
  unsure: z.array(record),
});

export type LinkRecord = Readonly<z.infer<typeof record>>;

export interface LinkState {
  readonly version: 1;
  readonly records: readonly LinkRecord[];
  readonly made: readonly string[];
  readonly unsure: readonly LinkRecord[];
}

/** A hundred thousand links have a tenth of it. */
const mostBytes = 256 * 2 ** 20;

/** The state of last time; undefined where there is none. Throws LinkFarmError on a file that is not ours. */
export function loadState(tree: Tree): LinkState | undefined {
  for (const path of [statelite, stateFile]) {
    const stat = tree.look(path);
    if (stat === undefined) return undefined;
    if (path === statelite ? !stat.isDirectory() : !stat.isFile())
      throw new LinkFarmError(`${tree.root}${path} is not what litehouse makes there: remove it`);
  }
  const file = openSync(tree.root + stateFile, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if (fstatSync(file).size > mostBytes) throw new RangeError('it is larger than any that litehouse writes');
    return state.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw new LinkFarmError(
      `${tree.root}${stateFile} cannot be read: remove it, and the links that stand are taken over as they are`,
      { cause: error },
    );
  } finally {
    closeSync(file);
  }
}

const keys = Object.keys(record.shape);

/** The text of a state; the same for the same links, whatever led to them. */
export function stateText(saved: LinkState): string {
  const line = (value: unknown) => `  ${JSON.stringify(value, keys)}`;
  const list = (values: readonly unknown[]) => (values.length === 0 ? '[]' : `[\n${values.map(line).join(',\n')}\n ]`);
  return `{"version": 1,\n "records": ${list(saved.records)},\n "made": ${list(saved.made)},\n "unsure": ${list(saved.unsure)}}\n`;
}
