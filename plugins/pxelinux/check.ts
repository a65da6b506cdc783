/** What pxelinux alone looks for: names of nodes and interfaces that are another node's, or that mean something to the loader. */
import { everybodysName, othersName } from '../../core/diagnostic/catalogue/boot.ts';
import type { Diagnostic } from '../../core/diagnostic/diagnostic.ts';
import { type Node, originOf, type View } from '../../core/resolve/view.ts';
import { meaningOf, ownNames } from './links.ts';
import { takenHostname } from './messages.ts';

export function checkNames(view: View, node: Node): Diagnostic[] {
  const found: Diagnostic[] = [];
  const meaning = meaningOf(node.name);
  if (meaning === 'everybody')
    found.push(everybodysName(originOf({ row: node.row }), { name: node.name }, [node.name]));
  // Of its own address, the name is its own.
  else if (meaning === 'somebody' && !ownNames(view, node).has(node.name))
    found.push(othersName(originOf({ row: node.row }), { name: node.name }, [node.name]));
  for (const { hostname } of node.macs) {
    if (hostname === undefined || hostname === node.name) continue;
    const at = (): ReturnType<typeof originOf> => originOf(view.value(node.name, 'mac', 'mac') ?? { row: node.row });
    const means = meaningOf(hostname);
    if (view.nodes.has(hostname)) found.push(takenHostname(at(), { node: node.name, hostname }, [node.name]));
    else if (means === 'everybody') found.push(everybodysName(at(), { name: hostname }, [node.name]));
    else if (means === 'somebody') found.push(othersName(at(), { name: hostname }, [node.name]));
  }
  return found;
}
