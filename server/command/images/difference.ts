/** `litehouse images diff`: packages and links of one image or generation against those of another. */
import type { ImageArtifact, ImageStanding } from '../../../core/engine/types.ts';
import { count } from '../context.ts';
import { Failure } from '../failure.ts';
import { inService } from './listing.ts';
import { baseOf, generationNoteOf } from './notes.ts';

/** What is compared: a generation with its base, or a base alone. */
export interface Side {
  readonly called: string;
  /** The image that it is of. */
  readonly image: string;
  readonly base: ImageArtifact | undefined;
  readonly generation: ImageArtifact | undefined;
  /** Live files of the generation. */
  readonly live?: readonly { readonly path: string; readonly digest: string }[];
}

/** Shorter beginnings of a digest name nothing. */
const shortestDigest = 4;

/** An image by name (what is in service of it), or a base or generation by the beginning of its digest. */
export function sideOf(images: readonly ImageStanding[], name: string): Side {
  const image = images.find((it) => it.image === name);
  if (image !== undefined) {
    const { base, generation } = inService(image);
    if (base === undefined && generation === undefined) {
      throw new Failure({
        what: `nothing of ${name} is on the disk`,
        mend: `build it: litehouse genimage ${name}`,
        status: 1,
      });
    }
    return { called: name, image: name, base, generation };
  }
  const there = images.flatMap(({ artifacts }) => artifacts).filter(({ lost }) => !lost);
  const found =
    name.length < shortestDigest
      ? []
      : there.filter(({ kind, digest }) => (kind === 'base' || kind === 'generation') && digest.startsWith(name));
  const [one, another] = found;
  if (one === undefined || another !== undefined) {
    throw new Failure({
      what:
        one === undefined
          ? `there is no image, base or generation '${name}'`
          : `'${name}' begins ${found.length} digests`,
      mend: 'litehouse images lists images, litehouse images NAME their bases and generations',
      status: 1,
    });
  }
  const of = images.find(({ artifacts }) => artifacts.includes(one))?.image ?? '';
  if (one.kind === 'base') return { called: one.digest, image: of, base: one, generation: undefined };
  return { called: one.digest, image: of, base: there.find(({ id }) => one.inputs.includes(id)), generation: one };
}

/** Each as `name value`; of what changed, both values. */
export interface Changes {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly { readonly name: string; readonly from: string; readonly to: string }[];
}

export interface Difference {
  readonly from: string;
  readonly to: string;
  readonly packages: Changes;
  readonly links: Changes;
  readonly live: Changes;
}

/** Compares two sides; what a side's build did not write down counts as nothing. */
export function difference(a: Side, b: Side): Difference {
  const packages = (side: Side): Map<string, string> => {
    const found = new Map<string, string>();
    for (const { name, version, arch } of baseOf(side.base)?.packages ?? []) {
      const before = found.get(`${name}.${arch}`);
      // Kernels of an RPM system are there in several versions.
      found.set(`${name}.${arch}`, before === undefined ? version : `${before}, ${version}`);
    }
    return found;
  };
  const links = (side: Side): Map<string, string> =>
    new Map(
      (generationNoteOf(side.generation)?.entries ?? []).map((it) => [it.path + (it.directory ? '/' : ''), it.kind]),
    );
  const live = (side: Side): Map<string, string> =>
    new Map((side.live ?? []).map(({ path, digest }) => [path, digest.slice(0, 10)]));
  return {
    ...{ from: a.called, to: b.called },
    packages: compare(packages(a), packages(b)),
    links: compare(links(a), links(b)),
    live: compare(live(a), live(b)),
  };
}

function compare(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): Changes {
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  return {
    added: names.filter((name) => !before.has(name)).map((name) => `${name} ${after.get(name)}`),
    removed: names.filter((name) => !after.has(name)).map((name) => `${name} ${before.get(name)}`),
    changed: names.flatMap((name) => {
      const [from, to] = [before.get(name), after.get(name)];
      return from === undefined || to === undefined || from === to ? [] : [{ name, from, to }];
    }),
  };
}

export function differenceLines({ from, to, packages, links, live }: Difference): string[] {
  const lines = [`${from} -> ${to}`];
  for (const [noun, plural, found] of [
    ['package', 'packages', packages],
    ['link', 'links', links],
    ['live file', 'live files', live],
  ] as const) {
    const { added, removed, changed } = found;
    const all = added.length + removed.length + changed.length;
    lines.push(
      all === 0
        ? `${plural}: the same`
        : `${count(all, noun, plural)} differ: ${added.length} added, ${removed.length} removed, ${changed.length} changed`,
    );
    for (const name of added) lines.push(`+ ${name}`);
    for (const name of removed) lines.push(`- ${name}`);
    for (const each of changed) lines.push(`~ ${each.name} ${each.from} -> ${each.to}`);
  }
  return lines;
}
