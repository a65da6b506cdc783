/** pxelinux: one configuration file a node below `pxelinux.cfg/`, and links under which the loader finds it. */
import { z } from 'zod';
import { loaderHooks, loaderReads } from '../../core/boot/loader-hooks.ts';
import type { Output } from '../../core/plugin/output.ts';
import { contractVersion, definePlugin } from '../../core/plugin/plugin.ts';
import type { Node, View } from '../../core/resolve/view.ts';
import { bootFile, longestLine, passedBytes } from './boot-file.ts';
import { checkNames } from './check.ts';
import { linkNames, meaningOf } from './links.ts';
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
  reads: loaderReads,
  messages,
  options,
  setup: (given) =>
    loaderHooks({
      ...given,
      loader: 'pxelinux',
      passedBytes,
      more: checkNames,
      plan: (view, node, targets) => planNode(view, node, given, targets),
    }),
});

/** A boot file and its links on each of these hosts, all as part of the node's set. */
function planNode(view: View, node: Node, given: Options, targets: readonly string[]): Output[] {
  const text = bootFile(view, node, given.maxCommandLine);
  // Every unknown machine would boot from it; check says so.
  if (text === undefined || meaningOf(node.name) === 'everybody') return [];
  const outputs: Output[] = [];
  const links = linkNames(view, node);
  for (const target of targets) {
    const path = `pxelinux.cfg/${node.name}`;
    outputs.push({ kind: 'file', target, root: 'tftp', path, node: node.name, mode: 0o644, content: { text } });
    for (const name of links) {
      const link = `pxelinux.cfg/${name}`;
      outputs.push({ kind: 'link', target, root: 'tftp', path: link, node: node.name, to: node.name });
    }
  }
  return outputs;
}
