/**
 * The second step of a build of RPMs: rpm of this host installs what was fetched, confined and without network. It changes its root to
 * the tree for every scriptlet; what climbs out of that finds the confined view, which has nothing but tools, packages and the tree.
 */
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandFailed, commandRunner } from '../../apply/run-command.ts';
import { fileInside } from '../base/place.ts';
import type { PackageJob } from '../family.ts';
import { canWrite, type RpmDatabase, rpmDatabase } from './database.ts';
import { readSteps, rpmPlaces } from './fetch.ts';
import { explained } from './problems.ts';

const tree = '/rootimg';

/**
 * Mounted over in the tree while rpm runs, so packages can't bring what is below them; a node mounts them all itself. Colons in
 * between, as the macro has it.
 */
const mounted = '/proc:/sys:/dev';

/** Directories that mounts and scriptlets need before the package that owns them is in, which then says how they are. */
const folders: readonly (readonly [string, number])[] = [
  ['dev', 0o755],
  ['proc', 0o555],
  ['sys', 0o555],
  ['tmp', 0o1777],
  ['var', 0o755],
  ['var/tmp', 0o1777],
];

export async function installRpms(job: PackageJob): Promise<void> {
  const { root, scratch, recipe, log, signal } = job;
  const steps = await readSteps(scratch);
  for (const [path, mode] of folders) {
    await mkdir(join(root, path), { recursive: true });
    await chmod(join(root, path), mode);
  }
  const database = rpmDatabase(recipe.os);
  const binds = [
    { from: rpmPlaces(scratch).packages, to: '/packages', writable: false },
    { from: root, to: tree, writable: true, tree: true },
  ];
  const asIts = await canWrite(database.backend, scratch, commandRunner(signal));
  const where = ['--root', tree, '--dbpath', database.path, '--define', '__plugindir /nonexistent'];
  const form = asIts ? ['--define', `_db_backend ${database.backend}`] : [];
  const usual = [...where, ...form, '--define', `_netsharedpath ${mounted}`, '--nosignature'];
  const warnings: string[] = [];
  for (const [index, { does, words }] of steps.entries()) {
    const how = { install: ['-iv'], update: ['-Uv'], erase: ['-ev'] }[does];
    log(`${does}: ${words.length} packages`, 0.3 + (0.5 * index) / steps.length);
    try {
      const { stdout, stderr } = await job.confine({ view: 'server', binds, cwd: '/packages' }, 'rpm', [
        ...usual,
        ...how,
        '--',
        ...words,
      ]);
      warnings.push(...scriptletWarnings(`${stderr}\n${stdout}`));
    } catch (error) {
      throw explained(
        `${does} failed`,
        error instanceof CommandFailed && !signal.aborted ? withoutWords(error) : error,
      );
    }
  }
  for (const warning of warnings)
    log(`WARNING: ${warning}; the package is in all the same, as its manager would have it`);
  if (!asIts) await handOver(job, database, where);
}

/**
 * rpm of this host wrote the database in another form than rpm of the image reads: the latter takes the records over, where it can.
 * What was written stays beside it, for this host.
 */
async function handOver(job: PackageJob, { path, backend }: RpmDatabase, where: readonly string[]): Promise<void> {
  const { root, scratch, confine, recipe, log, signal } = job;
  const why = `rpm of ${recipe.os} keeps its packages as ${backend}, which rpm of this server does not write`;
  if ((await fileInside(root, 'usr/bin/rpmdb')) === undefined) {
    log(`${why}; the image has no rpm that could take them over`);
    return;
  }
  const exchange = join(scratch, 'rpm/exchange');
  await mkdir(exchange, { recursive: true });
  const server = [
    { from: root, to: tree, writable: true, tree: true },
    { from: exchange, to: '/exchange', writable: true },
  ];
  const image = [{ from: exchange, to: '/tmp/exchange', writable: false }];
  try {
    await confine({ view: 'server', binds: server }, 'sh', [
      '-c',
      'rpmdb "$@" --exportdb > /exchange/packages',
      'sh',
      ...where,
    ]);
    const take = 'rpmdb --dbpath "$1" --importdb < /tmp/exchange/packages';
    await confine({ view: 'image', root, binds: image }, 'sh', ['-c', take, 'sh', path]);
    log(`${why}; rpm of the image took them over`);
  } catch (error) {
    if (signal.aborted) throw error;
    log(
      `WARNING: ${why}, and inside the image rpm finds no packages: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** Hundreds of file names say nothing that the list file does not. */
function withoutWords(error: CommandFailed): CommandFailed {
  return new CommandFailed(['rpm'], error.ending, error.output);
}

/** Failures that rpm goes on after: of %post, %posttrans, %postun and triggers, when the package is in already. */
export function scriptletWarnings(text: string): string[] {
  return [...text.matchAll(/^warning: (%\w+\([^)]*\) scriptlet failed, .*)$/gm)].map(([, what]) => what ?? '');
}
