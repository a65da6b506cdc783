/**
 * sles: builds images of SUSE's systems: zypper solves and downloads, rpm installs, confined.
 *
 * Signatures of packages are not checked: no table says whose they must be. Checksums are, against the repository's metadata; a build
 * log warns of each repository that is not a directory of this server.
 */
import { buildImageArtifact } from '../../core/image/build.ts';
import type { OsFamily } from '../../core/image/family.ts';
import { imagePlugin } from '../../core/image/plugin.ts';
import { installedPackages } from '../../core/image/rpm/database.ts';
import { fetchRpms, rpmPlaces, rpmRepositoryStates } from '../../core/image/rpm/fetch.ts';
import { installRpms } from '../../core/image/rpm/install.ts';
import { usualRepository } from '../../core/image/rpm/repositories.ts';
import { foldersOf, isSuse } from './releases.ts';
import { openZypper } from './zypper.ts';

export const slesFamily: OsFamily = {
  name: 'sles',
  // 2: no package of another repository of the same name.
  recipe: '2',
  matches: isSuse,
  folders: foldersOf,
  defaultRepositories: usualRepository,
  addons: false,
  fetch: (job) => fetchRpms(job, openZypper),
  install: installRpms,
  packages: installedPackages,
  resolved: (job) => installedPackages(rpmPlaces(job.scratch).solved),
  repositoryStates: (job) => rpmRepositoryStates(job, openZypper),
};

export const sles = imagePlugin(slesFamily, buildImageArtifact(slesFamily));
