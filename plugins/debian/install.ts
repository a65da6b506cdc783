/** Installs fetched packages offline: the essential ones are unpacked from outside, all else is done by the image's own dpkg, confined. */
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandFailed } from '../../core/apply/run-command.ts';
import { putInside, removeInside } from '../../core/image/base/place.ts';
import { PackageProblem } from '../../core/image/base/problem.ts';
import type { PackageJob } from '../../core/image/family.ts';
import { fetchedPackages, readSteps, type Step } from './fetch.ts';
import { releaseOf } from './releases.ts';

/** Answers for scripts: no questions, no daemon starts, no initramfs (nodes get theirs from the base). */
const env = {
  DEBIAN_FRONTEND: 'noninteractive',
  DEBCONF_NONINTERACTIVE_SEEN: 'true',
  INITRD: 'No',
  RUNLEVEL: '1',
  LC_ALL: 'C.UTF-8',
};
/** A build that is cut off is thrown away whole, so nothing has to be safe on the disk before the end. */
const dpkg = ['--force-unsafe-io', '--force-confdef', '--force-confold', '--log=/dev/null'];

const packages = '/tmp/packages';

/** Reads `does word...` lines and calls dpkg for each; words have no blanks. */
const stepsProgram = `
set -eu
cd ${packages}
while read -r does words; do
  set -f; set -- $words; set +f
  case $does in
  # They need each other before any is there. What dpkg says to that fills a log, and nobody is to act on it.
  essential) dpkg $DPKG --force-depends --install "$@" 2>/tmp/said || { cat /tmp/said >&2; exit 1; } ;;
  unpack) dpkg $DPKG --no-triggers --unpack "$@" ;;
  configure) dpkg $DPKG --no-triggers --configure "$@" ;;
  remove) dpkg $DPKG --force-depends --remove "$@" ;;
  esac
done < /tmp/steps
dpkg $DPKG --configure -a
`;

/** Extracts, in the same way for every package and with the host's tools, what dpkg needs to run at all. */
const extractProgram = `
set -eu
cd /packages
for deb; do dpkg-deb --fsys-tarfile "$deb" | tar --extract --preserve-permissions --numeric-owner --keep-directory-symlink -C /rootimg; done
`;

export async function installPackages(job: PackageJob): Promise<void> {
  const { root, scratch, confine, log } = job;
  const steps = await readSteps(scratch);
  const fetched = fetchedPackages(scratch);
  await layOut(root, releaseOf(job.recipe.os)?.merged === true);
  const [first] = steps;
  if (first?.does !== 'essential') throw new Error('no packages were fetched');
  log(`extracting ${first.words.length} essential packages`, 0.32);
  const binds = [
    { from: fetched, to: '/packages', writable: false },
    { from: root, to: '/rootimg', writable: true },
  ];
  await confine({ view: 'server', binds }, 'sh', ['-c', extractProgram, 'sh', ...checked(first)]);
  await putInside(root, 'var/lib/dpkg/status', '', 0o644);
  await putInside(root, 'var/lib/dpkg/available', '', 0o644);
  await putInside(root, 'usr/sbin/policy-rc.d', '#!/bin/sh\nexit 101\n', 0o755);
  log('configuring', 0.4);
  const plan = join(scratch, 'steps');
  const lines = steps.map((step) => `${[step.does, ...checked(step)].join(' ')}\n`);
  await writeFile(plan, lines.join(''));
  const image = [
    { from: fetched, to: packages, writable: false },
    { from: plan, to: '/tmp/steps', writable: false },
  ];
  try {
    await confine({ view: 'image', root, binds: image, env: { ...env, DPKG: dpkg.join(' ') } }, 'sh', [
      '-c',
      stepsProgram,
    ]);
  } catch (error) {
    throw explained(error);
  }
  await removeInside(root, 'usr/sbin/policy-rc.d');
}

/** What dpkg and scripts expect before the first package is in. */
async function layOut(root: string, merged: boolean): Promise<void> {
  const folders = [
    'dev',
    'etc',
    'proc',
    'sys',
    'tmp',
    'var',
    'var/lib',
    'var/lib/dpkg',
    'var/lib/dpkg/info',
    'var/lib/dpkg/updates',
  ];
  for (const path of folders) {
    await mkdir(join(root, path), { recursive: true });
    await chmod(join(root, path), path === 'tmp' ? 0o1777 : path === 'proc' || path === 'sys' ? 0o555 : 0o755);
  }
  if (!merged) return;
  await mkdir(join(root, 'usr'));
  await chmod(join(root, 'usr'), 0o755);
  for (const name of ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32']) {
    if (name.length > 4 && process.arch !== 'x64') continue;
    await mkdir(join(root, 'usr', name));
    await chmod(join(root, 'usr', name), 0o755);
    await symlink(`usr/${name}`, join(root, name));
  }
}

/** Names of packages and their files, which the shell program splits at blanks. */
function checked({ words }: Step): readonly string[] {
  for (const word of words)
    if (!/^[A-Za-z0-9][\w.+~%:-]*$/.test(word)) throw new Error(`'${word}' is no name of a package`);
  return words;
}

function explained(error: unknown): unknown {
  if (!(error instanceof CommandFailed) || error.ending === 'was stopped') return error;
  const names = new Set<string>();
  for (const [, name] of error.output.matchAll(
    /^dpkg: error processing (?:package|archive) (?:\S*\/)?([a-z0-9][a-z0-9.+-]*)/gm,
  ))
    if (name !== undefined) names.add(name);
  const last = error.output.trimEnd().split('\n').slice(-20).join('\n');
  return new PackageProblem(`installing packages failed (${error.ending}):\n${last}`, [...names]);
}
