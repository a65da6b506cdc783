/** Builds small frozen Views by hand, so that a plugin's test needs neither a repository nor the resolver. */
import type { Diagnostic } from '../../diagnostic/diagnostic.ts';
import type { FileEntry } from '../../repo/snapshot.ts';
import type { Image, ImageBuild, Mac, Node, NodeState, TreeMount, Value, View } from '../../resolve/view.ts';
import type { Row, Table } from '../../tables/table.ts';

export interface FakeNode {
  readonly groups?: readonly string[];
  /** chain.currstate, whole; its first word is the state. Default `statelite`; '' is none. */
  readonly currstate?: string;
  /** Name of an image of the view; default its first one. */
  readonly image?: string | null;
  readonly addresses?: readonly string[];
  readonly macs?: readonly (string | Mac)[];
  readonly netboot?: string | null;
  /** Address of the image server and of the master; default the site's master. */
  readonly imageServer?: string;
  readonly master?: string;
  /** `server:/path`. */
  readonly statemnt?: string;
  readonly litetree?: readonly { readonly mount: string; readonly ours: boolean; readonly present?: boolean }[];
  readonly problems?: readonly Diagnostic[];
}

export interface FakeImage {
  readonly os?: string;
  readonly arch?: string;
  readonly profile?: string;
  readonly build?: ImageBuild;
}

export interface FakeView {
  readonly nodes?: Readonly<Record<string, FakeNode>>;
  readonly images?: Readonly<Record<string, FakeImage>>;
  readonly site?: Readonly<Record<string, string>>;
  /** Name to address, as the hosts table would have it. */
  readonly hosts?: Readonly<Record<string, string>>;
  /** Rows by table; the first column that a table's first row names is its key. */
  readonly tables?: Readonly<Record<string, readonly Readonly<Record<string, string>>[]>>;
  /** Paths below the three folders, with a mode where it is not 100644. */
  readonly files?: readonly (string | { readonly path: string; readonly mode: FileEntry['mode'] })[];
  /** Texts that the view has loaded, e.g. attributes.csv. */
  readonly texts?: Readonly<Record<string, string>>;
}

/**
 * Makes a view in which every node boots statelite from the management node 10.0.0.1, unless told otherwise.
 * @example fakeView({ nodes: { n01: { addresses: ['10.0.1.1'] } } })
 */
export function fakeView(given: FakeView = {}): View {
  const site = new Map(Object.entries({ master: '10.0.0.1', ...given.site }));
  const installdir = site.get('installdir') ?? '/install';
  const nodesGiven = Object.entries(given.nodes ?? {}).sort(byKey);
  const imagesGiven = Object.entries(given.images ?? { compute: {} }).sort(byKey);

  const tables = new Map<string, Table>();
  for (const [name, rows] of Object.entries(given.tables ?? {})) tables.set(name, fakeTable(name, rows));
  const nodelist = fakeTable(
    'nodelist',
    nodesGiven.map(([node, it]) => ({ node, groups: it.groups?.join(',') ?? '' })),
  );
  const chain = fakeTable(
    'chain',
    nodesGiven.map(([node, it]) => ({ node, currstate: it.currstate ?? 'statelite' })),
  );
  const osimage = fakeTable(
    'osimage',
    imagesGiven.map(([imagename]) => ({ imagename })),
  );
  for (const table of [nodelist, chain, osimage]) if (!tables.has(table.name)) tables.set(table.name, table);

  const images = new Map<string, Image>();
  for (const [index, [name, it]] of imagesGiven.entries()) {
    images.set(name, {
      name,
      row: rowAt(osimage, index),
      os: it.os ?? 'rhels5.5',
      arch: it.arch ?? 'x86_64',
      profile: it.profile ?? 'compute',
      groups: [],
      litefile: [],
      build: it.build ?? { kind: 'external', generation: 'ext1' },
    });
  }

  const nodes = new Map<string, Node>();
  for (const [index, [name, it]] of nodesGiven.entries()) {
    const currstate = cell(chain, rowAt(chain, index), 'currstate', name);
    const address = it.master ?? site.get('master') ?? '';
    nodes.set(name, {
      name,
      groups: it.groups ?? [],
      row: rowAt(nodelist, index),
      state: currstate === undefined ? undefined : stateOf(currstate.text),
      currstate,
      image: it.image === null ? undefined : images.get(it.image ?? imagesGiven[0]?.[0] ?? ''),
      addresses: it.addresses ?? [],
      macs: (it.macs ?? []).map((mac) => (typeof mac === 'string' ? { mac, hostname: undefined } : mac)),
      netboot: it.netboot === null ? undefined : (it.netboot ?? 'pxe'),
      imageServer: { name: it.imageServer ?? address, address: it.imageServer ?? address },
      master: { name: address, address, port: Number(site.get('xcatdport') ?? 3001) },
      statemnt: it.statemnt === undefined ? undefined : mountOf(it.statemnt, rowAt(nodelist, index)),
      litetree: (it.litetree ?? []).map(
        (tree, at): TreeMount => ({
          ...mountOf(tree.mount, rowAt(nodelist, index)),
          priority: String(at + 1),
          ours: tree.ours,
          present: tree.present ?? true,
        }),
      ),
      problems: it.problems ?? [],
    });
  }

  const files = (given.files ?? []).map((it) => (typeof it === 'string' ? { path: it, mode: '100644' as const } : it));
  const addressOf = (name: string): string | undefined =>
    /^[\d.]+$|:/.test(name) ? name : (given.hosts?.[name] ?? nodes.get(name)?.addresses[0]);
  return {
    commit: 'c'.repeat(40),
    tables,
    site,
    nodes,
    images,
    installdir,
    tftpdir: site.get('tftpdir') ?? '/tftpboot',
    diagnostics: [],
    addressOf,
    addressesOf: (name) => nodes.get(name)?.addresses ?? [addressOf(name)].filter((it) => it !== undefined),
    text: (path) => given.texts?.[path],
    folder: (name) => {
      const entries = files
        .filter((it) => it.path.startsWith(`${name}/`))
        .map((it) => ({ path: it.path.slice(name.length + 1), mode: it.mode, oid: 'b'.repeat(40) }));
      return { tree: entries.length === 0 ? undefined : 't'.repeat(40), entries };
    },
    value: (node, table, column) => {
      const its = tables.get(table);
      if (its === undefined) return undefined;
      for (const key of [node, ...(nodes.get(node)?.groups ?? [])]) {
        for (const row of its.rows) {
          const found = row.values[0] === key ? cell(its, row, column, key) : undefined;
          if (found !== undefined) return found;
        }
      }
      return undefined;
    },
  };
}

/** A table of literal rows; its text is plain CSV, so that positions point at something. */
export function fakeTable(name: string, given: readonly Readonly<Record<string, string>>[]): Table {
  const columns = [...new Set(given.flatMap((row) => Object.keys(row)))];
  const rows: Row[] = [];
  const table: Table = {
    name,
    file: `tables/${name}.csv`,
    text: [`#${columns.join(',')}`, ...given.map((row) => columns.map((it) => `"${row[it] ?? ''}"`).join(','))].join(
      '\n',
    ),
    columns,
    rows,
    disabled: [],
    value: (row, column) => row.values[columns.indexOf(column)] || undefined,
    at: (row, column) => ({
      file: `tables/${name}.csv`,
      line: row.line,
      column: column === undefined ? 1 : columns.indexOf(column) + 1,
    }),
  };
  for (const [index, row] of given.entries()) {
    rows.push({ table, line: index + 2, offset: 0, values: columns.map((it) => row[it]) });
  }
  return table;
}

function cell(table: Table, row: Row, column: string, key: string): Value | undefined {
  const text = table.value(row, column);
  return text === undefined ? undefined : { text, raw: text, row, column, key };
}

function stateOf(currstate: string): NodeState | undefined {
  const word = currstate.split(/\s+/)[0];
  return word === 'statelite' || word === 'boot' || word === 'shell' || word === 'offline' ? word : undefined;
}

function mountOf(text: string, row: Row) {
  const colon = text.indexOf(':/');
  const server = colon < 0 ? undefined : text.slice(0, colon);
  return { server, address: server, path: text.slice(colon + 1), options: undefined, row };
}

function rowAt(table: Table, index: number): Row {
  const row = table.rows[index];
  if (row === undefined) throw new Error(`${table.name} has no row ${index}`);
  return row;
}

function byKey(left: readonly [string, unknown], right: readonly [string, unknown]): number {
  return left[0] < right[0] ? -1 : left[0] > right[0] ? 1 : 0;
}
