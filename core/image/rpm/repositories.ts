/** Repositories as dnf and zypper take them: a directory is looked into, and one of bare packages gets an index, in the cache. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Image, View } from '../../resolve/view.ts';
import { markUsed } from '../base/cache.ts';
import type { PackageJob } from '../family.ts';
import { type PackageWalk, packagesBelow } from '../packages-below.ts';
import type { PackageRepository } from '../recipe.ts';

export interface RpmRepository {
  readonly alias: string;
  readonly baseUrl: string;
  /** The directory of this host that it is; undefined: it is elsewhere. */
  readonly directory: string | undefined;
  /** Made here of bare packages: the state of the directory, which an index, with its time of making, does not tell. */
  readonly listing: { readonly digest: string; readonly date: string | undefined } | undefined;
  /** As the commit names it. */
  readonly of: PackageRepository;
}

type Job = Pick<PackageJob, 'repositories' | 'cache' | 'run' | 'log' | 'signal'>;

/** How deep the parts of a copied medium lie (`BaseOS/`, `1/Product-SLES/`). */
const deepest = 3;

/** @throws Error that names the repository, where it stands, and what is wrong with it. */
export async function rpmRepositories(job: Job): Promise<RpmRepository[]> {
  const found: RpmRepository[] = [];
  for (const repository of job.repositories) {
    for (const one of await lookInto(job, repository)) {
      let { alias } = one;
      for (let n = 2; found.some((other) => other.alias === alias); n++) alias = `${one.alias}-${n}`;
      found.push({ ...one, alias });
    }
  }
  return found;
}

async function lookInto(job: Job, of: PackageRepository): Promise<RpmRepository[]> {
  const { type, url, alias } = of;
  if (type === 'deb') throw fault(of, 'it is one of Debian packages');
  if (!url.startsWith('/')) {
    if (!url.startsWith('file:'))
      job.log(
        `packages of ${alias} (${url}) are taken without a check of signatures: no table says whose they must be`,
      );
    return [{ alias, baseUrl: url, directory: undefined, listing: undefined, of }];
  }
  if (!(await isDirectory(url)))
    throw fault(of, `there is no directory ${url}: put the packages there, or name another place`);
  const whole = (directory: string, name = alias): RpmRepository => ({
    alias: name,
    baseUrl: fileUrl(directory),
    directory,
    listing: undefined,
    of,
  });
  if (type !== 'plaindir') {
    if (await hasIndex(url)) return [whole(url)];
    const parts = await indexedBelow(url, deepest, job.signal);
    if (parts.length > 0)
      return parts.map((directory) =>
        whole(directory, `${alias}-${directory.slice(url.length + 1).replace(/[^\w.:-]/g, '-')}`),
      );
    // The original passes over the type, so lists are about that were never held to it.
    if (type === 'rpm-md')
      job.log(`repository ${alias} (${of.from}): there is no repodata in ${url}, so it gets an index`);
  }
  return [await indexed(job, of)];
}

export function fault(of: PackageRepository, why: string): Error {
  return new Error(`repository ${of.alias} (${of.from}) can't be used: ${why}`);
}

export const fileUrl = (path: string): string => `file://${encodeURI(path).replace(/[#?]/g, encodeURIComponent)}`;

async function isDirectory(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}

async function hasIndex(directory: string): Promise<boolean> {
  for (const name of ['repodata/repomd.xml', 'content'])
    if ((await stat(join(directory, name)).catch(() => undefined))?.isFile() === true) return true;
  return false;
}

async function indexedBelow(directory: string, depth: number, signal: AbortSignal): Promise<string[]> {
  signal.throwIfAborted();
  const found: string[] = [];
  const entries = await readdir(directory, { withFileTypes: true });
  for (const { name } of entries.filter((entry) => entry.isDirectory()).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const below = join(directory, name);
    if (await hasIndex(below)) found.push(below);
    else if (depth > 1) found.push(...(await indexedBelow(below, depth - 1, signal)));
  }
  return found;
}

/** Package files below a directory, relative, sorted; none where it is not there. */
export async function packageFiles(directory: string, walk: PackageWalk): Promise<string[]> {
  if (!(await isDirectory(directory))) return [];
  return await packagesBelow(directory, (name) => name.endsWith('.rpm') && !/\.(src|nosrc)\.rpm$/.test(name), walk);
}

/** An index in the cache that leads to the packages by a link: nothing is written into the administrator's directory. */
async function indexed(job: Job, of: PackageRepository): Promise<RpmRepository> {
  const directory = of.url;
  const files = await packageFiles(directory, job).catch((error: unknown) => {
    job.signal.throwIfAborted();
    throw fault(of, error instanceof Error ? error.message : String(error));
  });
  if (files.length === 0) job.log(`repository ${of.alias} (${of.from}): there are no packages in ${directory}`);
  const listed: string[] = [];
  let newest = 0;
  for (const file of files) {
    const { size, mtimeMs } = await stat(join(directory, file));
    newest = Math.max(newest, mtimeMs);
    listed.push(`${file}\0${size}\0${mtimeMs}`);
  }
  const digest = createHash('sha256').update(listed.join('\n')).digest('hex');
  const place = join(job.cache, 'indexes', createHash('sha256').update(directory).digest('hex').slice(0, 16));
  const mark = join(place, 'listing');
  if ((await readFile(mark, 'utf8').catch(() => '')) !== digest) {
    job.log(`making an index of ${files.length} packages in ${directory}`);
    const fresh = `${place}.new`;
    await rm(fresh, { recursive: true, force: true });
    await mkdir(fresh, { recursive: true });
    await symlink(directory, join(fresh, 'packages'));
    await writeFile(join(fresh, 'files'), files.map((file) => `packages/${file}\n`).join(''));
    // Readings of packages that are still the same are taken over.
    await rename(join(place, 'repodata'), join(fresh, 'repodata')).catch(() => undefined);
    const words = ['--quiet', '--update', '--general-compress-type', 'gz', '--pkglist', join(fresh, 'files'), fresh];
    await job.run('createrepo_c', words).catch((error: unknown) => {
      throw fault(
        of,
        `no index of ${directory} could be made: ${error instanceof Error ? error.message : String(error)}`,
      );
    });
    await writeFile(join(fresh, 'listing'), digest);
    await rm(place, { recursive: true, force: true });
    await rename(fresh, place);
  }
  await markUsed([place]);
  const date = newest === 0 ? undefined : new Date(newest).toISOString();
  return { alias: of.alias, baseUrl: fileUrl(place), directory, listing: { digest, date }, of };
}

/** The place of an alias in a file of settings; both managers read the same form. */
export function repositorySection(repository: RpmRepository, more: readonly string[]): string {
  const { alias, baseUrl } = repository;
  return [`[${alias}]`, `name=${alias}`, `baseurl=${baseUrl}`, 'enabled=1', ...more, ''].join('\n');
}

/** Finds files of packages by their names, in directories that may be large. */
export class PackageFinder {
  readonly #places = new Map<string, string[]>();
  readonly #signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  async add(directory: string): Promise<void> {
    for (const file of await packageFiles(directory, { signal: this.#signal })) {
      const path = join(directory, file);
      const name = basename(file);
      const there = this.#places.get(name) ?? [];
      if (!there.includes(path)) this.#places.set(name, [...there, path]);
    }
  }

  named(name: string): readonly string[] {
    return this.#places.get(name) ?? [];
  }

  all(): readonly string[] {
    return [...this.#places.values()].flat();
  }
}

/** Where media are copied to (cookbook 2.6): `<installdir>/<os>/<arch>`. */
export function usualRepository(view: View, image: Image): readonly PackageRepository[] {
  const below = `${image.os}/${image.arch}`;
  return [{ type: '', url: `${view.installdir}/${below}`, below, alias: 'distribution', from: 'the usual pkgdir' }];
}
