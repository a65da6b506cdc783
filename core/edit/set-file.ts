/** `images lock` and `images update`: writes or removes a file that commands keep beside an image. */
import { editImage, editWords } from '../diagnostic/catalogue/edit.ts';
import { objectId } from '../repo/object-format.ts';
import type { View } from '../resolve/view.ts';
import { nearest } from '../tables/nearest.ts';
import { type EditResult, refuse, type SetFile } from './edit.ts';

/** Which versions an image has, and in which state repositories were taken in (RULES, Paths). */
const kept = /^images\/([^/]+)\/(lock|taken)$/;

export function setFile(view: View, { path, text }: SetFile): EditResult {
  const [, image] = kept.exec(path) ?? [];
  if (image === undefined) {
    const what = `'${path}' is no file that a command writes`;
    return refuse(editWords(undefined, { what, mend: 'commands write images/NAME/lock and images/NAME/taken' }));
  }
  if (!view.images.has(image)) {
    const near = nearest(image, [...view.images.keys()]);
    const mend = near === undefined ? 'litehouse images lists them' : `did you mean ${near}?`;
    return refuse(editImage(undefined, { what: `there is no image '${image}'`, mend }));
  }
  const there = view.folder('images').entries.find((entry) => `images/${entry.path}` === path);
  const wanted = text === undefined ? undefined : objectId('blob', Buffer.from(text));
  const same = there?.oid === wanted;
  return { kind: 'files', files: same ? new Map() : new Map([[path, text]]) };
}
