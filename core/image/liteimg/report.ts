/** What a run of the link farm found and did, as data and as the lines that `litehouse liteimg` prints. */
import type { LiteKind } from '../../resolve/view.ts';
import { defaults, type LinkEntry } from './entry.ts';
import type { Happening } from './make.ts';
import type { Skipped } from './roles.ts';
import type { LinkRecord } from './state.ts';

export interface LinkedEntry {
  readonly path: string;
  readonly directory: boolean;
  readonly kind: LiteKind;
  /** Real path in the image; differs from `path` where a parent, or a directory listed with a slash, is a link. */
  readonly place: string;
  /** link: two levels of links. bind: stays, with a copy in /.default. left: /etc/mtab, right as it is. inside: in the
   *  directory of another entry. skipped: nothing was done; a node must not be told of it. */
  readonly role: LinkRecord['role'] | 'skipped';
  /** Of `inside`: the outermost entry around it. */
  readonly top?: string;
  /** What it is in the image. */
  readonly type?: LinkRecord['type'];
  /** False: it was missing, and an empty one was made. */
  readonly existed?: boolean;
}

export interface LinkNote {
  readonly path: string;
  readonly code: NoteCode;
  /** One English sentence. */
  readonly text: string;
}

export type NoteCode = Happening | Skipped | 'not a directory' | 'con directory' | 'a link' | 'other name';

export interface LinkReport {
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly skipped: number;
  readonly notes: readonly LinkNote[];
  /** In order of paths, a directory before what is inside it. */
  readonly entries: readonly LinkedEntry[];
}

const sentences: Readonly<Record<NoteCode, string>> = {
  missing: 'is not in the image: an empty one was made',
  replaced: 'stood in the place of its link: taken in as the image’s own, and over what was there before',
  restored: 'had lost its link: it has it again',
  lost: 'had no content left below /.default: somebody removed it',
  kept: 'was made empty, and has content now: it stays, as the image’s own',
  adopted: 'was linked already by an earlier run: taken over as it is',
  refreshed: 'changed in the image: /.default has it now',
  blocked: 'lies below a file: skipped',
  loop: 'leads through links that never end: skipped',
  reserved: `is the root, or is or lies below ${defaults}, /.statelite, /proc, /sys or /dev: skipped`,
  'same place': 'is another name of a listed path: skipped',
  'through a link': 'goes through a symbolic link inside a listed directory: skipped; list the path that it leads to',
  'not a directory': 'is listed with a slash, and a file in the image: treated as the file that it is',
  'con directory': 'is a directory in the image: con joins files',
  'a link':
    'is a symbolic link in the image: the link is what nodes get; with a slash a row means the directory that it leads to',
  'other name':
    'lies in another listed directory by its real path only: list it by that path, for a node goes by names',
};

export function noteOn(path: string, code: NoteCode): LinkNote {
  return { path, code, text: `${path} ${sentences[code]}` };
}

/** Notes on an entry that follow from what is there, run after run. */
export function standingNotes(entry: LinkEntry, record: LinkRecord): NoteCode[] {
  const found: NoteCode[] = [];
  if (!record.existed) found.push('missing');
  if (entry.directory && record.type !== 'directory' && record.role !== 'left') found.push('not a directory');
  if (record.type === 'directory' && record.kind.endsWith('+con')) found.push('con directory');
  if (record.type === 'symlink' && record.role === 'link') found.push('a link');
  if (record.role === 'inside' && record.top !== undefined && !record.path.startsWith(`${record.top}/`))
    found.push('other name');
  return found;
}

/** The report as lines: what is there, then what there is to say about it. */
export function reportLines(report: LinkReport): string[] {
  const { added, removed, changed, unchanged, skipped } = report;
  const counts = Object.entries({ added, removed, changed, unchanged, skipped }).filter(([, count]) => count > 0);
  const width = Math.max(0, ...report.entries.map(({ kind }) => kind.length));
  return [
    ...report.entries.map((entry) => `${entry.kind.padEnd(width)}  ${entry.path}${slash(entry)}  ${where(entry)}`),
    ...report.notes.map(({ text }) => `note: ${text}`),
    counts.length === 0 ? 'no entries' : counts.map(([word, count]) => `${count} ${word}`).join(', '),
  ];
}

function slash({ directory, type }: LinkedEntry): string {
  return (type === undefined ? directory : type === 'directory') ? '/' : '';
}

function where({ role, place, path, top, existed }: LinkedEntry): string {
  const at = place === path ? '' : ` at ${place}`;
  const made = existed === false ? ', empty' : '';
  switch (role) {
    case 'link':
      return `linked${at}${made}`;
    case 'bind':
      return `mounted over${at}${made}`;
    case 'left':
      return 'left as it is';
    case 'inside':
      return `in ${top}/${made}`;
    case 'skipped':
      return 'skipped';
  }
}
