/** From what an image is built: lists taken and passed over, repositories, digests, and why it can't be built. */
import type { PlannedImage } from '../image/plan.ts';
import type { PackageList } from '../image/recipe.ts';
import { aligned } from './text.ts';

export interface BuildExplanation {
  /** The plugin that builds it. */
  readonly plugin: string;
  readonly digests: { readonly base: string; readonly boot: string; readonly generation: string };
  readonly lists: readonly {
    readonly kind: string;
    readonly taken: readonly string[];
    /** The linuximage column that names it; undefined: found by its name. */
    readonly column: string | undefined;
    readonly passedOver: readonly string[];
  }[];
  /** Files that lists include. */
  readonly included: readonly string[];
  readonly packages: { readonly install: number; readonly remove: number; readonly passes: number };
  readonly repositories: readonly { readonly alias: string; readonly url: string; readonly from: string }[];
  /** How many rows of litefile the generation links. */
  readonly entries: number;
  /** How many files are laid in live, and how many belong to the kernel. */
  readonly live: number;
  readonly kernelFiles: number;
  readonly lock: string | undefined;
  readonly taken: string | undefined;
  readonly kernel: string | undefined;
  readonly initrd: { readonly form: string; readonly netdrivers: readonly string[] };
  readonly addons: readonly string[];
  /** Why it can't be built as it stands; empty: it can. */
  readonly faults: readonly string[];
}

/** Says from what an image is built. Account hashes are in no explanation. */
export function explainBuild({ plan, base, boot, generation, lists, live, faults }: PlannedImage): BuildExplanation {
  const read = new Set(lists.flatMap(({ taken }) => taken));
  const all = [...base.lists.flatMap(({ files }) => files), ...(base.exlist?.files ?? [])];
  const { build } = plan;
  return {
    plugin: build.plugin,
    digests: { base: build.base, boot: build.boot, generation: build.generation },
    lists,
    included: [...new Set(all.map(({ path }) => path))].filter((path) => !read.has(path)),
    packages: countsOf(base.lists),
    repositories: [...base.repositories, ...base.otherRepositories].map(({ alias, url, from }) => ({
      alias,
      url,
      from,
    })),
    entries: generation.entries.length,
    live,
    kernelFiles: base.kernelFiles.length,
    lock: base.lock?.path,
    taken: base.taken?.path,
    kernel: base.kernelVersion,
    initrd: { form: boot.form, netdrivers: boot.netdrivers },
    addons: base.addons,
    faults,
  };
}

function countsOf(lists: readonly PackageList[]): BuildExplanation['packages'] {
  const passes = lists.flatMap((list) => list.passes);
  return {
    install: passes.reduce((sum, { install }) => sum + install.length, 0),
    remove: passes.reduce((sum, { removeBefore, removeAfter }) => sum + removeBefore.length + removeAfter.length, 0),
    passes: passes.length,
  };
}

/** For people: one heading a line, its members below each other. */
export function buildLines(build: BuildExplanation | undefined): string[] {
  if (build === undefined) {
    return ["built by  nobody: external, its tree, kernel and initrd are the administrator's own, and are not checked"];
  }
  const { digests, packages } = build;
  const lines = [...section('built by', [build.plugin])];
  lines.push(...section('base', [digests.base]), ...section('boot', [digests.boot]));
  lines.push(...section('links', [`${digests.generation}  ${build.entries} litefile rows`]));
  lines.push(...section('lists', aligned(build.lists.flatMap(listRows))));
  lines.push(...section('included', build.included));
  const removed = packages.remove === 0 ? '' : `, ${packages.remove} removed`;
  const passes = packages.passes > 1 ? `, in ${packages.passes} passes` : '';
  lines.push(...section('packages', [`${packages.install} named${removed}${passes}`]));
  lines.push(...section('from', aligned(build.repositories.map(({ alias, url, from }) => [alias, url, `(${from})`]))));
  lines.push(...section('kernel', [build.kernel ?? 'the newest of its packages']));
  if (build.kernelFiles > 0) lines.push(...section('', [`${build.kernelFiles} files of its own (boot, lib/modules)`]));
  const drivers = build.initrd.netdrivers.length === 0 ? 'the usual drivers' : build.initrd.netdrivers.join(',');
  lines.push(...section('initrd', [`${build.initrd.form}, ${drivers}`]));
  if (build.addons.length > 0) lines.push(...section('addons', [build.addons.join(', ')]));
  const exact = [build.lock, build.taken].filter((path) => path !== undefined);
  lines.push(
    ...section('exact', exact.length === 0 ? ['no lock: the versions that the repositories have at the build'] : exact),
  );
  if (build.live > 0) lines.push(...section('live', [`${build.live} files laid over every generation`]));
  lines.push(...section('fault', build.faults));
  return lines;
}

function listRows({ kind, taken, column, passedOver }: BuildExplanation['lists'][number]): string[][] {
  const how = column === undefined ? 'taken' : `taken, named by ${column}`;
  return [
    ...taken.map((path) => [kind, path, how]),
    ...passedOver.map((path) => [kind, path, 'passed over']),
    ...(taken.length === 0 ? [[kind, 'none', column === undefined ? '' : `${column} names what is not there`]] : []),
  ];
}

function section(heading: string, lines: readonly string[]): string[] {
  return lines.map((line, i) => `${(i === 0 ? heading : '').padEnd(10)}${line}`.trimEnd());
}
