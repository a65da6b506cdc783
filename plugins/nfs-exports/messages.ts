/** Everything that the nfs-exports plugin can find wrong: LH811 to LH819. */
import { defineMessage } from '../../core/diagnostic/diagnostic.ts';

export const exportedToAll = defineMessage<{ path: string }>({
  code: 'LH811',
  severity: 'warning',
  title: 'the install directory is exported to everyone',
  help: `The option "widest" writes the cookbook's line, "/install *(ro,no_root_squash,sync)": every machine that reaches
this server can read every image, package and script in it. Without it only networks with booting nodes are named.
Right: widest off, and rows in the networks table. Wrong: widest on where other networks reach the server.`,
  message: ({ path }) => `${path} is exported read-only to every host (option widest)`,
  mend: () => 'take the option "widest" of nfs-exports out, and fill in the networks table',
});

export const unsafeState = defineMessage<{ path: string; why: string }>({
  code: 'LH812',
  severity: 'error',
  title: 'state directory that must not be writable for nodes',
  help: `A state directory is exported read-write, without squashing root, to the nodes that use it. One that holds, or
lies in, what all nodes boot from or what the server itself runs on would let one node change every other.
Right: "10.0.0.1:/lite/state". Wrong: "10.0.0.1:/install", "10.0.0.1:/".`,
  message: ({ path, why }) => `the state directory ${JSON.stringify(path)} ${why}, and nodes could write there`,
  mend: () => 'name a directory of its own, such as /lite/state',
});

export const badNetwork = defineMessage<{ net: string; mask: string }>({
  code: 'LH813',
  severity: 'warning',
  title: 'networks row that is no network',
  help: `net and mask say which addresses belong to a network: 10.0.0.0 and 255.255.0.0, or a mask length such as /16 or
16. A row that says something else is passed over. Right: "10.0.0.0","255.255.0.0". Wrong: "10.0.0","255.0.255.0".`,
  message: ({ net, mask }) => `net "${net}" and mask "${mask}" are not a network`,
  mend: () => 'write a network address and a mask, such as 10.0.0.0 and 255.255.0.0',
});

export const noNetwork = defineMessage<{ count: number }>({
  code: 'LH814',
  severity: 'warning',
  title: 'booting nodes outside every network of the networks table',
  help: `An export names networks, so that its line stays short. A node in none of them is named by its own address; with
thousands of those, exportfs becomes slow. Right: a networks row for each network that nodes boot in.`,
  message: ({ count }) =>
    `${count} booting ${count === 1 ? 'node has' : 'nodes have'} no address in any row of networks`,
  mend: () => 'add a row to tables/networks.csv; until then each of them is exported to by its own address',
});

interface Elsewhere {
  readonly path: string;
  readonly disk: string;
}

const inWords = (places: readonly Elsewhere[]): string => {
  const [first, ...more] = places;
  const others = more.length === 0 ? '' : ` (and ${more.length} more)`;
  return `${first?.path} lies in ${first?.disk}${others}`;
};

export const unservable = defineMessage<{ places: readonly Elsewhere[] }>({
  code: 'LH815',
  severity: 'warning',
  title: "the kernel's NFS server cannot serve a path that nodes ask for",
  help: `Nodes ask for the path that the tables say (/install/netboot, /syncdirs, /lite/state). The kernel's NFS server
serves a directory only by the path that it has on the server's disk, so exports.d names that one, and a node's mount is
refused where the two differ. Right: "roots": { "install": "/install", "syncdirs": "/syncdirs" } in litehouse.json, and
for a state directory a link of its own: ln -s /var/lib/litehouse/world/state/lite /lite (NFSv3 follows it; waive this
code then). nfs-ganesha serves any directory under any path: "plugins": { "nfs-exports": { "form": "ganesha" } }.
Wrong: reloads on, form kernel, and the roots where the embedded default puts them.`,
  message: ({ places }) => `kernel NFS cannot serve ${inWords(places)}`,
  mend: ({ places: [first] }) =>
    `set roots in litehouse.json, link ${first?.path} to ${first?.disk}, or take nfs-ganesha ("form": "ganesha")`,
});

export const sameExportId = defineMessage<{ id: number; first: string; second: string }>({
  code: 'LH816',
  severity: 'error',
  title: 'two exported directories with one Export_Id',
  help: `nfs-ganesha tells exports apart by a number from 1 to 65535, which is in every file handle that a node holds.
litehouse makes it from the path, so that it never changes under a running node; rarely two paths meet in one number.
Right: "plugins": { "nfs-exports": { "form": "ganesha", "exportIds": { "/lite/state2": 17 } } }.
Wrong: two paths with one number, of which ganesha serves only the first.`,
  message: ({ id, first, second }) => `${first} and ${second} would both have Export_Id ${id}`,
  mend: ({ second }) => `give one of them a number of its own: "exportIds": { ${JSON.stringify(second)}: 17 }`,
});

export const unwritable = defineMessage<{ path: string }>({
  code: 'LH817',
  severity: 'error',
  title: "a path that nfs-ganesha's configuration has no spelling for",
  help: `A path that holds both ' and \\ cannot be written in ganesha.conf, and one block that ganesha cannot read takes all
exports out of service. Right: /lite/bob's state. Wrong: /lite/bob's\\state.`,
  message: ({ path }) => `${path} cannot be written in ganesha's configuration`,
  mend: () => "name a directory without ' or without \\",
});

export const messages = [
  exportedToAll,
  unsafeState,
  badNetwork,
  noNetwork,
  unservable,
  sameExportId,
  unwritable,
] as const;
