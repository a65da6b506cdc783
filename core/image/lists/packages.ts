/** Lines of a .pkglist or .otherpkgs.pkglist as passes over the package manager. */
import { unsafeName } from '../../diagnostic/catalogue/image.ts';
import type { Position } from '../../diagnostic/diagnostic.ts';
import type { ImageFindings } from '../findings.ts';
import type { PackagePass } from '../recipe.ts';
import { type ListLine, newPass } from './lines.ts';

export interface Packages {
  /** In order; empty ones left out. */
  readonly passes: readonly PackagePass[];
  /** Sub-repositories that otherpkgs names ask for, each once; '' for names without one. */
  readonly folders: readonly string[];
}

type Kind = 'distribution' | 'other';

/** Reads the lines. Several names may stand on a line, with commas or blanks between; `name # why` is a name and a comment.
 *  `familyFault` says what no list of the image's own family may name. */
export function parsePackages(
  lines: readonly ListLine[],
  kind: Kind,
  findings: ImageFindings,
  familyFault?: (name: string) => string | undefined,
): Packages {
  const passes: PackagePass[] = [];
  const folders = new Set<string>();
  let pass: PackagePass = { install: [], removeBefore: [], removeAfter: [] };
  for (const line of lines) {
    if (line.text === newPass) {
      passes.push(pass);
      pass = { install: [], removeBefore: [], removeAfter: [] };
      continue;
    }
    for (const { text, at } of wordsOf(line)) {
      const list = text.startsWith('--') ? pass.removeAfter : text.startsWith('-') ? pass.removeBefore : pass.install;
      const whole = text.replace(/^--?/, '');
      const slash = kind === 'other' && !whole.startsWith('/') && !whole.startsWith('@') ? whole.lastIndexOf('/') : -1;
      const folder = slash === -1 ? '' : whole.slice(0, slash);
      const name = whole.slice(slash + 1).replace(/^@\s+/, '@');
      const why =
        (slash === -1 ? undefined : folderFault(folder)) ??
        nameFault(name, list === pass.install) ??
        familyFault?.(name);
      if (why !== undefined) {
        findings.block(unsafeName(at, { text, why }));
        continue;
      }
      list.push(name);
      if (list === pass.install) folders.add(folder);
    }
  }
  passes.push(pass);
  return {
    passes: passes.filter((one) => Object.values(one).some((names) => names.length > 0)),
    folders: [...folders],
  };
}

function* wordsOf({ text, at }: ListLine): Generator<{ text: string; at: Position }> {
  const end = text.search(/\s#/);
  const content = end === -1 ? text : text.slice(0, end);
  let from = 0;
  for (const piece of content.split(',')) {
    // A group may have blanks in its name: it ends at the comma or the line's end.
    const words = /^\s*-{0,2}@/.test(piece) ? /\S.*\S|\S/g : /\S+/g;
    for (const match of piece.matchAll(words)) {
      yield { text: match[0], at: { ...at, column: at.column + from + match.index } };
    }
    from += piece.length + 1;
  }
}

const plainName = /^[A-Za-z0-9][A-Za-z0-9._+~:*?[\]-]*$/;
const version = /^[A-Za-z0-9][A-Za-z0-9._+~:^-]*$/;
const group = /^@\^?[A-Za-z0-9][\w .+:-]*(\/[A-Za-z0-9][\w.-]*)?$/;
const provided = /^(\/[A-Za-z0-9_][\w.+-]*)+$/;
const packageFile = /\.(rpm|drpm|deb|udeb|dsc|changes)$/i;

/** Why a name is not handed to a package manager; undefined: it is. */
export function nameFault(name: string, install: boolean): string | undefined {
  if (name === '') return 'there is no name';
  if (name.length > 200) return 'it is longer than 200 characters';
  if (name.startsWith('-')) return 'it would be read as an option';
  if (packageFile.test(name)) return 'it would be read as a file of the server; a package is named without the ending';
  if (name.startsWith('@')) return group.test(name) ? undefined : 'it is no name of a group';
  if (name.startsWith('/')) {
    return install && provided.test(name) ? undefined : 'it is no path of a file that a package brings';
  }
  if (name.includes('/')) return 'a folder before the name is for lists of other packages (otherpkgs)';
  const [first = '', ...rest] = name.split('=');
  if (!plainName.test(first)) return 'it has characters that no package name has';
  // apt reads `name-` as a removal.
  if (first.endsWith('-') || name.endsWith('-')) return 'it ends in -, which removes a package';
  if (rest.length === 0) return undefined;
  if (!install) return 'what is removed has no version';
  return rest.length === 1 && version.test(rest[0] ?? '') ? undefined : 'behind = stands no version';
}

function folderFault(folder: string): string | undefined {
  const sound = folder.split('/').every((part) => /^[A-Za-z0-9_][\w.+-]*$/.test(part));
  return sound ? undefined : `'${folder}' is no folder below otherpkgdir`;
}
