/** What a plugin for a family of operating systems gives to the shared image pipeline; the pipeline does everything else. */
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import type { CommandRunner } from '../plugin/plugin.ts';
import type { Image, View } from '../resolve/view.ts';
import type { Confine } from './confine/confine.ts';
import type { BaseRecipe, PackageRepository } from './recipe.ts';

/** One installed package, as the image's own package manager names it. */
export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
  readonly arch: string;
}

/** What a family is handed to fetch and install packages. All directories are absolute and exist. */
export interface PackageJob {
  readonly recipe: BaseRecipe;
  /** Repositories with their directories and URLs as this host sees them. */
  readonly repositories: readonly PackageRepository[];
  /** The new root, empty at first. */
  readonly root: string;
  /** Kept from build to build: downloaded packages and metadata. The engine may empty it. */
  readonly cache: string;
  /** For this build alone; gone afterwards. */
  readonly scratch: string;
  /** Exact versions to install (`name` to `version`), where the repository has a lock. */
  readonly lock: ReadonlyMap<string, string> | undefined;
  /** Runs on this host as it is: for fetching, never for anything that came out of a package. */
  readonly run: CommandRunner;
  /** Runs confined (see confine/): for installing. */
  readonly confine: Confine;
  readonly log: (line: string, progress?: number) => void;
  readonly signal: AbortSignal;
}

export interface RepositoryState {
  readonly alias: string;
  readonly url: string;
  /** As the repository says; ISO 8601. Undefined where it says nothing. */
  readonly date: string | undefined;
  /** Hex digest of its metadata. */
  readonly digest: string;
}

/** A family of operating systems: debian, rh, sles. */
export interface OsFamily {
  /** The plugin's name, and the folder of the template's lists: `custom/netboot/<name>`. */
  readonly name: string;
  /** Version of the code below; part of every base's digest. */
  readonly recipe: string;
  /** Whether osimage.osvers is of this family: `rhels5.4`, `centos8`. */
  matches(os: string): boolean;
  /** Folders below custom/netboot that are searched for list files, in order (facts 8): `['rh', 'rhels5.4']`-like. */
  folders(os: string): readonly string[];
  /** Where the distribution's packages come from when linuximage.pkgdir is empty; empty: the image can't be built, and why. */
  defaultRepositories(view: View, image: Image): readonly PackageRepository[] | { readonly missing: string };
  /** Whether addons passwd and ssh may be used (cookbook 2.9: not for SLES). */
  readonly addons: boolean;
  /** Why a name that is sound in other families must not stand in a list of this one; undefined: it may. */
  nameFault?(name: string): string | undefined;
  /** Checks of its own over one image. Pure. */
  check?(view: View, image: Image): readonly Diagnostic[];
  /** Resolves and downloads with network; runs no script of a package. Leaves all that install needs in cache or scratch. */
  fetch(job: PackageJob): Promise<void>;
  /** Installs into job.root without network, every pass in order; everything of packages runs through job.confine. */
  install(job: PackageJob): Promise<void>;
  /** The package manager's own record of what is in a root, sorted by name. */
  packages(root: string, run: CommandRunner): Promise<readonly InstalledPackage[]>;
  /** After fetch: what it has chosen to install, read from what it left in scratch. Absent: only an installation can say. */
  resolved?(job: PackageJob): Promise<readonly InstalledPackage[]>;
  /** How the repositories stand now (`images update`, outdated). Network. */
  repositoryStates(
    job: Pick<PackageJob, 'recipe' | 'repositories' | 'cache' | 'scratch' | 'run' | 'log' | 'signal'>,
  ): Promise<readonly RepositoryState[]>;
}
