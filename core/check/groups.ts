/** Noderanges and dynamic groups that stand in tables: read here, so that they do not fail when somebody uses them. */
import { dynamicGroupError, noderangeError, noderangeUnknown } from '../diagnostic/catalogue/nodes.ts';
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import { parseDynamicGroup } from '../noderange/attribute.ts';
import { nodeColumns, noderangeContext } from '../noderange/context.ts';
import { expandNoderange } from '../noderange/expand.ts';
import type { View } from '../resolve/view.ts';
import type { Row, Table } from '../tables/table.ts';

export function checkGroups(view: View): Diagnostic[] {
  return [...dynamicGroups(view), ...noderanges(view)];
}

function dynamicGroups(view: View): Diagnostic[] {
  const table = view.tables.get('nodegroup');
  const found: Diagnostic[] = [];
  for (const row of table?.rows ?? []) {
    if (table?.value(row, 'grouptype')?.trim().toLowerCase() !== 'dynamic') continue;
    const read = parseDynamicGroup(table.value(row, 'wherevals') ?? '', nodeColumns(view));
    if (!('error' in read)) continue;
    const { message, mend } = read.error;
    const group = table.value(row, 'groupname') ?? '';
    found.push(dynamicGroupError(table.at(row, 'wherevals'), { group, why: message, mend }));
  }
  return found;
}

function noderanges(view: View): Diagnostic[] {
  const context = noderangeContext(view);
  const found: Diagnostic[] = [];
  const check = (table: Table, row: Row, column: string): void => {
    const text = table.value(row, column);
    if (text === undefined) return;
    const { missed, errors } = expandNoderange(text, context);
    const at = table.at(row, column);
    for (const { message, mend } of errors) found.push(noderangeError(at, { text, why: message, mend }));
    if (missed.length > 0 && errors.length === 0)
      found.push(noderangeUnknown(at, { text, names: missed.slice(0, 5).join(', ') }));
  };
  const policy = view.tables.get('policy');
  for (const row of policy?.rows ?? []) if (policy !== undefined) check(policy, row, 'noderange');
  const site = view.tables.get('site');
  for (const row of site?.rows ?? []) {
    if (site?.value(row, 'key') === 'excludenodes') check(site, row, 'value');
  }
  return found;
}
