/** Solves and downloads with zypper: tried with 1.14. What it would do stands in its XML; the database is written by rpm, without files or scripts. */
import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandFailed } from '../../core/apply/run-command.ts';
import { rpmArch } from '../../core/image/rpm/architecture.ts';
import { record, type Solver, type SolveWork } from '../../core/image/rpm/fetch.ts';
import { fileUrl, PackageFinder, type RpmRepository, repositorySection } from '../../core/image/rpm/repositories.ts';
import { versionOf } from './releases.ts';

interface Solvable {
  readonly name: string;
  readonly evr: string;
  readonly arch: string;
}

export async function openZypper(work: SolveWork): Promise<Solver> {
  const { job, places, repositories, lock } = work;
  const { os, arch } = job.recipe;
  // Metadata lies by alias: images whose repositories differ must not take each other's away.
  const set = createHash('sha256').update(JSON.stringify(repositories.map(({ alias, baseUrl }) => [alias, baseUrl])));
  const cache = join(job.cache, 'zypper', `${os}-${arch}-${set.digest('hex').slice(0, 12)}`);
  // By URL, as dnf has it: one alias is another repository in another image. zypper is led there by a link.
  const packages = join(places.home, 'packages');
  const downloads = repositories.map(({ alias, baseUrl }) => {
    const key = createHash('sha256').update(baseUrl).digest('hex').slice(0, 16);
    return { alias, place: join(job.cache, 'zypper', 'packages', `${alias}-${key}`) };
  });
  await mkdir(packages, { recursive: true });
  for (const { alias, place } of downloads) {
    await mkdir(place, { recursive: true });
    await symlink(place, join(packages, alias));
  }
  const definitions = join(places.home, 'repos.d');
  await mkdir(definitions, { recursive: true });
  for (const repository of await standIns(repositories, join(places.home, 'media'))) {
    const more = [
      'autorefresh=1',
      'gpgcheck=0',
      'keeppackages=1',
      ...(repository.listing === undefined ? [] : ['type=rpm-md']),
    ];
    await writeFile(join(definitions, `${repository.alias}.repo`), repositorySection(repository, more));
  }
  const config = join(places.home, 'zypp.conf');
  const lines = [
    '[main]',
    `arch = ${rpmArch(arch)}`,
    'solver.onlyRequires = true',
    // Kernels stand beside each other.
    'multiversion = provides:multiversion(kernel)',
    'download.use_deltarpm = false',
    // Metadata is asked for anew by each build.
    'repo.refresh.delay = 0',
  ];
  await writeFile(config, `${lines.join('\n')}\n`);
  const env = { HOME: places.home, ZYPP_CONF: config, ZYPP_LOCKFILE_ROOT: places.home };
  const usual = ['--xmlout', '--non-interactive', '--no-gpg-checks', '--root', places.solved];
  const version = versionOf(os);
  const where = [
    '--reposd-dir',
    definitions,
    '--cache-dir',
    cache,
    '--pkg-cache-dir',
    packages,
    ...(version === '' ? [] : ['--releasever', version]),
  ];
  const zypper = async (...more: string[]) => (await job.run('zypper', [...usual, ...where, ...more], { env })).stdout;
  const search = async (...more: string[]) =>
    await zypper('--no-refresh', 'search', ...more).catch((error: unknown) => {
      // That is how it says that there is none.
      if (error instanceof CommandFailed && error.ending === 'ended with status 104') return '';
      throw error;
    });
  await zypper('refresh');
  if (lock !== undefined) {
    const found = solvables(await search('--details', '--type', 'package'));
    await mkdir(join(places.solved, 'etc/zypp'), { recursive: true });
    await writeFile(join(places.solved, 'etc/zypp/locks'), locksFor(found, lock));
  }
  /** The files of packages in the cache: several of one where its repository moved it, or two repositories have it. */
  const cached = async (of: readonly Solvable[]): Promise<(readonly string[])[]> => {
    const all = new PackageFinder(job.signal);
    for (const { place } of downloads) await all.add(place);
    return of.map(({ name, evr, arch: its }) => all.named(`${name}-${evr.replace(/^\d+:/, '')}.${its}.rpm`));
  };
  return {
    downloads: downloads.map(({ place }) => place),
    metadata: [cache],
    repomd: async ({ alias }) => {
      const place = join(cache, 'raw', alias, 'repodata/repomd.xml');
      return (await stat(place).catch(() => undefined)) === undefined ? undefined : place;
    },
    install: async (names) => {
      const patterns = names.some((name) => name.startsWith('@'))
        ? solvables(await search('--type', 'pattern'), 'pattern').map(({ name }) => name)
        : [];
      const wanted = names.map((name) => {
        const pattern = /^@\^?(.*)$/.exec(name)?.[1];
        if (pattern === undefined) return name;
        // A zypper that was not built for SUSE sees no patterns in the packages that are them: those say what they are, too.
        return patterns.includes(pattern) ? `pattern:${pattern}` : `pattern() = ${pattern}`;
      });
      const options = ['--details', '--download-only', '--no-recommends', '--auto-agree-with-licenses'];
      const download = async () => summaryOf(await zypper('--no-refresh', 'install', ...options, '--', ...wanted));
      const { taken, replaced, removed } = await download();
      const fresh = [...taken, ...replaced];
      // zypper has held one of them against its metadata, and does not say which: what it brings once more is that one.
      const doubtful = (await cached(fresh)).filter((files) => files.length > 1).flat();
      if (doubtful.length > 0) {
        for (const file of doubtful) await rm(file);
        await download();
      }
      if (removed.length > 0) await record(work, ['-e', ...removed.map(nameVersion)]);
      const files = (await cached(fresh)).flat();
      if (files.length !== fresh.length)
        throw new Error(`of ${fresh.length} packages that zypper downloaded ${files.length} are there`);
      if (files.length > 0) await record(work, [replaced.length > 0 ? '-U' : '-i', '--', ...files]);
    },
    remove: async (names) => {
      const { removed } = summaryOf(await zypper('--no-refresh', 'remove', '--details', '--dry-run', '--', ...names));
      if (removed.length > 0) await record(work, ['-e', ...removed.map(nameVersion)]);
    },
    kernel: (kernelVersion, packageVersion) => {
      // `uname -r` ends in the flavour, which is in the package's name: 5.14.21-150400.24-default.
      const [, plain = kernelVersion, flavour = 'default'] = /^(.+)-([a-z]\w*)$/i.exec(kernelVersion) ?? [];
      return `kernel-${flavour}=${packageVersion ?? plain}`;
    },
  };
}

/**
 * zypper takes what lies in a directory of this host by hard link, and sets the time of the index that it took: so it is led to a
 * directory with a copy of the index, and links to everything else.
 */
async function standIns(repositories: readonly RpmRepository[], place: string): Promise<RpmRepository[]> {
  const found: RpmRepository[] = [];
  for (const repository of repositories) {
    const { alias, directory, listing } = repository;
    if (directory === undefined || listing !== undefined) {
      found.push(repository);
      continue;
    }
    const media = join(place, alias);
    await mkdir(media, { recursive: true });
    for (const name of await readdir(directory)) {
      if (name === 'repodata') await cp(join(directory, name), join(media, name), { recursive: true });
      else await symlink(join(directory, name), join(media, name));
    }
    found.push({ ...repository, baseUrl: fileUrl(media) });
  }
  return found;
}

const nameVersion = ({ name, evr }: Solvable): string => `${name}-${evr.replace(/^\d+:/, '')}`;

function solvables(xml: string, wanted = 'package'): Solvable[] {
  const found: Solvable[] = [];
  for (const [tag] of xml.matchAll(/<solvable\s[^>]*>/g)) {
    const value = (key: string) => new RegExp(`\\s${key}="([^"]*)"`).exec(tag)?.[1];
    const [name, evr = '', arch = ''] = [value('name'), value('edition'), value('arch')];
    if ((value('type') ?? value('kind')) === wanted && name !== undefined) found.push({ name, evr, arch });
  }
  return found;
}

interface Summary {
  readonly taken: readonly Solvable[];
  /** New versions of packages that are there. */
  readonly replaced: readonly Solvable[];
  readonly removed: readonly Solvable[];
}

/** What `<install-summary>` says. */
export function summaryOf(xml: string): Summary {
  const part = (name: string) =>
    [...xml.matchAll(new RegExp(`<${name}>(.*?)</${name}>`, 'gs'))].flatMap(([, text]) => solvables(text ?? ''));
  const replaced = [
    'to-upgrade',
    'to-downgrade',
    'to-reinstall',
    'to-change-arch',
    'to-upgrade-change-arch',
    'to-downgrade-change-arch',
  ];
  return { taken: part('to-install'), replaced: replaced.flatMap(part), removed: part('to-remove') };
}

/** Keeps every other version of a locked name out. */
function locksFor(found: readonly Solvable[], lock: ReadonlyMap<string, string>): string {
  const others = new Set(
    found
      .filter(({ name, evr }) => lock.has(name) && lock.get(name) !== evr)
      .map(
        ({ name, evr }) =>
          `type: package\nmatch_type: exact\ncase_sensitive: on\nsolvable_name: ${name}\nversion: == ${evr}\n`,
      ),
  );
  return [...others].join('\n');
}
