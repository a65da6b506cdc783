/** nfs-exports: one file in exports.d with a line for images, one for overlays and one for each state directory. */
import { z } from 'zod';
import { imageDirectory } from '../../core/boot/image-directory.ts';
import { bootsFromUs, type OurServers, ourServers } from '../../core/boot/servers.ts';
import type { Diagnostic } from '../../core/diagnostic/diagnostic.ts';
import type { Output } from '../../core/plugin/output.ts';
import { contractVersion, definePlugin } from '../../core/plugin/plugin.ts';
import { publishedRoot } from '../../core/resolve/nodes.ts';
import { type Node, originOf, type View } from '../../core/resolve/view.ts';
import { badNetwork, exportedToAll, messages, noNetwork, unsafeState } from './messages.ts';
import { type NetworkIndex, networkIndex } from './networks.ts';
import { statePath, within } from './state-path.ts';

const options = z.strictObject({
  /** Form of the file: exports(5) of the kernel's server. */
  form: z.enum(['kernel']).default('kernel'),
  /** The cookbook's line for everyone instead of one that names networks. */
  widest: z.boolean().default(false),
  /** Whether to run `exportfs -ra` after a change. */
  reload: z.boolean().default(true),
});

type Options = z.output<typeof options>;

export const exportsFile = 'litehouse.exports';

const header = [
  '# Written by litehouse from its config repository; edits made here are lost at the next apply.',
  '# Change the tables noderes, networks, litetree and statelite there instead.',
];

// no_root_squash in all three: a node's init is root, and so is everything that reads the image (files of mode 0600 in the
// rootimg, host keys in an overlay) or creates and chowns the node's own state. Squashed, root would be nobody there.
const readOnly = '(ro,no_root_squash,sync,no_subtree_check)';
const readWrite = '(rw,sync,no_root_squash,no_subtree_check)';

/** Order of the lines in the file: images, overlays, state. */
const order = { images: 10, overlays: 20, state: 30 };

export const nfsExports = definePlugin<Options>({
  name: 'nfs-exports',
  contract: contractVersion,
  version: '1',
  about:
    'Exports images and overlays read-only to the networks of booting nodes, and state directories to their nodes.',
  reads: {
    networks: ['net', 'mask'],
    noderes: ['nfsdir'],
    servicenode: ['nfsserver'],
  },
  messages,
  options,
  setup: (given) => {
    const planned = new WeakMap<Node, readonly Output[]>();
    return {
      check: (view) => checkExports(view, given),
      plan: (view) => planExports(view, given, planned),
    };
  },
});

/**
 * Gives a path as exports(5) reads it: blanks and the characters with a meaning there as a backslash and three octal digits.
 * @example exportPath('/srv/a b') // '/srv/a\\040b'
 */
export function exportPath(path: string): string {
  return path.replace(/[\s"#\\]/g, (sign) => `\\${sign.charCodeAt(0).toString(8).padStart(3, '0')}`);
}

function planExports(view: View, given: Options, planned: WeakMap<Node, readonly Output[]>): Output[] {
  const servers = ourServers(view, 'nfsserver');
  const networks = networkIndex(view.tables.get('networks'));
  const outputs: Output[] = [];
  // The file is there on each of our NFS servers even without a line: parts of a waiting node need a place to go.
  for (const target of servers.targets) {
    const placed = { target, root: 'exports', path: exportsFile };
    outputs.push({ ...placed, kind: 'shared-file', header, mode: 0o644 });
    // exportfs fails on a line whose directory is missing, and an external image's tree may come later than its row.
    const store = { target, root: 'install', path: 'netboot', lifetime: 'create-only' } as const;
    outputs.push({ ...store, kind: 'directory', mode: 0o755 });
    if (given.reload) {
      const command = ['exportfs', '-ra'] as const;
      outputs.push({ kind: 'reload', target, name: 'exportfs', command, when: { root: 'exports' } });
    }
  }
  if (given.widest) for (const line of widestLines(view, servers)) outputs.push(line);
  for (const node of view.nodes.values()) {
    if (!bootsFromUs(node)) continue;
    let ofNode = planned.get(node);
    if (ofNode === undefined) {
      ofNode = planNode(view, node, given, servers, networks);
      planned.set(node, ofNode);
    }
    for (const output of ofNode) outputs.push(output);
  }
  return outputs;
}

function planNode(view: View, node: Node, given: Options, servers: OurServers, networks: NetworkIndex): Output[] {
  const outputs: Output[] = [];
  const clients = clientsOf(node, networks);
  for (const line of readOnlyLines(view, node, servers)) {
    if (!isWidest(view, given, line)) addParts(outputs, node, line, clients, readOnly);
  }
  addState(outputs, view, node, servers);
  return outputs;
}

/** Whether the cookbook's one line for everybody stands for this one. */
function isWidest(view: View, given: Options, line: Line): boolean {
  return given.widest && line.order === order.images && within(line.path, view.installdir);
}

/** The cookbook's line once for each host that serves an image to a booting node. */
function widestLines(view: View, servers: OurServers): Output[] {
  const targets = new Set<string>();
  for (const node of view.nodes.values()) {
    if (!bootsFromUs(node)) continue;
    for (const line of readOnlyLines(view, node, servers)) {
      if (line.order === order.images && within(line.path, view.installdir)) targets.add(line.target);
    }
  }
  return [...targets].map((target) => widestLine(view, target));
}

interface Line {
  readonly target: string;
  readonly order: number;
  readonly path: string;
}

/** What a node mounts read-only from hosts of ours: its image, and our overlay trees that its litetree names. */
function readOnlyLines(view: View, node: Node, servers: OurServers): Line[] {
  const lines: Line[] = [];
  const images = servers.targetOf(node.imageServer?.address);
  const store = imageDirectory(view, node)?.store;
  // A relative nfsdir is the boot loader plugin's to report; exports(5) has no place for it.
  if (images !== undefined && store?.startsWith('/') === true) {
    lines.push({ target: images, order: order.images, path: store });
  }
  const overlays = new Set<string>();
  for (const tree of node.litetree) {
    const target =
      tree.ours && tree.present && within(tree.path, publishedRoot) ? servers.targetOf(tree.address) : undefined;
    if (target !== undefined) overlays.add(target);
  }
  for (const target of overlays) lines.push({ target, order: order.overlays, path: publishedRoot });
  return lines;
}

function addParts(outputs: Output[], node: Node, line: Line, clients: Iterable<string>, rights: string): void {
  const text = exportPath(line.path);
  for (const client of clients) {
    outputs.push({
      kind: 'part',
      target: line.target,
      root: 'exports',
      path: exportsFile,
      node: node.name,
      order: line.order,
      line: text,
      item: `${client}${rights}`,
    });
  }
}

/** A line for the state directory and, inside it, the node's own, made once and never emptied. */
function addState(outputs: Output[], view: View, node: Node, servers: OurServers): void {
  const target = servers.targetOf(node.statemnt?.address);
  if (target === undefined || node.statemnt === undefined) return;
  const state = statePath(view, node.statemnt.path);
  if ('why' in state) return;
  addParts(outputs, node, { target, order: order.state, path: state.path }, node.addresses, readWrite);
  const path = `${state.path.slice(1)}/${node.name}`;
  const placed = { target, root: 'state', path, node: node.name } as const;
  outputs.push({ ...placed, kind: 'directory', mode: 0o755, lifetime: 'create-only' });
}

/** Networks of all of a node's addresses, since it may mount from any; its own address where the table has no network. */
function clientsOf(node: Node, networks: NetworkIndex): Set<string> {
  const found = new Set<string>();
  for (const address of node.addresses) {
    const client = networks.clientOf(address);
    if (client !== undefined) found.add(client);
  }
  return found.size > 0 ? found : new Set(node.addresses);
}

/** The line as the cookbook prints it (2.1), to the letter. */
function widestLine(view: View, target: string): Output {
  const line = `${exportPath(view.installdir)} *(ro,no_root_squash,sync)`;
  return { target, root: 'exports', path: exportsFile, kind: 'part', order: order.images, line };
}

function checkExports(view: View, given: Options): Diagnostic[] {
  const servers = ourServers(view, 'nfsserver');
  const networks = networkIndex(view.tables.get('networks'));
  const found: Diagnostic[] = [];
  if (given.widest) found.push(exportedToAll(undefined, { path: view.installdir }));
  for (const row of networks.faulty) {
    const [net, mask] = [row.table.value(row, 'net') ?? '', row.table.value(row, 'mask') ?? ''];
    found.push(badNetwork(originOf({ row, column: 'net' }), { net, mask }));
  }

  const outside: string[] = [];
  const unsafe = new Map<string, { node: Node; path: string; why: string; nodes: string[] }>();
  for (const node of view.nodes.values()) {
    if (!bootsFromUs(node)) continue;
    if (
      servers.targetOf(node.imageServer?.address) !== undefined &&
      !node.addresses.some((it) => networks.clientOf(it))
    ) {
      outside.push(node.name);
    }
    const mount = node.statemnt;
    if (mount === undefined || servers.targetOf(mount.address) === undefined) continue;
    const state = statePath(view, mount.path);
    if (!('why' in state)) continue;
    const key = `${mount.row.table.file}:${mount.row.line} ${state.why}`;
    const entry = unsafe.get(key) ?? { node, path: mount.path, why: state.why, nodes: [] };
    entry.nodes.push(node.name);
    unsafe.set(key, entry);
  }
  for (const { node, path, why, nodes } of unsafe.values()) {
    const at = node.statemnt === undefined ? undefined : originOf({ row: node.statemnt.row, column: 'statemnt' });
    found.push(unsafeState(at, { path, why }, nodes));
  }
  if (outside.length > 0 && !given.widest) found.push(noNetwork(undefined, { count: outside.length }, outside));
  return found;
}
