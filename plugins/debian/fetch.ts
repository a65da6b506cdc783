/** Resolves what an image needs, pass by pass, and downloads it; writes down in which order dpkg is to take it. */
import { access, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { linkOrCopy, markUsed } from '../../core/image/base/cache.ts';
import { blamingKernel, PackageProblem } from '../../core/image/base/problem.ts';
import type { PackageJob } from '../../core/image/family.ts';
import type { PackagePass } from '../../core/image/recipe.ts';
import { type Apt, archiveName, openApt, updateApt } from './apt.ts';

const step = z.object({
  /** What dpkg does with the words: `unpack` and `essential` take files that were fetched, `configure` and `remove` names. */
  does: z.enum(['essential', 'unpack', 'configure', 'remove']),
  words: z.array(z.string()),
});
export type Step = z.infer<typeof step>;
const steps = z.array(step);

const stepsFile = 'steps.json';

/** Where the files lie that a build installs: its own, since other builds fetch into the cache meanwhile. */
export const fetchedPackages = (scratch: string): string => join(scratch, 'packages');

/** The steps that fetch left in scratch. */
export async function readSteps(scratch: string): Promise<readonly Step[]> {
  return steps.parse(JSON.parse(await readFile(join(scratch, stepsFile), 'utf8')));
}

/** Fetches with network; runs nothing of a package. Dependencies are solved by apt against what the passes before would have installed. */
export async function fetchPackages(job: PackageJob): Promise<void> {
  const apt = await openApt(job);
  if (job.lock !== undefined) await pin(job.scratch, job.lock);
  await updateApt(apt, job);
  const solver = new Solver(apt, job);
  await solver.essential();
  const kernel = kernelPackages(job);
  const given: readonly PackagePass[] = job.recipe.lists.flatMap((list) => list.passes);
  const passes = given.length > 0 ? given : [{ install: [], removeBefore: [], removeAfter: [] }];
  for (const [index, pass] of passes.entries()) {
    const whole = index === 0 ? { ...pass, install: [...pass.install, ...kernel] } : pass;
    await solver.pass(whole).catch((error: unknown) => {
      throw blamingKernel(error, kernel);
    });
  }
  await writeFile(join(job.scratch, stepsFile), JSON.stringify(solver.steps));
  const packages = fetchedPackages(job.scratch);
  await mkdir(packages);
  const taken = solver.steps
    .filter(({ does }) => does === 'essential' || does === 'unpack')
    .flatMap((one) => one.words);
  for (const word of new Set(taken)) await linkOrCopy(join(apt.archives, word), join(packages, word));
  await markUsed(taken.map((word) => join(apt.archives, word)));
}

/** The kernel that the image's row names comes as a package, where it is not laid in as files. */
function kernelPackages({ recipe }: PackageJob): string[] {
  const { kernelVersion, kernelPackageVersion, kernelFiles } = recipe;
  if (kernelVersion === undefined || kernelFiles.some(({ to }) => to === `boot/vmlinuz-${kernelVersion}`)) return [];
  return [`linux-image-${kernelVersion}${kernelPackageVersion === undefined ? '' : `=${kernelPackageVersion}`}`];
}

async function pin(scratch: string, lock: ReadonlyMap<string, string>): Promise<void> {
  const pins = [...lock].map(([name, version]) => `Package: ${name}\nPin: version ${version}\nPin-Priority: 1001\n`);
  await writeFile(join(scratch, 'apt/preferences.d/lock'), pins.join('\n'));
}

class Solver {
  readonly steps: Step[] = [];
  readonly #apt: Apt;
  readonly #job: PackageJob;
  /** Name to its paragraph in a status file. */
  readonly #installed = new Map<string, string>();

  constructor(apt: Apt, job: PackageJob) {
    this.#apt = apt;
    this.#job = job;
  }

  /** Packages that every system of the release has, with all that they need. */
  async essential(): Promise<void> {
    const found = await this.#solve([
      'install',
      '?essential',
      ...(this.#apt.release.saysMerged ? ['usr-is-merged'] : []),
    ]);
    const words = found.filter(({ does }) => does === 'unpack').flatMap((one) => one.words);
    this.steps.push({ does: 'essential', words });
  }

  async pass({ install, removeBefore, removeAfter }: PackagePass): Promise<void> {
    await this.#remove(removeBefore);
    if (install.length > 0) this.steps.push(...(await this.#solve(['install', '--', ...install])));
    await this.#remove(removeAfter);
  }

  async #remove(names: readonly string[]): Promise<void> {
    const there = [...this.#installed.keys()].filter((name) => names.some((pattern) => matches(pattern, name)));
    if (there.length > 0) this.steps.push(...(await this.#solve(['remove', '--', ...there])));
  }

  /** Simulates, downloads, and remembers the outcome. */
  async #solve(args: readonly string[]): Promise<Step[]> {
    const { signal, log } = this.#job;
    const order = parseSimulation(await this.#apt.ask('apt-get', '-q', '-s', ...args));
    this.#held(order);
    await this.#apt.get('--download-only', ...args);
    signal.throwIfAborted();
    const fresh = order.filter(({ does }) => does === 'Inst');
    log(`${args[0]}: ${fresh.length} packages to take`);
    await this.#note(order);
    const found: Step[] = [];
    for (const { does, name, version, arch } of order) {
      const kind = does === 'Inst' ? 'unpack' : does === 'Conf' ? 'configure' : 'remove';
      const word = kind === 'unpack' ? archiveName(name, version, arch) : name;
      if (kind === 'unpack') await access(join(this.#apt.archives, word)).catch(() => missing(name, version));
      const last = found.at(-1);
      if (last?.does === kind) last.words.push(word);
      else found.push({ does: kind, words: [word] });
    }
    return found;
  }

  /** The lock says exact versions: another one in its place would be a different image under the same name. */
  #held(order: readonly Simulated[]): void {
    const { lock, log } = this.#job;
    if (lock === undefined) return;
    const taken = order.filter(({ does }) => does === 'Inst');
    const others = taken.filter(({ name, version }) => lock.has(name) && lock.get(name) !== version);
    if (others.length > 0) {
      const text = others.map(
        ({ name, version }) => `${name}: the lock says ${lock.get(name)}, the repositories give ${version}`,
      );
      throw new PackageProblem(
        `no repository has what the lock asks for:\n${text.join('\n')}`,
        others.map(({ name }) => name),
      );
    }
    for (const { name, version } of taken) if (!lock.has(name)) log(`${name} ${version} is not in the lock`);
  }

  async #note(order: readonly Simulated[]): Promise<void> {
    for (const { does, name } of order) if (does === 'Remv') this.#installed.delete(name);
    const fresh = order.filter(({ does }) => does === 'Inst');
    for (let at = 0; at < fresh.length; at += 500) {
      const asked = fresh.slice(at, at + 500).map(({ name, version }) => `${name}=${version}`);
      const shown = await this.#apt.ask('apt-cache', 'show', '--', ...asked);
      for (const paragraph of shown.split(/\n\n+/)) {
        const name = /^Package: (\S+)$/m.exec(paragraph)?.[1];
        if (name !== undefined) this.#installed.set(name, `Status: install ok installed\n${paragraph.trim()}\n`);
      }
    }
    await rm(this.#apt.status, { force: true });
    await writeFile(this.#apt.status, [...this.#installed.values()].join('\n'));
  }
}

function missing(name: string, version: string): never {
  throw new PackageProblem(`${name} ${version} was to be downloaded and is not there`, [name]);
}

function matches(pattern: string, name: string): boolean {
  const escaped = pattern.replace(/[.+^${}()|\\]/g, '\\$&');
  return new RegExp(`^${escaped.replace(/\*/g, '.*').replace(/\?/g, '.')}$`).test(name);
}

interface Simulated {
  readonly does: 'Inst' | 'Conf' | 'Remv';
  readonly name: string;
  readonly version: string;
  readonly arch: string;
}

/** `Inst libc6 [old] (2.36-9 Debian:12.11/stable [amd64])`, in the order in which apt would call dpkg. */
export function parseSimulation(text: string): Simulated[] {
  const found: Simulated[] = [];
  for (const line of text.split('\n')) {
    const [, does, name, version = '', arch = ''] =
      /^(Inst|Conf|Remv) ([^\s:]+)(?::\w+)?(?: \[[^\]]*\])?(?: \((\S+) .*\[(\w+)\]\))?/.exec(line) ?? [];
    if (name !== undefined && (does === 'Inst' || does === 'Conf' || does === 'Remv'))
      found.push({ does, name, version, arch });
  }
  return found;
}
