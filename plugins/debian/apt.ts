/** A private apt: its own sources, lists, cache and status, so that neither this server's packages nor its settings matter. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandFailed } from '../../core/apply/run-command.ts';
import { PackageProblem } from '../../core/image/base/problem.ts';
import type { PackageJob } from '../../core/image/family.ts';
import { packagesBelow } from '../../core/image/packages-below.ts';
import type { PackageRepository } from '../../core/image/recipe.ts';
import { debianArch, type Release, releaseOf, runsHere } from './releases.ts';
import { type PlainFolder, type SourceLine, sourcesOf, sourceText } from './sources.ts';

export type AptJob = Pick<PackageJob, 'recipe' | 'repositories' | 'cache' | 'scratch' | 'run' | 'log' | 'signal'>;

export interface Apt {
  readonly release: Release;
  readonly arch: string;
  readonly sources: readonly (readonly [PackageRepository, SourceLine])[];
  readonly folders: readonly PlainFolder[];
  /** Packages are downloaded here. */
  readonly archives: string;
  /** Metadata of the repositories. */
  readonly lists: string;
  /** What apt believes to be installed. */
  readonly status: string;
  get(...args: string[]): Promise<string>;
  /** What a tool answers, without a word of it in the log. */
  ask(tool: string, ...args: string[]): Promise<string>;
}

/** Lays out the private directories. Refuses what can't be built here. */
export async function openApt(job: AptJob): Promise<Apt> {
  const { recipe, cache, scratch } = job;
  const release = releaseOf(recipe.os);
  if (release === undefined) throw new Error(`no release of Debian or Ubuntu is known by the name ${recipe.os}`);
  const arch = debianArch(recipe.arch);
  if (arch === undefined) throw new Error(`Debian has no name for the architecture ${recipe.arch}`);
  if (!runsHere(arch))
    throw new Error(
      `an image for ${recipe.arch} can't be built on this server (${process.arch}): packages run their own programs as they are installed, and those do not run here. Build it on a server of that architecture, or lay the tree out yourself (images=external)`,
    );
  const { lines, folders } = await sourcesOf(job.repositories, release);
  const text = lines.map(([, line]) => sourceText(line));
  const key = createHash('sha256')
    .update(JSON.stringify([arch, text]))
    .digest('hex')
    .slice(0, 12);
  const home = join(scratch, 'apt');
  const lists = join(cache, 'lists', key);
  const archives = join(cache, 'archives');
  for (const path of [
    lists,
    archives,
    join(home, 'sources.list.d'),
    join(home, 'preferences.d'),
    join(home, 'state'),
    join(home, 'plain'),
  ])
    await mkdir(path, { recursive: true });
  const status = join(home, 'status');
  await writeFile(status, '', { flag: 'a' });
  const plain = folders.map((_, index) => `deb [trusted=yes] copy:${join(home, 'plain', String(index))} ./`);
  await writeFile(join(home, 'sources.list'), [...text, ...plain, ''].join('\n'));
  const settings: Record<string, string> = {
    'Dir::Etc::main': '/dev/null',
    'Dir::Etc::parts': '/dev/null',
    'Dir::Etc::sourcelist': join(home, 'sources.list'),
    'Dir::Etc::sourceparts': join(home, 'sources.list.d'),
    'Dir::Etc::preferences': '/dev/null',
    'Dir::Etc::preferencesparts': join(home, 'preferences.d'),
    'Dir::State': join(home, 'state'),
    'Dir::State::lists': lists,
    'Dir::State::status': status,
    'Dir::State::extended_states': join(home, 'state/extended_states'),
    'Dir::Cache': home,
    'Dir::Cache::archives': archives,
    'Dir::Log': join(home, 'log'),
    'APT::Architecture': arch,
    'pkgCacheGen::ForceEssential': ',',
    'APT::Install-Recommends': 'false',
    'APT::Install-Suggests': 'false',
    'APT::Sandbox::User': 'root',
    'APT::Keep-Downloaded-Packages': 'true',
    'APT::Get::AllowUnauthenticated': 'false',
    'Acquire::Languages': 'none',
    'Acquire::AllowInsecureRepositories': 'false',
    'Acquire::Retries': '3',
    'Acquire::http::Timeout': '30',
    'Acquire::https::Timeout': '30',
    ...(await ownTransport(job)),
  };
  const list = Object.entries(settings).map(([name, value]) => `${name} "${value.replaceAll('"', '')}";`);
  const config = join(home, 'apt.conf');
  await writeFile(config, [`APT::Architectures { "${arch}"; };`, ...list, ''].join('\n'));
  const env = { APT_CONFIG: config, LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8', DEBIAN_FRONTEND: 'noninteractive' };
  const apt = async (tool: string, args: readonly string[], shown: readonly string[] = [tool, ...args]) => {
    try {
      return (await job.run(tool, args, { env })).stdout;
    } catch (error) {
      throw explained(withCommand(error, shown));
    }
  };
  return {
    ...{ release, arch, sources: lines, folders, archives, lists, status },
    get: (...args) => apt('apt-get', ['-q', '-y', ...args]),
    ask: async (tool, ...args) => {
      const answer = join(home, 'answer');
      await apt('sh', ['-c', 'exec "$@" > "$0"', answer, tool, ...args], [tool, ...args]);
      return await readFile(answer, 'utf8');
    },
  };
}

/** How this server's own apt goes out: proxies and their exceptions. */
async function ownTransport(job: AptJob): Promise<Record<string, string>> {
  const dump = join(job.scratch, 'apt/dump');
  // Into a file: hundreds of lines of settings are nothing for the log.
  await job.run('sh', ['-c', 'exec apt-config dump > "$0"', dump]);
  const found: Record<string, string> = {};
  for (const [, name = '', value = ''] of (await readFile(dump, 'utf8')).matchAll(
    /^(Acquire::(?:https?|ftp)::[\w:.-]*[Pp]roxy[\w:.-]*) "([^"\n]*)";$/gm,
  ))
    if (value !== '') found[name] = value;
  return found;
}

/** A failure names the command that people know, not the shell around it. */
function withCommand(error: unknown, command: readonly string[]): unknown {
  return error instanceof CommandFailed ? new CommandFailed(command, error.ending, error.output) : error;
}

/** Names of packages in what apt says, so that the list that asked for them can be named. */
function explained(error: unknown): unknown {
  if (!(error instanceof CommandFailed)) return error;
  const names = new Set<string>();
  const said = [
    /^E: Unable to locate package (\S+)/gm,
    /^E: Package '([^']+)' has no installation candidate/gm,
    /^E: Version '[^']*' for '([^']+)' was not found/gm,
    /^E: Couldn't find any package by (?:glob|regex) '([^']+)'/gm,
    /^ ([a-z0-9][a-z0-9.+-]+)(?::\w+)? : (?:Pre)?-?(?:Depends|Conflicts|Breaks)/gm,
  ];
  for (const pattern of said)
    for (const [, name] of error.output.matchAll(pattern)) if (name !== undefined) names.add(name);
  return names.size === 0 ? error : new PackageProblem(error.message, [...names]);
}

/**
 * Makes an index of each plain folder, outside of it, and fetches the metadata of all repositories. A package of a folder that has
 * changed is forgotten in the cache: there its name alone says nothing about its content.
 */
export async function updateApt(apt: Apt, job: AptJob & Pick<PackageJob, 'confine'>): Promise<void> {
  for (const [index, folder] of apt.folders.entries()) {
    const place = join(job.scratch, 'apt/plain', String(index));
    await mkdir(place, { recursive: true });
    await indexFolder(folder, place, apt, job);
  }
  await apt.get('update', '-o', 'APT::Update::Error-Mode=any');
}

async function indexFolder(
  folder: PlainFolder,
  place: string,
  apt: Apt,
  job: AptJob & Pick<PackageJob, 'confine'>,
): Promise<void> {
  const { from } = folder.repository;
  const names = await packagesBelow(folder.from, (name) => name.endsWith('.deb'), job).catch((error: unknown) => {
    job.signal.throwIfAborted();
    throw new Error(`${from}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  });
  if (names.length === 0) job.log(`${from}: there is no package in ${folder.from}`);
  const script = 'for deb; do printf "\\001%s\\n" "$deb"; dpkg-deb -f "$deb" || exit; done';
  const binds = [{ from: folder.from, to: '/packages', writable: false }];
  const paragraphs: string[] = [];
  // As many as a command line holds.
  for (let at = 0; at < names.length; at += 500) {
    const some = names.slice(at, at + 500);
    const { stdout } = await job
      .confine({ view: 'server', binds, cwd: '/packages' }, 'sh', ['-c', script, 'sh', ...some])
      .catch((error: unknown) => {
        throw withCommand(error, ['dpkg-deb', '-f', `${folder.from}/...`]);
      });
    for (const part of stdout.split('\u0001').slice(1)) {
      const end = part.indexOf('\n');
      const name = part.slice(0, end);
      const control = part.slice(end + 1).trim();
      job.signal.throwIfAborted();
      const path = join(folder.from, name);
      const flat = `${paragraphs.length}.deb`;
      await symlink(path, join(place, flat));
      const digest = await sha256(path);
      paragraphs.push(`${control}\nFilename: ./${flat}\nSize: ${(await stat(path)).size}\nSHA256: ${digest}\n`);
      const field = (key: string) => new RegExp(`^${key}: (\\S+)`, 'm').exec(control)?.[1] ?? '';
      const cached = join(apt.archives, archiveName(field('Package'), field('Version'), field('Architecture')));
      // One of the same content stays: another build may be about to install it.
      if ((await sha256(cached).catch(() => digest)) !== digest) await rm(cached, { force: true });
    }
  }
  await writeFile(join(place, 'Packages'), paragraphs.join('\n'));
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** The name that apt gives a downloaded package. */
export function archiveName(name: string, version: string, arch: string): string {
  const quoted = (text: string) => text.replace(/[%_:]/g, (it) => `%${it.charCodeAt(0).toString(16)}`);
  return `${quoted(name)}_${quoted(version)}_${quoted(arch)}.deb`;
}
