/** The litefile list of an image: one entry a path, the closest row winning (RULES, Which rows apply). */
import { badPath, bindRefused, bothAllAndBlank, conDirectory, unknownOption } from '../diagnostic/catalogue/lite.ts';
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import { nearest } from '../tables/nearest.ts';
import type { Row, Table } from '../tables/table.ts';
import { type Dialect, everyImage, imageRank, optionKind, optionWords } from './options.ts';
import type { LiteEntry, LiteKind } from './view.ts';

/** One row of litefile.csv, read once for all images. */
interface LiteRow {
  readonly row: Row;
  readonly image: string | undefined;
  readonly path: string;
  readonly directory: boolean;
  readonly kind: LiteKind;
}

/** Whether a text is a full path of one file or directory in an image: absolute, no empty, `.` or `..` part, not the root. */
export function isFullPath(path: string): boolean {
  // PATH_MAX and NAME_MAX of Linux: nothing longer can exist on a node.
  if (!path.startsWith('/') || path === '/' || Buffer.byteLength(path) > 4095) return false;
  return path
    .slice(1)
    .split('/')
    .every((part) => part !== '' && part !== '.' && part !== '..' && Buffer.byteLength(part) <= 255);
}

/** Reads the rows; those that cannot be used become diagnostics. */
export function readLitefile(
  table: Table | undefined,
  dialect: Dialect,
): { rows: readonly LiteRow[]; diagnostics: readonly Diagnostic[] } {
  const rows: LiteRow[] = [];
  const diagnostics: Diagnostic[] = [];
  const blankOrAll = new Map<string, LiteRow>();
  for (const row of table?.rows ?? []) {
    if (table === undefined) break;
    const file = table.value(row, 'file') ?? '';
    const directory = file.endsWith('/');
    // `//` is what hands write; it means one slash.
    const path = (directory ? file.replace(/\/+$/, '') : file).replace(/\/{2,}/g, '/');
    if (!isFullPath(path)) {
      diagnostics.push(badPath(table.at(row, 'file'), { path: file }));
      continue;
    }
    const option = table.value(row, 'options');
    const kind = optionKind(option, dialect);
    if (kind === undefined) {
      const at = table.at(row, 'options');
      const text = option ?? '';
      if (dialect === 'later' && optionKind(option, 'cookbook') !== undefined)
        diagnostics.push(bindRefused(at, { text }));
      else {
        const words = optionWords(dialect);
        diagnostics.push(unknownOption(at, { text, words: words.join(' '), nearest: nearest(text, words) }));
      }
      continue;
    }
    if (directory && kind.endsWith('+con')) {
      diagnostics.push(conDirectory(table.at(row, 'options'), { path }));
      continue;
    }
    const image = table.value(row, 'image');
    const read: LiteRow = { row, image, path, directory, kind };
    if (imageRank(image, '', []) === everyImage) {
      const other = blankOrAll.get(path);
      // The same word twice is a duplicate key, which the table itself reports.
      if (other !== undefined && other.image !== image) {
        const args = { path, other: other.row.line, differ: other.kind !== kind };
        diagnostics.push(bothAllAndBlank(table.at(row, 'file'), args));
      }
      if (other === undefined) blankOrAll.set(path, read);
    }
    rows.push(read);
  }
  return { rows, diagnostics };
}

/** The entries of one image, sorted by path in byte order. `groups`: osimage.groups in its order. */
export function litefileOf(image: string, groups: readonly string[], rows: readonly LiteRow[]): LiteEntry[] {
  const best = new Map<string, { row: LiteRow; rank: number; directory: boolean }>();
  for (const row of rows) {
    const rank = imageRank(row.image, image, groups);
    if (rank === undefined) continue;
    const known = best.get(row.path);
    if (known === undefined) {
      best.set(row.path, { row, rank, directory: row.directory });
      continue;
    }
    // `/etc/ssh` and `/etc/ssh/` are one entry: a directory as soon as one of them says so.
    known.directory ||= row.directory;
    const allOverBlank = rank === known.rank && row.image === 'ALL' && known.row.image === undefined;
    if (rank < known.rank || allOverBlank) {
      known.row = row;
      known.rank = rank;
    }
  }
  const entries: LiteEntry[] = [];
  for (const [path, { row, directory }] of best) {
    entries.push(
      Object.freeze({ path, directory: directory && !row.kind.endsWith('+con'), kind: row.kind, row: row.row }),
    );
  }
  return entries.sort((a, b) => (a.path < b.path ? -1 : 1));
}
