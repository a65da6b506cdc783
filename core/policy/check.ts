/** What is wrong with the rows of the policy table that decide about nodes, and which nodes they keep from booting. */
import {
  policyCommand,
  policyHost,
  policyMissing,
  policyNotJudged,
  policyPriority,
  policyRefuses,
  policyRule,
  policySamePriority,
} from '../diagnostic/catalogue/policy.ts';
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import { type Node, originOf, type View } from '../resolve/view.ts';
import { nearest } from '../tables/nearest.ts';
import type { Row, Table } from '../tables/table.ts';
import { mistypedCommands } from './commands.ts';
import { policyOf, type Refusal } from './policy.ts';
import { commandsOf, condition, nodeCommands, type PolicyRow, priorityOf, readPolicy, resolveHosts } from './rows.ts';

/** Pure; linear in nodes and rows. */
export function checkPolicy(view: View): Diagnostic[] {
  const table = view.tables.get('policy');
  if (table === undefined) return view.nodes.size === 0 ? [] : [policyMissing(undefined, {})];
  const found = [
    ...table.rows.flatMap((row) => [...checkCommands(table, row), ...checkRow(table, row)]),
    ...sameNumbers(table),
    ...unknownHosts(view, table),
  ];
  // Rows that cannot be judged refuse the commit: whom the others would refuse is noise beside that.
  return found.some(({ severity }) => severity === 'error') ? found : [...found, ...refused(view)];
}

const plainNo = ['deny', 'refuse', 'reject', 'no'];
const yes = ['allow', 'accept', 'trusted'];

function checkCommands(table: Table, row: Row): Diagnostic[] {
  // A row with a name is about no node, whatever it says.
  const text = condition(table, row, 'name') === undefined ? condition(table, row, 'commands') : undefined;
  if (text === undefined) return [];
  return mistypedCommands(text).map((slip) => policyCommand(table.at(row, 'commands'), slip));
}

/** Rows of one number of which one allows what the other refuses. Two that say the same can stand in any order. */
function sameNumbers(table: Table): Diagnostic[] {
  const found: Diagnostic[] = [];
  let first: PolicyRow | undefined;
  let together: PolicyRow[] = [];
  for (const row of readPolicy(table)) {
    if (!Number.isFinite(row.priority)) continue;
    if (first === undefined || first.priority !== row.priority) [first, together] = [row, []];
    const other = together.find((it) => it.allows !== row.allows && [...row.commands].some((c) => it.commands.has(c)));
    if (other !== undefined) {
      const text = table.value(row.row, 'priority')?.trim() ?? '';
      found.push(policySamePriority(table.at(row.row, 'priority'), { text, line: other.row.line }));
    }
    // One of each rule and set of commands is enough to compare with: a thousand rows of one number stay linear.
    if (!together.some((it) => it.allows === row.allows && [...row.commands].every((c) => it.commands.has(c))))
      together.push(row);
  }
  return found;
}

function checkRow(table: Table, row: Row): Diagnostic[] {
  if (commandsOf(table, row).length === 0) return [];
  const found: Diagnostic[] = [];
  if (priorityOf(table, row) === undefined)
    found.push(policyPriority(table.at(row, 'priority'), { text: table.value(row, 'priority') ?? '' }));
  for (const column of ['time', 'parameters']) {
    const text = condition(table, row, column);
    if (text !== undefined) found.push(policyNotJudged(table.at(row, column), { column, text }));
  }
  const rule = table.value(row, 'rule')?.trim() ?? '';
  if (rule !== '' && ![...yes, ...plainNo].includes(rule.toLowerCase()))
    found.push(policyRule(table.at(row, 'rule'), { text: rule, nearest: nearest(rule.toLowerCase(), yes) }));
  return found;
}

function unknownHosts(view: View, table: Table): Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const { row, hosts } of readPolicy(table)) {
    // Whose an address is does not matter here.
    for (const name of resolveHosts(hosts ?? [], view, () => undefined).unknown)
      found.push(policyHost(table.at(row, 'host'), { name }));
  }
  return found;
}

/** Nodes that would boot and then be refused: by what they may not ask for and why, so that a thousand make one line. */
function refused(view: View): Diagnostic[] {
  const policy = policyOf(view);
  const groups = new Map<string, { what: string; refusal: Refusal; nodes: string[] }>();
  for (const node of view.nodes.values()) {
    if (policy?.readable !== true || !boots(node)) continue;
    const refusals = nodeCommands.map((command) => policy.refusal(node, command, node.addresses[0]));
    const [first] = refusals.filter((each) => each !== undefined);
    if (first === undefined) continue;
    const what = nodeCommands.filter((_, i) => refusals[i]?.why === first.why).join(' and ');
    const key = `${what} ${first.why}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { what, refusal: first, nodes: [node.name] });
    else group.nodes.push(node.name);
  }
  return [...groups.values()].map(({ what, refusal, nodes }) => {
    const at = refusal.row === undefined ? undefined : originOf({ row: refusal.row.row, column: 'rule' });
    return policyRefuses(at, { what, why: refusal.why }, nodes);
  });
}

function boots(node: Node): boolean {
  return (node.state === 'statelite' || node.state === 'shell') && node.problems.length === 0;
}
