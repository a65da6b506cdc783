/** The words of litefile.options and the canonical kinds that they mean in each dialect (RULES, Options). */
import type { LiteKind } from './view.ts';

export type Dialect = 'cookbook' | 'later';

const shared: Readonly<Record<string, LiteKind>> = {
  '': 'link',
  'tmpfs,rw': 'link',
  link: 'link',
  'link,persistent': 'link+persistent',
  'link,ro': 'link+ro',
  'link,con': 'link+con',
  localdisk: 'bind+localdisk',
};

const words: Readonly<Record<Dialect, Readonly<Record<string, LiteKind>>>> = {
  cookbook: {
    ...shared,
    tmpfs: 'link',
    all: 'link',
    rw: 'link',
    persistent: 'link+persistent',
    ro: 'link+ro',
    con: 'link+con',
    bind: 'bind',
    'bind,persistent': 'bind+persistent',
  },
  later: {
    ...shared,
    tmpfs: 'bind',
    rw: 'bind',
    persistent: 'bind+persistent',
    ro: 'bind+ro',
    con: 'bind+con',
  },
};

/** The canonical kind of an option text (undefined or blank: no option); undefined where the dialect lacks the word.
 *  Blanks around words and their case do not matter. */
export function optionKind(text: string | undefined, dialect: Dialect): LiteKind | undefined {
  const word = plainOption(text ?? '');
  return Object.hasOwn(words[dialect], word) ? words[dialect][word] : undefined;
}

/** An option text without what does not matter: case, and blanks around words. */
export function plainOption(text: string): string {
  return text
    .toLowerCase()
    .replace(/\s*,\s*/g, ',')
    .trim();
}

/** The word that a dialect has for a canonical kind; undefined: none (the cookbook has no bind,ro). */
export function optionWord(kind: LiteKind, dialect: Dialect): string | undefined {
  // Of several words the plainest; a blank cell means link too, but cannot be named in a sentence.
  const names = Object.entries(words[dialect]).filter(([word, meaning]) => meaning === kind && word !== '');
  return names.find(([word]) => word === 'tmpfs' || word === 'link')?.[0] ?? names[0]?.[0];
}

/** The words of a dialect as an administrator writes them, for messages. */
export function optionWords(dialect: Dialect): string[] {
  return Object.keys(words[dialect])
    .filter((word) => word !== '')
    .map((word) => (word === 'all' ? 'ALL' : word));
}

/** site key `litehouse.dialect`; anything but `later` is the cookbook's. */
export function dialectOf(site: ReadonlyMap<string, string>): Dialect {
  return site.get('litehouse.dialect') === 'later' ? 'later' : 'cookbook';
}

/** How closely a row's image column names an image: 0 exactly, 1 + n by its n-th group, `everyImage` as ALL or blank;
 *  undefined: not at all (RULES, Which rows apply). */
export const everyImage = 1_000_000;
export function imageRank(column: string | undefined, image: string, groups: readonly string[]): number | undefined {
  if (column === undefined || column === 'ALL') return everyImage;
  if (column === image) return 0;
  const group = groups.indexOf(column);
  return group === -1 ? undefined : 1 + group;
}
