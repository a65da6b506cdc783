/** Where an entry really is: symbolic links of the image followed inside the tree, our own links looked through. */
import { posix } from 'node:path';
import { type Asked, defaults, entryOfLink, statelite } from './entry.ts';
import type { Tree } from './tree.ts';

/** Why an entry can't be linked; the rest of the image is. */
export type Trouble = 'blocked' | 'loop' | 'reserved';

export interface Place {
  /** Real path in the image as it was before any linking; no part of it is a link. */
  readonly place: string;
  /** Where its content is now: the place itself, or below /.default. */
  readonly now: string;
  /** Text, where it is a symbolic link that is not followed. */
  readonly text?: string;
  readonly trouble?: Trouble;
}

/** As many as the kernel follows. */
const mostLinks = 40;

/** Follows a path as a process whose root is the tree would, in the image as it was before any linking.
 *  `blanks`: files that were made because an entry was missing, which are nothing. */
export function findPlace(
  tree: Tree,
  entry: Pick<Asked, 'path' | 'follow'>,
  blanks: ReadonlySet<string> = new Set(),
): Place {
  const trail: { place: string; now: string }[] = [];
  const queue = entry.path.slice(1).split('/');
  let links = 0;
  for (let part = queue.shift(); part !== undefined; part = queue.shift()) {
    if (part === '..') {
      trail.pop();
      continue;
    }
    const above = trail.at(-1) ?? { place: '', now: '' };
    const place = `${above.place}/${part}`;
    let now = `${above.now}/${part}`;
    if (queue.length > 0 && tree.isDirectory(now)) {
      trail.push({ place, now });
      continue;
    }
    let stat = tree.look(now);
    let text = stat?.isSymbolicLink() ? tree.text(now) : undefined;
    const ours = text === undefined ? undefined : entryOfLink(place, text);
    if (ours !== undefined) {
      now = defaults + ours;
      stat = tree.look(now);
      text = stat?.isSymbolicLink() ? tree.text(now) : undefined;
    }
    if (text !== undefined && (queue.length > 0 || (entry.follow && !isMounts(entry.path, text)))) {
      if (++links > mostLinks) return { place, now, trouble: 'loop' };
      if (text.startsWith('/')) trail.length = 0;
      queue.unshift(...text.split('/').filter((word) => word !== '' && word !== '.'));
      continue;
    }
    if (queue.length === 0) return checked({ place, now, text });
    if (stat !== undefined && !stat.isDirectory() && !(stat.size === 0 && blanks.has(place)))
      return { place, now, trouble: 'blocked' };
    trail.push({ place, now });
  }
  // A link at the end of the path led up: `/a -> ..`.
  const last = trail.at(-1) ?? { place: '/', now: '/' };
  return checked({ ...last, text: undefined });
}

/** File systems of the kernel are mounted there, over whatever the image has. */
const kernels: readonly string[] = ['/proc', '/sys', '/dev'];

function checked(found: { place: string; now: string; text: string | undefined }): Place {
  const top = `/${found.place.split('/')[1]}`;
  if (found.place === '/' || top === defaults || top === statelite || kernels.includes(top))
    return { ...found, trouble: 'reserved' };
  return found;
}

/** /etc/mtab as the link to the kernel's own list: right as it is, on every node (facts 4.2 a). */
export function isMounts(path: string, text: string | undefined): boolean {
  return path === '/etc/mtab' && text !== undefined && /^\/proc\/(self\/)?mounts$/.test(posix.resolve('/etc', text));
}
