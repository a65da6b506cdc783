/** Images in service of which something is gone from the disk: their nodes run on, or can't boot, until it is built again. */
import { foldNodes } from '../noderange/fold.ts';
import type { PreviousSets } from '../plan/compose.ts';
import type { ArtifactKind } from './image-records.ts';

/** An image that nodes have now, and what it has lost. */
export interface LostImage {
  readonly image: string;
  /** Ids of artifacts. */
  readonly missing: readonly string[];
  readonly nodes: readonly string[];
}

/** What the sets that nodes have now need and is not there. Nodes that never had the image are not in it: they wait. */
export function lostImages(sets: PreviousSets, present: (artifact: string) => boolean): LostImage[] {
  // Sets of one image share their list: the disk is asked once for each, not once a node.
  const missingOf = new Map<readonly string[], readonly string[]>();
  const lost = new Map<string, { image: string; missing: Set<string>; nodes: string[] }>();
  for (const [node, { needs, image }] of sets) {
    if (image === undefined) continue;
    let missing = missingOf.get(needs);
    if (missing === undefined) {
      missing = needs.filter((id) => !present(id));
      missingOf.set(needs, missing);
    }
    if (missing.length === 0) continue;
    const one = lost.get(image.name) ?? { image: image.name, missing: new Set<string>(), nodes: [] };
    lost.set(image.name, one);
    for (const id of missing) one.missing.add(id);
    one.nodes.push(node);
  }
  return [...lost.values()].map((one) => ({ ...one, missing: [...one.missing] }));
}

const parts: Readonly<Record<ArtifactKind, string>> = {
  generation: 'its tree',
  boot: 'its kernel and initrd',
  base: 'its base',
  other: 'a part',
};

/** Whether nodes can't boot without what is gone. Of a base only the next build is made. */
export function stopsBoots({ missing }: LostImage, kind: (id: string) => ArtifactKind | undefined): boolean {
  return missing.some((id) => kind(id) !== 'base');
}

/** `image img has lost its tree: n[11-12] can't boot until it is built again (litehouse images img)` */
export function lostText(
  lost: LostImage,
  kind: (id: string) => ArtifactKind | undefined,
  failed: (id: string) => boolean,
): string {
  const { image, missing, nodes } = lost;
  const what = [...new Set(missing.map((id) => parts[kind(id) ?? 'other']))].join(' and ');
  const who = stopsBoots(lost, kind) ? `${foldNodes(nodes, 60)} can't boot` : 'nodes boot, and no change of it is made';
  const how = missing.some(failed)
    ? 'and that failed; litehouse apply --retry-builds tries again'
    : `litehouse images ${image} shows how far that is`;
  return `image ${image} has lost ${what}: ${who} until it is built again, ${how}`;
}
