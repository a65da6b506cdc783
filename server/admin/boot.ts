/** `GET /nodes/NODE/boot`: everything that is planned for one node's boot, in one answer; what `litehouse doctor` works from. */
import type { Hono } from 'hono';
import { type NetworkIndex, networkIndex } from '../../core/boot/networks.ts';
import { type OurServers, ourServers } from '../../core/boot/servers.ts';
import type { Engine } from '../../core/engine/types.ts';
import type { Entry } from '../../core/plan/world.ts';
import { type Mount, type Node, originOf, type Value, type View } from '../../core/resolve/view.ts';
import type { Row } from '../../core/tables/table.ts';
import { askedNames, type Loader } from '../doctor/asked-names.ts';
import { type Reservations, readBootLines, readReservations, repliesTo } from '../doctor/dhcp-replies.ts';
import { type Exports, exportedTo, readExports } from '../doctor/exported.ts';
import type { NodeBootFacts } from '../doctor/facts.ts';
import type { AdminEnv, Guard } from './app.ts';

/** Where this server listens; tftp undefined: another serves the files. */
export interface Listeners {
  readonly node: { readonly host: string; readonly port: number };
  readonly tftp?: { readonly host: string; readonly port: number };
}

export interface BootSource {
  readonly engine: Pick<Engine, 'world' | 'view' | 'settings' | 'answer'>;
  /** Undefined: no server runs. */
  readonly listeners?: Listeners | undefined;
}

/** Adds the route. */
export function mountBoot(app: Hono<AdminEnv>, guard: Guard, source: BootSource): void {
  app.get('/nodes/:node/boot', (c) => {
    const caller = guard(c, 'read');
    if (caller instanceof Response) return caller;
    const facts = nodeBootFacts(source, c.req.param('node'));
    return facts === undefined ? c.json({ error: `no node ${c.req.param('node')}` }, 404) : c.json(facts);
  });
}

/** What is planned for a node's boot; undefined where there is no such node, or nothing is in effect. */
export function nodeBootFacts({ engine, listeners }: BootSource, name: string): NodeBootFacts | undefined {
  const { view, world, settings } = engine;
  const node = view?.nodes.get(name);
  if (view === undefined || world === undefined || node === undefined) return undefined;
  const { nfs, tftp, networks } = indexOf(view);
  const waiting = world.waiting.get(name);
  const answer = engine.answer(name);
  const { image, imageServer, master, statemnt, currstate, state } = node;
  const netboot = view.value(name, 'noderes', 'netboot');
  const mac = view.value(name, 'mac', 'mac');
  const mounted = (mount: Mount) => ({
    ...present({ server: mount.server, address: mount.address, options: mount.options }),
    ...present({ target: nfs.targetOf(mount.address) }),
    path: mount.path,
    from: rowText(mount.row),
  });
  return {
    ...{ node: name, from: rowText(node.row), applied: world.commit ?? '' },
    ...present({ currstate: cell(currstate), state, netboot: cell(netboot) }),
    problems: node.problems.map(({ code, message, mend, at }) => ({
      ...{ code, message, mend },
      ...(at === undefined ? {} : { from: `${at.file}:${at.line}` }),
    })),
    addresses: node.addresses.map((address) => ({ address, nodes: [...(world.addresses.get(address) ?? [name])] })),
    macs: addressed(node).map(({ mac, hostname }) => ({ mac, ...present({ hostname }) })),
    ...present({ macFrom: mac === undefined ? undefined : valueText(mac) }),
    ...(image === undefined
      ? {}
      : {
          image: {
            ...{ name: image.name, kind: image.build.kind, generation: image.build.generation },
            from: rowText(image.row),
          },
        }),
    ...(waiting === undefined
      ? {}
      : {
          waiting: {
            artifacts: [...waiting.artifacts],
            ...present({ image: waiting.image, behind: waiting.behind, keeps: waiting.keeps }),
          },
        }),
    answer: answer.kind === 'answer' ? { status: 200 } : { status: answer.status, reason: answer.reason },
    ...(master === undefined
      ? {}
      : {
          master: {
            ...{ address: master.address, port: master.port },
            ...present({ target: nfs.targetOf(master.address) }),
          },
        }),
    persistent: image?.litefile.filter(({ kind }) => kind.endsWith('+persistent')).length ?? 0,
    ...present({ listeners }),
    reloads: settings.reloads,
    roots: Object.fromEntries(settings.roots.map(({ name: root, dir }) => [root, dir])),
    installdir: view.installdir,
    dhcp: dhcpOf(engine, node, networks),
    tftp: tftpOf(engine, view, node, networks, tftp),
    exports: exportsOf(engine, node),
    ...(imageServer === undefined
      ? {}
      : {
          imageServer: { address: imageServer.address, ...present({ target: nfs.targetOf(imageServer.address) }) },
        }),
    trees: node.litetree.map((tree) => ({
      ...mounted(tree),
      ...{ priority: tree.priority, ours: tree.ours, present: tree.present },
    })),
    ...(statemnt === undefined ? {} : { statemnt: mounted(statemnt) }),
  };
}

/** What is the same for all nodes of a view, made once for a noderange of them. */
const indices = new WeakMap<View, { nfs: OurServers; tftp: OurServers; networks: NetworkIndex }>();

function indexOf(view: View): { nfs: OurServers; tftp: OurServers; networks: NetworkIndex } {
  let index = indices.get(view);
  if (index === undefined) {
    index = {
      nfs: ourServers(view, 'nfsserver'),
      tftp: ourServers(view, 'tftpserver'),
      networks: networkIndex(view.tables.get('networks')),
    };
    indices.set(view, index);
  }
  return index;
}

function tftpOf(
  { world }: BootSource['engine'],
  view: View,
  node: Node,
  networks: NetworkIndex,
  servers: OurServers,
): NodeBootFacts['tftp'] {
  const root = world?.roots.get('tftp');
  const whose = (path: string): { readonly node: string | undefined; readonly text: string | undefined } => {
    const entry = root?.get(path);
    const file = entry?.kind === 'link' ? root?.get(`${path.replace(/[^/]*$/, '')}${entry.to}`) : entry;
    const real = file?.kind === 'hardlink' ? root?.get(file.to) : file;
    return { node: real?.node, text: textOf(real) };
  };
  const own = (['pxelinux', 'yaboot'] as const).find(
    (loader) => whose(loader === 'yaboot' ? `etc/${node.name}` : `pxelinux.cfg/${node.name}`).node === node.name,
  );
  const server = tftpServer(view, node, networks, servers);
  const text = own === undefined ? undefined : whose(`${own === 'yaboot' ? 'etc' : 'pxelinux.cfg'}/${node.name}`).text;
  const asked = own === undefined ? [] : namesOf(own, node);
  return {
    ...present({ server, loader: own, text }),
    asked: asked.map((name) => ({ name, ...present({ node: whose(name).node }) })),
  };
}

/** Its macs but for those that are to get no address: nothing boots by them. */
function addressed({ macs }: Node): Node['macs'] {
  return macs.filter(({ noAddress }) => !noAddress);
}

function namesOf(loader: Loader, node: Node): string[] {
  const { addresses } = node;
  const macs = addressed(node);
  const own = macs.filter(({ hostname }) => hostname === undefined).map(({ mac }) => mac);
  return askedNames(
    loader,
    own.length > 0 ? own : macs.map(({ mac }) => mac),
    addresses.slice(0, 1).filter((address) => !address.includes(':')),
  );
}

/** Who has the boot files, as the DHCP reply would name it: noderes.tftpserver, else its network's, else its master. */
function tftpServer(
  view: View,
  node: Node,
  networks: NetworkIndex,
  servers: OurServers,
): NodeBootFacts['tftp']['server'] {
  const given = view.value(node.name, 'noderes', 'tftpserver');
  const network = networks.of(node.addresses[0] ?? '');
  const ofNetwork = network?.row.table.value(network.row, 'tftpserver');
  const named: readonly (readonly [text: string | undefined, from: string])[] = [
    [given?.text.trim(), given === undefined ? '' : valueText(given)],
    [ofNetwork, network === undefined ? '' : `${rowText(network.row)} tftpserver`],
    [node.master?.address, 'site.master, or noderes.xcatmaster'],
  ];
  for (const [text, from] of named) {
    if (text === undefined || text === '' || text === '<xcatmaster>') continue;
    const address = view.addressOf(text) ?? text;
    return { address, ...present({ target: servers.targetOf(address) }), from };
  }
  return undefined;
}

/** Its lines are read once, however many nodes are asked about. */
const reserved = new WeakMap<Entry, Reservations>();

function reservationsOf(hosts: Entry): Reservations {
  const known = reserved.get(hosts) ?? readReservations(textOf(hosts) ?? '');
  reserved.set(hosts, known);
  return known;
}

function dhcpOf({ world }: BootSource['engine'], node: Node, networks: NetworkIndex): NodeBootFacts['dhcp'] {
  const root = world?.roots.get('dnsmasq');
  const [hosts, config] = [root?.get('litehouse.hosts'), root?.get('litehouse.conf')];
  const network = node.addresses.map((address) => networks.of(address)).find((it) => it !== undefined);
  return {
    ...(network === undefined
      ? {}
      : {
          network: {
            name: network.row.table.value(network.row, 'netname') ?? '',
            client: network.client,
            ...present({ server: network.row.table.value(network.row, 'dhcpserver') }),
            from: rowText(network.row),
          },
        }),
    served: hosts !== undefined,
    replies:
      hosts === undefined
        ? []
        : repliesTo(
            addressed(node).map(({ mac }) => mac),
            reservationsOf(hosts),
            readBootLines(textOf(config) ?? ''),
          ),
  };
}

/** A file's lines are read once, however many nodes are asked about. */
const read = new WeakMap<Entry, Exports>();

function exportsOf({ world }: BootSource['engine'], { addresses }: Node): NodeBootFacts['exports'] {
  const found: NodeBootFacts['exports'] = [];
  for (const file of ['litehouse.exports', 'litehouse.ganesha.conf']) {
    const entry = world?.roots.get('exports')?.get(file);
    const text = textOf(entry);
    if (entry?.kind !== 'file' || text === undefined) continue;
    const exports = read.get(entry) ?? readExports(text);
    read.set(entry, exports);
    found.push({ file, blob: entry.blob, lines: exportedTo(exports, addresses) });
  }
  return found;
}

function textOf(entry: Entry | undefined): string | undefined {
  return entry?.kind === 'file' && 'text' in entry.content ? entry.content.text : undefined;
}

function cell(value: Value | undefined): { text: string; from: string } | undefined {
  return value === undefined ? undefined : { text: value.text.trim(), from: valueText(value) };
}

function rowText(row: Row): string {
  const { file, line } = originOf({ row });
  return `${file}:${line}`;
}

function valueText(value: Value): string {
  return `${rowText(value.row)} ${value.column}`;
}

/** Only what has a value: JSON knows no other kind of nothing. */
function present<T extends Record<string, unknown>>(of: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(of).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
