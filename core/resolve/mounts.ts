/** litetree and statelite rows as mounts of one node: which rows apply, in what order, with variables filled in. */
import { badMount, badPriority, hashInMount, noTreeDirectory } from '../diagnostic/catalogue/lite.ts';
import {
  commandRefused,
  templateError,
  valueMissing,
  valueRefused,
  variableSecret,
  variableUnknown,
} from '../diagnostic/catalogue/nodes.ts';
import { unresolvedServer } from '../diagnostic/catalogue/resolve.ts';
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import type { Row, Table } from '../tables/table.ts';
import type { Facing } from './facing.ts';
import type { Findings } from './findings.ts';
import type { NodeLookup } from './lookup.ts';
import { everyImage, imageRank } from './options.ts';
import { compileTemplate, expandTemplate, type Reference, referenceText, type Template } from './substitute.ts';
import type { Mount } from './view.ts';

/** What all mounts of one view share. */
export interface MountContext {
  readonly tables: ReadonlyMap<string, Table>;
  readonly site: ReadonlyMap<string, string>;
  readonly lookup: NodeLookup;
  readonly facing: Facing;
  readonly findings: Findings;
  /** Columns of a table that a variable may name: schema and the file's own header; undefined: no such table. */
  readonly knownColumns: (table: string) => readonly string[] | undefined;
  readonly knownTables: readonly string[];
}

const templateKinds = {
  command: commandRefused,
  table: variableUnknown,
  column: variableUnknown,
  secret: variableSecret,
  syntax: templateError,
  path: templateError,
} as const;

/** One litetree row, its directory compiled. */
export interface TreeRow {
  readonly row: Row;
  readonly priority: string;
  readonly number: number;
  readonly image: string | undefined;
  readonly template: Template;
}

/** Templates of the directory cells of a table, by row; a cell at fault is reported once and gives none. */
export class Templates {
  private readonly byRow = new Map<Row, Template | undefined>();
  private readonly context: MountContext;

  constructor(context: MountContext) {
    this.context = context;
  }

  of(row: Row, column: string): Template | undefined {
    if (this.byRow.has(row)) return this.byRow.get(row);
    const text = row.table.value(row, column) ?? '';
    const compiled = compileTemplate(text, { known: this.context.knownColumns, tables: this.context.knownTables });
    let template: Template | undefined;
    if ('template' in compiled) template = compiled.template;
    else {
      const at = row.table.at(row, column);
      for (const error of compiled.errors) {
        // A quote in the value stands twice in the file.
        const quotes = text.slice(0, error.offset).split('"').length - 1;
        const position = { ...at, column: at.column + error.offset + quotes };
        this.context.findings.add(`template:${row.table.name}:${row.offset}:${error.offset}`, undefined, () =>
          templateKinds[error.reason](position, { text, why: error.message, mend: error.mend }),
        );
      }
    }
    this.byRow.set(row, template);
    return template;
  }
}

/** The number of litetree.priority; undefined where it is none as people write them: `0x10` and `1e3` are slips. */
export function priorityOf(text: string): number | undefined {
  return /^-?(\d+\.?|\d*\.\d+)$/.test(text) ? Number(text) : undefined;
}

/** Reads litetree.csv once; what cannot be used is reported. */
export function readLitetree(
  context: MountContext,
  templates: Templates,
): { rows: TreeRow[]; diagnostics: Diagnostic[] } {
  const table = context.tables.get('litetree');
  const rows: TreeRow[] = [];
  const diagnostics: Diagnostic[] = [];
  for (const row of table?.rows ?? []) {
    if (table === undefined) break;
    const priority = (table.value(row, 'priority') ?? '').trim();
    const number = priorityOf(priority);
    if (number === undefined) {
      diagnostics.push(badPriority(table.at(row, 'priority'), { text: priority }));
      continue;
    }
    if (table.value(row, 'directory') === undefined) {
      diagnostics.push(noTreeDirectory(table.at(row), {}));
      continue;
    }
    const template = templates.of(row, 'directory');
    if (template === undefined) continue;
    rows.push({ row, priority, number, image: table.value(row, 'image'), template });
  }
  return { rows, diagnostics };
}

/** The rows that apply to an image, in search order: by number, ties by closeness of the image, then file order. */
export function litetreeOf(image: string, groups: readonly string[], rows: readonly TreeRow[]): TreeRow[] {
  return rows
    .map((row, index) => ({ row, index, rank: imageRank(row.image, image, groups) }))
    .filter((item): item is typeof item & { rank: number } => item.rank !== undefined)
    .sort((a, b) => a.row.number - b.row.number || a.rank - b.rank || a.index - b.index)
    .map((item) => item.row);
}

/** The word in litetree.mntopts by which nodes do not boot without the tree (DESIGN 5); none of mount's own. */
export const requiredWord = 'required';

export function isRequired(row: Row): boolean {
  return row.table.value(row, 'mntopts')?.split(',').includes(requiredWord) === true;
}

/** Fills a directory in for one node. Undefined where a variable has no value (a finding names the nodes) or the result is
 *  no mount. `needsServer`: a state directory must have one. */
export function mountFor(
  context: MountContext,
  node: { readonly name: string; readonly addresses: readonly string[] },
  row: Row,
  column: string,
  template: Template,
  needsServer: boolean,
): Mount | undefined {
  const at = () => row.table.at(row, column);
  const { name } = node;
  const expanded = expandTemplate(template, (reference) => referenced(context, name, reference));
  const key = `${row.table.name}:${row.offset}`;
  if ('missing' in expanded) {
    const names = expanded.missing.map(referenceText).join(', ');
    context.findings.add(`missing:${key}:${names}`, name, () =>
      valueMissing(at(), { variables: names, table: row.table.name }),
    );
    return undefined;
  }
  if ('error' in expanded) {
    context.findings.add(`badvalue:${key}:${expanded.error.message}`, name, () =>
      valueRefused(at(), {
        text: row.table.value(row, column) ?? '',
        why: expanded.error.message,
        mend: expanded.error.mend,
      }),
    );
    return undefined;
  }
  // The path starts at the first `:/`, so that an IPv6 server in brackets or bare keeps its colons.
  const text = expanded.text.trim();
  const split = text.startsWith('/') ? -1 : text.indexOf(':/');
  const path = split === -1 ? text : text.slice(split + 1);
  const server = split === -1 ? undefined : text.slice(0, split).trim();
  const why =
    server === '' || (server === undefined && needsServer)
      ? 'it names no server'
      : !path.startsWith('/')
        ? 'its path does not start with /'
        : path.split('/').includes('..')
          ? "its path climbs with '..'"
          : // PATH_MAX and NAME_MAX of Linux; a node's own directory may stand below.
            Buffer.byteLength(path) > 3000 || path.split('/').some((part) => Buffer.byteLength(part) > 255)
            ? 'its path is longer than a path can be (3,000 bytes), or has a part longer than a name (255)'
            : undefined;
  if (why !== undefined) {
    context.findings.add(`mount:${key}:${why}`, name, () => badMount(at(), { text, why }));
    return undefined;
  }
  if (server !== undefined && text.includes('#')) {
    context.findings.add(`hash:${key}`, name, () => hashInMount(at(), { text }));
    return undefined;
  }
  let address: string | undefined;
  if (server !== undefined) {
    const bare = server.replace(/^\[(.*)\]$/, '$1');
    address = context.facing.of(bare, node.addresses);
    if (address === undefined) {
      context.findings.add(`server:${bare}`, name, () => unresolvedServer(at(), { name: bare }));
      address = server;
    }
  }
  const trimmed = path.length > 1 ? path.replace(/\/+$/, '') : path;
  return { server, address, path: trimmed, options: row.table.value(row, 'mntopts'), row };
}

function referenced(context: MountContext, node: string, reference: Reference): string | undefined {
  if (reference.table === 'node') return node;
  if (reference.table === 'site') return context.site.get(reference.column);
  return context.lookup.value(node, reference.table, reference.column)?.text;
}

/** The statelite row of a node: its own rows before those of its groups in order; among rows of one key the closest image. */
export function stateliteRow(
  context: MountContext,
  keys: readonly string[],
  image: string,
  groups: readonly string[],
): Row | undefined {
  const table = context.tables.get('statelite');
  if (table === undefined) return undefined;
  for (const key of keys) {
    let best: { row: Row; rank: number } | undefined;
    for (const row of context.lookup.rows('statelite', key)) {
      if (table.value(row, 'statemnt') === undefined) continue;
      const rank = imageRank(table.value(row, 'image'), image, groups) ?? everyImage + 1;
      if (rank <= everyImage && (best === undefined || rank < best.rank)) best = { row, rank };
    }
    if (best !== undefined) return best.row;
  }
  return undefined;
}
