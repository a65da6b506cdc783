/** Rules across tables: what single rows cannot show. */
import { unusedImage } from '../diagnostic/catalogue/lite.ts';
import { duplicateAddress, duplicateMac, unknownGroup } from '../diagnostic/catalogue/resolve.ts';
import type { Diagnostic, Position } from '../diagnostic/diagnostic.ts';
import type { View } from '../resolve/view.ts';
import { nearest } from '../tables/nearest.ts';
import { schemas } from '../tables/schemas.ts';

/** All checks of the core. Pure; cost is linear in nodes and rows. */
export function checkView(view: View): Diagnostic[] {
  return [...duplicateAddresses(view), ...duplicateMacs(view), ...unknownKeys(view), ...unusedImages(view)];
}

const place = (at: Position | undefined): string => (at === undefined ? 'unknown' : `${at.file}:${at.line}`);

function positionOf(view: View, node: string, table: string, column: string): Position | undefined {
  const value = view.value(node, table, column);
  return value === undefined ? undefined : value.row.table.at(value.row, column);
}

function duplicateAddresses(view: View): Diagnostic[] {
  const owner = new Map<string, string>();
  const found: Diagnostic[] = [];
  for (const node of view.nodes.values()) {
    for (const address of node.addresses) {
      const other = owner.get(address);
      if (other === undefined) owner.set(address, node.name);
      else {
        const otherAt = place(positionOf(view, other, 'hosts', 'ip'));
        const at = positionOf(view, node.name, 'hosts', 'ip');
        found.push(duplicateAddress(at, { address, node: node.name, other, otherAt }, [other, node.name]));
      }
    }
  }
  return found;
}

function duplicateMacs(view: View): Diagnostic[] {
  const owner = new Map<string, string>();
  const found: Diagnostic[] = [];
  for (const node of view.nodes.values()) {
    for (const { mac } of node.macs) {
      const other = owner.get(mac);
      if (other === undefined) owner.set(mac, node.name);
      else if (other !== node.name) {
        const otherAt = place(positionOf(view, other, 'mac', 'mac'));
        const at = positionOf(view, node.name, 'mac', 'mac');
        found.push(duplicateMac(at, { mac, node: node.name, other, otherAt }, [other, node.name]));
      }
    }
  }
  return found;
}

/** Tables whose keys may be hosts that are no nodes of the cluster: servers, switches, BMCs. */
const hostTables = new Set(['hosts', 'servicenode', 'mac', 'nodelist']);

function unknownKeys(view: View): Diagnostic[] {
  const known = new Set<string>(view.nodes.keys());
  for (const node of view.nodes.values()) for (const group of node.groups) known.add(group);
  const groups = view.tables.get('nodegroup');
  for (const row of groups?.rows ?? []) {
    const name = groups?.value(row, 'groupname');
    if (name !== undefined) known.add(name);
  }
  // Groups are few; node names would make every message a guess among ten thousand.
  const candidates = [...known].filter((name) => !view.nodes.has(name));
  const found: Diagnostic[] = [];
  for (const table of view.tables.values()) {
    if (schemas.get(table.name)?.keyedBy !== 'node' || hostTables.has(table.name)) continue;
    for (const row of table.rows) {
      const key = table.value(row, 'node');
      if (key === undefined || known.has(key)) continue;
      const args = { key, table: table.name, nearest: nearest(key, candidates) };
      found.push(unknownGroup(table.at(row, 'node'), args));
      if (found.length >= 200) return found;
    }
  }
  return found;
}

function unusedImages(view: View): Diagnostic[] {
  const known = new Set<string>(['ALL']);
  for (const image of view.images.values()) {
    known.add(image.name);
    for (const group of image.groups) known.add(group);
  }
  const osimage = view.tables.get('osimage');
  for (const row of osimage?.rows ?? []) known.add(osimage?.value(row, 'imagename') ?? 'ALL');
  const found: Diagnostic[] = [];
  const told = new Set<string>();
  for (const name of ['litefile', 'litetree', 'statelite']) {
    const table = view.tables.get(name);
    for (const row of table?.rows ?? []) {
      const image = table?.value(row, 'image');
      if (table === undefined || image === undefined || known.has(image) || told.has(`${name} ${image}`)) continue;
      told.add(`${name} ${image}`);
      found.push(unusedImage(table.at(row, 'image'), { image, table: name, nearest: nearest(image, [...known]) }));
    }
  }
  return found;
}
