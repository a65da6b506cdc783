/** What has to be exported for a node: paths as nodes ask for them, and the directories behind them. */
import { imageDirectory } from '../../core/boot/image-directory.ts';
import type { OurServers } from '../../core/boot/servers.ts';
import type { Place } from '../../core/plugin/plugin.ts';
import { publishedRoot } from '../../core/resolve/nodes.ts';
import type { Node, View } from '../../core/resolve/view.ts';
import { statePath, within } from './state-path.ts';

/** One exported directory on one of our hosts. */
export interface Line {
  readonly target: string;
  readonly of: 'images' | 'overlays' | 'state';
  /** What nodes ask for. */
  readonly path: string;
  /** Where it lies on the target's disk; the same where that is not known here. */
  readonly disk: string;
}

/** What a node mounts read-only from hosts of ours: its image, and our overlay trees that its litetree names. */
export function readOnlyLines(view: View, node: Node, servers: OurServers, place: Place | undefined): Line[] {
  const lines: Line[] = [];
  const images = servers.targetOf(node.imageServer?.address);
  const store = imageDirectory(view, node)?.store;
  // A relative nfsdir is the boot loader plugin's to report; exports(5) has no place for it.
  if (images !== undefined && store?.startsWith('/') === true) lines.push(imageLine(view, images, store, place));
  const overlays = new Set<string>();
  for (const tree of node.litetree) {
    const target =
      tree.ours && tree.present && within(tree.path, publishedRoot) ? servers.targetOf(tree.address) : undefined;
    if (target !== undefined) overlays.add(target);
  }
  for (const target of overlays) {
    const disk = place?.directory(target, 'syncdirs') ?? publishedRoot;
    lines.push({ target, of: 'overlays', path: publishedRoot, disk });
  }
  return lines;
}

/** A directory of images: below the installdir it lies in the root `install`, elsewhere it is the administrator's own. */
export function imageLine(view: View, target: string, path: string, place: Place | undefined): Line {
  const root = within(path, view.installdir) ? place?.directory(target, 'install') : undefined;
  const disk = root === undefined ? path : `${root}${path.slice(view.installdir.length)}`;
  return { target, of: 'images', path, disk };
}

/** The state directory that a node uses on a host of ours; undefined where it has none there, or an unsafe one (LH812). */
export function stateLine(view: View, node: Node, servers: OurServers, place: Place | undefined): Line | undefined {
  const target = servers.targetOf(node.statemnt?.address);
  if (target === undefined || node.statemnt === undefined) return undefined;
  const state = statePath(view, node.statemnt.path);
  if ('why' in state) return undefined;
  return { target, of: 'state', path: state.path, disk: `${place?.directory(target, 'state') ?? ''}${state.path}` };
}
