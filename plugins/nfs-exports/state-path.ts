/** Decides which state directories may be exported read-write, and gives their plain form. */
import { publishedRoot } from '../../core/resolve/nodes.ts';
import type { View } from '../../core/resolve/view.ts';

/** Directories that the server itself runs on. */
const system = ['/bin', '/boot', '/dev', '/etc', '/lib', '/lib64', '/proc', '/root', '/run', '/sbin', '/sys', '/usr'];

export type StatePath = { readonly path: string } | { readonly why: string };

/**
 * Gives a state directory's path without doubled or closing slashes, or why it must not be writable: it holds or lies in
 * what nodes boot from, or what the server runs on. A place of its own below the installdir is fine.
 */
export function statePath(view: View, written: string): StatePath {
  let known = judged.get(view);
  if (known === undefined) {
    known = new Map();
    judged.set(view, known);
  }
  let path = known.get(written);
  if (path === undefined) {
    path = judge(view, written);
    known.set(written, path);
  }
  return path;
}

/** Ten thousand nodes share a few state directories. */
const judged = new WeakMap<View, Map<string, StatePath>>();

function judge(view: View, written: string): StatePath {
  const parts = written.split('/').filter((part) => part !== '');
  if (!written.startsWith('/') || parts.includes('.') || parts.includes('..'))
    return { why: 'is not a plain absolute path' };
  if (parts.includes('.litehouse')) return { why: "has a part '.litehouse', which is litehouse's own" };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point.
  if (/[\u0000-\u001f\u007f]/.test(written)) return { why: 'holds a control character' };
  if (parts.length === 0) return { why: 'is the whole server' };
  const path = `/${parts.join('/')}`;
  const guarded = [`${view.installdir}/netboot`, view.tftpdir, publishedRoot, ...system];
  for (const place of guarded) {
    if (within(path, place)) return { why: `lies in ${place}` };
    if (within(place, path)) return { why: `holds ${place}` };
  }
  return { path };
}

/** Whether a path is a directory itself or lies below it. */
export function within(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}
