/** What is wrong with the images of a family: each fault once, however many images share a list. */
import { sharedRootLink } from '../diagnostic/catalogue/image.ts';
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import { isPlannable } from '../plan/make-plan.ts';
import type { Image, View } from '../resolve/view.ts';
import type { OsFamily } from './family.ts';
import { imageFolder, isBuiltBy, planImage } from './plan.ts';

/** Images of the family that nodes boot, in byte order of names: only they are built. */
export function bootedImages(view: View, family: OsFamily): Image[] {
  const used = new Set<Image>();
  for (const node of view.nodes.values()) if (node.image !== undefined && isPlannable(node)) used.add(node.image);
  return [...used].filter((image) => isBuilt(image, family)).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Whether the plugin of this family builds the image; false where images are external. */
export const isBuilt = (image: Image, family: OsFamily): boolean =>
  image.build.kind === 'built' && image.build.plugin === family.name && isBuiltBy(family, image);

/**
 * Checks every image of the family. Where images are external (their trees are the administrator's), only errors are told: what
 * is missing for a build that nobody asks for is no finding, but a list that must not be pushed is none there either.
 */
export function checkImagesOf(view: View, family: OsFamily): Diagnostic[] {
  const found = new Map<string, Diagnostic>();
  const add = (diagnostic: Diagnostic): void => {
    const { code, at, message } = diagnostic;
    found.set(JSON.stringify([code, at?.file, at?.line, at?.column, message]), diagnostic);
  };
  for (const image of view.images.values()) {
    if (!isBuiltBy(family, image)) continue;
    const built = isBuilt(image, family);
    for (const diagnostic of planImage(view, image, family).diagnostics) {
      if (built || diagnostic.severity === 'error') add(diagnostic);
    }
  }
  for (const [image, other] of sharedLinks(bootedImages(view, family))) {
    const path = `${view.installdir}/${imageFolder(image)}/rootimg`;
    add(sharedRootLink(image.row.table.at(image.row, 'imagename'), { image: image.name, other: other.name, path }));
  }
  return [...found.values()];
}

/** Images that come second for the link of their os, architecture and profile, with the one that has it. */
function* sharedLinks(images: readonly Image[]): Generator<[Image, Image]> {
  const first = new Map<string, Image>();
  for (const image of images) {
    const other = first.get(imageFolder(image));
    if (other === undefined) first.set(imageFolder(image), image);
    else yield [image, other];
  }
}
