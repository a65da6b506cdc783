/** Names that lead nowhere: keys that are neither node nor group, images that no osimage row defines. */
import { badImageName } from '../diagnostic/catalogue/check.ts';
import { unusedImage } from '../diagnostic/catalogue/lite.ts';
import { unknownGroup } from '../diagnostic/catalogue/resolve.ts';
import { moreProblems } from '../diagnostic/catalogue/tables.ts';
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import type { View } from '../resolve/view.ts';
import { nearest } from '../tables/nearest.ts';
import { schemas } from '../tables/schemas.ts';

/** Tables whose keys may be hosts that are no nodes of the cluster: servers, switches, BMCs. */
export const hostTables: ReadonlySet<string> = new Set(['hosts', 'servicenode', 'mac', 'nodelist']);

/** More of one kind in one table than this says nothing new: they are counted. */
const most = 200;

export function checkKeys(view: View): Diagnostic[] {
  const groups = groupNames(view);
  const found: Diagnostic[] = [];
  for (const table of view.tables.values()) {
    if (schemas.get(table.name)?.keyedBy !== 'node' || hostTables.has(table.name)) continue;
    let count = 0;
    for (const row of table.rows) {
      const key = table.value(row, 'node');
      if (key === undefined || view.nodes.has(key) || groups.has(key) || ++count > most) continue;
      // Groups are few; with node names among the candidates every message would be a guess among ten thousand.
      const args = { key, table: table.name, nearest: nearest(key, groups) };
      found.push(unknownGroup(table.at(row, 'node'), args));
    }
    found.push(...counted(view, unknownGroup.code, table.file, count));
  }
  return found;
}

/** The number of those that were not told; nothing where their kind is waived, since then none is. */
function counted(view: View, code: string, file: string, count: number): Diagnostic[] {
  if (count <= most || view.site.has(`litehouse.waive.${code}`)) return [];
  return [moreProblems({ file, line: 0, column: 0 }, { count: count - most })];
}

/** Names that a row's key may have beside those of nodes. */
export function groupNames(view: View): Set<string> {
  const names = new Set<string>();
  const seen = new Set<readonly string[]>();
  for (const { groups } of view.nodes.values()) {
    // Equal group lists are one array.
    if (seen.has(groups)) continue;
    seen.add(groups);
    for (const group of groups) names.add(group);
  }
  const table = view.tables.get('nodegroup');
  for (const row of table?.rows ?? []) {
    const name = table?.value(row, 'groupname');
    if (name !== undefined) names.add(name);
  }
  return names;
}

export function checkImageNames(view: View): Diagnostic[] {
  const known = new Set<string>(['ALL']);
  for (const image of view.images.values()) for (const group of image.groups) known.add(group);
  const found: Diagnostic[] = [];
  const osimage = view.tables.get('osimage');
  for (const row of osimage?.rows ?? []) {
    const name = osimage?.value(row, 'imagename');
    if (osimage === undefined || name === undefined) continue;
    known.add(name);
    // It becomes a directory below images/, and a word of answers.
    if (!/^[A-Za-z0-9][\w.+-]{0,254}$/.test(name)) found.push(badImageName(osimage.at(row, 'imagename'), { name }));
  }
  const told = new Set<string>();
  for (const name of ['litefile', 'litetree', 'statelite']) {
    const table = view.tables.get(name);
    let count = 0;
    for (const row of table?.rows ?? []) {
      const image = table?.value(row, 'image');
      if (table === undefined || image === undefined || known.has(image) || told.has(`${name} ${image}`)) continue;
      told.add(`${name} ${image}`);
      if (++count > most) continue;
      found.push(unusedImage(table.at(row, 'image'), { image, table: name, nearest: nearest(image, known) }));
    }
    if (table !== undefined) found.push(...counted(view, unusedImage.code, table.file, count));
  }
  return found;
}
