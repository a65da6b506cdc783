/** A reason that names the node that it is about, said of any node: nodes of equal reasons are told in one line. */

const part = /[\w-]/;

/** `waiting behind n12` for n12 is `waiting behind the node`; the n12 in `debian12` is none. */
export function ofTheNode(why: string, node: string): string {
  let text = '';
  let from = 0;
  for (let at = why.indexOf(node); at !== -1; at = why.indexOf(node, at + node.length)) {
    const end = at + node.length;
    const before = part.test(why[at - 1] ?? '') || why[at - 1] === '.';
    // A full stop behind a name ends the sentence; one before a letter does not.
    const after = part.test(why[end] ?? '') || (why[end] === '.' && part.test(why[end + 1] ?? ''));
    if (before || after) continue;
    text += `${why.slice(from, at)}the node`;
    from = end;
  }
  return text + why.slice(from);
}
