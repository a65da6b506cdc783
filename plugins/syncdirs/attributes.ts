/** Reads attributes.csv: owner, group and mode of published files, which git does not keep (DESIGN 5). */
import type { Diagnostic } from '../../core/diagnostic/diagnostic.ts';
import type { AttributeRule } from '../../core/plugin/output.ts';
import type { FileEntry } from '../../core/repo/snapshot.ts';
import { originOf, type View } from '../../core/resolve/view.ts';
import { parseTable } from '../../core/tables/parse.ts';
import type { TableSchema } from '../../core/tables/schema.ts';
import type { Row, Table } from '../../core/tables/table.ts';
import * as say from './messages.ts';

export const attributesFile = 'attributes.csv';

export const attributesSchema: TableSchema = {
  name: 'attributes',
  columns: ['path', 'owner', 'group', 'mode', 'comments', 'disable'],
  // All four: a path may have several rows, since the last match wins; only the same row twice is a mistake.
  key: ['path', 'owner', 'group', 'mode'],
  keyedBy: 'literal',
  used: ['path', 'owner', 'group', 'mode'],
  about: 'Owner, group (numbers) and mode (octal) of a published path, or of everything below dir/**; last match wins.',
};

export type PublishedFolder = 'syncdirs' | 'images';

/** A rule with the row that says it. `path` starts with the folder, as it stands in the repository. */
export interface PathRule extends AttributeRule {
  readonly folder: PublishedFolder;
  /** Written with a closing slash: a directory, made empty where the commit has none. */
  readonly directory: boolean;
  readonly row: Row;
}

export interface Attributes {
  /** In file order; a row that is in doubt is in `diagnostics` and not here. */
  readonly rules: readonly PathRule[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads the rules of a view; none where it has no attributes.csv. */
export function readAttributes(view: View): Attributes {
  const text = view.text(attributesFile);
  if (text === undefined) return { rules: [], diagnostics: [] };
  const { table, diagnostics } = parseTable('attributes', attributesFile, text, attributesSchema);
  const found = [...diagnostics];
  const rules: PathRule[] = [];
  for (const row of table?.rows ?? []) {
    const rule = readRule(row.table, row, found);
    if (rule !== undefined) rules.push(rule);
  }
  return { rules, diagnostics: found };
}

function readRule(table: Table, row: Row, found: Diagnostic[]): PathRule | undefined {
  const path = table.value(row, 'path');
  if (path === undefined) return undefined;
  const at = () => originOf({ row, column: 'path' });
  const parts = path.split('/');
  const folder = parts[0];
  if (folder !== 'syncdirs' && folder !== 'images') {
    found.push(say.outsidePath(at(), { path }));
    return undefined;
  }
  const last = parts.at(-1);
  const deep = last === '**';
  const directory = last === '';
  if (deep || directory) parts.pop();
  if (parts.some((part) => part === '' || part === '.' || part === '..' || part.includes('*'))) {
    found.push(say.badPattern(at(), { path }));
    return undefined;
  }
  const before = found.length;
  const uid = readOwner(table, row, 'owner', found);
  const gid = readOwner(table, row, 'group', found);
  const mode = readMode(table, row, found);
  return found.length > before ? undefined : { folder, path: parts.join('/'), deep, directory, uid, gid, mode, row };
}

/** The largest number is kept by the kernel for "no owner". */
const largestId = 0xfffffffe;

function readOwner(table: Table, row: Row, column: 'owner' | 'group', found: Diagnostic[]): number | undefined {
  const text = table.value(row, column);
  if (text === undefined) return undefined;
  if (/^\d{1,10}$/.test(text) && Number(text) <= largestId) return Number(text);
  found.push(say.badOwner(originOf({ row, column }), { column, text }));
  return undefined;
}

function readMode(table: Table, row: Row, found: Diagnostic[]): number | undefined {
  const text = table.value(row, 'mode');
  if (text === undefined) return undefined;
  if (/^0?[0-7]{3,4}$/.test(text)) return Number.parseInt(text, 8);
  found.push(say.badMode(originOf({ row, column: 'mode' }), { text }));
  return undefined;
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
