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

export const messages = [exportedToAll, unsafeState, badNetwork, noNetwork] as const;
