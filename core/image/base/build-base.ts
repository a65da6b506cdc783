/** Builds a base: a root tree with packages, kernel and accounts, without links; each step of it in order. */
import { chmod, lchown, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { BuildContext } from '../../plugin/plugin.ts';
import { confineRunner } from '../confine/confine.ts';
import type { InstalledPackage, OsFamily, PackageJob, RepositoryState } from '../family.ts';
import { findKernel, type Kernel, KernelMissing, partsOfKernel } from '../initrd/kernel.ts';
import type { BaseRecipe, PackageRepository } from '../recipe.ts';
import { applyAddons, hashesOf } from './addons.ts';
import { inTurn } from './cache.ts';
import { cleanTree } from './clean.ts';
import { applyExlist } from './exlist.ts';
import { assertOwnPlaces } from './own-places.ts';
import { linkInside, placeInside, putInside } from './place.ts';
import { kernelCell, PackageProblem, withPlaces } from './problem.ts';

/** What lies beside a base's rootimg, as `base.json`. */
export const baseNote = z.object({
  image: z.string(),
  os: z.string(),
  arch: z.string(),
  profile: z.string(),
  recipe: z.string(),
  digest: z.string(),
  commit: z.string(),
  /** ISO 8601. */
  built: z.string(),
  /** Undefined: the tree has no kernel with modules. */
  kernelVersion: z.string().optional(),
  packages: z.array(z.object({ name: z.string(), version: z.string(), arch: z.string() })),
  /** As they stood when the packages were fetched. */
  repositories: z.array(
    z.object({ alias: z.string(), url: z.string(), date: z.string().optional(), digest: z.string() }),
  ),
});
export type BaseNote = z.infer<typeof baseNote>;

/** Makes `rootimg` and `base.json` in the context's directory; rejects with what failed, and which line of which list asked for it. */
export async function buildBase(
  family: OsFamily,
  recipe: BaseRecipe,
  digest: string,
  context: BuildContext,
): Promise<void> {
  const { directory, log, signal, readFile } = context;
  const root = join(directory, 'rootimg');
  const scratch = join(directory, '.scratch');
  await mkdir(root);
  await chmod(root, 0o755);
  await mkdir(scratch, { mode: 0o700 });
  const confine = confineRunner(signal, log);
  const job: PackageJob = {
    recipe,
    repositories: localRepositories(recipe, context),
    root,
    cache: context.cache,
    scratch,
    lock: recipe.lock === undefined ? undefined : parseLock((await readFile(recipe.lock.path)).toString('utf8')),
    run: context.run,
    confine,
    log,
    signal,
  };
  // Before minutes of packages: a secret may be missing.
  const accounts = recipe.addons.includes('passwd') ? await hashesOf(recipe.accounts, context.secret) : [];
  const states = await withPackages(job, context, family);
  signal.throwIfAborted();
  // What was taken for the lists, before an exlist or a script can take the database away or change it.
  const packages = await family.packages(root, context.run);

  await assertOwnPlaces(root, 'a package of the image');

  await layKernelFiles(root, recipe, readFile);
  await indexModules(job);
  const found = await kernelIn(root, recipe.kernelVersion);
  if (recipe.exlist !== undefined) await exclude(root, recipe.exlist, found, log);
  await applyAddons(root, { ...recipe, accounts }, context);
  if (recipe.postinstall !== undefined) {
    await runPostinstall(job, recipe.postinstall.path, await readFile(recipe.postinstall.path));
    await assertOwnPlaces(root, recipe.postinstall.path);
  }
  await cleanTree(root);
  const kernel = await kernelIn(root, recipe.kernelVersion);
  if (kernel instanceof KernelMissing) {
    if (!(found instanceof KernelMissing)) throw tookKernel(recipe, found, kernel);
    if (recipe.kernelVersion !== undefined)
      throw new Error(`${kernelCell(recipe)}: ${kernel.message}`, { cause: kernel });
    log(kernel.message);
  }

  const { image, os, arch, profile } = recipe;
  const note: BaseNote = {
    ...{ image, os, arch, profile, recipe: recipe.recipe, digest, commit: context.commit },
    built: new Date().toISOString(),
    kernelVersion: kernel instanceof KernelMissing ? undefined : kernel.version,
    packages: packages.map(({ name, version, arch }: InstalledPackage) => ({ name, version, arch })),
    repositories: [...states],
  };
  await writeFile(join(directory, 'base.json'), `${JSON.stringify(note, undefined, 2)}\n`);
  await rm(scratch, { recursive: true, force: true });
  log(`${packages.length} packages`, 1);
}

async function withPackages(
  job: PackageJob,
  context: BuildContext,
  family: OsFamily,
): Promise<readonly RepositoryState[]> {
  const { recipe, log, signal } = job;
  try {
    log('fetching packages', 0.02);
    const states = await inTurn(job.cache, { signal, log, pause: context.pause }, async () => {
      await family.fetch(job);
      return await family.repositoryStates(job);
    });
    signal.throwIfAborted();
    log('installing packages', 0.3);
    await family.install(job);
    log('packages are installed', 0.8);
    return states;
  } catch (error) {
    if (signal.aborted || !(error instanceof PackageProblem)) throw error;
    throw await withPlaces(error, recipe, context.readFile);
  }
}

/** Repositories, the distribution's first, with directories below root `install` where they lie on this host. */
export function localRepositories(
  recipe: Pick<BaseRecipe, 'repositories' | 'otherRepositories'>,
  context: Pick<BuildContext, 'rootDirectory'>,
): PackageRepository[] {
  const install = context.rootDirectory('install');
  return [...recipe.repositories, ...recipe.otherRepositories].map((repository) =>
    repository.below === undefined || install === undefined
      ? repository
      : { ...repository, url: join(install, repository.below) },
  );
}

/** Lines `name version`; `#` starts a comment. */
export function parseLock(text: string): Map<string, string> {
  const lock = new Map<string, string>();
  for (const [index, line] of text.split('\n').entries()) {
    const words = line.replace(/#.*$/, '').trim().split(/\s+/);
    if (words[0] === '') continue;
    const [name, version] = words;
    if (name === undefined || version === undefined || words.length !== 2)
      throw new Error(`line ${index + 1} of the lock is not 'name version': ${line}`);
    lock.set(name, version);
  }
  return lock;
}

async function layKernelFiles(
  root: string,
  recipe: BaseRecipe,
  readFile: (path: string) => Promise<Buffer>,
): Promise<void> {
  for (const { path, to, mode, link, uid = 0, gid = 0 } of recipe.kernelFiles) {
    const content = await readFile(path);
    if (link) await linkInside(root, to, content.toString('utf8'));
    else await putInside(root, to, content, mode);
    if (uid === 0 && gid === 0) continue;
    const place = await placeInside(root, to);
    if (place === undefined) continue;
    await lchown(place, uid, gid);
    // A change of owner takes the set-id bits away.
    if (!link) await chmod(place, mode);
  }
}

/** Modules that were laid in without an index get one; `depmod` reads them, so it runs confined. */
async function indexModules(job: PackageJob): Promise<void> {
  const versions = new Set<string>();
  const indexed = new Set<string>();
  for (const { to } of job.recipe.kernelFiles) {
    const [, version, file] = /^(?:usr\/)?lib\/modules\/([^/]+)\/(.*)$/.exec(to) ?? [];
    if (version === undefined) continue;
    versions.add(version);
    if (file === 'modules.dep') indexed.add(version);
  }
  for (const version of versions) {
    if (indexed.has(version)) continue;
    job.log(`depmod for kernel ${version}`);
    const binds = [{ from: job.root, to: '/rootimg', writable: true }];
    await job.confine({ view: 'server', binds }, 'depmod', ['-b', '/rootimg', '--', version]);
  }
}

/** With the arguments of the original (facts 8), the tree at its classic path, and network only where the image's row allows it. */
async function runPostinstall(job: PackageJob, path: string, script: Buffer): Promise<void> {
  const { os, arch, profile, scriptNetwork } = job.recipe;
  const file = join(job.scratch, 'postinstall');
  await writeFile(file, script);
  await chmod(file, 0o755);
  const root = `/install/netboot/${os}/${arch}/${profile}/rootimg`;
  job.log(`running ${path}`, 0.9);
  const binds = [
    { from: job.root, to: root, writable: true },
    { from: file, to: '/tmp/postinstall', writable: false },
  ];
  await job
    .confine({ view: 'server', binds, network: scriptNetwork }, '/tmp/postinstall', [root, os, arch, profile])
    .catch((error: unknown) => {
      if (job.signal.aborted) throw error;
      throw new Error(`${path} failed: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    });
}

async function kernelIn(root: string, wanted: string | undefined): Promise<Kernel | KernelMissing> {
  return await findKernel(root, wanted).catch((error: unknown) => {
    if (error instanceof KernelMissing) return error;
    throw error;
  });
}

/** The kernel that nodes boot and its modules stay: the boot step and running nodes need them, whatever is to be thinned out. */
async function exclude(
  root: string,
  { files, patterns }: NonNullable<BaseRecipe['exlist']>,
  kernel: Kernel | KernelMissing,
  log: BuildContext['log'],
): Promise<void> {
  const names = files.map(({ path }) => path).join(', ');
  const missing = kernel instanceof KernelMissing;
  const { removed, spared } = await applyExlist(
    root,
    patterns,
    missing ? undefined : await partsOfKernel(root, kernel),
  );
  log(`${removed} files and directories taken out (${names})`, 0.85);
  if (missing) return;
  if (spared > 0)
    log(`${spared} files of kernel ${kernel.version} stay though ${names} matches them: nodes boot with it`);
}

/** Then packages and what is laid in are not to blame. */
function tookKernel({ exlist, postinstall }: BaseRecipe, { version }: Kernel, now: KernelMissing): Error {
  const suspects = [...(postinstall === undefined ? [] : [postinstall]), ...(exlist?.files ?? [])];
  const names = suspects.map(({ path }) => path).join(' or ');
  return new Error(
    `kernel ${version} was in the image, and ${names} took it or its modules out: let them stay, or nodes have nothing to boot`,
    { cause: now },
  );
}
