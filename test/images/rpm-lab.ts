/** A server that builds images of RPMs: one frozen repository, a root `install`, a cache, and the build hook of a family. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandRunner } from '../../core/apply/run-command.ts';
import { buildImageArtifact } from '../../core/image/build.ts';
import type { OsFamily } from '../../core/image/family.ts';
import { type Files, planWith, small, snapshotOf } from '../../core/image/testing/family.ts';
import { indexRpms, type MadePackage, makeRpms, smallSystem } from '../fixtures/rpm-repository.ts';
import { groups, otherPackages, subPackages, testPackages } from './rpm-packages.ts';

export interface Built {
  readonly base: string;
  readonly boot: string | undefined;
  readonly generation: string | undefined;
  readonly log: readonly string[];
}

export interface BuildOptions {
  readonly signal?: AbortSignal;
  readonly onLog?: (line: string) => void;
  /** The base alone. */
  readonly baseOnly?: boolean;
}

export class RpmLab {
  readonly dir = mkdtempSync(join(tmpdir(), 'litehouse-rpm-lab-'));
  readonly install = join(this.dir, 'install');
  /** Indexed, as of a distribution. */
  readonly repository = join(this.install, 'repository');
  /** Bare packages, one of them in a folder. */
  readonly others = join(this.install, 'others');
  /** A file of the server. */
  readonly secret = join(this.dir, 'secret');
  /** What a script makes that runs on the server. */
  readonly marker = join(this.dir, 'marker');
  #builds = 0;

  /** With the packages given beside the small system, or with all that `rpm-packages.ts` has. */
  async make(packages?: readonly MadePackage[]): Promise<void> {
    mkdirSync(this.repository, { recursive: true });
    const more = packages ?? testPackages(this.secret, this.marker);
    await makeRpms(this.repository, [...smallSystem(), ...more]);
    if (packages !== undefined) return indexRpms(this.repository);
    mkdirSync(join(this.others, 'sub'), { recursive: true });
    await makeRpms(this.others, otherPackages);
    await makeRpms(join(this.others, 'sub'), subPackages);
    indexRpms(this.repository, groups);
  }

  /** Downloads of all builds so far. */
  forget(): void {
    rmSync(join(this.dir, 'cache'), { recursive: true, force: true });
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** A repository of image `compute` with a package list and cells of linuximage; packages from the frozen repository. */
  files(
    os: string,
    folder: string,
    list: string,
    cells: Readonly<Record<string, string>> = {},
    more: Files = {},
  ): Files {
    const all = { pkgdir: '/install/repository', ...cells };
    const { 'custom/netboot/debian/compute.pkglist': _, ...rest } = small;
    return {
      ...rest,
      'tables/site.csv': `#key,value\n"master","10.0.0.1"\n`,
      'tables/nodetype.csv': `#node,os,arch,profile,provmethod\n"n01","${os}","x86_64","compute","compute"\n`,
      'tables/osimage.csv': `#imagename,profile,provmethod,osvers,osarch\n"compute","compute","statelite","${os}","x86_64"\n`,
      'tables/linuximage.csv': `#imagename,${Object.keys(all).join(',')}\n"compute",${Object.values(all)
        .map((text) => `"${text}"`)
        .join(',')}\n`,
      [`custom/netboot/${folder}/compute.pkglist`]: list,
      ...more,
    };
  }

  /** Plans the commit and builds its artifacts, each in a directory as the engine would hand out. */
  async build(
    family: OsFamily,
    files: Files,
    { signal = new AbortController().signal, onLog, baseOnly }: BuildOptions = {},
  ): Promise<Built> {
    const snapshot = snapshotOf(files);
    const { plan } = await planWith(snapshot, family);
    const image = plan.images.get('compute');
    if (image === undefined) throw new Error(`compute is external to ${family.name}`);
    const entries = (await snapshot.list('')).entries;
    const log: string[] = [];
    const heard = (line: string) => {
      log.push(line);
      onLog?.(line);
    };
    const inputs = new Map<string, string>();
    const made: string[] = [];
    const cache = join(this.dir, 'cache', family.name);
    mkdirSync(cache, { recursive: true });
    for (const artifact of baseOnly === true ? image.artifacts.slice(0, 1) : image.artifacts) {
      const directory = join(this.install, 'built', `${++this.#builds}`);
      mkdirSync(directory, { recursive: true });
      await buildImageArtifact(family)(artifact, {
        directory,
        cache,
        rootDirectory: (root) => (root === 'install' ? this.install : join(this.dir, root)),
        commit: snapshot.commit ?? '',
        inputs,
        run: commandRunner(signal, heard),
        log: heard,
        signal,
        readFile: async (path) => {
          const oid = entries.find((entry) => entry.path === path)?.oid ?? '';
          const [content] = await snapshot.blobs([oid]);
          if (content === undefined) throw new Error(`no ${path}`);
          return content;
        },
        secret: async () => undefined,
      });
      inputs.set(artifact.id, directory);
      made.push(directory);
    }
    const [base = '', boot, generation] = made;
    return { base, boot, generation, log };
  }
}
