/** Repositories that packages come from: lines of a .repolist, and directories or URLs of linuximage cells. */

import { posix } from 'node:path';
import { unknownRepositoryType, unreadableRepository, unsafeRepository } from '../../diagnostic/catalogue/image.ts';
import type { Position } from '../../diagnostic/diagnostic.ts';
import type { ImageFindings } from '../findings.ts';
import type { PackageRepository } from '../recipe.ts';
import { type ListLine, newPass } from './lines.ts';

/** The original passes over the type, and zypper finds out by itself: these say something to us, in any letters. */
const types: Readonly<Record<string, string>> = { plaindir: 'plaindir', 'rpm-md': 'rpm-md', deb: 'deb' };

/** Other words of zypper and of those who write such lists; what the repository is, is found out. */
const foundOut = new Set(['', 'yast2', 'yast', 'susetags', 'rpmmd', 'repomd', 'yum', 'none']);

/** Reads the lines. A line that ends in its second `|` goes on with the alias on the next, as the cookbook prints it. */
export function parseRepolist(
  lines: readonly ListLine[],
  installdir: string,
  findings: ImageFindings,
): PackageRepository[] {
  const repositories: PackageRepository[] = [];
  const aliases = new Set<string>();
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i];
    if (line === undefined || line.text === newPass) continue;
    const { at } = line;
    let text = line.text;
    const next = lines[i + 1]?.text;
    if (/^[^|]*\|[^|]*\|$/.test(text) && next !== undefined && !next.includes('|') && !/^deb\s/.test(next)) {
      text += ` ${next}`;
      i++;
    }
    const fields =
      /^deb\s/.test(text) && !text.includes('|') ? ['deb', text, ''] : text.split('|').map((field) => field.trim());
    const [word = '', url = '', given = ''] = fields;
    if (fields.length < 2 || fields.length > 3 || url === '') {
      findings.block(unreadableRepository(at, { text, why: "it has not the form 'type | url | alias'" }));
      continue;
    }
    const type = types[word.toLowerCase()] ?? '';
    if (type === '' && !foundOut.has(word.toLowerCase())) findings.note(unknownRepositoryType(at, { word }));
    const alias = given === '' ? `repository${repositories.length + 1}` : given;
    if (aliases.has(alias)) {
      findings.block(unreadableRepository(at, { text, why: `the alias '${alias}' is there already` }));
      continue;
    }
    const found = repositoryOf({ type, url, alias, installdir, at, from: `${at.file}:${at.line}` }, findings);
    if (found === undefined) continue;
    aliases.add(alias);
    repositories.push(found);
  }
  return repositories;
}

/** Directories and URLs of a cell, with commas; a line of sources.list counts as a URL. */
export function cellRepositories(
  cell: { readonly text: string; readonly column: string; readonly at: Position },
  alias: string,
  installdir: string,
  findings: ImageFindings,
): PackageRepository[] {
  const from = `linuximage.${cell.column}, ${cell.at.file}:${cell.at.line}`;
  return cell.text
    .split(',')
    .map((url) => url.trim())
    .filter((url) => url !== '')
    .flatMap((url, i) => {
      const type = /^deb\s/.test(url) ? 'deb' : '';
      const name = i === 0 ? alias : `${alias}${i + 1}`;
      return repositoryOf({ type, url, alias: name, installdir, at: cell.at, from }, findings) ?? [];
    });
}

/** A repository, or undefined: it was reported. */
function repositoryOf(
  given: {
    readonly type: string;
    readonly url: string;
    readonly alias: string;
    readonly installdir: string;
    readonly at: Position;
    readonly from: string;
  },
  findings: ImageFindings,
): PackageRepository | undefined {
  const { type, alias, at, from } = given;
  if (!/^[A-Za-z0-9][\w.:-]{0,99}$/.test(alias)) {
    findings.block(unsafeRepository(at, { what: `'${alias}'`, why: 'an alias has letters, digits and . _ : -' }));
    return undefined;
  }
  const words = given.url.replace(/^deb\s+/, '');
  const source = type === 'deb' ? /^(\[[^\]]*\]\s+)?(\S+)(\s.*)?$/.exec(words) : undefined;
  const url = source === undefined ? given.url : (source?.[2] ?? '');
  const why = urlFault(url, type) ?? (source ? debFault(source[1], source[3] ?? '') : undefined);
  if (why !== undefined) {
    // Never the URL itself, which may have a password in it.
    if (why.unsafe) findings.block(unsafeRepository(at, { what: `'${alias}'`, why: why.text }));
    else findings.block(unreadableRepository(at, { text: given.url, why: why.text }));
    return undefined;
  }
  if (type === 'deb') return { type, url: `deb ${words.replace(/\s+/g, ' ').trim()}`, alias, from };
  const directory = url.startsWith('file://') ? url.slice('file://'.length) : url;
  if (!directory.startsWith('/')) return { type, url, alias, from };
  const path = posix
    .normalize(directory)
    .replace(/\/+/g, '/')
    .replace(/(.)\/$/, '$1');
  const wide = folderFault(path, given.installdir);
  if (wide !== undefined) {
    findings.block(unsafeRepository(at, { what: `'${alias}' (${path})`, why: wide }));
    return undefined;
  }
  const below = belowOf(path, given.installdir);
  return { type, url: path, ...(below === undefined ? {} : { below }), alias, from };
}

/** Folders of a system; a folder of packages may lie below them, but is none of them. */
const systemFolders = new Set(
  '/ /bin /boot /dev /etc /home /lib /lib64 /proc /root /run /sbin /sys /tmp /usr /usr/lib /usr/share /var /var/lib'.split(
    ' ',
  ),
);

/** Of the installdir: what litehouse makes there itself. */
const builtFolders = ['netboot', '.litehouse'];

/** The server looks through such a folder as root: it is never a whole system, nor one that images are built in. */
function folderFault(path: string, installdir: string): string | undefined {
  if (systemFolders.has(path) || /^\/(proc|sys|dev|etc)\//.test(path))
    return 'it is a folder of the system, which the server would look through as a whole';
  for (const top of [installdir, '/install']) {
    if (path === top || top.startsWith(`${path}/`))
      return `the installdir ${top === path ? 'is that folder' : 'lies in it'}, with all trees of images: name the folder of the packages`;
    const built = builtFolders.map((name) => `${top}/${name}`).find((it) => path === it || path.startsWith(`${it}/`));
    if (built !== undefined) return `images are built in ${built}: put the packages elsewhere, and name that folder`;
  }
  return undefined;
}

/** Where a directory lies below root `install`; `/install` is that root too, as lists from elsewhere name it. */
export function belowOf(path: string, installdir: string): string | undefined {
  for (const top of [installdir, '/install']) if (path.startsWith(`${top}/`)) return path.slice(top.length + 1);
  return undefined;
}

interface UrlFault {
  readonly text: string;
  readonly unsafe: boolean;
}

const urlText = /^([A-Za-z0-9:/?&=%+._~@!;()*-]|\$(releasever|basearch|arch)\b)+$/;

function urlFault(url: string, type: string): UrlFault | undefined {
  const scheme = /^([A-Za-z][\w+.-]*):/.exec(url)?.[1]?.toLowerCase();
  const schemes = type === 'deb' ? ['http', 'https', 'ftp', 'file', 'copy'] : ['http', 'https', 'ftp', 'file'];
  if (scheme === undefined && !url.startsWith('/')) {
    return { text: 'it is neither a URL nor a directory from / on', unsafe: url.startsWith('-') };
  }
  if (scheme !== undefined && !schemes.includes(scheme)) return { text: `'${scheme}:' is not taken`, unsafe: true };
  if (/^[^/]*\/\/[^/]*:[^/]*@/.test(url)) return { text: 'it has a password', unsafe: true };
  if (!urlText.test(url)) return { text: 'it has characters that no URL has', unsafe: true };
  const local = scheme === undefined ? url : scheme === 'file' || scheme === 'copy' ? url.slice(scheme.length + 1) : '';
  if (scheme === 'file' && !url.startsWith('file:///') && type !== 'deb') {
    return { text: "'file://' stands before a directory from / on", unsafe: false };
  }
  if (local.split('/').includes('..')) return { text: "a directory has no '..'", unsafe: false };
  return undefined;
}

const debOption = /^(arch=[\w,-]+|trusted=(yes|no)|signed-by=[\w./-]+|check-valid-until=(yes|no)|lang=[\w,-]+)$/i;

function debFault(options: string | undefined, rest: string): UrlFault | undefined {
  for (const option of (options ?? '').replace(/[[\]]/g, '').split(/\s+/)) {
    if (option !== '' && !debOption.test(option)) return { text: `the option '${option}' is not taken`, unsafe: true };
  }
  const [suite, ...components] = rest.split(/\s+/).filter((word) => word !== '');
  if (suite === undefined) return { text: 'behind the URL stands no suite', unsafe: false };
  const sound = [suite, ...components].every((word) => /^[A-Za-z0-9.][\w./+~-]*$/.test(word));
  if (!sound) return { text: 'a suite or component has characters that none has', unsafe: true };
  if (components.length === 0 && !suite.endsWith('/'))
    return { text: 'behind the suite stands no component', unsafe: false };
  return undefined;
}
