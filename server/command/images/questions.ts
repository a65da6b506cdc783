/** What genimage asks for when it is not told: the choices that the repository has, and the questions on a terminal. */
import { posix } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { findImage } from '../../../core/edit/nodeset.ts';
import type { Image, View } from '../../../core/resolve/view.ts';
import { nearest } from '../../../core/tables/nearest.ts';
import { Failure } from '../failure.ts';

/** What an image is made of, as options and answers say it; undefined: not said. */
export interface Wanted {
  readonly image: string | undefined;
  readonly os: string | undefined;
  readonly arch: string | undefined;
  readonly profile: string | undefined;
  /** linuximage columns. */
  readonly cells: Readonly<Record<string, string | undefined>>;
}

/** Gives the person's answer, '' for none. */
export type Ask = (question: string) => Promise<string>;

export interface Choices {
  readonly os: readonly string[];
  readonly arch: readonly string[];
  profiles(os: string): readonly string[];
}

/** What the repository has: in its images, its nodes, and its package lists. */
export function choicesOf(view: View): Choices {
  const images = [...view.images.values()];
  const column = (name: 'os' | 'arch' | 'profile'): string[] => {
    const table = view.tables.get('nodetype');
    const rows = (table?.rows ?? []).flatMap((row) => table?.value(row, name) ?? []);
    // A pattern of a group row is no value.
    return rows.filter((text) => /^[A-Za-z0-9][\w.+-]*$/.test(text));
  };
  const profiles = new Set([...images.map(({ profile }) => profile), ...column('profile')]);
  const included = includedLists(view);
  const lists = view.folder('custom').entries.flatMap(({ path }) => {
    const [, folder, name] = /^netboot\/([^/]+)\/([^/]+)\.pkglist$/.exec(path) ?? [];
    // A part of other lists is no profile, unless somebody uses it as one.
    if (included.has(path) && !profiles.has(name?.split('.')[0] ?? '')) return [];
    return folder === undefined || name === undefined || name.endsWith('.otherpkgs') ? [] : [[folder, name] as const];
  });
  const sorted = (words: Iterable<string>): string[] => [...new Set(words)].sort();
  return {
    os: sorted([...images.map(({ os }) => os), ...column('os')]),
    arch: sorted([...images.map(({ arch }) => arch), ...column('arch')]),
    profiles(os) {
      const stem = /^[a-z]+/i.exec(os)?.[0] ?? '';
      const near = images.filter((image) => image.os === os).map(({ profile }) => profile);
      // Folders are named by family (`rh`, `debian`) or by the system (`rhels5.4`).
      const folders = lists.filter(([folder]) => stem.startsWith(folder) || folder.startsWith(stem));
      const named = (folders.length > 0 ? folders : lists).map(([, name]) => name.split('.')[0] ?? name);
      return sorted([...near, ...named]);
    },
  };
}

/** Package lists, below custom/, that another one includes. */
function includedLists(view: View): Set<string> {
  const included = new Set<string>();
  for (const { path } of view.folder('custom').entries) {
    if (!path.startsWith('netboot/') || !path.endsWith('.pkglist')) continue;
    const at = `custom/${path}`;
    for (const [, text = ''] of (view.text(at) ?? '').matchAll(/^#INCLUDE:(.*)#\s*$/gm)) {
      const wanted = text.trim().replace(/^\/install\/custom\//, '/');
      const to = wanted.startsWith('/') ? posix.normalize(`custom${wanted}`) : posix.join(posix.dirname(at), wanted);
      if (to !== at) included.add(to.slice('custom/'.length));
    }
  }
  return included;
}

/** The image with these values that is meant where nobody named one: of several the one with the usual name. */
export function imageWith(
  view: View,
  { os, arch, profile }: { os: string; arch: string; profile: string },
): Image | undefined {
  const alike = [...view.images.values()].filter((it) => it.os === os && it.arch === arch && it.profile === profile);
  return alike.find(({ name }) => name === usualName({ os, arch, profile })) ?? alike[0];
}

export function usualName({ os, arch, profile }: { os: string; arch: string; profile: string }): string {
  return `${os}-${arch}-statelite-${profile}`;
}

const optional = [
  ['nodebootif', 'boot interface'],
  ['netdrivers', 'network drivers, with commas'],
  ['otherifce', 'other interfaces, with commas'],
  ['kernelver', 'kernel version (nothing: the newest)'],
] as const;

/** Asks for os, architecture and profile, and, where `all`, for the rest; answers that are empty take what stands in brackets. */
export async function askWanted(
  wanted: Wanted,
  view: View,
  options: { readonly ask: Ask; readonly all: boolean; readonly arch: string },
): Promise<Wanted> {
  const { ask, all } = options;
  const choices = choicesOf(view);
  const named = wanted.image === undefined ? undefined : view.images.get(wanted.image);
  const one = async (what: string, given: string | undefined, usual: string | undefined, of: readonly string[]) => {
    if (given !== undefined) return given;
    const hint = of.length === 0 ? '' : ` (${of.join(', ')})`;
    for (;;) {
      const answer = (await ask(`${what}${hint}${usual === undefined ? '' : ` [${usual}]`}: `)).trim();
      const taken = answer === '' ? usual : answer;
      if (taken !== undefined) return taken;
    }
  };
  const os = await one('Operating system', wanted.os, named?.os, choices.os);
  const arch = all
    ? await one('Architecture', wanted.arch, named?.arch ?? options.arch, choices.arch)
    : (wanted.arch ?? named?.arch ?? options.arch);
  const profile = await one('Profile', wanted.profile, named?.profile, choices.profiles(os));
  const image = named ?? imageWith(view, { os, arch, profile });
  const cells: Record<string, string | undefined> = { ...wanted.cells };
  if (all) {
    for (const [column, what] of optional) {
      if (cells[column] !== undefined) continue;
      const now = image === undefined ? undefined : cellOf(view, image.name, column);
      const answer = (
        await ask(`${what[0]?.toUpperCase()}${what.slice(1)}${now === undefined ? '' : ` [${now}]`}: `)
      ).trim();
      if (answer !== '') cells[column] = answer;
    }
  }
  return { ...wanted, os, arch, profile, cells };
}

/** A cell of an image's linuximage row. */
export function cellOf(view: View, image: string, column: string): string | undefined {
  const table = view.tables.get('linuximage');
  const row = table?.rows.find((it) => table.value(it, 'imagename') === image);
  return row === undefined ? undefined : table?.value(row, column);
}

/** An image that was named and is not there: the one that was meant, and how to make it. */
export function noSuchImage(view: View, name: string): Failure {
  const found = findImage(view, name);
  const near = 'fault' in found ? nearest(name, view.images.keys()) : found.name;
  const names = [...view.images.keys()];
  const there = names.length === 0 ? 'there is none yet' : `there are: ${names.slice(0, 20).join(', ')}`;
  return new Failure({
    what: `there is no image '${name}'`,
    mend: `${near === undefined ? there : `did you mean ${near}?`} A new one of that name: litehouse genimage ${name} -o OS -p PROFILE`,
    status: 1,
  });
}

/** What is missing though nobody is there to ask. */
export function missing(wanted: Wanted, view: View): Failure | undefined {
  const choices = choicesOf(view);
  const open = [
    ...(wanted.os === undefined ? [['-o', 'OS', choices.os] as const] : []),
    ...(wanted.profile === undefined ? [['-p', 'PROFILE', choices.profiles(wanted.os ?? '')] as const] : []),
  ];
  if (open.length === 0) return undefined;
  if (wanted.image !== undefined && !view.images.has(wanted.image)) return noSuchImage(view, wanted.image);
  return new Failure({
    what: `genimage needs ${open.map(([option, word]) => `${option} ${word}`).join(' and ')}, or the name of an image`,
    why: 'nobody is at a terminal to be asked',
    mend: open
      .map(([option, , of]) => `${option}: ${of.length === 0 ? 'the repository has none yet' : of.join(', ')}`)
      .join('; '),
  });
}

/** Asks a person at the terminal; questions go to stderr. Undefined where nobody is there. */
export function terminalAsk(): { readonly ask: Ask; close(): void } | undefined {
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) return undefined;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const left = new Promise<never>((_, reject) => {
    // ^D and ^C: a question that is open would never be answered.
    lines.once('close', () =>
      reject(new Failure({ what: 'no answer', mend: 'say it on the command line: litehouse genimage --help' })),
    );
  });
  left.catch(() => undefined);
  return { ask: (question) => Promise.race([lines.question(question), left]), close: () => lines.close() };
}
