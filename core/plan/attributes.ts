/** Finds owner, group and mode of a published path among the rules of attributes.csv (DESIGN 5: the last match wins). */
import type { AttributeRule } from '../plugin/output.ts';

/** Owner and mode that the rules give to a path; undefined members: no rule says. */
export interface Given {
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly mode: number | undefined;
}

/**
 * Gives a function that finds what the rules say of a path: for each of owner, group and mode the last matching rule that
 * sets it. `dir/**` matches dir and everything below it, as where the tree is published. Cost follows the depth of the path, not the number of rules.
 */
export function attributeFinder(rules: readonly AttributeRule[]): (path: string) => Given {
  const exact = new Map<string, number[]>();
  const deep = new Map<string, number[]>();
  for (const [index, rule] of rules.entries()) {
    const map = rule.deep ? deep : exact;
    const list = map.get(rule.path);
    if (list === undefined) map.set(rule.path, [index]);
    else list.push(index);
  }
  return (path) => {
    const matching = [...(exact.get(path) ?? [])];
    for (let up: string | undefined = path; up !== undefined; up = parentOf(up)) matching.push(...(deep.get(up) ?? []));
    matching.sort((left, right) => left - right);
    let given: Given = { uid: undefined, gid: undefined, mode: undefined };
    for (const index of matching) {
      const rule = rules[index];
      if (rule === undefined) continue;
      given = { uid: rule.uid ?? given.uid, gid: rule.gid ?? given.gid, mode: rule.mode ?? given.mode };
    }
    return given;
  };
}

/** The directory above; the top of the repository is none. */
function parentOf(path: string): string | undefined {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? undefined : path.slice(0, slash);
}

/** A deep rule's mode is meant for files: on a directory whoever may read may also enter. */
export function directoryMode(mode: number): number {
  return mode | ((mode & 0o444) >> 2);
}
