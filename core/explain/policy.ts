/** What the policy table refuses a node, at each of its addresses, with the row that decides and how to mend it. */
import type { Position } from '../diagnostic/diagnostic.ts';
import { policyOf } from '../policy/policy.ts';
import { type NodeCommand, nodeCommands } from '../policy/rows.ts';
import { type Node, originOf, type View } from '../resolve/view.ts';

export interface PolicyRefusal {
  /** What the node may not ask for. It boots only where it may ask for both. */
  readonly commands: readonly NodeCommand[];
  /** The addresses from which it asks so; empty: it has none. */
  readonly addresses: readonly string[];
  /** `tables/policy.csv:4 says 'deny'` */
  readonly why: string;
  /** The row that decides; undefined: no row allows it. */
  readonly at: Position | undefined;
  readonly mend: string;
}

/** Empty where the node may ask, and where the table cannot be read, which refuses the commit anyway. */
export function explainPolicy(view: View, node: Node): PolicyRefusal[] {
  const policy = policyOf(view);
  if (policy === undefined || !policy.readable) return [];
  const found = new Map<
    string,
    { commands: NodeCommand[]; addresses: string[]; why: string; at: Position | undefined }
  >();
  const asked = policy.tellsApart(node) ? node.addresses : node.addresses.slice(0, 1);
  for (const address of asked.length === 0 ? [undefined] : asked) {
    const refusals = nodeCommands.flatMap((command) => {
      const refusal = policy.refusal(node, command, address);
      return refusal === undefined ? [] : [{ command, refusal }];
    });
    for (const { command, refusal } of refusals) {
      const key = refusal.why;
      const at = refusal.row === undefined ? undefined : originOf({ row: refusal.row.row, column: 'rule' });
      const known = found.get(key) ?? { commands: [], addresses: [], why: refusal.why, at };
      found.set(key, known);
      if (!known.commands.includes(command)) known.commands.push(command);
      // One decision for all addresses is one about the node.
      const addresses = policy.tellsApart(node) ? [address] : node.addresses;
      for (const each of addresses)
        if (each !== undefined && !known.addresses.includes(each)) known.addresses.push(each);
    }
  }
  return [...found.values()].map((refusal) => ({ ...refusal, mend: mendOf(refusal) }));
}

function mendOf({
  commands,
  at,
}: {
  readonly commands: readonly NodeCommand[];
  readonly at: Position | undefined;
}): string {
  if (at !== undefined)
    return `change the rule of that row, or allow ${commands.join(' and ')} in one with a smaller number`;
  const words = commands.map(
    (command) =>
      `litehouse chtab priority=${command === 'litefile' ? '4.7' : '4.8'} policy.commands=${command} policy.rule=allow`,
  );
  return `allow it: ${words.join('; ')}`;
}
