/** Bench `images-rpm`: a base built by litehouse with dnf and with zypper, against the same package manager called by hand. */
import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { baseNote } from '../../core/image/base/build-base.ts';
import type { OsFamily } from '../../core/image/family.ts';
import { rhFamily } from '../../plugins/rh/index.ts';
import { slesFamily } from '../../plugins/sles/index.ts';
import { indexRpms, type MadePackage, makeRpms } from '../fixtures/rpm-repository.ts';
import { RpmLab } from '../images/rpm-lab.ts';
import { type Figure, median, printTable, range, seconds, timed } from './figures.ts';

const run = promisify(execFile);

/** Besides a small system of this host's own programs: packages and files as in an image of a compute node, but made of nothing. */
const many = 60;
const filesOfEach = 100;

const extras = (): MadePackage[] =>
  Array.from({ length: many }, (_, k) => ({
    name: `extra${k}`,
    header: ['Requires: filesystem'],
    files: Object.fromEntries(
      Array.from({ length: filesOfEach }, (_, i) => [
        `/usr/share/extra${k}/file${i}`,
        { text: `${k} ${i} `.repeat(1000) },
      ]),
    ),
  }));

const names = ['bash', 'coreutils', 'kernel-core', ...Array.from({ length: many }, (_, k) => `extra${k}`)];

/** Installs the packages into `root` as a person would, and keeps what it downloads in `cache`. */
type ByHand = (at: { readonly root: string; readonly cache: string; readonly repository: string }) => Promise<unknown>;

const dnf: ByHand = async ({ root, cache, repository }) => {
  const config = join(cache, 'dnf.conf');
  const settings = ['[main]', 'plugins=0', 'gpgcheck=0', 'install_weak_deps=0', 'keepcache=1', 'reposdir=/nonexistent'];
  await writeFile(config, [...settings, '[lab]', 'name=lab', `baseurl=file://${repository}`, ''].join('\n'));
  const words = ['-y', '--config', config, '--installroot', root, '--releasever', '9', `--setopt=cachedir=${cache}`];
  return run('dnf', [...words, 'install', '--', ...names], { maxBuffer: 2 ** 26 });
};

const zypper: ByHand = async ({ root, cache, repository }) => {
  const definitions = join(cache, 'repos.d');
  await mkdir(definitions, { recursive: true });
  const section = ['[lab]', 'name=lab', `baseurl=file://${repository}`, 'enabled=1', 'gpgcheck=0', ''];
  await writeFile(join(definitions, 'lab.repo'), section.join('\n'));
  const where = ['--reposd-dir', definitions, '--cache-dir', cache, '--pkg-cache-dir', join(cache, 'packages')];
  const words = ['--non-interactive', '--no-gpg-checks', '--root', root, ...where];
  // Two zyppers of one host shut each other out, but for this.
  const env = { ...process.env, ZYPP_LOCKFILE_ROOT: cache };
  return run('zypper', [...words, 'install', '--no-recommends', '--', ...names], { env, maxBuffer: 2 ** 26 });
};

/** Needs root, and the packages dnf, zypper, rpm and createrepo-c of this host. */
export async function benchRpmImages(_scratch: string, rounds = 3): Promise<boolean> {
  if (process.getuid?.() !== 0) throw new Error('images are built as root');
  const lab = new RpmLab();
  try {
    await lab.make();
    await makeRpms(lab.repository, extras());
    indexRpms(lab.repository);
    const figures = [
      ...(await measure(lab, 'dnf', dnf, rhFamily, 'rhels9.4', rounds)),
      ...(await measure(lab, 'zypper', zypper, slesFamily, 'sles15.5', rounds)),
    ];
    return printTable(
      `images-rpm: ${names.length} packages named, ${many * filesOfEach} files, from a directory`,
      figures,
    );
  } finally {
    lab.remove();
  }
}

async function measure(
  lab: RpmLab,
  tool: string,
  byHand: ByHand,
  family: OsFamily,
  os: string,
  rounds: number,
): Promise<Figure[]> {
  const files = lab.files(os, family.name, `${names.join('\n')}\n`);
  const [root, cache] = [join(lab.dir, 'by-hand'), join(lab.dir, `cache-of-${tool}`)];
  await mkdir(cache, { recursive: true });
  const times: Record<'ours' | 'theirs', number[]> = { ours: [], theirs: [] };
  const packages = { ours: '', theirs: '' };
  const ours = async () => {
    const built: string[] = [];
    const time = await timed(async () => built.push((await lab.build(family, files, { baseOnly: true })).base));
    const [base = ''] = built;
    const note = baseNote.parse(JSON.parse(await readFile(join(base, 'base.json'), 'utf8')));
    packages.ours = [...new Set(note.packages.map(({ name }) => name))].sort().join(' ');
    await rm(base, { recursive: true });
    times.ours.push(time);
  };
  const theirs = async () => {
    await mkdir(root);
    const time = await timed(() => byHand({ root, cache, repository: lab.repository }));
    const { stdout } = await run('rpm', ['--root', root, '-qa', '--qf', '%{NAME}\\n']);
    packages.theirs = [...new Set(stdout.trim().split('\n'))].sort().join(' ');
    await rm(root, { recursive: true });
    times.theirs.push(time);
  };
  // Both fill their caches first; that round is not counted.
  for (let i = 0; i <= rounds; i++) for (const one of i % 2 === 0 ? [ours, theirs] : [theirs, ours]) await one();
  if (packages.ours !== packages.theirs)
    throw new Error(`not the same packages\nlitehouse: ${packages.ours}\n${tool}: ${packages.theirs}`);
  for (const list of Object.values(times)) list.shift();
  const [mine, their] = [median(times.ours), median(times.theirs)];
  const goal = { goal: '≤ 5 % and 4 s more', met: mine <= their * 1.05 + 4000 };
  return [
    { what: `a base, by litehouse with ${tool}`, value: seconds(mine), from: range(times.ours, seconds), ...goal },
    { what: `the same packages, by ${tool}`, value: seconds(their), from: range(times.theirs, seconds) },
  ];
}
