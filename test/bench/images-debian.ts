/** Bench `images-debian`: a base built by litehouse and by mmdebstrap, its clone beside cp's, and a package change taken back by a push. */
import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { commandRunner } from '../../core/apply/run-command.ts';
import { cloneTree } from '../../core/image/steps/generation.ts';
import { releaseOf } from '../../plugins/debian/releases.ts';
import { linesOfServer, sourceText } from '../../plugins/debian/sources.ts';
import { baseOf, Workshop } from '../../plugins/debian/testing/build.ts';
import { writeRepository } from '../cluster/repository.ts';
import { type Figure, median, milliseconds, printTable, range, seconds, timed } from './figures.ts';
import { type House, pause, startHouse } from './house.ts';
import { untilApplied } from './pushing.ts';

const run = promisify(execFile);
const template = fileURLToPath(new URL('../../repo-template', import.meta.url));
const packages = ['linux-image-cloud-amd64', 'systemd-sysv', 'udev', 'openssh-server', 'iproute2', 'nfs-common'];

/** Needs root, a mirror of Debian 12, and the packages mmdebstrap and apt of this host. */
export async function benchDebianImages(scratch: string, rounds = 2): Promise<boolean> {
  if (process.getuid?.() !== 0) throw new Error('images are built as root');
  const workshop = await Workshop.open();
  try {
    const [building, base] = await measureBuilds(workshop, join(scratch, 'debootstrapped'), rounds);
    const cloning = await measureClones(base);
    const back = await measureRevert(scratch, workshop);
    return printTable('images-debian: Debian 12, with packages that are downloaded already', [
      ...building,
      ...cloning,
      ...back,
    ]);
  } finally {
    await workshop.close();
  }
}

/** Both install the same packages offline but for the lists of the mirror, and leave a root tree. */
async function measureBuilds(workshop: Workshop, theirs: string, rounds: number): Promise<[Figure[], string]> {
  const recipe = baseOf(packages);
  // Fills the cache.
  let base = await workshop.build(recipe);
  const archives = join(workshop.directory, 'cache/archives');
  const release = releaseOf('debian12');
  if (release === undefined) throw new Error('no Debian 12');
  const sources = (await linesOfServer(release)).map(sourceText);
  const times: Record<'ours' | 'mmdebstrap', number[]> = { ours: [], mmdebstrap: [] };
  const ours = async () => {
    const built: string[] = [];
    times.ours.push(await timed(async () => built.push(await workshop.build(recipe))));
    await rm(base, { recursive: true });
    base = built[0] ?? '';
  };
  const mmdebstrap = async () => {
    const fill = `mkdir -p "$1/var/cache/apt/archives" && cp -al ${archives}/*.deb "$1/var/cache/apt/archives/" 2>/dev/null || cp -a ${archives}/*.deb "$1/var/cache/apt/archives/"`;
    const words = [
      ...['--mode=root', '--format=directory', '--variant=essential', `--include=${packages.join(',')}`],
      ...['--skip=download/empty', '--skip=essential/unlink', `--setup-hook=${fill}`],
      ...['--aptopt=APT::Sandbox::User "root"', '--aptopt=Apt::Install-Recommends "false"', 'bookworm', theirs],
    ];
    // Its mounts are in a namespace of their own.
    const all = ['--mount', '--propagation', 'private', 'mmdebstrap', ...words, ...sources];
    times.mmdebstrap.push(await timed(() => run('unshare', all, { maxBuffer: 2 ** 26 })));
    await rm(theirs, { recursive: true });
  };
  for (let i = 0; i < rounds; i++) for (const one of i % 2 === 0 ? [ours, mmdebstrap] : [mmdebstrap, ours]) await one();
  const [mine, their] = [median(times.ours), median(times.mmdebstrap)];
  const files = (await readdir(join(base, 'rootimg'), { recursive: true })).length;
  const goal = { goal: '≤ 5 % and 4 s more', met: mine <= their * 1.05 + 4000 };
  return [
    [
      { what: 'a base, by litehouse', value: seconds(mine), from: range(times.ours, seconds), ...goal },
      { what: 'the same packages, by mmdebstrap', value: seconds(their), from: range(times.mmdebstrap, seconds) },
      { what: 'files of the base', value: String(files), from: `${packages.length} names in its list` },
    ],
    base,
  ];
}

async function measureClones(base: string, rounds = 5): Promise<Figure[]> {
  const root = join(base, 'rootimg');
  const command = commandRunner();
  const ways: Readonly<Record<string, (to: string) => Promise<unknown>>> = {
    ours: (to) => cloneTree(root, to, command),
    links: (to) => command('cp', ['-al', '--', root, to]),
    reflink: (to) => command('cp', ['-a', '--reflink=always', '--', root, to]),
    copy: (to) => command('cp', ['-a', '--reflink=never', '--', root, to]),
  };
  const times = new Map<string, number[]>();
  // Beside the base, as generations lie: links don't reach another filesystem.
  const at = join(base, '..', 'clones');
  await mkdir(at, { recursive: true });
  for (let i = 0; i < rounds; i++) {
    const names = Object.keys(ways);
    for (const name of i % 2 === 0 ? names : names.reverse()) {
      if (i > 0 && !times.has(name)) continue;
      const to = join(at, name);
      try {
        const time = await timed(async () => ways[name]?.(to));
        times.set(name, [...(times.get(name) ?? []), time]);
      } catch (error) {
        if (name !== 'reflink') throw error;
      }
      await rm(to, { recursive: true, force: true });
    }
  }
  const [ours = [], links = [], reflink, copy = []] = ['ours', 'links', 'reflink', 'copy'].map((it) => times.get(it));
  const best = reflink === undefined ? median(links) : median(reflink);
  const goal = { goal: '≤ 1.25 × cp', met: median(ours) <= best * 1.25 + 20 };
  return [
    { what: 'clone of the base', value: milliseconds(median(ours)), from: range(ours), ...goal },
    { what: 'cp -al', value: milliseconds(median(links)), from: range(links) },
    reflink === undefined
      ? { what: 'cp --reflink=always', value: '-', from: 'not on this filesystem' }
      : { what: 'cp --reflink=always', value: milliseconds(median(reflink)), from: range(reflink) },
    { what: 'cp -a: a full copy', value: milliseconds(median(copy)), from: range(copy) },
  ];
}

/** The template with its Debian image built; a package more, and taken back, and so on: both images are there by then. */
async function measureRevert(scratch: string, workshop: Workshop): Promise<Figure[]> {
  const dir = join(scratch, 'images-house');
  const files = new Map<string, string>();
  for (const entry of await readdir(template, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) {
      const path = join(entry.parentPath, entry.name);
      files.set(path.slice(template.length + 1), await readFile(path, 'utf8'));
    }
  const list = 'custom/netboot/debian/compute.pkglist';
  files.set(list, `${packages.join('\n')}\n`);
  const rows = 'tables/linuximage.csv';
  // The cloud kernel has no e1000.
  const lines = (files.get(rows) ?? '').replace('virtio_net,e1000', 'virtio_net').trimEnd().split('\n');
  files.set(
    rows,
    lines.map((line, i) => `${line},${i === 0 ? 'build' : line.includes('debian12') ? '"yes"' : ''}\n`).join(''),
  );
  await mkdir(dir, { recursive: true });
  await writeRepository(files, join(dir, 'config.git'));
  await mkdir(join(dir, 'state/cache/debian'), { recursive: true, mode: 0o700 });
  await cp(join(workshop.directory, 'cache/archives'), join(dir, 'state/cache/debian/archives'), { recursive: true });
  const house = await startHouse(dir);
  try {
    return await measureFlips(house, join(scratch, 'images-clone'), list);
  } finally {
    await house.stop();
  }
}

async function measureFlips(house: House, clone: string, list: string, rounds = 5): Promise<Figure[]> {
  const who = ['-c', 'user.name=Ada Operator', '-c', 'user.email=ada@cluster.example'];
  await run('git', ['clone', '--quiet', `${house.admin}/config.git`, clone]);
  const git = async (...args: string[]) => (await run('git', [...who, ...args], { cwd: clone })).stdout.trim();
  const bootFile = () => readFile(join(house.dir, 'world/tftpboot/pxelinux.cfg/n11'), 'utf8').catch(() => '');
  const changed = async (from: string) => {
    for (let asked = performance.now(); ; await pause(2)) {
      const text = await bootFile();
      if (text !== '' && text !== from) return text;
      if (performance.now() - asked < 2000) continue;
      const { builds } = (await house.get('/status')) as { builds: readonly { state: string; detail: string }[] };
      const failed = builds.find(({ state }) => state === 'failed');
      if (failed !== undefined) throw new Error(failed.detail);
      asked = performance.now();
    }
  };
  const first = await changed('');
  await writeFile(join(clone, list), `${await readFile(join(clone, list), 'utf8')}hello\n`);
  await git('commit', '--quiet', '--all', '--message', 'One package more');
  await git('push', '--quiet', 'origin', 'main');
  let last = await changed(first);
  const flips: number[] = [];
  let same = true;
  for (let i = 0; i < rounds; i++) {
    await git('revert', '--no-edit', 'HEAD');
    const commit = await git('rev-parse', 'HEAD');
    const from = performance.now();
    const pushed = git('push', '--quiet', 'origin', 'main');
    last = await changed(last);
    flips.push(performance.now() - from);
    await pushed;
    await untilApplied(house, commit);
    if (i % 2 === 0) same &&= last === first;
  }
  const goal = { goal: '≤ 1 s', met: median(flips) <= 1000 };
  return [
    {
      what: 'revert of a package: push → boot files flipped',
      value: milliseconds(median(flips)),
      from: range(flips),
      ...goal,
    },
    {
      what: 'boot file as before the change',
      value: same ? 'yes' : 'no',
      from: 'byte for byte',
      goal: 'yes',
      met: same,
    },
  ];
}
