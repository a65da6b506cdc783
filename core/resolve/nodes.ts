/** Makes the nodes of a view: state, image, addresses, servers, mounts, and why a node cannot be planned. */
import { absentTree, requiredTree } from '../diagnostic/catalogue/lite.ts';
import {
  badMac,
  badNodeName,
  missingAttribute,
  noAddress,
  noImageServer,
  noState,
  noStateMount,
  unknownImage,
  unknownState,
} from '../diagnostic/catalogue/resolve.ts';
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import { nearest } from '../tables/nearest.ts';
import type { Row, Table } from '../tables/table.ts';
import type { Addresses } from './addresses.ts';
import {
  isRequired,
  litetreeOf,
  type MountContext,
  mountFor,
  stateliteRow,
  type Templates,
  type TreeRow,
} from './mounts.ts';
import { imageServerOf, masterOf, type ServerContext } from './servers.ts';
import type { Image, LiteEntry, Mac, Mount, Node, NodeState, TreeMount, Value } from './view.ts';

/** Logical path below which published overlays stand. */
export const publishedRoot = '/syncdirs';

const states: ReadonlySet<string> = new Set(['statelite', 'boot', 'shell', 'offline']);
/** Words of nodetype.provmethod that name no image (facts 3). */
const methodWords: ReadonlySet<string> = new Set(['install', 'netboot', 'statelite', 'nimimage']);

export interface NodeContext extends MountContext, ServerContext {
  readonly addresses: Addresses;
  readonly images: ReadonlyMap<string, Image>;
  readonly treeRows: readonly TreeRow[];
  readonly templates: Templates;
  readonly port: number;
  /** Addresses of the management node and of service nodes. */
  readonly ours: ReadonlySet<string>;
  /** Whether the repository publishes a directory, by its logical path. */
  readonly published: (path: string) => boolean;
}

/** A host name, as DNS and DHCP bound them; a file name, which takes 255 bytes, is then always possible. */
export function isNodeName(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/.test(text) && text.split('.').every((label) => label.length <= 63);
}

/** Node names and their groups from nodelist.csv; equal group lists are one array. */
export function readNodelist(table: Table | undefined): {
  rows: Map<string, Row>;
  groups: Map<string, readonly string[]>;
  diagnostics: Diagnostic[];
} {
  const rows = new Map<string, Row>();
  const groups = new Map<string, readonly string[]>();
  const diagnostics: Diagnostic[] = [];
  const lists = new Map<string, readonly string[]>();
  const names: [string, Row][] = [];
  for (const row of table?.rows ?? []) {
    const name = table?.value(row, 'node');
    if (table === undefined || name === undefined) continue;
    if (!isNodeName(name)) diagnostics.push(badNodeName(table.at(row, 'node'), { name }));
    else names.push([name, row]);
  }
  names.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  for (const [name, row] of names) {
    if (rows.has(name)) continue;
    rows.set(name, row);
    const text = table?.value(row, 'groups') ?? '';
    let list = lists.get(text);
    if (list === undefined) {
      list = Object.freeze(
        text
          .split(',')
          .map((group) => group.trim())
          .filter((group) => group !== ''),
      );
      lists.set(text, list);
    }
    groups.set(name, list);
  }
  return { rows, groups, diagnostics };
}

/** In place of a hostname: DHCP is to leave the interface alone (the original denies it booting). */
export const noAddressWord = '*NOIP*';

/** `MAC`, `MAC!hostname`, `MAC!*NOIP*`, several joined by `|` (facts 1). */
function macsOf(value: Value | undefined, node: string, context: NodeContext): Mac[] {
  const macs: Mac[] = [];
  for (const part of value?.text.split('|') ?? []) {
    const [text = '', hostname] = part.split('!').map((piece) => piece.trim());
    if (text === '') continue;
    const mac = text.toLowerCase().replaceAll('-', ':');
    const isMac = /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(mac);
    if (isMac && hostname === noAddressWord) macs.push({ mac, hostname: undefined, noAddress: true });
    else if (isMac && (hostname === undefined || isNodeName(hostname))) {
      macs.push({ mac, hostname: hostname === node ? undefined : hostname });
    } else if (value !== undefined) {
      context.findings.add(`mac:${value.row.offset}:${part}`, node, () =>
        badMac(value.row.table.at(value.row, 'mac'), { text: part }),
      );
    }
  }
  return macs;
}

interface PerImage {
  readonly trees: readonly TreeRow[];
  readonly persistent: readonly LiteEntry[];
}

export function makeNodes(
  rows: ReadonlyMap<string, Row>,
  groups: ReadonlyMap<string, readonly string[]>,
  context: NodeContext,
  /** Nodes of the view before, that stand unchanged. */
  unchanged: ReadonlyMap<string, Node>,
): Map<string, Node> {
  const perImage = new Map<Image, PerImage>();
  const nodes = new Map<string, Node>();
  for (const [name, row] of rows) {
    nodes.set(name, unchanged.get(name) ?? makeNode(name, row, groups.get(name) ?? [], context, perImage));
  }
  return nodes;
}

function makeNode(
  name: string,
  row: Row,
  groups: readonly string[],
  context: NodeContext,
  perImage: Map<Image, PerImage>,
): Node {
  const { lookup, findings } = context;
  const problems: Diagnostic[] = [];
  const currstate = lookup.value(name, 'chain', 'currstate');
  const state = stateOf(currstate, name, context);
  if (currstate === undefined) findings.add('nostate', name, () => noState(row.table.at(row, 'node'), {}));
  const boots = state === 'statelite' || state === 'shell';
  /** A problem that stops the boot set is both the node's own and, folded with others of its kind, the view's. */
  const problem = (key: string, make: () => Diagnostic): void => {
    if (boots) problems.push(findings.add(key, name, make));
  };
  const at = () => row.table.at(row, 'node');

  const addresses = context.addresses.ofHost(name);
  if (addresses.length === 0) problem('noaddress', () => noAddress(at(), {}));
  const macs = macsOf(lookup.value(name, 'mac', 'mac'), name, context);
  const image = imageOf(name, context, problem, at);

  let perThis: PerImage | undefined;
  if (image !== undefined) {
    perThis = perImage.get(image);
    if (perThis === undefined) {
      perThis = {
        trees: litetreeOf(image.name, image.groups, context.treeRows),
        persistent: image.litefile.filter((entry) => entry.kind.endsWith('+persistent')),
      };
      perImage.set(image, perThis);
    }
  }

  const litetree: TreeMount[] = [];
  let statemnt: Mount | undefined;
  if (boots && image !== undefined && perThis !== undefined) {
    for (const tree of perThis.trees) {
      const mount = mountFor(context, { name, addresses }, tree.row, 'directory', tree.template, false);
      const ours = mount?.address !== undefined && context.ours.has(mount.address) && isPublished(mount.path);
      const present = mount !== undefined && (!ours || context.published(mount.path));
      if (!present && isRequired(tree.row)) {
        problem(`required:${tree.row.offset}`, () =>
          requiredTree(tree.row.table.at(tree.row, 'directory'), { path: mount?.path }),
        );
      }
      if (mount === undefined) continue;
      litetree.push({
        server: mount.server,
        address: mount.address,
        path: mount.path,
        options: mount.options,
        row: mount.row,
        priority: tree.priority,
        ours,
        present,
      });
    }
    const stateRow = stateliteRow(context, [name, ...groups], image.name, image.groups);
    const template = stateRow === undefined ? undefined : context.templates.of(stateRow, 'statemnt');
    if (stateRow !== undefined && template !== undefined) {
      statemnt = mountFor(context, { name, addresses }, stateRow, 'statemnt', template, true);
    }
    const first = perThis.persistent[0];
    if (first !== undefined && statemnt === undefined) {
      problem(`nostate:${image.name}`, () =>
        noStateMount(first.row.table.at(first.row, 'file'), {
          path: first.path,
          more: (perThis?.persistent.length ?? 1) - 1,
        }),
      );
    }
  }

  const imageServer = imageServerOf(context, name, addresses);
  if (imageServer === undefined) problem('noserver', () => noImageServer(at(), {}));
  const master = masterOf(context, name, addresses);
  return {
    name,
    groups,
    row,
    state,
    currstate,
    image,
    addresses,
    macs,
    netboot: lookup.value(name, 'noderes', 'netboot')?.text.trim().toLowerCase(),
    imageServer,
    master: master === undefined ? undefined : { ...master, port: context.port },
    statemnt,
    litetree,
    problems,
  };
}

function stateOf(currstate: Value | undefined, node: string, context: NodeContext): NodeState | undefined {
  const word = currstate?.text.trim().split(/\s+/)[0]?.toLowerCase();
  if (word === undefined || word === '' || currstate === undefined) return undefined;
  if (states.has(word)) return word as NodeState;
  context.findings.add(`state:${currstate.row.offset}`, node, () =>
    unknownState(currstate.row.table.at(currstate.row, 'currstate'), { word }),
  );
  return undefined;
}

/** provmethod names the image; a method word or nothing means the name made of os, arch and profile (facts 3). */
function imageOf(
  node: string,
  context: NodeContext,
  problem: (key: string, make: () => Diagnostic) => void,
  at: () => ReturnType<Table['at']>,
): Image | undefined {
  const { lookup } = context;
  const [os, arch, profile] = ['os', 'arch', 'profile'].map((column) => {
    const text = lookup.value(node, 'nodetype', column)?.text;
    if (text === undefined) {
      problem(`attribute:${column}`, () => missingAttribute(at(), { column: `nodetype.${column}` }));
    }
    return text;
  });
  const method = lookup.value(node, 'nodetype', 'provmethod');
  const named = method === undefined || methodWords.has(method.text) ? undefined : method.text;
  if (named === undefined && (os === undefined || arch === undefined || profile === undefined)) return undefined;
  const names = named === undefined ? [`${os}-${arch}-statelite-${profile}`, `${os}-${arch}-${profile}`] : [named];
  for (const name of names) {
    const image = context.images.get(name);
    if (image !== undefined) return image;
  }
  const image = names[0] ?? '';
  problem(`image:${image}`, () =>
    unknownImage(method === undefined ? at() : method.row.table.at(method.row, 'provmethod'), {
      image,
      nearest: nearest(image, [...context.images.keys()]),
    }),
  );
  return undefined;
}

/**
 * One warning for each litetree row that no node finds a directory by. A row that leads to a directory for some nodes only is
 * how overlays are used; one that never does is a mistake.
 */
export function uselessTrees(nodes: Iterable<Node>): Diagnostic[] {
  const rows = new Map<string, { hit: boolean; readonly sample: TreeMount }>();
  for (const { litetree } of nodes) {
    for (const tree of litetree) {
      const key = `${tree.row.offset}`;
      const known = rows.get(key);
      if (known === undefined) rows.set(key, { hit: tree.present, sample: tree });
      else if (tree.present) known.hit = true;
    }
  }
  const found: Diagnostic[] = [];
  for (const { hit, sample } of rows.values()) {
    if (!hit) found.push(absentTree(sample.row.table.at(sample.row, 'directory'), { path: sample.path }));
  }
  return found;
}

function isPublished(path: string): boolean {
  return path === publishedRoot || path.startsWith(`${publishedRoot}/`);
}
