/** The first step of a build of RPMs: solve pass by pass, download, and write down what rpm is to do. Nothing of a package runs. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { commandRunner } from '../../apply/run-command.ts';
import type { CommandRunner } from '../../plugin/plugin.ts';
import { linkOrCopy, markUsed, pruneUnused } from '../base/cache.ts';
import { blamingKernel, PackageProblem } from '../base/problem.ts';
import type { PackageJob, RepositoryState } from '../family.ts';
import type { PackagePass } from '../recipe.ts';
import { assertRunsHere } from './architecture.ts';
import { explained } from './problems.ts';
import { fileOf, globPattern, keyOf, parseRecorded, type Recorded, recordedForm } from './recorded.ts';
import { PackageFinder, type RpmRepository, rpmRepositories } from './repositories.ts';
import { statesOf } from './states.ts';

const steps = z.array(
  z.object({
    /** `update`: some of the packages take the place of others, which rpm finds. `erase` has names with versions. */
    does: z.enum(['install', 'update', 'erase']),
    words: z.array(z.string()),
  }),
);
export type RpmStep = z.infer<typeof steps>[number];

/** Where things of one build lie, below its scratch. */
export interface RpmPlaces {
  /** A root without files, whose database says what the passes so far would have installed. */
  readonly solved: string;
  /** HOME of what runs here: its .rpmmacros are the only settings of rpm's that count. */
  readonly home: string;
  /** Package files that the second step takes. */
  readonly packages: string;
  readonly steps: string;
  readonly metadata: string;
}

export function rpmPlaces(scratch: string): RpmPlaces {
  const at = (name: string) => join(scratch, 'rpm', name);
  return {
    solved: at('solved'),
    home: at('home'),
    packages: at('packages'),
    steps: at('steps.json'),
    metadata: at('states.json'),
  };
}

type MetadataJob = Pick<PackageJob, 'recipe' | 'repositories' | 'cache' | 'scratch' | 'run' | 'log' | 'signal'>;

export interface SolveWork {
  readonly job: MetadataJob;
  readonly places: RpmPlaces;
  readonly repositories: readonly RpmRepository[];
  /** Versions that the solver may choose of a name, where there is a lock. */
  readonly lock: ReadonlyMap<string, string> | undefined;
}

/** dnf or zypper. Both leave the outcome in the database of `solved`, and the files in `downloads` or where the repository has them. */
export interface Solver {
  readonly downloads: readonly string[];
  /** Files, and directories of them, with what the repositories said. */
  readonly metadata: readonly string[];
  /** Of a repository that is not a directory here: its repomd.xml, as fetched. */
  repomd(repository: RpmRepository): Promise<string | undefined>;
  install(names: readonly string[]): Promise<void>;
  remove(names: readonly string[]): Promise<void>;
  /** What a pass needs for the kernel that an image's row names. */
  kernel(version: string, packageVersion: string | undefined): string;
}
export type OpenSolver = (work: SolveWork) => Promise<Solver>;

/** Where rpm looks in `solved`; any place does, if all ask there. */
const solvedMacros = '%_dbpath /var/lib/rpm\n%__plugindir /nonexistent\n';

async function open(job: MetadataJob, lock: PackageJob['lock'], openSolver: OpenSolver): Promise<[SolveWork, Solver]> {
  const places = rpmPlaces(job.scratch);
  for (const place of [places.solved, places.home, places.packages]) {
    await rm(place, { recursive: true, force: true });
    await mkdir(place, { recursive: true });
  }
  await mkdir(job.cache, { recursive: true });
  await writeFile(join(places.home, '.rpmmacros'), solvedMacros);
  const work = { job, places, repositories: await rpmRepositories(job), lock };
  const solver = await openSolver(work).catch((error: unknown) => {
    throw explained('the repositories can not be read', error, work.repositories);
  });
  await markUsed(solver.metadata);
  return [work, solver];
}

/** Fetches everything; leaves steps and packages in scratch. */
export async function fetchRpms(job: PackageJob, openSolver: OpenSolver): Promise<void> {
  const { recipe } = job;
  assertRunsHere(recipe.image, recipe.arch, recipe.os);
  const [work, solver] = await open(job, job.lock, openSolver);
  await writeFile(work.places.metadata, JSON.stringify(await statesOf(work.repositories, (one) => solver.repomd(one))));
  const kernel = kernelPackages(job, solver);
  const passes = new Passes(job, work, solver, kernel);
  const given: readonly PackagePass[] = recipe.lists.flatMap((list) => list.passes);
  const all = given.length > 0 ? given : [{ install: [], removeBefore: [], removeAfter: [] }];
  for (const [index, pass] of all.entries())
    await passes.take(index === 0 ? { ...pass, install: [...pass.install, ...kernel] } : pass);
  if (passes.steps.length === 0)
    throw new Error('the lists of the image name no packages: there is nothing to install');
  await writeFile(work.places.steps, JSON.stringify(passes.steps));
  await pruneUnused(job.cache, job.log);
}

/** As they stood when packages were fetched; else as they stand now. */
export async function rpmRepositoryStates(
  job: MetadataJob,
  openSolver: OpenSolver,
): Promise<readonly RepositoryState[]> {
  const states = z.array(
    z.object({ alias: z.string(), url: z.string(), date: z.string().optional(), digest: z.string() }),
  );
  const noted = await readFile(rpmPlaces(job.scratch).metadata, 'utf8').catch(() => undefined);
  if (noted !== undefined) return states.parse(JSON.parse(noted)).map((state) => ({ ...state, date: state.date }));
  const [work, solver] = await open(job, undefined, openSolver);
  await pruneUnused(job.cache, job.log);
  return await statesOf(work.repositories, (one) => solver.repomd(one));
}

export async function readSteps(scratch: string): Promise<readonly RpmStep[]> {
  return steps.parse(JSON.parse(await readFile(rpmPlaces(scratch).steps, 'utf8')));
}

/** The kernel that the row names is a package, where it is not laid in as files. */
function kernelPackages({ recipe }: PackageJob, solver: Solver): string[] {
  const { kernelVersion, kernelPackageVersion, kernelFiles } = recipe;
  if (kernelVersion === undefined) return [];
  const laid = kernelFiles.some(
    ({ to }) => /^boot\/(vmlinuz|vmlinux|image)-/i.test(to) && to.includes(`-${kernelVersion}`),
  );
  return laid ? [] : [solver.kernel(kernelVersion, kernelPackageVersion)];
}

class Passes {
  readonly steps: RpmStep[] = [];
  readonly #job: PackageJob;
  readonly #work: SolveWork;
  readonly #solver: Solver;
  readonly #kernel: readonly string[];
  /** Questions to rpm: their answers are no business of a log. */
  readonly #quiet: CommandRunner;
  #installed = new Map<string, Recorded>();

  constructor(job: PackageJob, work: SolveWork, solver: Solver, kernel: readonly string[]) {
    this.#job = job;
    this.#quiet = commandRunner(job.signal);
    this.#work = work;
    this.#solver = solver;
    this.#kernel = kernel;
  }

  async take({ install, removeBefore, removeAfter }: PackagePass): Promise<void> {
    await this.#remove(removeBefore);
    if (install.length > 0) {
      await this.#solve(`installing ${install.join(' ')} can not be solved`, () => this.#solver.install(install));
      const { fresh, gone } = await this.#difference();
      this.#held(fresh);
      this.#job.log(`${fresh.length} packages to install`);
      const words = await this.#files(fresh);
      // An update takes all older packages of a name away; two kernels stand beside each other only where nothing else goes.
      if (words.length > 0) this.steps.push({ does: gone.length > 0 ? 'update' : 'install', words });
    }
    await this.#remove(removeAfter);
  }

  async #remove(names: readonly string[]): Promise<void> {
    const patterns = names.map(globPattern);
    const there = [...new Set([...this.#installed.values()].map(({ name }) => name))];
    const wanted = there.filter((name) => patterns.some((pattern) => pattern.test(name)));
    if (wanted.length === 0) return;
    await this.#solve(`removing ${wanted.join(' ')} can not be solved`, () => this.#solver.remove(wanted));
    const { gone } = await this.#difference();
    this.#job.log(`${gone.length} packages to remove`);
    if (gone.length > 0) this.steps.push({ does: 'erase', words: gone.map(fileOf) });
  }

  async #solve(what: string, run: () => Promise<void>): Promise<void> {
    await run().catch((error: unknown) => {
      throw blamingKernel(explained(what, error, this.#work.repositories), this.#kernel);
    });
    this.#job.signal.throwIfAborted();
  }

  async #difference(): Promise<{ fresh: Recorded[]; gone: Recorded[] }> {
    const { home, solved } = this.#work.places;
    const { stdout } = await this.#quiet('rpm', ['--root', solved, '-qa', '--qf', recordedForm], {
      env: { HOME: home },
    });
    const now = new Map(parseRecorded(stdout).map((one) => [keyOf(one), one]));
    const before = this.#installed;
    this.#installed = now;
    const only = (of: ReadonlyMap<string, Recorded>, other: ReadonlyMap<string, Recorded>) =>
      [...of].filter(([key]) => !other.has(key)).map(([, one]) => one);
    return { fresh: only(now, before), gone: only(before, now) };
  }

  /** The lock says exact versions: another one in its place would be a different image under the same name. */
  #held(fresh: readonly Recorded[]): void {
    const { lock, log } = this.#job;
    if (lock === undefined) return;
    const others = fresh.filter(({ name, evr }) => lock.has(name) && lock.get(name) !== evr);
    if (others.length > 0) {
      const lines = others.map(
        ({ name, evr }) => `${name}: the lock says ${lock.get(name)}, the repositories give ${evr}`,
      );
      throw new PackageProblem(
        `no repository has what the lock asks for:\n${lines.join('\n')}`,
        others.map(({ name }) => name),
      );
    }
    for (const { name, evr } of fresh) if (!lock.has(name)) log(`${name} ${evr} is not in the lock`);
  }

  /** Puts the files of packages together in one directory, by links, under names that are theirs. */
  async #files(fresh: readonly Recorded[]): Promise<string[]> {
    const finder = new PackageFinder(this.#job.signal);
    for (const directory of this.#solver.downloads) await finder.add(directory);
    for (const { directory } of this.#work.repositories) if (directory !== undefined) await finder.add(directory);
    const found = new Map<string, string>();
    await this.#match(
      fresh.flatMap((one) => finder.named(`${fileOf(one)}.rpm`)),
      found,
    );
    // A directory that somebody filled by hand may have files of any name.
    if (fresh.some((one) => !found.has(keyOf(one)))) await this.#match(finder.all(), found);
    const words: string[] = [];
    for (const one of fresh) {
      const from = found.get(keyOf(one));
      if (from === undefined)
        throw new PackageProblem(
          `${fileOf(one)} was to be downloaded and is not there: the repository changed under the build`,
          [one.name],
        );
      const word = `${fileOf(one)}.rpm`;
      if (!/^[A-Za-z0-9][\w.+~^%-]*$/.test(word))
        throw new PackageProblem(`'${word}' is no name of a package`, [one.name]);
      if (this.#solver.downloads.some((directory) => from.startsWith(`${directory}/`))) await markUsed([from]);
      await linkOrCopy(from, join(this.#work.places.packages, word));
      words.push(word);
    }
    return words;
  }

  async #match(files: readonly string[], found: Map<string, string>): Promise<void> {
    const query = async (some: readonly string[]): Promise<Recorded[]> => {
      const words = ['-qp', '--nosignature', '--qf', recordedForm, '--', ...some];
      const { stdout } = await this.#quiet('rpm', words, { env: { HOME: this.#work.places.home } });
      return parseRecorded(stdout);
    };
    for (let at = 0; at < files.length; at += 500) {
      const some = files.slice(at, at + 500);
      const read = await query(some).catch(() => []);
      if (read.length === some.length) {
        for (const [index, one] of read.entries()) found.set(keyOf(one), some[index] ?? '');
        continue;
      }
      // One of them is no package: which line is whose would be a guess.
      for (const file of some) {
        const [one] = await query([file]).catch(() => []);
        if (one !== undefined) found.set(keyOf(one), file);
      }
    }
  }
}

/** For a solver without a switch for it: writes packages into the database of `solved`, and nothing else. */
export async function record(work: SolveWork, words: readonly string[]): Promise<void> {
  const { home, solved } = work.places;
  const quiet = ['--justdb', '--noscripts', '--notriggers', '--nodeps', '--nosignature'];
  await work.job.run('rpm', ['--root', solved, ...quiet, ...words], { env: { HOME: home } });
}
