/** Which packages are to blame, out of what rpm, dnf and zypper say. */
import { CommandFailed } from '../../apply/run-command.ts';
import { PackageProblem } from '../base/problem.ts';
import type { RpmRepository } from './repositories.ts';

/** `name-version-release.arch`, perhaps with an epoch before the version, to its name. */
export function nameOf(nevra: string): string {
  return /^(.+)-[^-]+-[^-]+$/.exec(nevra)?.[1] ?? nevra;
}

const sayings: readonly RegExp[] = [
  // dnf: what no repository has.
  /^(?:Error: )?Unable to find a match: (?<names>.+)$/gm,
  /^No match for argument: (?<name>\S+)$/gm,
  /^Module or Group '(?<group>[^']+)' is not available/gm,
  // zypper
  /No provider of 'pattern(?:\(\) = |:)(?<group>[^']+)' found/g,
  /No provider of '(?!pattern[(:])(?<name>[^' =]+)[^']*' found/g,
  /remove lock to allow installation of (?<nevra>[^\s[]+)/g,
  // Both: what keeps a package out.
  /needed by (?:the to be installed )?(?<nevra>[\w.+~^:-]+-[^\s-]+-[\w.+~^]+)/g,
  /package (?<nevra>[\w.+~^:-]+-[^\s-]+-[\w.+~^]+) (?:from \S+ )?(?:requires|conflicts|obsoletes|is filtered|does not)/g,
  /(?<nevra>[\w.+~^:-]+-[^\s-]+-[\w.+~^]+) conflicts with \S+ provided by (?:the installed )?(?<other>\S+)/g,
  /the to be installed (?<nevra>[\w.+~^:-]+-[^\s-]+-[\w.+~^]+) (?:requires|conflicts)/g,
  // rpm
  /file \S+ .*?conflicts .*?of (?<nevra>\S+) and (?<other>\S+)/g,
  /file \S+ from install of (?<nevra>\S+) conflicts with file from package (?<other>\S+)/g,
  /installing package (?<nevra>\S+) needs/g,
  /^error: %\w+\((?<nevra>[^)]+)\)/gm,
  /^error: (?<nevra>\S+): (?:install|erase) failed/gm,
];

/** Names in what a manager said, each once, in the order of the text's kinds. */
export function namesIn(text: string): string[] {
  const names = new Set<string>();
  for (const saying of sayings) {
    for (const { groups = {} } of text.matchAll(saying)) {
      for (const name of groups.names?.split(/\s+/) ?? []) names.add(name.trim());
      if (groups.name !== undefined) names.add(groups.name);
      if (groups.group !== undefined) names.add(`@${groups.group}`);
      for (const nevra of [groups.nevra, groups.other])
        if (nevra !== undefined) names.add(nameOf(nevra.replace(/\.$/, '')));
    }
  }
  names.delete('');
  return [...names];
}

/** Last lines that a message quotes. */
const quoted = 25;

/** A failed command as a problem of packages, or of a repository; other errors as they are. */
export function explained(what: string, error: unknown, repositories: readonly RpmRepository[] = []): unknown {
  if (!(error instanceof CommandFailed) || /^was (stopped|killed)/.test(error.ending)) return error;
  const text = error.output
    .replace(/<[^>]*>/g, '')
    .replaceAll('&apos;', "'")
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const said = (alias: string) =>
    new RegExp(`(repo|repository|metadata for|from) '?\\[?${alias.replace(/[.]/g, '\\.')}\\b`, 'i').test(text);
  const elsewhere = repositories.filter(({ directory }) => directory === undefined);
  const named = elsewhere.filter(({ alias, baseUrl }) => said(alias) || text.includes(baseUrl));
  const unread = /metadata|download|not found on medium|refresh|retriev/i.test(text);
  const away = !unread ? [] : named.length > 0 ? named : /downloading|not found on medium/i.test(text) ? elsewhere : [];
  const where = away.map(({ alias, of }) => `\nrepository ${alias} is ${of.url} (${of.from})`).join('');
  return new PackageProblem(
    `${what} (${error.command[0]} ${error.ending}):\n${lines.slice(-quoted).join('\n')}${where}`,
    namesIn(text),
  );
}
