/** Images that nodes boot: of another kind than statelite, or two on one root tree that litehouse does not build. */
import { imageOfOtherKind, twoImagesOneTree } from '../diagnostic/catalogue/check.ts';
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import type { Image, View } from '../resolve/view.ts';
import type { Row } from '../tables/table.ts';

/** A dump has rows for installing and for ramdisks beside the statelite ones, often with the same tree: only what boots counts. */
export function checkImages(view: View): Diagnostic[] {
  const nodesOf = bootingNodes(view);
  const found: Diagnostic[] = [];
  const linuximage = view.tables.get('linuximage');
  const builds = new Map<string, Row>();
  for (const row of linuximage?.rows ?? []) builds.set(linuximage?.value(row, 'imagename') ?? '', row);
  const byPlace = new Map<string, Image>();
  for (const [image, nodes] of nodesOf) {
    found.push(...otherKind(image, nodes));
    const build = builds.get(image.name);
    const given = build === undefined ? undefined : linuximage?.value(build, 'rootimgdir');
    const usual = `${view.installdir}/netboot/${image.os}/${image.arch}/${image.profile}`;
    const place = `${(given ?? usual).replace(/\/+/g, '/').replace(/\/(rootimg\/?)?$/, '')}/rootimg`;
    const other = byPlace.get(place);
    if (other === undefined) byPlace.set(place, image);
    // Built ones lie apart, by their digests; what they do share is the link for people, which LH774 tells.
    else if (image.build.kind === 'external' || other.build.kind === 'external') {
      const at = image.row.table.at(image.row, 'imagename');
      found.push(twoImagesOneTree(at, { image: image.name, other: other.name, place }));
    }
  }
  return found;
}

/** Images that nodes in state statelite or shell boot, in the order of the images. */
function bootingNodes(view: View): Map<Image, string[]> {
  const nodesOf = new Map<Image, string[]>();
  for (const node of view.nodes.values()) {
    if (node.image === undefined || (node.state !== 'statelite' && node.state !== 'shell')) continue;
    const nodes = nodesOf.get(node.image);
    if (nodes === undefined) nodesOf.set(node.image, [node.name]);
    else nodes.push(node.name);
  }
  return new Map([...nodesOf].sort(([a], [b]) => (a.name < b.name ? -1 : 1)));
}

const statelite: Readonly<Record<string, string>> = { provmethod: 'statelite', rootfstype: 'nfs' };

function otherKind(image: Image, nodes: readonly string[]): Diagnostic[] {
  const { table } = image.row;
  const found: Diagnostic[] = [];
  for (const [column, wanted] of Object.entries(statelite)) {
    const text = table.value(image.row, column);
    if (text === undefined || text === wanted) continue;
    found.push(imageOfOtherKind(table.at(image.row, column), { image: image.name, column, text }, nodes));
  }
  return found;
}
