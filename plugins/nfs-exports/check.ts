/** What is wrong with the exports of a view: LH811 to LH816. */

import { networkIndex } from '../../core/boot/networks.ts';
import { bootsFromUs, ourServers } from '../../core/boot/servers.ts';
import type { Diagnostic } from '../../core/diagnostic/diagnostic.ts';
import type { Place } from '../../core/plugin/plugin.ts';
import { type Node, originOf, type View } from '../../core/resolve/view.ts';
import { exportId, isWritable } from './forms.ts';
import type { Options } from './index.ts';
import { imageLine, type Line, readOnlyLines, stateLine } from './lines.ts';
import { badNetwork, exportedToAll, noNetwork, sameExportId, unsafeState, unservable, unwritable } from './messages.ts';
import { statePath, within } from './state-path.ts';

export function checkExports(view: View, given: Options, place: Place | undefined): Diagnostic[] {
  const servers = ourServers(view, 'nfsserver');
  const networks = networkIndex(view.tables.get('networks'));
  const found: Diagnostic[] = [];
  if (given.widest) found.push(exportedToAll(undefined, { path: view.installdir }));
  for (const row of networks.faulty) {
    const [net, mask] = [row.table.value(row, 'net') ?? '', row.table.value(row, 'mask') ?? ''];
    found.push(badNetwork(originOf({ row, column: 'net' }), { net, mask }));
  }

  const outside: string[] = [];
  const unsafe = new Map<string, { node: Node; path: string; why: string; nodes: string[] }>();
  const lines = new Map<string, Line>();
  const kernel = countsOnKernel(given, place);
  const asked = kernel || given.form !== 'kernel';
  const note = (line: Line): void => {
    const all = given.widest && line.of === 'images' && within(line.path, view.installdir);
    const known = all ? imageLine(view, line.target, view.installdir, place) : line;
    const key = `${known.target} ${known.path}`;
    if (!lines.has(key)) lines.set(key, known);
  };
  for (const node of view.nodes.values()) {
    if (!bootsFromUs(node)) continue;
    if (asked) for (const line of readOnlyLines(view, node, servers, place)) note(line);
    if (
      servers.targetOf(node.imageServer?.address) !== undefined &&
      !node.addresses.some((it) => networks.of(it) !== undefined)
    ) {
      outside.push(node.name);
    }
    const mount = node.statemnt;
    if (mount === undefined || servers.targetOf(mount.address) === undefined) continue;
    const state = stateLine(view, node, servers, place);
    if (state !== undefined) {
      if (asked) note(state);
      continue;
    }
    const judged = statePath(view, mount.path);
    const why = 'why' in judged ? judged.why : '';
    const key = `${mount.row.table.file}:${mount.row.line} ${why}`;
    const entry = unsafe.get(key) ?? { node, path: mount.path, why, nodes: [] };
    entry.nodes.push(node.name);
    unsafe.set(key, entry);
  }
  for (const { node, path, why, nodes } of unsafe.values()) {
    const at = node.statemnt === undefined ? undefined : originOf({ row: node.statemnt.row, column: 'statemnt' });
    found.push(unsafeState(at, { path, why }, nodes));
  }
  if (outside.length > 0 && !given.widest) found.push(noNetwork(undefined, { count: outside.length }, outside));
  const elsewhere = kernel ? [...lines.values()].filter(({ path, disk }) => path !== disk) : [];
  if (elsewhere.length > 0) found.push(unservable(undefined, { places: elsewhere }));
  if (given.form !== 'kernel') for (const diagnostic of checkGanesha(lines.values(), given)) found.push(diagnostic);
  return found;
}

/**
 * Whether litehouse itself runs exportfs, so that somebody counts on the kernel's server. In the embedded default, which
 * reloads nothing and keeps everything below one directory, LH815 would be true of every commit and of use to nobody.
 */
function countsOnKernel(given: Options, place: Place | undefined): boolean {
  return given.form !== 'ganesha' && given.reload && place?.reloads === true;
}

function checkGanesha(lines: Iterable<Line>, given: Options): Diagnostic[] {
  const found: Diagnostic[] = [];
  const owners = new Map<string, string>();
  for (const { target, path, disk } of [...lines].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    const bad = [path, disk].find((it) => !isWritable(it));
    if (bad !== undefined) found.push(unwritable(undefined, { path: bad }));
    const id = exportId(path, given.exportIds);
    const key = `${target} ${id}`;
    const first = owners.get(key);
    if (first === undefined) owners.set(key, path);
    else if (first !== path) found.push(sameExportId(undefined, { id, first, second: path }));
  }
  return found;
}
