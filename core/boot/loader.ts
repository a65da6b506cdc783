/** What boot loader plugins share in making a node's file: whose turn a node is, its state in words, its line if it is safe. */
import type { Output } from '../plugin/output.ts';
import type { Node, View } from '../resolve/view.ts';
import { imageDirectory } from './image-directory.ts';
import { type KernelLine, kernelLine, kernelLineFaults } from './kernel-line.ts';
import { bootTargets, type OurServers, ourServers } from './servers.ts';

/**
 * Plans the nodes whose noderes.netboot is one of a loader's words. `planned` remembers what a node got: one that stands
 * unchanged is the same object. `plan` is called with the targets that hold the node's boot files.
 */
export function planLoaderNodes(
  view: View,
  words: readonly string[],
  planned: WeakMap<Node, readonly Output[]>,
  plan: (node: Node, targets: readonly string[]) => readonly Output[],
): Output[] {
  const servers: OurServers = ourServers(view, 'tftpserver');
  const outputs: Output[] = [];
  for (const node of view.nodes.values()) {
    if (node.netboot === undefined || !words.includes(node.netboot)) continue;
    let ofNode = planned.get(node);
    if (ofNode === undefined) {
      ofNode = plan(node, bootTargets(view, node, servers));
      planned.set(node, ofNode);
    }
    for (const output of ofNode) outputs.push(output);
  }
  return outputs;
}

/**
 * What stands after `#` in the first line: chain.currstate; a bare `statelite` or `shell` gets the words that the
 * original's nodeset wrote after it.
 */
export function stateText(node: Node): string {
  const written = node.currstate?.text.trim() ?? '';
  const bare = written === 'statelite' || written === 'shell';
  if (!bare || node.image === undefined) return written;
  const { os, arch, profile } = node.image;
  return `${written} ${os}-${arch}-${profile}`;
}

/** The state in words where it can stand in a comment of one line: a second line would be a directive. */
export function safeStateText(node: Node): string | undefined {
  const state = stateText(node);
  return /^[^\r\n\0]*$/.test(state) ? state : undefined;
}

/** A node's kernel line, where it has one that can be written safely (check says why not). */
export function safeKernelLine(view: View, node: Node): KernelLine | undefined {
  if (node.problems.length > 0 || imageDirectory(view, node)?.directory.startsWith('/') === false) return undefined;
  const line = kernelLine(view, node);
  return line === undefined || kernelLineFaults(line).length > 0 ? undefined : line;
}
