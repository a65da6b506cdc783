/** `litehouse images`: a line for each image, or all that there is of one. */

import type { ImageArtifact, ImageRepositories, ImageStanding } from '../../../core/engine/types.ts';
import { aligned } from '../../../core/explain/text.ts';
import { foldNodes } from '../../../core/noderange/fold.ts';
import { generationOf } from '../../reading/images.ts';
import { count } from '../context.ts';
import { buildText } from '../status.ts';
import { baseOf, bootOf, bytesText, generationNoteOf } from './notes.ts';

/** What repositories say now against what a base was built from; undefined: nobody asked. */
export type Outdated = { readonly outdated: readonly string[] } | { readonly unknown: string };

/** What is in service of an image: its newest generation on the disk, and that one's base. */
export function inService(image: ImageStanding): {
  generation?: ImageArtifact;
  base?: ImageArtifact;
  boot?: ImageArtifact;
} {
  const generation = generationOf(image);
  const of = (kind: ImageArtifact['kind'], digest: string | undefined) =>
    image.artifacts.find((it) => it.kind === kind && !it.lost && it.digest === digest) ??
    image.artifacts.find((it) => it.kind === kind && !it.lost && generation?.inputs.includes(it.id) === true);
  const present = of('base', image.planned?.base);
  const below = image.artifacts.find((it) => generation?.inputs.includes(it.id) === true);
  const base = below ?? present;
  return {
    ...(generation === undefined ? {} : { generation }),
    ...(base === undefined ? {} : { base }),
    ...(of('boot', image.planned?.boot) === undefined ? {} : { boot: of('boot', image.planned?.boot) }),
  };
}

/** Which repositories are not as they were when a base was built. */
export function compareRepositories(base: ImageArtifact | undefined, now: ImageRepositories): Outdated {
  if (!now.ok) return { unknown: now.lines[0] ?? 'its repositories cannot be asked' };
  const note = baseOf(base);
  if (note === undefined) return { unknown: 'it has no base yet' };
  const before = new Map(note.repositories.map(({ alias, url, digest }) => [`${alias} ${url}`, digest]));
  return {
    outdated: now.repositories
      .filter(({ alias, url, digest }) => before.get(`${alias} ${url}`) !== digest)
      .map(({ alias, date }) => (date === undefined ? alias : `${alias} of ${date.slice(0, 10)}`)),
  };
}

/** In one word or two how an image stands. */
export function stateOf({ kind, planned }: ImageStanding): string {
  if (kind !== 'built' || planned === undefined) return kind;
  const { artifacts } = planned;
  const building = artifacts.find(({ state }) => state === 'building');
  if (building !== undefined) return buildText(building);
  if (artifacts.some(({ state }) => state === 'failed')) return 'failed';
  if (artifacts.every(({ state }) => state === 'present')) return 'ready';
  return artifacts.some(({ state }) => state === 'waiting') ? 'waiting' : 'not built';
}

const when = (made: string | undefined): string => (made === undefined ? '' : made.slice(0, 16).replace('T', ' '));

const bytesOf = (artifacts: readonly ImageArtifact[]): string => {
  const known = artifacts.flatMap(({ bytes }) => bytes ?? []);
  return known.length === 0 ? '' : bytesText(known.reduce((sum, it) => sum + it, 0));
};

export function imagesTable(images: readonly ImageStanding[], outdated: ReadonlyMap<string, Outdated>): string[] {
  const asked = outdated.size > 0;
  const heads = ['image', 'state', 'generation', 'made (UTC)', 'size', 'packages', 'nodes', 'running'];
  const rows = images.map((image) => {
    const { generation, base } = inService(image);
    const running = new Set(image.artifacts.flatMap(({ booted }) => booted)).size;
    return [
      image.image === '' ? '(not known)' : image.image,
      stateOf(image) + (image.asked && image.nodes === 0 ? ', asked for' : ''),
      generation?.digest ?? (image.kind === 'external' ? (image.inEffect ?? '') : ''),
      when(generation?.made),
      bytesOf(image.artifacts),
      String(baseOf(base)?.packages.length ?? ''),
      String(image.nodes),
      image.kind === 'external' ? '' : String(running),
      ...(asked ? [outdatedText(outdated.get(image.image))] : []),
    ];
  });
  return aligned([[...heads, ...(asked ? ['outdated'] : [])], ...rows]);
}

/** Of an image without a row: what the disk has of it still, why, and how to let go of that; none where it has a row. */
export function leftLines({ image, kind, artifacts }: ImageStanding): string[] {
  if (kind !== 'no row' || artifacts.length === 0) return [];
  const kinds = [
    ['generation', 'generations'],
    ['base', 'bases'],
    ['boot', 'kernels with initrd'],
    ['other', 'others'],
  ] as const;
  const parts = kinds.flatMap(([of, plural]) => {
    const found = artifacts.filter((it) => it.kind === of).length;
    return found === 0 ? [] : [count(found, of === 'boot' ? 'kernel with initrd' : of, plural)];
  });
  const bytes = bytesOf(artifacts);
  const why = new Set(artifacts.flatMap(({ kept }) => (kept.length === 0 ? ['the next apply removes it'] : kept)));
  const pinned = artifacts.some(({ booted, asked }) => booted.length + asked.length > 0);
  const prunable = why.has('kept for a revert') || why.has('not known');
  return [
    `${image === '' ? 'not known of which image' : `${image} has no row any more`}: ${parts.join(', ')}${bytes === '' ? '' : ` (${bytes})`}: ${[...why].join('; ')}`,
    ...(prunable
      ? ['  let go of what is kept for a revert or not known: litehouse images prune --all (--dry-run shows it first)']
      : []),
    ...(pinned
      ? ['  let go of what nodes booted or asked for, when they run it no more: litehouse release NODERANGE']
      : []),
  ];
}

export function outdatedText(found: Outdated | undefined): string {
  if (found === undefined) return '';
  if ('unknown' in found) return `not known: ${found.unknown}`;
  return found.outdated.length === 0 ? 'no' : found.outdated.join(', ');
}

/** Everything of one image. */
export function imageDetail(image: ImageStanding, outdated: Outdated | undefined, live: string | undefined): string[] {
  const { base, boot } = inService(image);
  const note = baseOf(base);
  const lines: string[] = [];
  const row = (heading: string, text: string | undefined): void => {
    if (text !== undefined && text !== '') lines.push(`${heading.padEnd(11)}${text}`);
  };
  row('image', image.image);
  row('state', stateOf(image) + (image.plugin === undefined ? '' : `, by plugin ${image.plugin}`));
  row(
    'asked',
    image.asked ? 'built because somebody asked for it by name (litehouse images forget takes it back)' : '',
  );
  row('nodes', count(image.nodes, 'node'));
  row('in effect', image.inEffect);
  row('kernel', bootOf(boot)?.kernelVersion ?? note?.kernelVersion);
  row('packages', note === undefined ? undefined : `${note.packages.length}, built ${when(note.built)} UTC`);
  for (const { alias, url, date } of note?.repositories ?? [])
    row('from', `${alias}  ${url}  ${date?.slice(0, 10) ?? ''}`.trimEnd());
  row('outdated', outdatedText(outdated));
  row('live', live);
  row('lists', image.kind === 'built' ? `litehouse explain ${image.image} says which were taken` : '');
  for (const artifact of image.planned?.artifacts ?? []) {
    const { kind, digest, state, detail, log } = artifact;
    row('planned', `${kind.padEnd(10)} ${digest}  ${buildText(artifact)}`);
    if (state === 'failed') for (const line of detail.split('\n')) row('', line);
    else if (state === 'building') row('', detail.split('\n').at(-1));
    row('', log === undefined ? '' : `log: ${log}`);
  }
  const shown = [...image.artifacts].sort((a, b) => (b.made ?? '').localeCompare(a.made ?? ''));
  for (const artifact of shown) {
    row(
      'on disk',
      `${artifact.kind.padEnd(10)} ${artifact.digest}  ${when(artifact.made)} UTC  ${bytesOf([artifact])}`.trimEnd(),
    );
    row('', artifact.lost ? `${artifact.directory}: somebody removed it, or a part of it` : artifact.directory);
    const links = generationNoteOf(artifact);
    row(
      '',
      artifact.kind === 'generation' && links !== undefined
        ? `links ${count(links.entries.length, 'entry', 'entries')}`
        : '',
    );
    row(
      '',
      artifact.kept.length === 0 ? 'nothing keeps it: the next apply removes it' : `kept: ${artifact.kept.join('; ')}`,
    );
    row('', artifact.booted.length === 0 ? '' : `running: ${foldNodes(artifact.booted, 200)}`);
    row('', artifact.asked.length === 0 ? '' : `asked for it, no report yet: ${foldNodes(artifact.asked, 200)}`);
  }
  return [...lines, ...leftLines(image)];
}
