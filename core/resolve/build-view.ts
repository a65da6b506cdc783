/** Makes the view of one snapshot: reads its tables and resolves every node and image, once. */

import { missingTable } from '../diagnostic/catalogue/resolve.ts';
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import type { Snapshot } from '../repo/snapshot.ts';
import { loadTables, type TableCache } from '../tables/load.ts';
import type { TableSchema } from '../tables/schema.ts';
import { schemas } from '../tables/schemas.ts';
import type { Table } from '../tables/table.ts';
import { Addresses, readNetworks } from './addresses.ts';
import { Facing } from './facing.ts';
import { Findings } from './findings.ts';
import { type DraftImage, readImages } from './images.ts';
import { readLitefile } from './litefile.ts';
import { NodeLookup } from './lookup.ts';
import { readLitetree, Templates } from './mounts.ts';
import { makeNodes, publishedRoot, readNodelist, uselessTrees } from './nodes.ts';
import { dialectOf } from './options.ts';
import { type MadeView, reusableNodes } from './reuse.ts';
import type { Folder, Image, Node, View } from './view.ts';

/** What does not change from commit to commit: caches, and what plugins add. */
export interface ViewBase {
  readonly tableCache: TableCache;
  readonly extraSchemas: readonly TableSchema[];
  /** The view made last: its unchanged nodes are taken over. Replaced by each view that is made. */
  last?: MadeView;
}

/** Decides who builds an image (the plugins' images hooks); undefined: external. */
export type BuildDecision = (view: View, image: Image) => Image['build'] | undefined;

const folders = ['syncdirs', 'custom', 'images'] as const;

/** Everything of a snapshot that resolution reads, loaded: from here on nothing waits. */
interface Loaded {
  readonly tables: ReadonlyMap<string, Table>;
  readonly tableDiagnostics: readonly Diagnostic[];
  readonly folders: ReadonlyMap<string, Folder>;
  readonly texts: ReadonlyMap<string, string>;
}

async function load(snapshot: Snapshot, base: ViewBase): Promise<Loaded> {
  const loaded = await loadTables(snapshot, base.tableCache, base.extraSchemas);
  const byName = new Map<string, Folder>();
  for (const name of folders) {
    const { tree, entries } = await snapshot.list(name);
    const prefix = name.length + 1;
    // Kept by tree id: an unchanged folder of twenty thousand files is not copied again.
    byName.set(name, relativeFolder(tree, entries, prefix));
  }
  const texts = new Map<string, string>();
  const wanted: { path: string; oid: string }[] = [];
  for (const entry of byName.get('custom')?.entries ?? [])
    wanted.push({ path: `custom/${entry.path}`, oid: entry.oid });
  // The text of a symbolic link is what it leads to, which a plan must know; other overlay content is not loaded.
  for (const name of ['syncdirs', 'images'] as const) {
    for (const entry of byName.get(name)?.entries ?? []) {
      if (entry.mode === '120000') wanted.push({ path: `${name}/${entry.path}`, oid: entry.oid });
    }
  }
  const { entries: top } = await snapshot.list('');
  const attributes = top.find((entry) => entry.path === 'attributes.csv');
  if (attributes !== undefined) wanted.push(attributes);
  const blobs = await snapshot.blobs(wanted.map((item) => item.oid));
  wanted.forEach((item, i) => {
    texts.set(item.path, blobs[i]?.toString('utf8') ?? '');
  });
  return { tables: loaded.tables, tableDiagnostics: loaded.diagnostics, folders: byName, texts };
}

const relativeCache = new Map<string, Folder>();
function relativeFolder(tree: string | undefined, entries: Folder['entries'], prefix: number): Folder {
  const key = `${prefix}:${tree}`;
  const known = tree === undefined ? undefined : relativeCache.get(key);
  if (known !== undefined) return known;
  const folder = { tree, entries: entries.map((entry) => ({ ...entry, path: entry.path.slice(prefix) })) };
  if (tree !== undefined) {
    if (relativeCache.size >= 12) relativeCache.delete(relativeCache.keys().next().value ?? '');
    relativeCache.set(key, folder);
  }
  return folder;
}

/** Directories that a folder's files imply, by the folder's tree id. */
const directoryCache = new WeakMap<Folder, ReadonlySet<string>>();
function directoriesOf(folder: Folder): ReadonlySet<string> {
  let set = directoryCache.get(folder);
  if (set === undefined) {
    const found = new Set<string>(['']);
    for (const entry of folder.entries) {
      let slash = entry.path.lastIndexOf('/');
      while (slash !== -1) {
        const directory = entry.path.slice(0, slash);
        if (found.has(directory)) break;
        found.add(directory);
        slash = entry.path.lastIndexOf('/', slash - 1);
      }
    }
    set = found;
    directoryCache.set(folder, set);
  }
  return set;
}

function readSite(table: Table | undefined): Map<string, string> {
  const site = new Map<string, string>();
  for (const row of table?.rows ?? []) {
    const key = table?.value(row, 'key');
    const value = table?.value(row, 'value');
    if (key !== undefined && value !== undefined) site.set(key, value);
  }
  return site;
}

/** Addresses of the management node (site.master) and of every host that the servicenode table makes an NFS server. */
function ourAddresses(
  addresses: Addresses,
  lookup: NodeLookup,
  nodes: Iterable<string>,
  site: ReadonlyMap<string, string>,
  tables: ReadonlyMap<string, Table>,
): Set<string> {
  const ours = new Set<string>();
  const master = site.get('master');
  if (master !== undefined) for (const address of addresses.ofServer(master)) ours.add(address);
  if ((tables.get('servicenode')?.rows.length ?? 0) === 0) return ours;
  for (const name of nodes) {
    if (!/^(1|y|yes)$/i.test(lookup.value(name, 'servicenode', 'nfsserver')?.text ?? '')) continue;
    for (const address of addresses.ofHost(name)) ours.add(address);
  }
  return ours;
}

/** Makes the view. Pure but for reading the snapshot; findings of tables and resolution are in `diagnostics`. */
export async function buildView(snapshot: Snapshot, base: ViewBase, decide?: BuildDecision): Promise<View> {
  const loaded = await load(snapshot, base);
  const { tables } = loaded;
  const site = readSite(tables.get('site'));
  const nodelist = readNodelist(tables.get('nodelist'));
  const syncdirs = loaded.folders.get('syncdirs') ?? { tree: undefined, entries: [] };
  const domain = site.get('domain');
  const findings = new Findings();
  const lookup = new NodeLookup(tables, nodelist.groups, findings);
  const addresses = new Addresses(lookup, tables.get('hosts'), domain, findings);
  const ours = ourAddresses(addresses, lookup, nodelist.rows.keys(), site, tables);
  const directories = directoriesOf(syncdirs);
  const inputs = { tables, groups: nodelist.groups, folders: loaded.folders, directories, domain, ours };
  const before = base.last;
  const reusable = before === undefined ? undefined : reusableNodes(before, inputs);
  const litefile = readLitefile(tables.get('litefile'), dialectOf(site));
  const readAgain = readImages(tables.get('osimage'), litefile.rows, findings);
  // Where nodes are taken over, no table that images are made of has changed; nodes point at their image.
  const images = reusable !== undefined && before !== undefined ? before.images : readAgain;
  const mounts = {
    tables,
    site,
    lookup,
    addresses,
    facing: new Facing(addresses, readNetworks(tables.get('networks'))),
    findings,
    knownColumns: columnsOf(tables, base.extraSchemas),
    knownTables: [...new Set([...schemas.keys(), ...base.extraSchemas.map(({ name }) => name), ...tables.keys()])],
  };
  const templates = new Templates(mounts);
  const litetree = readLitetree(mounts, templates);
  // All of them, also those that no node made now uses: a fault in a row is found whoever is taken over.
  for (const row of tables.get('statelite')?.rows ?? []) {
    if (row.table.value(row, 'statemnt') !== undefined) templates.of(row, 'statemnt');
  }
  const unchanged = new Map<string, Node>();
  if (reusable !== undefined && before !== undefined) {
    for (const name of reusable) {
      const node = before.nodes.get(name);
      if (node !== undefined) unchanged.set(name, node);
    }
    for (const name of before.addresses.asked) addresses.asked.add(name);
  }
  const nodes = makeNodes(
    nodelist.rows,
    nodelist.groups,
    {
      ...mounts,
      siteMaster: site.get('master'),
      images,
      treeRows: litetree.rows,
      templates,
      port: portOf(site),
      ours,
      published: (path) => directories.has(path.slice(publishedRoot.length + 1)),
    },
    unchanged,
  );
  const diagnostics = [
    ...loaded.tableDiagnostics,
    ...nodelist.diagnostics,
    ...litefile.diagnostics,
    ...litetree.diagnostics,
    ...uselessTrees(nodes.values()),
  ];
  if (snapshot.commit !== undefined && !tables.has('nodelist')) {
    diagnostics.push(missingTable(undefined, { file: 'tables/nodelist.csv' }));
  }
  const view: View = {
    commit: snapshot.commit,
    tables,
    site,
    nodes,
    images,
    value: (node, table, column) => lookup.value(node, table, column),
    addressOf: (name) => addresses.first(name),
    addressesOf: (name) => addresses.ofServer(name),
    folder: (name) => loaded.folders.get(name) ?? { tree: undefined, entries: [] },
    text: (path) => loaded.texts.get(path),
    installdir: trimmedDirectory(site.get('installdir'), '/install'),
    tftpdir: trimmedDirectory(site.get('tftpdir'), '/tftpboot'),
    // Read when asked: values that checks and plugins look up may still find something.
    get diagnostics() {
      return [...diagnostics, ...findings.all()];
    },
  };
  if (decide !== undefined) {
    for (const image of images.values()) {
      const build = decide(view, image) ?? image.build;
      if (reusable === undefined) (image as DraftImage).build = build;
      else if (JSON.stringify(build) !== JSON.stringify(image.build)) {
        // A plugin decides by more than what was compared: nothing is taken over.
        base.last = undefined;
        return buildView(snapshot, base, decide);
      }
    }
  }
  if (reusable === undefined) for (const image of images.values()) Object.freeze(image);
  base.last = { ...inputs, nodes, images, addresses, findings };
  return view;
}

/** Columns of a node-keyed table that a variable may name: its schema's and the file's own; undefined: no such table. */
function columnsOf(
  tables: ReadonlyMap<string, Table>,
  extraSchemas: readonly TableSchema[],
): (name: string) => readonly string[] | undefined {
  const extra = new Map(extraSchemas.map((schema) => [schema.name, schema]));
  return (name) => {
    const schema = schemas.get(name) ?? extra.get(name);
    const header = tables.get(name)?.columns;
    if (schema === undefined) return header?.includes('node') ? header : undefined;
    if (schema.keyedBy !== 'node') return undefined;
    return header === undefined ? schema.columns : [...new Set([...schema.columns, ...header])];
  };
}

function portOf(site: ReadonlyMap<string, string>): number {
  const port = Number(site.get('xcatdport') ?? '3001');
  return Number.isInteger(port) && port > 0 && port < 65536 ? port : 3001;
}

function trimmedDirectory(text: string | undefined, fallback: string): string {
  const path = (text ?? fallback).replace(/\/+$/, '');
  return path.startsWith('/') ? path : fallback;
}
