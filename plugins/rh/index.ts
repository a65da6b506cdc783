/**
 * rh: builds images of Red Hat's systems and their kin: dnf solves and downloads, rpm installs, confined.
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
import { openDnf } from './dnf.ts';
import { foldersOf, isRedHat } from './releases.ts';

export const rhFamily: OsFamily = {
  name: 'rh',
  recipe: '1',
  matches: isRedHat,
  folders: foldersOf,
  defaultRepositories: usualRepository,
  addons: true,
  fetch: (job) => fetchRpms(job, openDnf),
  install: installRpms,
  packages: installedPackages,
  resolved: (job) => installedPackages(rpmPlaces(job.scratch).solved),
  repositoryStates: (job) => rpmRepositoryStates(job, openDnf),
};

export const rh = imagePlugin(rhFamily, buildImageArtifact(rhFamily));
