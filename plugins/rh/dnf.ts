/** Solves and downloads with dnf: tried with 4.14. Its transaction is written into a database alone, with no file and no script. */
import { createHash } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rpmArch } from '../../core/image/rpm/architecture.ts';
import type { Solver, SolveWork } from '../../core/image/rpm/fetch.ts';
import { type RpmRepository, repositorySection } from '../../core/image/rpm/repositories.ts';
import { majorOf, versionOf } from './releases.ts';

/**
 * Nothing of this host's settings, repositories and plugins; weak dependencies stay out, as lists of diskless images have it; what a
 * list removes takes with it what needs it, and nothing that it needed.
 */
const settings = {
  reposdir: '/nonexistent',
  varsdir: '/nonexistent',
  pluginconfpath: '/nonexistent',
  plugins: '0',
  keepcache: '1',
  install_weak_deps: '0',
  best: '1',
  strict: '1',
  gpgcheck: '0',
  localpkg_gpgcheck: '0',
  skip_if_unavailable: '0',
  clean_requirements_on_remove: '0',
  protected_packages: '',
  installonly_limit: '0',
  tsflags: 'justdb,noscripts,notriggers',
  retries: '3',
  timeout: '30',
  logdir: '/var/log',
};

/** Metadata of a repository elsewhere is asked for anew by each build, and downloaded where it changed. */
const always = ['metadata_expire=1'];

export async function openDnf(work: SolveWork): Promise<Solver> {
  const { job, places, repositories, lock } = work;
  const { os, arch } = job.recipe;
  const cache = join(job.cache, 'dnf', `${os}-${arch}`);
  const machine = rpmArch(arch);
  const variables: Readonly<Record<string, string>> = {
    releasever: versionOf(os),
    arch: machine,
    basearch: machine === 'i686' ? 'i386' : machine,
  };
  const config = join(places.home, 'dnf.conf');
  const platform = majorOf(os) === undefined ? {} : { module_platform_id: `platform:${majorOf(os)}` };
  const write = async (more: Readonly<Record<string, string>>): Promise<void> => {
    const main = Object.entries({ ...settings, ...platform, ...more }).map(([key, value]) => `${key}=${value}\n`);
    const sections = repositories.map((repository) => repositorySection(repository, always));
    await writeFile(config, ['[main]\n', ...main, '\n', ...sections].join(''));
  };
  await write({});
  const usual = ['-y', '--config', config, '--installroot', places.solved, '--releasever', versionOf(os)];
  // The place of the cache in a file would be one below the root.
  const words = [...usual, '--forcearch', machine, `--setopt=cachedir=${cache}`];
  const dnf = async (...more: string[]) => {
    const { stdout } = await job.run('dnf', [...words, ...more], { env: { HOME: places.home } });
    return stdout;
  };
  await dnf('makecache', '--refresh');
  if (lock !== undefined)
    await write({
      excludepkgs: othersThan(lock, await dnf('-C', '-q', 'repoquery', '--available', '--qf', '%{name} %{evr}\n')).join(
        ' ',
      ),
    });
  const names = await readdir(cache);
  const placeOf = ({ alias, baseUrl }: RpmRepository): string => {
    const url = baseUrl.replace(/\$(releasever|basearch|arch)\b/g, (_, word: string) => variables[word] ?? '');
    return `${alias}-${createHash('sha256').update(url).digest('hex').slice(0, 16)}`;
  };
  return {
    downloads: [cache],
    metadata: repositories.flatMap((repository) => {
      const place = placeOf(repository);
      const solved = names.filter((name) => name.startsWith(repository.alias) && /\.solvx?$/.test(name));
      return [...(names.includes(place) ? [`${place}/repodata`] : []), ...solved].map((name) => join(cache, name));
    }),
    // Of another URL under the same alias there may be one beside it.
    repomd: async (repository) => join(cache, placeOf(repository), 'repodata/repomd.xml'),
    install: async (names) => {
      await dnf('install', '--', ...names.map((name) => name.replace('=', '-')));
    },
    remove: async (names) => {
      await dnf('remove', '--', ...names);
    },
    // `uname -r` of these systems is version, release and architecture of the package.
    kernel: (version, packageVersion) => `kernel-${packageVersion ?? version}`,
  };
}

/** Every other version of a name that is locked: what the solver must not see. */
function othersThan(lock: ReadonlyMap<string, string>, available: string): string[] {
  const found = new Set<string>();
  for (const line of available.split('\n')) {
    const [name, evr] = line.trim().split(' ');
    if (name === undefined || evr === undefined) continue;
    const wanted = lock.get(name);
    if (wanted !== undefined && wanted !== evr.replace(/^0:/, '')) found.add(`${name}-${evr}`);
  }
  return [...found];
}
