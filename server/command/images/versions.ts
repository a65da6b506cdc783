/** The texts of `images/<name>/lock` and `images/<name>/taken`, and what changes from one lock to another. Pure. */
import type { RepositoryReport } from '../../../core/plugin/plugin.ts';

export interface LockText {
  readonly text: string;
  readonly locked: number;
  /** Names that are there in several versions: a lock has one of each, so they are left out. */
  readonly several: readonly string[];
}

/** A line `name version` for each package. Keys that RPM keeps as packages are none. */
export function lockText(
  image: string,
  packages: readonly { readonly name: string; readonly version: string }[],
): LockText {
  const versions = new Map<string, Set<string>>();
  for (const { name, version } of packages) {
    if (name === 'gpg-pubkey') continue;
    const known = versions.get(name);
    if (known === undefined) versions.set(name, new Set([version]));
    else known.add(version);
  }
  const several = [...versions].filter(([, found]) => found.size > 1).map(([name]) => name);
  const lines = [...versions]
    .filter(([, found]) => found.size === 1)
    .map(([name, [version]]) => `${name} ${version}`)
    .sort();
  const head = [
    `# The versions that ${image} is built with, 'name version'. Written by litehouse images lock and images update.`,
    ...several.sort().map((name) => `# ${name} is there in several versions, and is not locked.`),
  ];
  return { text: [...head, ...lines, ''].join('\n'), locked: lines.length, several };
}

/** Lines of a lock that differ. */
export function lockChanges(before: string, after: string): string[] {
  const read = (text: string) => new Map(text.split('\n').flatMap((line) => lineOf(line)));
  const [old, now] = [read(before), read(after)];
  const names = [...new Set([...old.keys(), ...now.keys()])].sort();
  return names.flatMap((name) => {
    const [from, to] = [old.get(name), now.get(name)];
    if (from === to) return [];
    if (from === undefined) return [`+ ${name} ${to}`];
    return [to === undefined ? `- ${name} ${from}` : `~ ${name} ${from} -> ${to}`];
  });
}

function lineOf(line: string): [string, string][] {
  const [name, version] = line.replace(/#.*$/, '').trim().split(/\s+/);
  return name === undefined || version === undefined ? [] : [[name, version]];
}

/** The same text for the same metadata, so that nothing is committed where nothing is new. */
export function takenText(image: string, repositories: RepositoryReport['repositories']): string {
  const lines = repositories.map(({ alias, url, date, digest }) =>
    // A repository's url may carry a password; what is committed does not.
    [alias, date ?? '-', digest, url.replace(/\/\/[^/@\s]*@/g, '//')].join(' '),
  );
  return [
    `# How the repositories of ${image} stood when litehouse images update looked: alias, date, digest of metadata, url.`,
    ...lines,
    '',
  ].join('\n');
}
