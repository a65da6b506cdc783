/** The image that the tests link, and short words for entries. */
import type { LiteKind } from '../../../resolve/view.ts';
import type { LinkEntry } from '../entry.ts';
import { pieces } from './trees.ts';

/** Entries from words: `/etc/motd`, `/etc/ssh/`, `bind /var/lib/`. */
export function list(...words: readonly string[]): LinkEntry[] {
  return words.map((word) => {
    const [kind, file = ''] = word.includes(' ') ? word.split(' ') : ['link', word];
    return { path: file.replace(/\/$/, ''), directory: file.endsWith('/'), kind: kind as LiteKind };
  });
}

/** A small image with most of what rows can meet. */
export const image = pieces(
  '/.statelite/',
  '/etc/',
  '/etc/motd=welcome',
  '/etc/ssh/',
  '/etc/ssh/key=secret 0600',
  '/root/ 0700',
  '/root/.bashrc=alias',
  '/run/',
  '/run/utmp=who',
  '/tmp/ 1777',
  '/usr/share/zone=utc',
  '/etc/localtime>../usr/share/zone',
  '/etc/absolute>/usr/share/zone',
  '/etc/dangling>../gone/file',
  '/var/lib/nfs/ 0750',
  '/var/lib/nfs/state=nfs 0640',
  '/var/run>/run',
  '/var/lock>../run',
  '/var/mail>spool/mail',
);

/** What a report notes, as `path: code`. */
export const notes = (report: { readonly notes: readonly { readonly path: string; readonly code: string }[] }) =>
  report.notes.map(({ path, code }) => `${path}: ${code}`);
