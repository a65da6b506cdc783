/** Says why no plugin builds an image, and what to do about it. */
import { asksForBuild } from '../image/columns.ts';
import type { ImagesMode } from '../plan/make-plan.ts';
import type { Image, View } from '../resolve/view.ts';

/** Undefined: a plugin builds it. `mode`: the setting that the view was made with. */
export function whyNotBuilt(
  view: View,
  image: Image,
  mode: ImagesMode,
): { readonly why: string; readonly mend: string } | undefined {
  if (image.build.kind === 'built') return undefined;
  if (mode === 'external') {
    return {
      why: 'the server\'s setting "images" says that no plugin builds images',
      mend: 'write "images": "rows" into its litehouse.json, and start it as root',
    };
  }
  if (mode === 'rows' && !asksForBuild(view, image)) {
    return {
      why: 'linuximage.build of its row does not say yes',
      mend: `litehouse genimage ${image.name} writes that`,
    };
  }
  return {
    why: `no loaded plugin builds images ${image.os === '' ? 'without an osvers' : `of ${image.os}`}`,
    mend: "osvers is a word like debian12, rhels9.4 or sles15.5; a plugin for another system is named in the server's settings",
  };
}
