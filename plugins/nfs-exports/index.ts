/** nfs-exports: one file for the NFS server with a line for images, one for overlays and one for each state directory. */

import { z } from 'zod';
import { type NetworkIndex, networkIndex } from '../../core/boot/networks.ts';
import { bootsFromUs, type OurServers, ourServers } from '../../core/boot/servers.ts';
import { onlyOnce } from '../../core/plan/only-once.ts';
import type { Output } from '../../core/plugin/output.ts';
import { contractVersion, definePlugin, type Place } from '../../core/plugin/plugin.ts';
import type { Node, View } from '../../core/resolve/view.ts';
import { checkExports } from './check.ts';
import { foldAddresses } from './fold.ts';
import { type Form, ganeshaForm, kernelForm } from './forms.ts';
import { imageLine, type Line, readOnlyLines, stateLine } from './lines.ts';
import { messages } from './messages.ts';
import { within } from './state-path.ts';

const options = z.strictObject({
  /** Which server's file is written: exports(5) of the kernel's, nfs-ganesha's, or both. */
  form: z.enum(['kernel', 'ganesha', 'both']).default('kernel'),
  /** The cookbook's line for everyone instead of one that names networks. */
  widest: z.boolean().default(false),
  /** Whether the server is told after a change: `exportfs -ra`, or a reload of nfs-ganesha. */
  reload: z.boolean().default(true),
  /** Export_Id of a path for nfs-ganesha, where two paths would otherwise have the same (LH816). */
  exportIds: z.record(z.string().startsWith('/'), z.int().min(1).max(65_535)).default({}),
});

export type Options = z.output<typeof options>;

/** Order of the lines in the file: images, overlays, state. */
const order: Readonly<Record<Line['of'], number>> = { images: 10, overlays: 20, state: 30 };

export const nfsExports = definePlugin<Options>({
  name: 'nfs-exports',
  contract: contractVersion,
  version: '2',
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
    const planned = new WeakMap<Node, Planned>();
    return {
      check: (view, place) => checkExports(view, given, place),
      plan: (view, place) => planExports({ view, given, place, ...made(view, given) }, planned),
    };
  },
});

/** What a node's outputs were made for; the place is the process's, and the rest is in the node or in the options. */
interface Planned {
  readonly place: Place | undefined;
  /** Clients of its state directory, which other nodes' addresses have a say in. */
  readonly clients: string;
  readonly outputs: readonly Output[];
}

interface Planning {
  readonly view: View;
  readonly given: Options;
  readonly place: Place | undefined;
  readonly servers: OurServers;
  readonly networks: NetworkIndex;
  readonly forms: readonly Form[];
}

function made(view: View, given: Options): Pick<Planning, 'servers' | 'networks' | 'forms'> {
  const forms: Form[] = [];
  if (given.form !== 'ganesha') forms.push(kernelForm);
  if (given.form !== 'kernel') forms.push(ganeshaForm(given.exportIds));
  return { servers: ourServers(view, 'nfsserver'), networks: networkIndex(view.tables.get('networks')), forms };
}

function planExports(planning: Planning, planned: WeakMap<Node, Planned>): Output[] {
  const { view, given, place, servers, forms } = planning;
  const outputs: Output[] = [];
  // The files are there on each of our NFS servers even without a line: parts of a waiting node need a place to go.
  for (const target of servers.targets) {
    for (const { file, header, reload } of forms) {
      outputs.push({ target, root: 'exports', path: file, kind: 'shared-file', header, mode: 0o644 });
      if (!given.reload) continue;
      // A whole root of exports.d files is exportfs's; ganesha reads the one that its configuration includes.
      const when = reload.name === 'exportfs' ? { root: 'exports' } : { root: 'exports', path: file };
      outputs.push({ kind: 'reload', target, name: reload.name, command: reload.command, when });
    }
    // A line whose directory is missing is an error to both servers, and an external image's tree may come later than its row.
    const store = { target, root: 'install', path: 'netboot', lifetime: 'create-only' } as const;
    outputs.push({ ...store, kind: 'directory', mode: 0o755 });
  }
  if (given.widest) for (const line of widestLines(planning)) outputs.push(line);
  const states = stateClients(planning);
  const one = onlyOnce();
  for (const node of view.nodes.values()) {
    if (!bootsFromUs(node)) continue;
    const clients = states.get(node) ?? '';
    let known = planned.get(node);
    if (known === undefined || known.place !== place || known.clients !== clients) {
      known = { place, clients, outputs: planNode(planning, node, clients, one) };
      planned.set(node, known);
    }
    for (const output of known.outputs) outputs.push(output);
  }
  return outputs;
}

function planNode(planning: Planning, node: Node, clients: string, one: (text: string) => string): Output[] {
  const { view, place, servers, networks } = planning;
  const outputs: Output[] = [];
  for (const line of readOnlyLines(view, node, servers, place)) {
    if (!isWidest(planning, line)) addParts(outputs, planning, node, line, clientsOf(node, networks), one);
  }
  const state = stateLine(view, node, servers, place);
  if (state === undefined) return outputs;
  const standFor = clients.split(' ');
  const pairs = node.addresses.map((address, at): [string, string] => [address, standFor[at] ?? address]);
  addParts(outputs, planning, node, state, pairs, one);
  // Inside the exported directory the node's own, made once and never emptied.
  const placed = { target: state.target, root: 'state', path: `${state.path.slice(1)}/${node.name}` } as const;
  outputs.push({ ...placed, node: node.name, kind: 'directory', mode: 0o755, lifetime: 'create-only' });
  return outputs;
}

/** The clients that stand for each node's addresses at its state directory: them, or networks of nothing but such addresses. */
function stateClients({ view, place, servers }: Planning): ReadonlyMap<Node, string> {
  const users = new Map<string, { addresses: Set<string>; nodes: Node[] }>();
  for (const node of view.nodes.values()) {
    if (!bootsFromUs(node)) continue;
    const line = stateLine(view, node, servers, place);
    if (line === undefined || node.addresses.length === 0) continue;
    const key = `${line.target} ${line.path}`;
    let known = users.get(key);
    if (known === undefined) {
      known = { addresses: new Set(), nodes: [] };
      users.set(key, known);
    }
    known.nodes.push(node);
    for (const address of node.addresses) known.addresses.add(address);
  }
  const found = new Map<Node, string>();
  for (const { addresses, nodes } of users.values()) {
    const clients = foldAddresses(addresses);
    for (const node of nodes) {
      found.set(node, node.addresses.map((address) => clients.get(address) ?? address).join(' '));
    }
  }
  return found;
}

/** Whether the cookbook's one line for everybody stands for this one. */
function isWidest({ view, given }: Planning, line: Line): boolean {
  return given.widest && line.of === 'images' && within(line.path, view.installdir);
}

/** The line for everybody once for each host that serves an image to a booting node. */
function widestLines(planning: Planning): Output[] {
  const { view, place, servers, forms } = planning;
  const targets = new Set<string>();
  for (const node of view.nodes.values()) {
    if (!bootsFromUs(node)) continue;
    for (const line of readOnlyLines(view, node, servers, place))
      if (isWidest(planning, line)) targets.add(line.target);
  }
  return [...targets].flatMap((target) => {
    const all = imageLine(view, target, view.installdir, place);
    return forms.map(
      (form): Output => ({
        kind: 'part',
        target,
        root: 'exports',
        path: form.file,
        order: order.images,
        line: form.widest(all),
      }),
    );
  });
}

/** `clients`: what the node itself needs, and the client that stands for it in the file. */
function addParts(
  outputs: Output[],
  { forms }: Planning,
  node: Node,
  line: Line,
  clients: Iterable<readonly [alone: string, client: string]>,
  one: (text: string) => string,
): void {
  for (const form of forms) {
    const placed = { kind: 'part', target: line.target, root: 'exports', path: form.file, node: node.name } as const;
    const text = one(form.line(line));
    const seen = new Set<string>();
    for (const [alone, client] of clients) {
      const own = alone === client ? undefined : form.items(line, alone);
      for (const [at, item] of form.items(line, client).entries()) {
        const lone = own?.[at] === item ? undefined : own?.[at];
        const key = `${item} ${lone}`;
        if (seen.has(key)) continue;
        seen.add(key);
        const part = { ...placed, order: order[line.of], line: text, item: one(item) };
        outputs.push(lone === undefined ? part : { ...part, alone: lone });
      }
    }
  }
}

/** Networks of all of a node's addresses, since it may mount from any; its own address where the table has no network. */
function clientsOf(node: Node, networks: NetworkIndex): (readonly [string, string])[] {
  const found = new Set<string>();
  for (const address of node.addresses) {
    const client = networks.of(address)?.client;
    if (client !== undefined) found.add(client);
  }
  return [...(found.size > 0 ? found : node.addresses)].map((client) => [client, client]);
}
