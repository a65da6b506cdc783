/** Where the packages of an image come from, and what apt is told of it. */

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { archiveName } from './apt.ts';
import { parseSimulation } from './fetch.ts';
import { debianFamily } from './index.ts';
import { debianArch, type Release, releaseOf } from './releases.ts';
import { linesOfServer, parseDeb822, sourcesOf, sourceText } from './sources.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'litehouse-sources-'));
});
afterEach(() => rm(directory, { recursive: true }));

const release: Release = { distribution: 'debian', codename: 'trixie', merged: true, saysMerged: true };

it('knows releases by the names of the tables, and no others', () => {
  expect(releaseOf('debian12')?.codename).toBe('bookworm');
  expect(releaseOf('debian12.11')?.codename).toBe('bookworm');
  expect(releaseOf('ubuntu22.04.3')).toMatchObject({ codename: 'jammy', merged: true, saysMerged: false });
  expect(releaseOf('debian9')?.merged).toBe(false);
  for (const os of ['debian', 'debian99', 'ubuntu22', 'rhels5.4']) expect(releaseOf(os)).toBeUndefined();
  expect(debianArch('x86_64')).toBe('amd64');
  expect(debianArch('ppc64')).toBeUndefined();
});

it("takes the server's own mirrors with their keys, in the image's suites, and no source of a third party", async () => {
  await mkdir(join(directory, 'sources.list.d'));
  await writeFile(
    join(directory, 'sources.list'),
    '# old form\ndeb [signed-by=/k.gpg] http://m.example/debian bookworm main contrib # near\ndeb-src http://m.example/debian bookworm main\n',
  );
  await writeFile(
    join(directory, 'sources.list.d/more.sources'),
    'Types: deb\nURIs: http://s.example/security\nSuites: bookworm-security\nComponents: main\nSigned-By: /usr/share/k2.gpg\n\nTypes: deb\nURIs: https://other.example\nSuites: nodistro\nComponents: main\n',
  );
  await writeFile(
    join(directory, 'sources.list.d/x.sources.disabled'),
    'Types: deb\nURIs: http://no\nSuites: bookworm\nComponents: main\n',
  );
  const lines = await linesOfServer(
    release,
    directory,
    Promise.resolve({ distribution: 'debian', codename: 'bookworm' }),
  );
  expect(lines.map(sourceText)).toEqual([
    'deb [signed-by=/k.gpg] http://m.example/debian trixie main contrib',
    'deb [signed-by=/usr/share/k2.gpg] http://s.example/security trixie-security main',
  ]);
});

it('takes the usual mirror with its keyring where the server runs something else', async () => {
  const lines = await linesOfServer(release, directory, Promise.resolve({ distribution: 'rocky', codename: '' }));
  expect(lines.map(sourceText)).toEqual([
    'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian trixie main',
  ]);
});

it('leaves out what is disabled, and reads several suites of one paragraph', () => {
  const text =
    'Enabled: no\nTypes: deb\nURIs: http://a\nSuites: x\nComponents: main\n\n# note\nTypes: deb deb-src\nURIs: http://b\nSuites: x\n x-updates\nComponents: main\n  extra\n';
  expect(parseDeb822(text).map(sourceText)).toEqual(['deb http://b x main extra', 'deb http://b x-updates main extra']);
});

it('tells a folder of packages from a mirror, and does without the usual otherpkgdir where there is none', async () => {
  await mkdir(join(directory, 'mirror/dists'), { recursive: true });
  await mkdir(join(directory, 'folder'));
  const at = (url: string, from = 'x.repolist:1', type = '') => ({ type, url, alias: 'a', from });
  const { lines, folders } = await sourcesOf(
    [
      at(join(directory, 'mirror')),
      at(join(directory, 'folder')),
      at(join(directory, 'none'), 'the usual otherpkgdir'),
      at('http://h.example/debian'),
    ],
    release,
  );
  expect(lines.map(([, line]) => sourceText(line))).toEqual([
    `deb copy:${directory}/mirror trixie main`,
    'deb http://h.example/debian trixie main',
  ]);
  expect(folders.map(({ from }) => from)).toEqual([join(directory, 'folder')]);
  await expect(sourcesOf([at(join(directory, 'none'))], release)).rejects.toThrow(/x.repolist:1: .*can't be read/);
  await expect(sourcesOf([at('http://h.example', 'x.repolist:2', 'rpm-md')], release)).rejects.toThrow(
    'x.repolist:2: a repository of RPMs',
  );
});

it('reads the order in which apt would call dpkg', () => {
  const text =
    'Reading package lists...\nInst libc6:amd64 [2.35] (2.36-9+deb12u10 Debian:12.11/stable [amd64]) []\nInst tzdata (1:2024a, Debian:12/stable [all])\nConf libc6 (2.36-9 Debian:12.11/stable [amd64])\nRemv nano [7.2-1]\n';
  expect(parseSimulation(text).map(({ does, name, arch }) => `${does} ${name} ${arch}`)).toEqual([
    'Inst libc6 amd64',
    'Inst tzdata all',
    'Conf libc6 amd64',
    'Remv nano ',
  ]);
  expect(archiveName('libc6', '1:2.36~rc1+b_1', 'amd64')).toBe('libc6_1%3a2.36~rc1+b%5f1_amd64.deb');
});

it('takes no file of the server for a package', () => {
  expect(debianFamily.nameFault?.('/usr/bin/perl')).toMatch('apt would read that file of the server');
  expect(debianFamily.nameFault?.('perl')).toBeUndefined();
});
