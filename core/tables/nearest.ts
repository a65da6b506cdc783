/** Finds the name that somebody most likely meant: for messages about mistyped columns, tables, options. */

/**
 * The candidate nearest to `word` by edit distance (insert, delete, replace, swap of neighbours; case ignored), at most
 * `bound` letters away; undefined where none is near. Of words with fewer than five letters only one may differ, and
 * never all of them: `os` is no misspelling of `u`. Of equally near candidates the first is given.
 */
export function nearest(word: string, candidates: Iterable<string>, bound = 2): string | undefined {
  const wanted = word.toLowerCase();
  let best: string | undefined;
  let bestDistance = bound + 1;
  for (const candidate of candidates) {
    const known = candidate.toLowerCase();
    if (known === wanted) return candidate;
    const shorter = Math.min(known.length, wanted.length);
    const limit = Math.min(bestDistance - 1, shorter < 5 ? 1 : bound, shorter - 1);
    if (Math.abs(known.length - wanted.length) > limit) continue;
    const found = distance(wanted, known, limit);
    if (found <= limit) {
      best = candidate;
      bestDistance = found;
    }
  }
  return best;
}

/** Optimal string alignment distance; anything above `limit` may be given as `limit + 1`. */
function distance(a: string, b: string, limit: number): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let value = Math.min((above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (above[j - 1] ?? 0) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        value = Math.min(value, (before[j - 2] ?? 0) + 1);
      }
      row.push(value);
      least = Math.min(least, value);
    }
    if (least > limit + 1) return limit + 1;
    before = above;
    above = row;
  }
  return above[b.length] ?? limit + 1;
}
