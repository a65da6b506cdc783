/** Real builds for tests: recipes, contexts and packages made on the spot. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandRunner } from '../../../core/apply/run-command.ts';
import { buildImageArtifact } from '../../../core/image/build.ts';
import type { BaseRecipe, ImageRecipe, PackageRepository } from '../../../core/image/recipe.ts';
import type { ArtifactOutput } from '../../../core/plugin/output.ts';
import { debianFamily } from '../index.ts';

const run = commandRunner();

/** A work directory with a cache of packages that all builds of it share. */
export class Workshop {
  readonly #files = new Map<string, string>();
  readonly log: string[] = [];
  readonly secrets = new Map<string, string>();
  #serial = 0;

  private constructor(readonly directory: string) {}

  static async open(): Promise<Workshop> {
    const workshop = new Workshop(await mkdtemp(join(tmpdir(), 'litehouse-debian-')));
    await mkdir(join(workshop.directory, 'cache'));
    return workshop;
  }

  close(): Promise<void> {
    return rm(this.directory, { recursive: true, force: true });
  }

  /** A file of the commit. */
  file(path: string, text: string): { path: string; blob: string } {
    this.#files.set(path, text);
    return { path, blob: `blob of ${text.length}` };
  }

  /** Builds one artifact and gives the directory that the engine would put in place. */
  async build(
    recipe: ImageRecipe,
    base?: string,
    { signal = new AbortController().signal, directory = join(this.directory, `built-${this.#serial++}`) } = {},
  ): Promise<string> {
    await mkdir(directory, { recursive: true });
    const artifact: ArtifactOutput = {
      ...{ kind: 'artifact', target: 'mn', root: 'install', path: 'x', plugin: 'debian', digest: 'd0', recipe },
      ...{ id: `debian/${recipe.step}`, name: `${recipe.step} compute`, inputs: base === undefined ? [] : ['base'] },
    };
    const log = (line: string) => void this.log.push(line);
    await buildImageArtifact(debianFamily)(artifact, {
      ...{
        directory,
        cache: join(this.directory, 'cache'),
        commit: 'c0',
        log,
        signal,
        run: commandRunner(signal, log),
      },
      rootDirectory: (name) => (name === 'install' ? join(this.directory, 'install') : undefined),
      inputs: new Map(base === undefined ? [] : [['base', base]]),
      readFile: async (path) => Buffer.from(this.#files.get(path) ?? ''),
      secret: async (name) => this.secrets.get(name),
    });
    return directory;
  }

  /** A package of this test, in a folder that a plaindir repository names. */
  async package(
    folder: string,
    name: string,
    scripts: Readonly<Record<string, string>>,
    files: Readonly<Record<string, string>> = {},
    fields = '',
    version = '1',
  ): Promise<void> {
    const tree = join(this.directory, 'packages', `${name}-${this.#serial++}`);
    await mkdir(join(tree, 'DEBIAN'), { recursive: true });
    const control = `Package: ${name}\nVersion: ${version}\nArchitecture: all\nMaintainer: Nobody <nobody@example.org>\nDescription: made by a test\n${fields}`;
    await writeFile(join(tree, 'DEBIAN/control'), control);
    for (const [script, text] of Object.entries(scripts))
      await writeFile(join(tree, 'DEBIAN', script), `#!/bin/sh\nset -e\n${text}\n`, { mode: 0o755 });
    for (const [path, text] of Object.entries(files)) {
      await mkdir(join(tree, path, '..'), { recursive: true });
      await writeFile(join(tree, path), text);
    }
    await mkdir(folder, { recursive: true });
    await run('dpkg-deb', [
      '--root-owner-group',
      '-Znone',
      '--build',
      tree,
      join(folder, `${name}_${version}_all.deb`),
    ]);
  }
}

export const server: PackageRepository = {
  type: 'server',
  url: '',
  alias: 'distribution',
  from: 'the apt sources of this server',
};

/** A repository that is a folder of packages. */
export function plain(url: string): PackageRepository {
  return { type: 'plaindir', url, alias: 'plain', from: 'custom/netboot/debian/compute.repolist:1' };
}

/** The recipe of a base with these packages in one pass. */
export function baseOf(install: readonly string[], more: Partial<BaseRecipe> = {}): BaseRecipe {
  return {
    ...{
      step: 'base',
      recipe: 'debian/1 1',
      family: 'debian',
      image: 'compute',
      os: 'debian12',
      arch: 'x86_64',
      profile: 'compute',
    },
    ...{
      repositories: [server],
      otherRepositories: [],
      scriptNetwork: false,
      kernelFiles: [],
      addons: [],
      accounts: [],
      accountFiles: [],
    },
    lists: [
      { kind: 'distribution', files: [], passes: [{ install: [...install], removeBefore: [], removeAfter: [] }] },
    ],
    ...more,
  };
}
