/** Finds the list files of an image by name: which is taken, and which are there but passed over. */
import type { Image, View } from '../resolve/view.ts';
import { customFile } from './files.ts';

export type ListKind = 'pkglist' | 'otherpkgs.pkglist' | 'exlist' | 'postinstall' | 'repolist';

export interface Found {
  /** In the repository; undefined: there is none. */
  readonly taken: string | undefined;
  /** Would be taken if those before it were not there; in order. */
  readonly passedOver: readonly string[];
  /** The places of the cookbook, in order, for a message; without fallbacks. */
  readonly searched: readonly string[];
}

/**
 * Searches folder by folder. In one folder the cookbook's order (2.8.1) decides: P.os.arch, P.arch, P.os, P. What the original knows
 * beyond it stands beside the os that it stands in for: after `rhels7.6` its earlier minors down to 7.0, then `rhels7`. So the
 * architecture beats the os, as in the cookbook and in 2010, also where later versions of the original had it the other way round.
 */
export function findList(
  view: View,
  image: Pick<Image, 'os' | 'arch' | 'profile'>,
  folders: readonly string[],
  kind: ListKind,
): Found {
  const { os, arch, profile } = image;
  const fallbacks = [os, ...earlierVersions(os)];
  const stems = [
    ...fallbacks.map((version) => `${profile}.${version}.${arch}`),
    `${profile}.${arch}`,
    ...fallbacks.map((version) => `${profile}.${version}`),
    profile,
  ];
  const there = folders.flatMap((folder) =>
    stems.map((stem) => placeOf(folder, stem, kind)).filter((path) => customFile(view, path) !== undefined),
  );
  const [taken, ...passedOver] = new Set(there);
  const cookbook = [`${profile}.${os}.${arch}`, `${profile}.${arch}`, `${profile}.${os}`, profile];
  const searched = folders.flatMap((folder) => cookbook.map((stem) => placeOf(folder, stem, kind)));
  return { taken, passedOver, searched };
}

const placeOf = (folder: string, stem: string, kind: ListKind): string => `custom/netboot/${folder}/${stem}.${kind}`;

/** `rhels7.6`: 7.5 … 7.0, 7. Two-digit minors such as ubuntu's 22.04 are no series of updates: only what is before the dot. */
function earlierVersions(os: string): string[] {
  const found = /^(.+)\.(\d+)$/.exec(os);
  if (found?.[1] === undefined || found[2] === undefined) return [];
  const [, base, minor] = found;
  const count = /^(0|[1-9]\d?)$/.test(minor) ? Number(minor) : 0;
  return [...Array.from({ length: count }, (_, i) => `${base}.${count - 1 - i}`), base];
}
