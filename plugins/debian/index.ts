/** debian: builds images of Debian and Ubuntu with apt and dpkg. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { markUsed, pruneUnused } from '../../core/image/base/cache.ts';
import { fileInside } from '../../core/image/base/place.ts';
import { readPlain } from '../../core/image/base/plain-file.ts';
import { buildImageArtifact } from '../../core/image/build.ts';
import type { InstalledPackage, OsFamily, RepositoryState } from '../../core/image/family.ts';
import { imagePlugin } from '../../core/image/plugin.ts';
import { type AptJob, openApt } from './apt.ts';
import { fetchPackages } from './fetch.ts';
import { installPackages } from './install.ts';
import { releaseOf } from './releases.ts';
import { serverSources } from './sources.ts';

export const debianFamily: OsFamily = {
  name: 'debian',
  recipe: '1',
  matches: (os) => /^(debian|ubuntu)\d/.test(os),
  folders: (os) => (os.startsWith('ubuntu') ? ['ubuntu', 'debian'] : ['debian']),
  defaultRepositories: (_view, image) =>
    releaseOf(image.os) === undefined
      ? { missing: `no release of Debian or Ubuntu is known by the name ${image.os}` }
      : [{ type: serverSources, url: '', alias: 'distribution', from: 'the apt sources of this server' }],
  addons: true,
  nameFault: (name) =>
    name.startsWith('/') ? 'apt would read that file of the server; name the package that brings it' : undefined,
  fetch: fetchPackages,
  install: installPackages,
  packages: installedPackages,
  // After the last pass apt believes that all of them are installed.
  resolved: async (job) => packagesOf(await readFile(join(job.scratch, 'apt/status'), 'utf8')),
  repositoryStates,
};

export const debian = imagePlugin(debianFamily, buildImageArtifact(debianFamily));

/** From dpkg's own database, read and not run: the tree is somebody else's. */
async function installedPackages(root: string): Promise<readonly InstalledPackage[]> {
  const place = await fileInside(root, 'var/lib/dpkg/status');
  return place === undefined ? [] : packagesOf((await readPlain(place)).toString('utf8'));
}

function packagesOf(status: string): InstalledPackage[] {
  const found: InstalledPackage[] = [];
  for (const paragraph of status.split(/\n\n+/)) {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(paragraph)?.[1] ?? '';
    if (/ installed$/.test(field('Status')))
      found.push({ name: field('Package'), version: field('Version'), arch: field('Architecture') });
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** One state for each repository: the youngest date of its suites, and a digest of what their release files say. */
async function repositoryStates(job: AptJob): Promise<readonly RepositoryState[]> {
  const apt = await openApt(job);
  // Where nothing was fetched a plain folder has no index; it has no state either.
  for (const index of apt.folders.keys()) {
    const place = join(job.scratch, 'apt/plain', String(index));
    await mkdir(place, { recursive: true });
    await writeFile(join(place, 'Packages'), '', { flag: 'a' });
  }
  await apt.get('update', '-o', 'APT::Update::Error-Mode=any');
  // Builds and questions alike end with the state of their repositories.
  await markUsed([apt.lists]);
  await pruneUnused(job.cache, job.log);
  const files = (await readdir(apt.lists)).filter((name) => /_(In)?Release$/.test(name)).sort();
  const states: RepositoryState[] = [];
  for (const repository of new Set(apt.sources.map(([one]) => one))) {
    const hash = createHash('sha256');
    const dates: string[] = [];
    const lines = apt.sources.filter(([one]) => one === repository).map(([, line]) => line);
    for (const { uri, suite } of lines) {
      const start = `${uri
        .replace(/^\w+:\/*/, '')
        .replace(/\/+$/, '')
        .replaceAll('/', '_')}_${suite.endsWith('/') ? '' : `dists_${suite.replaceAll('/', '_')}_`}`;
      for (const name of files.filter((one) => one === `${start}InRelease` || one === `${start}Release`)) {
        const text = await readFile(join(apt.lists, name), 'utf8');
        hash.update(`${name}\0${text}\0`);
        const date = Date.parse(/^Date: (.*)$/m.exec(text)?.[1] ?? '');
        if (!Number.isNaN(date)) dates.push(new Date(date).toISOString());
      }
    }
    const url =
      repository.type === serverSources ? [...new Set(lines.map(({ uri }) => uri))].join(' ') : repository.url;
    states.push({ alias: repository.alias, url, date: dates.sort().at(-1), digest: hash.digest('hex') });
  }
  return states;
}
