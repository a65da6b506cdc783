/** Where a mount of a node comes from: the directory as written, and the value of each variable in it. */
import type { Position } from '../diagnostic/diagnostic.ts';
import { nodeColumns } from '../noderange/context.ts';
import { compileTemplate } from '../resolve/substitute.ts';
import type { Mount, Node, TreeMount, View } from '../resolve/view.ts';

/** One variable of a directory and what it stands for. */
export interface VariableExplanation {
  /** `$nodepos.room`, as in the table. */
  readonly name: string;
  readonly text: string | undefined;
  readonly at: Position | undefined;
}

export interface MountExplanation {
  /** `server:/path` after substitution. */
  readonly text: string;
  readonly address: string | undefined;
  readonly raw: string;
  readonly at: Position;
  readonly variables: readonly VariableExplanation[];
}

export interface TreeExplanation extends MountExplanation {
  readonly priority: string;
  /** `ours`: published from the commit. `absent`: would be ours, but the commit has no such directory, so it is not
   *  mounted. `foreign`: on another server. `image`: a path of the image itself. */
  readonly place: 'ours' | 'absent' | 'foreign' | 'image';
}

/** `column`: `directory` of litetree, `statemnt` of statelite. */
export function explainMount(view: View, node: Node, mount: Mount, column: string): MountExplanation {
  const { row } = mount;
  const raw = row.table.value(row, column) ?? '';
  return {
    text: mountText(mount),
    address: mount.address,
    raw,
    at: row.table.at(row, column),
    variables: raw.includes('$') ? variables(view, node, raw) : [],
  };
}

export function explainTree(view: View, node: Node, mount: TreeMount): TreeExplanation {
  return { ...explainMount(view, node, mount, 'directory'), priority: mount.priority, place: placeOf(mount) };
}

export function placeOf(mount: TreeMount): TreeExplanation['place'] {
  if (mount.server === undefined) return 'image';
  if (!mount.ours) return 'foreign';
  return mount.present ? 'ours' : 'absent';
}

export function mountText(mount: Mount): string {
  return mount.server === undefined ? mount.path : `${mount.server}:${mount.path}`;
}

function variables(view: View, node: Node, raw: string): VariableExplanation[] {
  const compiled = compileTemplate(raw, nodeColumns(view));
  if (!('template' in compiled)) return [];
  const found: VariableExplanation[] = [];
  for (const { table, column } of compiled.template.references) {
    if (table === 'node') found.push({ name: '$node', text: node.name, at: node.row.table.at(node.row, 'node') });
    else if (table === 'site') found.push({ name: `$site.${column}`, ...siteValue(view, column) });
    else {
      const value = view.value(node.name, table, column);
      const at = value?.row.table.at(value.row, column);
      found.push({ name: `$${table}.${column}`, text: value?.text, at });
    }
  }
  return found;
}

/** A value of site.csv and its place; of several rows with one key the last counts, as in the view. */
export function siteValue(view: View, key: string): { text: string | undefined; at: Position | undefined } {
  const site = view.tables.get('site');
  const row = site?.rows.findLast((candidate) => site.value(candidate, 'key') === key);
  return { text: view.site.get(key), at: row === undefined ? undefined : site?.at(row, 'value') };
}
