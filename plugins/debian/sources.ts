/** Lines of sources.list for an image: its repositories, and where it names none those that this server itself uses. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PackageRepository } from '../../core/image/recipe.ts';
import type { Release } from './releases.ts';

/** Stands in a plan for "the apt sources of the server that builds", which a plan can't know. */
export const serverSources = 'server';

/** One line of sources.list in parts. */
export interface SourceLine {
  readonly options: string;
  readonly uri: string;
  readonly suite: string;
  readonly components: string;
}

/** Where folders of bare packages are indexed. */
export interface PlainFolder {
  readonly repository: PackageRepository;
  /** A directory whose packages are to be found below; the index is made elsewhere, it stays untouched. */
  readonly from: string;
}

export function sourceText({ options, uri, suite, components }: SourceLine): string {
  return ['deb', options === '' ? '' : `[${options}]`, uri, suite, components].filter((it) => it !== '').join(' ');
}

/** `deb [options] uri suite components` into parts; undefined: something else. */
export function parseSourceLine(line: string): SourceLine | undefined {
  const [, options = '', uri, suite, components = ''] =
    /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)(?:\s+(.*))?$/.exec(line.replace(/\s#.*$/, '').trim()) ?? [];
  if (uri === undefined || suite === undefined) return undefined;
  return { options: options.trim(), uri, suite, components: components.trim() };
}

/** Paragraphs of a deb822 `.sources` file, one line for each URI and suite. */
export function parseDeb822(text: string): SourceLine[] {
  const lines: SourceLine[] = [];
  for (const paragraph of text.split(/\n\s*\n/)) {
    const fields = new Map<string, string>();
    let last = '';
    for (const line of paragraph.split('\n')) {
      if (line.startsWith('#')) continue;
      const [, name, value] = /^([\w-]+):\s*(.*)$/.exec(line) ?? [];
      if (name !== undefined) {
        last = name.toLowerCase();
        fields.set(last, value?.trim() ?? '');
      } else if (/^\s/.test(line)) fields.set(last, `${fields.get(last) ?? ''}\n${line.trim()}`);
    }
    const words = (name: string) => (fields.get(name) ?? '').split(/\s+/).filter((word) => word !== '');
    if (!words('types').includes('deb') || fields.get('enabled')?.toLowerCase() === 'no') continue;
    const key = fields.get('signed-by') ?? '';
    // A key that is written out in the file has no form in one line; such a source is left out.
    if (key.includes('BEGIN PGP')) continue;
    const options =
      key.trim() === ''
        ? ''
        : `signed-by=${key
            .trim()
            .split(/[\s,]+/)
            .join(',')}`;
    for (const uri of words('uris'))
      for (const suite of words('suites'))
        lines.push({ options, uri, suite, components: words('components').join(' ') });
  }
  return lines;
}

/** The release that this server runs, from os-release. */
async function ownRelease(): Promise<{ distribution: string; codename: string }> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const value = (name: string) => new RegExp(`^${name}="?([^"\\n]*)"?$`, 'm').exec(text)?.[1] ?? '';
  return { distribution: value('ID'), codename: value('VERSION_CODENAME') };
}

async function ownSources(directory: string): Promise<SourceLine[]> {
  const lines: SourceLine[] = [];
  const oneLine = (text: string) => text.split('\n').flatMap((line) => parseSourceLine(line) ?? []);
  lines.push(...oneLine(await readFile(join(directory, 'sources.list'), 'utf8').catch(() => '')));
  for (const name of (await readdir(join(directory, 'sources.list.d')).catch(() => [])).sort()) {
    const text = await readFile(join(directory, 'sources.list.d', name), 'utf8').catch(() => '');
    if (name.endsWith('.list')) lines.push(...oneLine(text));
    else if (name.endsWith('.sources')) lines.push(...parseDeb822(text));
  }
  return lines;
}

/**
 * The server's own sources with the suites of the image's release. Third parties' sources are left out (their suites have other names);
 * where the server runs another distribution, the usual mirror with its usual keyring.
 */
export async function linesOfServer(
  release: Release,
  directory = '/etc/apt',
  host = ownRelease(),
): Promise<SourceLine[]> {
  const { distribution, codename } = await host;
  if (distribution === release.distribution && codename !== '') {
    const lines = (await ownSources(directory)).filter(
      ({ suite }) => suite === codename || suite.startsWith(`${codename}-`),
    );
    const mapped = lines.map((line) => ({ ...line, suite: `${release.codename}${line.suite.slice(codename.length)}` }));
    const usable = mapped.filter(({ options }) => !/trusted=yes/i.test(options));
    if (usable.length > 0) return usable;
  }
  return release.distribution === 'debian'
    ? [
        {
          options: 'signed-by=/usr/share/keyrings/debian-archive-keyring.gpg',
          uri: 'http://deb.debian.org/debian',
          suite: release.codename,
          components: 'main',
        },
      ]
    : [
        {
          options: 'signed-by=/usr/share/keyrings/ubuntu-archive-keyring.gpg',
          uri: 'http://archive.ubuntu.com/ubuntu',
          suite: release.codename,
          components: 'main universe',
        },
      ];
}

/** What each repository of an image is for apt. Directories that are not there yet (the usual otherpkgdir) are left out. */
export async function sourcesOf(
  repositories: readonly PackageRepository[],
  release: Release,
): Promise<{
  readonly lines: readonly (readonly [PackageRepository, SourceLine])[];
  readonly folders: readonly PlainFolder[];
}> {
  const lines: [PackageRepository, SourceLine][] = [];
  const folders: PlainFolder[] = [];
  for (const repository of repositories) {
    const { type, url, from } = repository;
    if (type === serverSources) {
      for (const line of await linesOfServer(release)) lines.push([repository, line]);
      continue;
    }
    if (type === 'rpm-md') throw new Error(`${from}: a repository of RPMs can't serve ${release.distribution}`);
    if (type === 'deb') {
      const line = parseSourceLine(url);
      if (line === undefined) throw new Error(`${from}: no line of sources.list: ${url}`);
      if (/trusted=yes/i.test(line.options))
        throw new Error(
          `${from}: trusted=yes would take packages that nobody signed; name the key with signed-by=, or lay the packages into a plain directory of this server`,
        );
      lines.push([repository, line]);
      continue;
    }
    if (!url.startsWith('/')) {
      if (type === 'plaindir') throw new Error(`${from}: a plain directory lies on this server, and ${url} does not`);
      lines.push([repository, { options: '', uri: url, suite: release.codename, components: 'main' }]);
      continue;
    }
    const names = await readdir(url).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' && from === 'the usual otherpkgdir') return undefined;
      throw new Error(`${from}: ${url} can't be read: ${error.message}`);
    });
    if (names === undefined) continue;
    if (type !== 'plaindir' && names.includes('dists'))
      lines.push([repository, { options: '', uri: `copy:${url}`, suite: release.codename, components: 'main' }]);
    else folders.push({ repository, from: url });
  }
  return { lines, folders };
}
