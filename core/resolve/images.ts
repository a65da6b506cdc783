/** The images of a commit: osimage rows with their groups and litefile lists, and who builds them. */
import { createHash } from 'node:crypto';
import { incompleteImage } from '../diagnostic/catalogue/resolve.ts';
import type { Table } from '../tables/table.ts';
import type { Findings } from './findings.ts';
import { litefileOf, type readLitefile } from './litefile.ts';
import type { Image, ImageBuild, LiteEntry } from './view.ts';

/** An image while a view is being made: the build is decided by plugins before anybody else sees it. */
export type DraftImage = { -readonly [K in keyof Image]: Image[K] };

/** The litefile part of an answer: one line an entry, fields joined by tabs, the path last because it may hold blanks. */
export function litefileLines(entries: readonly LiteEntry[]): string {
  let text = '';
  for (const entry of entries) text += `${entry.directory ? 'directory' : 'file'}\t${entry.kind}\t${entry.path}\n`;
  return text;
}

/** Short digest for names that people read: 12 hex digits of SHA-256. */
export function shortDigest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

/** An external image's generation is the digest of its row and litefile list (RULES). */
function externalBuild(table: Table, image: Omit<Image, 'build'>): ImageBuild {
  // By column name: a reordered header is no new generation; comments are for people.
  const row = table.columns
    .map((column, i) => [column, image.row.values[i]] as const)
    .filter(([column, value]) => value !== undefined && column !== 'comments' && column !== 'disable')
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return { kind: 'external', generation: shortDigest(JSON.stringify([row, litefileLines(image.litefile)])) };
}

/** Reads osimage.csv. Rows without osvers, osarch or profile are reported, and are no image. */
export function readImages(
  osimage: Table | undefined,
  litefile: ReturnType<typeof readLitefile>['rows'],
  findings: Findings,
): Map<string, DraftImage> {
  const images: DraftImage[] = [];
  for (const row of osimage?.rows ?? []) {
    if (osimage === undefined) break;
    const name = osimage.value(row, 'imagename');
    if (name === undefined) continue;
    const parts: Record<'osvers' | 'osarch' | 'profile', string> = { osvers: '', osarch: '', profile: '' };
    let complete = true;
    for (const column of ['osvers', 'osarch', 'profile'] as const) {
      const text = osimage.value(row, column);
      // Each becomes a part of paths under /install and /tftpboot.
      if (text !== undefined && /^[A-Za-z0-9][\w.+-]{0,254}$/.test(text)) parts[column] = text;
      else {
        complete = false;
        findings.add(`image:${row.offset}:${column}`, undefined, () =>
          incompleteImage(osimage.at(row, column), { image: name, column: `osimage.${column}` }),
        );
      }
    }
    if (!complete) continue;
    const groups = (osimage.value(row, 'groups') ?? '')
      .split(',')
      .map((group) => group.trim())
      .filter((group) => group !== '');
    const entries = litefileOf(name, groups, litefile);
    const image = {
      name,
      row,
      os: parts.osvers,
      arch: parts.osarch,
      profile: parts.profile,
      groups,
      litefile: entries,
    };
    images.push({ ...image, build: externalBuild(osimage, image) });
  }
  images.sort((a, b) => (a.name < b.name ? -1 : 1));
  return new Map(images.map((image) => [image.name, image]));
}
