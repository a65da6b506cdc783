/** Lists, scripts and repositories of one image: found, read, and each able to say where it came from. */
import { posix } from 'node:path';
import {
  badImageColumn,
  namedListMissing,
  noPackageList,
  noPackageSource,
  scriptNotExecutable,
} from '../diagnostic/catalogue/image.ts';
import type { Image, View } from '../resolve/view.ts';
import type { Cells } from './columns.ts';
import type { OsFamily } from './family.ts';
import { type CustomFile, customFile, customPath } from './files.ts';
import type { ImageFindings } from './findings.ts';
import { expandList, type ListSource } from './lists/lines.ts';
import { type Packages, parsePackages } from './lists/packages.ts';
import { parsePatterns } from './lists/patterns.ts';
import { belowOf, cellRepositories, parseRepolist } from './lists/repositories.ts';
import { findList, type ListKind } from './lookup.ts';
import type { BaseRecipe, PackageList, PackageRepository } from './recipe.ts';

/** Where one kind of list of an image comes from. */
export interface ListChoice {
  readonly kind: ListKind;
  /** Files taken, in the repository; included files are in the recipe. */
  readonly taken: readonly string[];
  /** The linuximage column that named it; undefined: found by its name. */
  readonly column: string | undefined;
  /** Files that are there and would be taken, were those before them not. */
  readonly passedOver: readonly string[];
}

export type ImageSources = Pick<
  BaseRecipe,
  'repositories' | 'otherRepositories' | 'lists' | 'exlist' | 'postinstall'
> & { readonly choices: readonly ListChoice[] };

const columns: Readonly<Record<ListKind, string | undefined>> = {
  pkglist: 'pkglist',
  'otherpkgs.pkglist': 'otherpkglist',
  exlist: 'exlist',
  postinstall: 'postinstall',
  repolist: undefined,
};

/** Reads everything that the commit says of an image's packages. Faults are in `findings`; never throws. */
export function imageSources(
  view: View,
  image: Image,
  family: OsFamily,
  cells: Cells,
  findings: ImageFindings,
): ImageSources {
  const choices: ListChoice[] = [];
  const files: ListSource = {
    file: (path) => customFile(view, path),
    custom: (path) => customPath(view, path),
  };
  const choose = (kind: ListKind): readonly CustomFile[] => {
    const found = findList(view, image, family.folders(image.os), kind);
    const column = columns[kind];
    const cell = column === undefined ? undefined : cells(column);
    if (cell === undefined) {
      const file = found.taken === undefined ? undefined : customFile(view, found.taken);
      choices.push({
        kind,
        taken: file === undefined ? [] : [file.path],
        column: undefined,
        passedOver: found.passedOver,
      });
      if (file === undefined && kind === 'pkglist') {
        const at = image.row.table.at(image.row, 'imagename');
        findings.block(noPackageList(at, { image: image.name, searched: found.searched }));
      }
      return file === undefined ? [] : [file];
    }
    const named: CustomFile[] = [];
    for (const text of cell.text.split(',').map((part) => part.trim())) {
      if (text === '') continue;
      const path = customPath(view, text);
      const file = path === undefined ? undefined : customFile(view, path);
      if (file !== undefined) named.push(file);
      else {
        const place = path ?? `custom/netboot/${family.name}/${posix.basename(text)}`;
        findings.block(namedListMissing(cell.at, { column: `linuximage.${cell.column}`, path: text, place }));
      }
    }
    const taken = named.map(({ path }) => path);
    const there = found.taken === undefined ? [] : [found.taken, ...found.passedOver];
    choices.push({
      kind,
      taken,
      column: `linuximage.${cell.column}`,
      passedOver: there.filter((path) => !taken.includes(path)),
    });
    return named;
  };
  const expand = (list: readonly CustomFile[]) => {
    const expanded = list.map(({ path }) => expandList(path, files, findings));
    return { files: expanded.flatMap((one) => one.files), lines: expanded.flatMap((one) => one.lines) };
  };
  const lists: PackageList[] = [];
  const packages = (kind: ListKind, of: PackageList['kind']): Packages => {
    const chosen = choose(kind);
    if (chosen.length === 0) return { passes: [], folders: [] };
    const { files: read, lines } = expand(chosen);
    const found = parsePackages(lines, of, findings, family.nameFault);
    lists.push({ kind: of, files: [...read], passes: [...found.passes] });
    return found;
  };
  packages('pkglist', 'distribution');
  const others = packages('otherpkgs.pkglist', 'other');
  const exlist = choose('exlist');
  const patterns = exlist.length === 0 ? undefined : expand(exlist);
  const [script, ...further] = choose('postinstall');
  if (further.length > 0) {
    const cell = cells('postinstall');
    const wanted = 'one script; it may call others of the tree';
    if (cell !== undefined) findings.block(badImageColumn(cell.at, { column: cell.column, text: cell.text, wanted }));
  }
  if (script !== undefined && !script.executable) {
    findings.note(scriptNotExecutable({ file: script.path, line: 0, column: 0 }, { path: script.path }));
  }
  const repolist = choose('repolist').flatMap(({ path }) =>
    parseRepolist(expandList(path, files, findings).lines, view.installdir, findings),
  );
  return {
    choices,
    lists,
    ...(patterns === undefined
      ? {}
      : { exlist: { files: patterns.files, patterns: parsePatterns(patterns.lines, findings) } }),
    ...(script === undefined ? {} : { postinstall: { path: script.path, blob: script.blob } }),
    repositories: distributionRepositories(view, image, family, cells, findings),
    otherRepositories: otherRepositories(view, image, others, repolist, cells, findings),
  };
}

function distributionRepositories(
  view: View,
  image: Image,
  family: OsFamily,
  cells: Cells,
  findings: ImageFindings,
): PackageRepository[] {
  const cell = cells('pkgdir');
  if (cell !== undefined) return cellRepositories(cell, 'distribution', view.installdir, findings);
  const usual = family.defaultRepositories(view, image);
  if (!('missing' in usual)) return [...usual];
  const at = image.row.table.at(image.row, 'osvers');
  findings.block(noPackageSource(at, { image: image.name, why: usual.missing }));
  return [];
}

/**
 * The .repolist, then otherpkgdir with the sub-repositories that names ask for. Where there is a .repolist, the usual otherpkgdir is
 * used for sub-repositories alone: a list that names its repositories does not need an empty directory beside them.
 */
function otherRepositories(
  view: View,
  image: Image,
  others: Packages,
  repolist: readonly PackageRepository[],
  cells: Cells,
  findings: ImageFindings,
): PackageRepository[] {
  const found = [...repolist];
  const cell = cells('otherpkgdir');
  const { installdir } = view;
  const usual = `${installdir}/post/otherpkgs/${image.os}/${image.arch}`;
  const tops: PackageRepository[] =
    cell === undefined
      ? [{ type: '', url: usual, ...below(usual, installdir), alias: 'otherpkgs', from: 'the usual otherpkgdir' }]
      : cellRepositories(cell, 'otherpkgs', installdir, findings);
  for (const folder of others.folders) {
    if (folder === '' && cell === undefined && repolist.length > 0) continue;
    for (const top of tops) {
      const url = folder === '' ? top.url : `${top.url.replace(/\/+$/, '')}/${folder}`;
      if (found.some((other) => other.url === url)) continue;
      const alias = freeAlias(folder === '' ? top.alias : `${top.alias}-${folder.replace(/\//g, '-')}`, found);
      const inside = top.below === undefined ? {} : below(url, installdir);
      found.push({ type: top.type, url, ...inside, alias, from: top.from });
    }
  }
  return found;
}

const below = (path: string, installdir: string): { below?: string } => {
  const found = belowOf(path, installdir);
  return found === undefined ? {} : { below: found };
};

function freeAlias(wanted: string, taken: readonly PackageRepository[]): string {
  let alias = wanted;
  for (let n = 2; taken.some((other) => other.alias === alias); n++) alias = `${wanted}${n}`;
  return alias;
}
