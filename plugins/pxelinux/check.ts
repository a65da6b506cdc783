/** What pxelinux alone looks for: interfaces named like another node. */
import type { Diagnostic } from '../../core/diagnostic/diagnostic.ts';
import { type Node, originOf, type View } from '../../core/resolve/view.ts';
import { takenHostname } from './messages.ts';

export function checkMacs(view: View, node: Node): Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const { hostname } of node.macs) {
    if (hostname === undefined || hostname === node.name || !view.nodes.has(hostname)) continue;
    const value = view.value(node.name, 'mac', 'mac');
    found.push(takenHostname(originOf(value ?? { row: node.row }), { node: node.name, hostname }, [node.name]));
  }
  return found;
}
