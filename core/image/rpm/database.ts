/** Where an image's own rpm looks for its database and in which form; and what such a database says. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommandRunner } from '../../plugin/plugin.ts';
import { fileInside, placeInside } from '../base/place.ts';
import { copyPlain } from '../base/plain-file.ts';
import { confineRunner } from '../confine/confine.ts';
import type { InstalledPackage } from '../family.ts';

export interface RpmDatabase {
  /** Absolute, as the image sees it. */
  readonly path: string;
  /** As `%_db_backend`. `bdb` is what rpm wrote before 4.16; later ones can only read it, and Debian's has no ndb. */
  readonly backend: 'sqlite' | 'ndb' | 'bdb';
}

const old = '/var/lib/rpm';
const moved = '/usr/lib/sysimage/rpm';

/**
 * The database of an os. Red Hat's systems wrote Berkeley DB up to 8 and sqlite since 9, and moved it below /usr with 10; Fedora did
 * both earlier (33, 36). SUSE took ndb and the place below /usr with 15.
 */
export function rpmDatabase(os: string): RpmDatabase {
  const version = Number.parseInt(/\d+/.exec(os)?.[0] ?? '9999', 10);
  if (/suse|sle|leap|tumbleweed/.test(os))
    return version < 15 || version === 42 ? { path: old, backend: 'bdb' } : { path: moved, backend: 'ndb' };
  const [since, below] = os.startsWith('fedora') ? [33, 36] : [9, 10];
  return { path: version < below ? old : moved, backend: version < since ? 'bdb' : 'sqlite' };
}

const fileOf = { sqlite: 'rpmdb.sqlite', ndb: 'Packages.db', bdb: 'Packages' } as const;

/** Whether rpm of this host can write a form: it is asked to begin a database. */
export async function canWrite(backend: RpmDatabase['backend'], scratch: string, run: CommandRunner): Promise<boolean> {
  const place = await mkdtemp(join(scratch, 'database-'));
  const words = ['--dbpath', place, '--define', `_db_backend ${backend}`, '--initdb'];
  await run('rpm', words).catch(() => undefined);
  const made = await readdir(place);
  await rm(place, { recursive: true });
  return made.includes(fileOf[backend]);
}

/** Bytes of one file; ten thousand packages make about half of it. */
const databaseLimit = 2 ** 30;

const files = /^(rpmdb\.sqlite(-wal|-shm)?|Packages(\.db)?|Index\.db|Name|Providename|Basenames)$/;

/** What an image's database says, sorted by name. It is copied out and read confined: whatever lies there was written by packages. */
export async function installedPackages(root: string): Promise<readonly InstalledPackage[]> {
  for (const path of [moved, old]) {
    const place = await placeInside(root, `${path}/.`);
    const names = place === undefined ? [] : await readdir(place).catch(() => []);
    if (!names.some((name) => Object.values<string>(fileOf).includes(name))) continue;
    const copy = await mkdtemp(join(tmpdir(), 'litehouse-rpm-'));
    try {
      for (const name of names.filter((one) => files.test(one))) {
        const file = await fileInside(root, `${path}/${name}`);
        if (file !== undefined) await copyPlain(file, join(copy, name), databaseLimit);
      }
      const binds = [{ from: copy, to: '/database', writable: true }];
      const words = ['--dbpath', '/database', '--define', '__plugindir /nonexistent', '-qa', '--qf', packageForm];
      const { stdout } = await confineRunner()({ view: 'server', binds }, 'rpm', words);
      return parsePackages(stdout);
    } finally {
      await rm(copy, { recursive: true, force: true });
    }
  }
  return [];
}

const packageForm = '%{NAME}\\t%{EVR}\\t%{ARCH}\\n';

function parsePackages(text: string): InstalledPackage[] {
  const found: InstalledPackage[] = [];
  for (const line of text.split('\n')) {
    const [name, version, arch] = line.split('\t');
    // Keys are kept in the database as if they were packages.
    if (name !== undefined && version !== undefined && arch !== undefined && name !== 'gpg-pubkey')
      found.push({ name, version, arch });
  }
  const key = ({ name, version, arch }: InstalledPackage) => `${name}\0${version}\0${arch}`;
  return found.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
