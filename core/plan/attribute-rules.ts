/** Reads attributes.csv: owner, group and mode of published files and of files of images, which git does not keep (DESIGN 5). */
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import type { AttributeRule } from '../plugin/output.ts';
import type { View } from '../resolve/view.ts';
import { parseTable } from '../tables/parse.ts';
import type { TableSchema } from '../tables/schema.ts';
import type { Row } from '../tables/table.ts';

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

/** A cell that can't be what its column says; the row is no rule. */
export interface AttributeFault {
  readonly what: 'outside' | 'pattern' | 'owner' | 'mode';
  readonly row: Row;
  readonly column: 'path' | 'owner' | 'group' | 'mode';
  readonly text: string;
}

export interface Attributes {
  /** In file order; a row that is in doubt is in `faults` and not here. */
  readonly rules: readonly PathRule[];
  readonly faults: readonly AttributeFault[];
  /** What is wrong with the file as a table. */
  readonly diagnostics: readonly Diagnostic[];
}

const none: Attributes = { rules: [], faults: [], diagnostics: [] };
const known = new WeakMap<View, Attributes>();

/** The rules of a view, read once; none where it has no attributes.csv. What is wrong is told by the plugin that publishes overlays. */
export function readAttributes(view: View): Attributes {
  let read = known.get(view);
  if (read === undefined) {
    const text = view.text(attributesFile);
    read = text === undefined ? none : readText(text);
    known.set(view, read);
  }
  return read;
}

function readText(text: string): Attributes {
  const { table, diagnostics } = parseTable('attributes', attributesFile, text, attributesSchema);
  const faults: AttributeFault[] = [];
  const rules: PathRule[] = [];
  for (const row of table?.rows ?? []) {
    const rule = readRule(row, faults);
    if (rule !== undefined) rules.push(rule);
  }
  return { rules, faults, diagnostics };
}

function readRule(row: Row, faults: AttributeFault[]): PathRule | undefined {
  const path = row.table.value(row, 'path');
  if (path === undefined) return undefined;
  const parts = path.split('/');
  const folder = parts[0];
  if (folder !== 'syncdirs' && folder !== 'images') {
    faults.push({ what: 'outside', row, column: 'path', text: path });
    return undefined;
  }
  const last = parts.at(-1);
  const deep = last === '**';
  const directory = last === '';
  if (deep || directory) parts.pop();
  if (parts.some((part) => part === '' || part === '.' || part === '..' || part.includes('*'))) {
    faults.push({ what: 'pattern', row, column: 'path', text: path });
    return undefined;
  }
  const before = faults.length;
  const uid = readOwner(row, 'owner', faults);
  const gid = readOwner(row, 'group', faults);
  const mode = readMode(row, faults);
  return faults.length > before ? undefined : { folder, path: parts.join('/'), deep, directory, uid, gid, mode, row };
}

/** The largest number is kept by the kernel for "no owner". */
const largestId = 0xfffffffe;

function readOwner(row: Row, column: 'owner' | 'group', faults: AttributeFault[]): number | undefined {
  const text = row.table.value(row, column);
  if (text === undefined) return undefined;
  if (/^\d{1,10}$/.test(text) && Number(text) <= largestId) return Number(text);
  faults.push({ what: 'owner', row, column, text });
  return undefined;
}

function readMode(row: Row, faults: AttributeFault[]): number | undefined {
  const text = row.table.value(row, 'mode');
  if (text === undefined) return undefined;
  if (/^0?[0-7]{3,4}$/.test(text)) return Number.parseInt(text, 8);
  faults.push({ what: 'mode', row, column: 'mode', text });
  return undefined;
}

/** A rule as the contract has it, without its row. */
export function plainRule({ path, deep, uid, gid, mode }: PathRule): AttributeRule {
  return {
    path,
    deep,
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
    ...(mode === undefined ? {} : { mode }),
  };
}
