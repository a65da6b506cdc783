/** Folds node names into the short noderange that stands for them: `n[0001-0100,0200],login1`. */

/** Longer runs of digits are not counted with, here as in the expansion. */
const longestNumber = 15;

/** Names that differ in one number only. */
interface Family {
  readonly before: string;
  readonly after: string;
  /** The numbers as written, in ascending order, padded or not. */
  readonly numbers: string[];
}

/** One comma-separated part of the result. */
interface Part {
  /** The first name that it stands for; parts are shown in the order of these. */
  readonly first: string;
  readonly before: string;
  readonly after: string;
  /** What stands in the brackets; undefined for a single name. */
  readonly items: readonly string[] | undefined;
}

/**
 * The noderange of a set of names, folded on one number of each name: the last one that varies. Names may come in any
 * order and repeatedly; the same set always gives the same text, and expanding it gives the set back.
 *
 * @param limit the longest text wanted, in characters; a longer one is cut and ends in `… (9,950 nodes)`, the whole number
 * @example foldNodes(['n01', 'n02', 'n03', 'login1']) // 'login1,n[01-03]'
 */
export function foldNodes(names: Iterable<string>, limit?: number): string {
  const unique = new Set(names);
  const parts: Part[] = [];
  let pending: readonly string[] = [...unique];
  // Singles of one round try the number before it in the next: `r01n1,r02n1` fold on their first number.
  for (let round = 0; pending.length > 0; round++) {
    const families = new Map<string, Family>();
    for (const name of pending) {
      const place = numberFromEnd(name, round);
      if (place === undefined) {
        parts.push(single(name));
        continue;
      }
      const before = name.slice(0, place.start);
      const after = name.slice(place.end);
      const key = `${before}\0${after}`;
      let family = families.get(key);
      if (family === undefined) {
        family = { before, after, numbers: [] };
        families.set(key, family);
      }
      family.numbers.push(name.slice(place.start, place.end));
    }
    const singles: string[] = [];
    for (const family of families.values()) {
      if (family.numbers.length === 1) singles.push(family.before + (family.numbers[0] ?? '') + family.after);
      else parts.push(foldFamily(family));
    }
    pending = singles;
  }
  parts.sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0));
  return write(parts, unique.size, limit);
}

function single(name: string): Part {
  return { first: name, before: name, after: '', items: undefined };
}

/** The digits that are the `round`-th number of a name, counted from its end. */
function numberFromEnd(name: string, round: number): { readonly start: number; readonly end: number } | undefined {
  let end = name.length;
  for (let seen = 0; ; end--) {
    while (end > 0 && !isDigit(name.charCodeAt(end - 1))) end--;
    if (end === 0) return undefined;
    let start = end;
    while (start > 0 && isDigit(name.charCodeAt(start - 1))) start--;
    if (end - start <= longestNumber && seen++ === round) return { start, end };
    end = start + 1;
  }
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** Finds the runs: a number continues the run that expects exactly its text, so that 9, 10 run on and 9, 010 do not. */
function foldFamily(family: Family): Part {
  const { numbers, before, after } = family;
  numbers.sort((a, b) => Number(a) - Number(b) || a.length - b.length);
  const runs: { readonly from: string; to: string }[] = [];
  const expecting = new Map<string, { readonly from: string; to: string }>();
  for (const number of numbers) {
    let run = expecting.get(number);
    if (run === undefined) {
      run = { from: number, to: number };
      runs.push(run);
    } else {
      expecting.delete(number);
      run.to = number;
    }
    const next = String(Number(number) + 1).padStart(run.from.length, '0');
    if (!expecting.has(next)) expecting.set(next, run);
  }
  const items = runs.map((run) => (run.from === run.to ? run.from : `${run.from}-${run.to}`));
  return { first: before + (numbers[0] ?? '') + after, before, after, items };
}

function write(parts: readonly Part[], count: number, limit: number | undefined): string {
  const texts = parts.map((part) =>
    part.items === undefined ? part.before : `${part.before}[${part.items.join(',')}]${part.after}`,
  );
  const whole = texts.join(',');
  if (limit === undefined || whole.length <= limit) return whole;
  const tail = `… (${count.toLocaleString('en-US')} nodes)`;
  const room = limit - tail.length;
  let text = '';
  for (const [index, full] of texts.entries()) {
    if (text.length + full.length + 1 > room) return text + openingOf(parts[index], room - text.length) + tail;
    text += `${full},`;
  }
  return text + tail;
}

/** As much of a part's brackets as fits, left open at a comma; nothing where not even one item fits. */
function openingOf(part: Part | undefined, room: number): string {
  if (part?.items === undefined) return '';
  let text = `${part.before}[`;
  const empty = text;
  for (const item of part.items) {
    if (text.length + item.length + 1 > room) break;
    text += `${item},`;
  }
  return text === empty ? '' : text;
}
