/** Makes names out of the forms that count: `n[01-04,07]`, `n01+3`, `n01-n04`, `n01:n04`. */

export interface CountError {
  readonly message: string;
  readonly mend: string;
}

/** A way to make names, and how many there will be, known before any is made. */
export interface CountedNames {
  readonly count: number;
  names(): Iterable<string>;
}

type Counted = CountedNames | { readonly error: CountError } | undefined;

/** Numbers of more digits than this are not counted with. */
const longestNumber = 15;
/** Brackets in one name, and the length of a name that `+K` counts from: bounds on what a hostile text can cost. */
const mostBrackets = 16;
const longestName = 300;

function counter(
  from: string,
  to: string,
  before: string,
  after: string,
): CountedNames | { readonly error: CountError } {
  if (from.length > longestNumber || to.length > longestNumber) {
    return {
      error: { message: `the number ${from} or ${to} is too long`, mend: `use at most ${longestNumber} digits` },
    };
  }
  const first = Number(from);
  const last = Number(to);
  if (last < first) {
    return { error: { message: `the range ${from}-${to} runs backwards`, mend: `write ${to}-${from}` } };
  }
  return {
    count: last - first + 1,
    *names() {
      for (let n = first; n <= last; n++) yield before + String(n).padStart(from.length, '0') + after;
    },
  };
}

/** `pre[a-b,c:d,e]post`, any number of brackets: all combinations. The left number's width is the padding. */
export function bracketNames(text: string): Counted {
  if (!text.includes('[')) return undefined;
  const lists: (readonly string[] | CountedNames[])[] = [];
  let count = 1;
  let rest = text;
  while (rest !== '') {
    const open = rest.indexOf('[');
    const literal = open < 0 ? rest : rest.slice(0, open);
    if (literal.includes(']')) return { error: { message: '"]" without "["', mend: 'open the bracket before it' } };
    if (literal !== '') lists.push([literal]);
    if (open < 0) break;
    if (lists.length > 2 * mostBrackets) {
      return { error: { message: `more than ${mostBrackets} brackets in one name`, mend: 'name a group instead' } };
    }
    const close = rest.indexOf(']', open);
    const items: CountedNames[] = [];
    let size = 0;
    for (const raw of rest.slice(open + 1, close).split(',')) {
      const item = bracketItem(raw.trim());
      if ('error' in item) return item;
      items.push(item);
      size += item.count;
    }
    lists.push(items);
    count *= size;
    rest = rest.slice(close + 1);
  }
  return { count, names: () => combine(lists, 0, '') };
}

function bracketItem(text: string): CountedNames | { readonly error: CountError } {
  const range = /^(\d+)[-:](\d+)$/.exec(text);
  if (range !== null) return counter(range[1] ?? '', range[2] ?? '', '', '');
  if (/^[A-Za-z0-9._]+$/.test(text)) return { count: 1, names: () => [text] };
  return {
    error: { message: `"${text}" can't stand in brackets`, mend: 'list numbers and ranges of numbers: [01-04,07]' },
  };
}

function* combine(
  lists: readonly (readonly string[] | CountedNames[])[],
  index: number,
  made: string,
): Generator<string> {
  const list = lists[index];
  if (list === undefined) {
    yield made;
    return;
  }
  for (const item of list) {
    if (typeof item === 'string') yield* combine(lists, index + 1, made + item);
    else for (const name of item.names()) yield* combine(lists, index + 1, made + name);
  }
}

/** `name+K`: the name and the K after it, by its last number (before a domain, if it has one). */
export function plusNames(text: string): Counted {
  const plus = /^(.+)\+(\d+)$/s.exec(text);
  if (plus === null || text.length > longestName) return undefined;
  const [, name = '', further = ''] = plus;
  const parts = /^([^.]*?)(\d+)(\..*)?$/s.exec(name) ?? /^(.*?)(\d+)(\D*)$/s.exec(name);
  if (parts === null) {
    return { error: { message: `"${name}" has no number to count from`, mend: 'write a name such as n01+3' } };
  }
  const [, before = '', from = '', after = ''] = parts;
  const to = Number(from) + Number(further);
  if (!Number.isSafeInteger(to)) return { error: { message: `${text} counts too far`, mend: 'use a smaller number' } };
  return counter(from, String(to), before, after);
}

/**
 * `a-b` or `a:b`: two names of the same shape that differ in one number. With hyphens in the names, the middle one
 * of an odd number of hyphens parts them. Undefined where the text is a plain name that merely has a hyphen.
 */
export function spanNames(text: string): Counted {
  const sides = splitSpan(text);
  if (sides === undefined) return undefined;
  const [left, right] = sides;
  if (left === right) return { count: 1, names: () => [left] };
  const a = left.split(/(\d+)/);
  const b = right.split(/(\d+)/);
  if (a.length !== b.length) return undefined;
  let at = -1;
  for (let i = 0; i < a.length; i++) {
    if (a[i] === b[i]) continue;
    if (i % 2 === 0) return undefined;
    if (at >= 0) {
      return {
        error: {
          message: `"${left}" and "${right}" differ in more than one number`,
          mend: 'use brackets, which take all combinations: a[1-2]b[1-2]',
        },
      };
    }
    at = i;
  }
  return counter(a[at] ?? '', b[at] ?? '', a.slice(0, at).join(''), a.slice(at + 1).join(''));
}

function splitSpan(text: string): readonly [string, string] | undefined {
  const colon = text.indexOf(':');
  if (colon >= 0) return [text.slice(0, colon), text.slice(colon + 1)];
  const pieces = text.split('-');
  if (pieces.length % 2 !== 0) return undefined;
  const half = pieces.length / 2;
  return [pieces.slice(0, half).join('-'), pieces.slice(half).join('-')];
}
