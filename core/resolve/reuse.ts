/**
 * Decides which nodes of the view made before stand unchanged in the one being made, so that a push of one row costs one
 * node's work and not ten thousand's.
 *
 * A node is taken over only when nothing that any plugin can ask about it has changed: no row of a node-keyed table under its
 * name or one of its groups (text or line), and nothing that all nodes share. Whatever is in doubt is made anew. The
 * invariant test holds this: its walks go through one engine, and each step is compared with a fresh one.
 */
import type { Row, Table } from '../tables/table.ts';
import { Addresses } from './addresses.ts';
import { Findings } from './findings.ts';
import { NodeLookup } from './lookup.ts';
import type { Folder, Image, Node } from './view.ts';

/** What has to be remembered of a view to take its nodes over. */
export interface MadeView {
  readonly tables: ReadonlyMap<string, Table>;
  readonly groups: ReadonlyMap<string, readonly string[]>;
  readonly nodes: ReadonlyMap<string, Node>;
  readonly images: ReadonlyMap<string, Image>;
  readonly addresses: Addresses;
  /** site.domain, with which names are asked for. */
  readonly domain: string | undefined;
  /** Addresses of the management node and of service nodes, by which trees are ours or foreign. */
  readonly ours: ReadonlySet<string>;
  /** Also what plugins found when they asked for values, after the view was made. */
  readonly findings: Findings;
  readonly folders: ReadonlyMap<string, Folder>;
  readonly directories: ReadonlySet<string>;
}

/** The new view's inputs, before any node is made. */
export type Inputs = Pick<MadeView, 'tables' | 'groups' | 'folders' | 'directories' | 'domain' | 'ours'>;

/** Tables whose rows say something about others than the node or group in their key. */
const shared: ReadonlySet<string> = new Set(['servicenode']);

/** Names of the nodes that can be taken over; undefined: none, everything is made anew. */
export function reusableNodes(before: MadeView, now: Inputs): ReadonlySet<string> | undefined {
  if (!sameNames(before.groups, now.groups) || !sameFolders(before, now)) return undefined;
  if (!sameSets(before.ours, now.ours)) return undefined;
  // What was found of a node is found again by making it again: so diagnostics are those of a view made from nothing.
  const troubled = before.findings.nodes();
  // A host that is no node is looked at by whoever names it, and that is not known: so everybody is asked again.
  for (const name of troubled) if (!now.groups.has(name)) return undefined;
  const names = new Set([...before.tables.keys(), ...now.tables.keys()]);
  const changed = new Set<string>();
  let mayMove = false;
  for (const name of names) {
    const [old, table] = [before.tables.get(name), now.tables.get(name)];
    if (old === table) continue;
    if (old === undefined || table === undefined || shared.has(name)) return undefined;
    const keys = changedKeys(old, table);
    if (keys === undefined) return undefined;
    for (const key of keys) changed.add(key);
    // Other groups may give a node another address, as another hosts row does.
    if (name === 'hosts' || name === 'nodelist') mayMove = true;
  }
  if (mayMove && !sameAddresses(before, now)) return undefined;
  const reusable = new Set<string>();
  for (const [node, groups] of now.groups) {
    if (!troubled.has(node) && !changed.has(node) && !groups.some((group) => changed.has(group))) reusable.add(node);
  }
  return reusable;
}

function sameNames(before: ReadonlyMap<string, unknown>, now: ReadonlyMap<string, unknown>): boolean {
  if (before.size !== now.size) return false;
  for (const name of now.keys()) if (!before.has(name)) return false;
  return true;
}

/** Lists and image files may decide what an image becomes; of syncdirs only which directories there are reaches a node. */
function sameFolders(before: MadeView, now: Inputs): boolean {
  for (const name of ['custom', 'images']) {
    if (before.folders.get(name)?.tree !== now.folders.get(name)?.tree) return false;
  }
  if (before.directories === now.directories) return true;
  return sameSets(before.directories, now.directories);
}

function sameSets(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  if (a.size !== b.size) return false;
  for (const item of a) if (!b.has(item)) return false;
  return true;
}

/** The text of a row as it stands in its file, up to the next row. */
function textOf(row: Row, next: Row | undefined): string {
  return row.table.text.slice(row.offset, next?.offset ?? row.table.text.length);
}

/**
 * Keys of the rows that differ in text or line; undefined where the tables cannot be compared row by row: another header, or
 * no node in the key. Rows that only moved count as changed, because what is known of a row includes where it stands.
 */
function changedKeys(old: Table, now: Table): Set<string> | undefined {
  const key = now.columns.indexOf('node');
  if (key === -1 || old.columns.join() !== now.columns.join()) return undefined;
  const keys = new Set<string>();
  const length = Math.max(old.rows.length, now.rows.length);
  for (let i = 0; i < length; i++) {
    const [a, b] = [old.rows[i], now.rows[i]];
    if (a !== undefined && b !== undefined && a.line === b.line) {
      // Comments and switched-off rows between rows belong to the text of the row above: harmless, and seldom.
      if (textOf(a, old.rows[i + 1]) === textOf(b, now.rows[i + 1])) continue;
    }
    for (const row of [a, b]) {
      const name = row?.values[key];
      if (name !== undefined) keys.add(name);
    }
  }
  return keys;
}

/** Whether every name that somebody asked for, a server's as a rule, still has the addresses that it had. */
function sameAddresses(before: MadeView, now: Inputs): boolean {
  // Looked up on the side: what is found of names that nobody asks for any more must not be told.
  const aside = new Findings();
  const lookup = new NodeLookup(now.tables, now.groups, aside);
  const addresses = new Addresses(lookup, now.tables.get('hosts'), now.domain, aside);
  for (const name of [...before.addresses.asked]) {
    if (before.addresses.all(name).join() !== addresses.all(name).join()) return false;
  }
  return true;
}
