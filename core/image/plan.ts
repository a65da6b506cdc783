/** Plans one image: its three artifacts with their recipes and digests, and what explains them. Pure. */

import { rootElsewhere } from '../diagnostic/catalogue/image.ts';
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import { attributeFinder } from '../plan/attributes.ts';
import { type ArtifactOutput, managementNode } from '../plugin/output.ts';
import type { ImagePlan } from '../plugin/plugin.ts';
import type { Image, View } from '../resolve/view.ts';
import { imageAddons } from './addons.ts';
import { imageAttributes } from './attributes.ts';
import { bootCells, type Cells, kernelChoice, linuximageCells, scriptNetwork } from './columns.ts';
import { digestOf } from './digest.ts';
import type { OsFamily } from './family.ts';
import { imageFiles } from './files.ts';
import { ImageFindings } from './findings.ts';
import { initrdRecipe } from './initrd/initrd.ts';
import { nodeProgramDigest } from './node/program.ts';
import type { BaseRecipe, BootRecipe, GenerationRecipe, PackageRepository } from './recipe.ts';
import { imageSources, type ListChoice } from './sources.ts';
import { baseVersion, bootVersion, generationVersion } from './versions.ts';

export interface PlannedImage {
  readonly plan: ImagePlan;
  readonly base: BaseRecipe;
  readonly boot: BootRecipe;
  readonly generation: GenerationRecipe;
  readonly lists: readonly ListChoice[];
  /** Number of live files below images/<name>/rootimg. */
  readonly live: number;
  /** Why the base or the boot artifact can't be built yet; empty: they can. */
  readonly faults: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Parts of images/<name>/rootimg that are inputs of the base, and never live (RULES). */
export const kernelFolders: readonly string[] = ['boot', 'lib/modules', 'usr/lib/modules'];

/** Whether a family builds an image: one of its systems, made for statelite and for NFS (a blank cell says so too). */
export function isBuiltBy(family: Pick<OsFamily, 'matches'>, image: Image): boolean {
  const { table } = image.row;
  const method = table.value(image.row, 'provmethod') ?? 'statelite';
  const type = table.value(image.row, 'rootfstype') ?? 'nfs';
  return method === 'statelite' && type === 'nfs' && family.matches(image.os);
}

/** Where the images of an os, architecture and profile lie, below root `install` (RULES). */
export function imageFolder(image: Pick<Image, 'os' | 'arch' | 'profile'>): string {
  return `netboot/${image.os}/${image.arch}/${image.profile}`;
}

/** What each step leaves in its directory: without any of these nobody can boot it or build from it. */
const holds = {
  base: ['rootimg', 'base.json'],
  boot: ['kernel', 'initrd.gz', 'boot.json'],
  generation: ['rootimg', 'generation.json'],
} as const;

const planned = new WeakMap<View, Map<OsFamily, Map<string, PlannedImage>>>();
/** The program that nodes run and what is packed with it are parts of litehouse: read once, the same for as long as the process runs. */
let program: string | undefined;

/** The plan of an image; made once for a view, because each hook of a plugin asks for it. */
export function planImage(view: View, image: Image, family: OsFamily): PlannedImage {
  const families = planned.get(view) ?? new Map<OsFamily, Map<string, PlannedImage>>();
  planned.set(view, families);
  const images = families.get(family) ?? new Map<string, PlannedImage>();
  families.set(family, images);
  let found = images.get(image.name);
  if (found === undefined) {
    program ??= `${nodeProgramDigest()}-${initrdRecipe()}`;
    found = makePlan(view, image, family, program);
    images.set(image.name, found);
    byPlan.set(found.plan, found);
  }
  return found;
}

const byPlan = new WeakMap<ImagePlan, PlannedImage>();

/** What is behind an ImagePlan of one of our families, for explanations; undefined: another plugin made it. */
export function plannedImageOf(plan: ImagePlan): PlannedImage | undefined {
  return byPlan.get(plan);
}

function makePlan(view: View, image: Image, family: OsFamily, nodeProgram: string): PlannedImage {
  const findings = new ImageFindings();
  const cells = linuximageCells(view, image);
  noteRootElsewhere(view, image, cells, findings);
  const { recipe: base, lists, live } = baseOf(view, image, family, cells, findings);
  const baseDigest = digestOf({ ...withoutPlaces(base), faults: findings.faults });
  const bootFindings = new ImageFindings();
  const { os, arch, profile, name } = image;
  const boot: BootRecipe = {
    step: 'boot',
    recipe: bootVersion,
    image: name,
    os,
    arch,
    profile,
    base: baseDigest,
    ...(base.kernelVersion === undefined ? {} : { kernelVersion: base.kernelVersion }),
    ...bootCells(cells, bootFindings),
    program: nodeProgram,
  };
  const generation: GenerationRecipe = {
    step: 'generation',
    recipe: generationVersion,
    image: name,
    base: baseDigest,
    entries: image.litefile.map(({ path, directory, kind }) => ({ path, directory, kind })),
  };
  const bootDigest = digestOf({ ...boot, netdriversFrom: undefined, faults: bootFindings.faults });
  const generationDigest = digestOf(generation);
  const folder = imageFolder(image);
  const artifact = (
    step: 'base' | 'boot' | 'generation',
    digest: string,
    place: Pick<ArtifactOutput, 'root' | 'path'>,
    inputs: readonly string[],
    recipe: unknown,
  ): ArtifactOutput => ({
    kind: 'artifact',
    target: managementNode,
    ...place,
    id: `${family.name}/${step}-${name}@${digest}`,
    plugin: family.name,
    name: `${step} ${name}`,
    digest,
    inputs,
    recipe,
    holds: holds[step],
  });
  const first = artifact(
    'base',
    baseDigest,
    { root: 'install', path: `${folder}/.base/${baseDigest}` },
    [],
    withFaults(base, findings.faults),
  );
  const artifacts = [
    first,
    artifact(
      'boot',
      bootDigest,
      { root: 'tftp', path: `xcat/${folder}/${bootDigest}` },
      [first.id],
      withFaults(boot, bootFindings.faults),
    ),
    artifact(
      'generation',
      generationDigest,
      { root: 'install', path: `${folder}/${generationDigest}` },
      [first.id],
      generation,
    ),
  ];
  return {
    plan: {
      image: name,
      build: {
        kind: 'built',
        plugin: family.name,
        base: baseDigest,
        boot: bootDigest,
        generation: generationDigest,
        needs: artifacts.map(({ id }) => id),
      },
      artifacts,
    },
    base,
    boot,
    generation,
    lists,
    live,
    faults: [...findings.faults, ...bootFindings.faults],
    diagnostics: [...findings.diagnostics, ...bootFindings.diagnostics, ...(family.check?.(view, image) ?? [])],
  };
}

/** Faults are beside the recipe, not a part of its type: what builds never sees a recipe that has some (see plugin.ts). */
function withFaults<Recipe extends object>(recipe: Recipe, faults: readonly string[]): Recipe {
  return faults.length === 0 ? recipe : { ...recipe, faults };
}

function baseOf(view: View, image: Image, family: OsFamily, cells: Cells, findings: ImageFindings) {
  const { choices, ...sources } = imageSources(view, image, family, cells, findings);
  const files = imageFiles(view, image.name);
  const top = 'rootimg/';
  const given = attributeFinder(imageAttributes(view));
  const kernelFiles: BaseRecipe['kernelFiles'] = [];
  let live = 0;
  let lock: BaseRecipe['lock'];
  let taken: BaseRecipe['taken'];
  for (const { path, mode, oid } of files) {
    const file = { path: `images/${image.name}/${path}`, blob: oid };
    if (path === 'lock') lock = file;
    else if (path === 'taken') taken = file;
    else if (!path.startsWith(top) || mode === '160000' || /(^|\/)\.gitkeep$/.test(path)) continue;
    else {
      const to = path.slice(top.length);
      if (!kernelFolders.some((folder) => to.startsWith(`${folder}/`))) live++;
      else {
        const { uid, gid, mode: bits = mode === '100755' ? 0o755 : 0o644 } = given(file.path);
        const link = mode === '120000';
        const owner = { ...(uid === undefined ? {} : { uid }), ...(gid === undefined ? {} : { gid }) };
        kernelFiles.push({ ...file, to, mode: link ? 0o777 : bits, link, ...owner });
      }
    }
  }
  const { name, os, arch, profile } = image;
  const recipe: BaseRecipe = {
    step: 'base',
    recipe: `${family.name}/${family.recipe} ${baseVersion}`,
    family: family.name,
    image: name,
    os,
    arch,
    profile,
    ...sources,
    scriptNetwork: scriptNetwork(cells, findings),
    ...kernelChoice(cells, findings),
    kernelFiles,
    ...(lock === undefined ? {} : { lock }),
    ...(taken === undefined ? {} : { taken }),
    ...imageAddons(view, image, family, cells, findings),
  };
  return { recipe, lists: choices, live };
}

/**
 * What counts in a base's digest: what lists say and not how they say it, so that a comment, another order of includes or a list that
 * moves builds nothing anew; contents of scripts and files, by blob; repositories by where they lead, below the installdir wherever that is.
 */
function withoutPlaces(recipe: BaseRecipe): object {
  const repository = ({ type, url, below, alias }: PackageRepository) => ({ type, url: below ?? url, alias });
  const { lists, exlist, postinstall, lock, taken, repositories, otherRepositories, kernelFiles, accountFiles } =
    recipe;
  return {
    ...recipe,
    kernelVersionFrom: undefined,
    lists: lists.map(({ kind, passes }) => ({ kind, passes })),
    // With what it spares: bases that an exlist of before took the kernel out of are built anew, and no others.
    exlist: exlist === undefined ? undefined : { patterns: exlist.patterns, spares: 'kernel' },
    postinstall: postinstall?.blob,
    lock: lock?.blob,
    taken: taken?.blob,
    repositories: repositories.map(repository),
    otherRepositories: otherRepositories.map(repository),
    kernelFiles: kernelFiles.map(({ path, ...counts }) => counts),
    accountFiles: accountFiles.map(({ path, blob }) => ({ name: path.slice(path.lastIndexOf('/') + 1), blob })),
  };
}

function noteRootElsewhere(view: View, image: Image, cells: Cells, findings: ImageFindings): void {
  const cell = cells('rootimgdir');
  if (cell === undefined) return;
  const plain = (path: string) => path.replace(/\/+/g, '/').replace(/\/(rootimg\/?)?$/, '');
  const places = [view.installdir, '/install'].map((top) => `${top}/${imageFolder(image)}`);
  const [place = ''] = places;
  if (places.includes(plain(cell.text))) return;
  findings.note(rootElsewhere(cell.at, { image: image.name, text: cell.text, place }));
}
