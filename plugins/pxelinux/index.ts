/** pxelinux: one configuration file a node below `pxelinux.cfg/`, and links under which the loader finds it. */
import { z } from 'zod';
import { bootTargets, type OurServers, ourServers } from '../../core/boot/servers.ts';
import type { Output } from '../../core/plugin/output.ts';
import { contractVersion, definePlugin } from '../../core/plugin/plugin.ts';
import type { Node, View } from '../../core/resolve/view.ts';
import { bootFile, longestLine } from './boot-file.ts';
import { checkNodes } from './check.ts';
import { linkNames } from './links.ts';
import { messages } from './messages.ts';

const options = z.strictObject({
  /** Words of noderes.netboot that this plugin answers to. */
  words: z.array(z.string()).default(['pxe', 'pxelinux']),
  /** Words that are another plugin's: no warning for them. */
  otherLoaders: z.array(z.string()).default(['yaboot']),
  /** Longest kernel line in bytes; smaller for old kernels. */
  maxCommandLine: z.number().int().positive().max(4095).default(longestLine),
});

type Options = z.output<typeof options>;

export const pxelinux = definePlugin<Options>({
  name: 'pxelinux',
  contract: contractVersion,
  version: '1',
  about: 'Writes pxelinux.cfg/<node> for x86 nodes whose noderes.netboot is pxe, with links by mac and address.',
  reads: {
    noderes: ['netboot', 'nfsdir', 'servicenode'],
    servicenode: ['tftpserver'],
    chain: ['currstate'],
    mac: ['mac'],
    nodehm: ['serialport', 'serialspeed', 'serialflow'],
    bootparams: ['addkcmdline'],
    linuximage: ['imagename', 'addkcmdline'],
  },
  messages,
  options,
  setup: (given) => {
    const planned = new WeakMap<Node, readonly Output[]>();
    const sound = new WeakSet<Node>();
    return {
      check: (view) => checkNodes(view, given, sound, (node) => (planned.get(node)?.length ?? 0) > 0),
      plan: (view) => planBootFiles(view, given, planned),
    };
  },
});

/** A boot file and its links for every node of ours that has one, all as part of that node's set. */
function planBootFiles(view: View, given: Options, planned: WeakMap<Node, readonly Output[]>): Output[] {
  const servers = ourServers(view, 'tftpserver');
  const outputs: Output[] = [];
  for (const node of view.nodes.values()) {
    if (node.netboot === undefined || !given.words.includes(node.netboot)) continue;
    let ofNode = planned.get(node);
    if (ofNode === undefined) {
      ofNode = planNode(view, node, given, servers);
      planned.set(node, ofNode);
    }
    for (const output of ofNode) outputs.push(output);
  }
  return outputs;
}

function planNode(view: View, node: Node, given: Options, servers: OurServers): Output[] {
  const text = bootFile(view, node, given.maxCommandLine);
  if (text === undefined) return [];
  const outputs: Output[] = [];
  const links = linkNames(view, node);
  for (const target of bootTargets(view, node, servers)) {
    const path = `pxelinux.cfg/${node.name}`;
    outputs.push({ kind: 'file', target, root: 'tftp', path, node: node.name, mode: 0o644, content: { text } });
    for (const name of links) {
      const link = `pxelinux.cfg/${name}`;
      outputs.push({ kind: 'link', target, root: 'tftp', path: link, node: node.name, to: node.name });
    }
  }
  return outputs;
}
