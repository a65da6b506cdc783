/** Addresses and MACs that two nodes share: a node is known by them, so neither could be told from the other. */
import { duplicateAddress, duplicateMac } from '../diagnostic/catalogue/resolve.ts';
import type { Diagnostic, Position } from '../diagnostic/diagnostic.ts';
import type { View } from '../resolve/view.ts';

/** One diagnostic for each address that several nodes have: a group row without a pattern is one mistake, not ten thousand. */
export function checkAddresses(view: View): Diagnostic[] {
  return shared(view, (node) => node.addresses).map(([address, nodes]) => {
    const { at, otherAt } = places(view, nodes, 'hosts', 'ip');
    return duplicateAddress(at, { address, node: nodes[1], other: nodes[0], otherAt }, nodes);
  });
}

export function checkMacs(view: View): Diagnostic[] {
  return shared(view, (node) => node.macs.map(({ mac }) => mac)).map(([mac, nodes]) => {
    const { at, otherAt } = places(view, nodes, 'mac', 'mac');
    return duplicateMac(at, { mac, node: nodes[1], other: nodes[0], otherAt }, nodes);
  });
}

type Sharers = [first: string, second: string, ...string[]];
type ViewNode = View['nodes'] extends ReadonlyMap<string, infer N> ? N : never;

function shared(view: View, valuesOf: (node: ViewNode) => readonly string[]): [string, Sharers][] {
  const owner = new Map<string, string>();
  const several = new Map<string, Sharers>();
  for (const node of view.nodes.values()) {
    for (const value of valuesOf(node)) {
      const first = owner.get(value);
      if (first === undefined) owner.set(value, node.name);
      else if (first !== node.name) {
        const sharers = several.get(value);
        if (sharers === undefined) several.set(value, [first, node.name]);
        else if (sharers.at(-1) !== node.name) sharers.push(node.name);
      }
    }
  }
  return [...several];
}

function places(view: View, [first, second]: Sharers, table: string, column: string) {
  const other = positionOf(view, first, table, column);
  return {
    at: positionOf(view, second, table, column),
    otherAt: other === undefined ? 'unknown' : `${other.file}:${other.line}`,
  };
}

function positionOf(view: View, node: string, table: string, column: string): Position | undefined {
  const value = view.value(node, table, column);
  return value === undefined ? undefined : value.row.table.at(value.row, column);
}
