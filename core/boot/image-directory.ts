/** Where a node's image lies on its image server: the directory that NFSROOT names, and the one that has to be exported. */
import type { Image, Node, Value, View } from '../resolve/view.ts';

export interface ImageDirectory {
  /** What is exported, read only: `<installdir>/netboot`, or the directory itself where noderes.nfsdir starts with `//`. */
  readonly store: string;
  /** What NFSROOT names; the initrd adds `/rootimg`. */
  readonly directory: string;
  /** The noderes.nfsdir cell that decided it, where one did. */
  readonly nfsdir: Value | undefined;
}

/**
 * Gives the image directory of a node; undefined for a node without an image. noderes.nfsdir stands for the installdir
 * ("it assumes that the directory structure is the same"); one that starts with `//` is used exactly, less one slash.
 * A built image has its generation as the last part, an external one never (RULES, Paths).
 */
export function imageDirectory(view: View, node: Node): ImageDirectory | undefined {
  const image = node.image;
  if (image === undefined) return undefined;
  let known = directories.get(node);
  if (known === undefined) {
    known = findDirectory(view, node, image);
    directories.set(node, known);
  }
  return known;
}

/** A node belongs to one view; several plugins ask for the same directory. */
const directories = new WeakMap<Node, ImageDirectory>();

function findDirectory(view: View, node: Node, image: Image): ImageDirectory {
  const nfsdir = view.value(node.name, 'noderes', 'nfsdir');
  const text = nfsdir?.text;
  const exact = text?.startsWith('//') === true;
  const top = text === undefined ? view.installdir : withoutEndSlashes(exact ? text.slice(1) : text);
  const store = exact ? top : `${top}/netboot`;
  const place = exact ? store : `${store}/${image.os}/${image.arch}/${image.profile}`;
  const directory = image.build.kind === 'built' ? `${place}/${image.build.generation}` : place;
  return { store, directory, nfsdir };
}

function withoutEndSlashes(path: string): string {
  return path.replace(/\/+$/, '');
}
