/** Rules of attributes.csv for files of images. What is wrong with a row is said by the plugin that publishes overlays. */
import type { AttributeRule } from '../plugin/output.ts';
import type { View } from '../resolve/view.ts';
import { parseTable } from '../tables/parse.ts';

const schema = {
  name: 'attributes',
  columns: ['path', 'owner', 'group', 'mode', 'comments', 'disable'],
  key: ['path', 'owner', 'group', 'mode'],
  keyedBy: 'literal',
  used: ['path', 'owner', 'group', 'mode'],
  about: 'Owner, group and mode of a path.',
} as const;

const known = new WeakMap<View, readonly AttributeRule[]>();

/** Rules whose path begins with `images/`, in file order; rows in doubt are left out. */
export function imageAttributes(view: View): readonly AttributeRule[] {
  let rules = known.get(view);
  if (rules === undefined) {
    rules = readRules(view.text('attributes.csv'));
    known.set(view, rules);
  }
  return rules;
}

function readRules(text: string | undefined): AttributeRule[] {
  const table = text === undefined ? undefined : parseTable('attributes', 'attributes.csv', text, schema).table;
  return (table?.rows ?? []).flatMap((row) => {
    const { table: of } = row;
    const [path = '', owner = '', group = '', mode = ''] = schema.used.map((column) => of.value(row, column));
    if (!/^images(\/|$)/.test(path) || !/^\d*$/.test(owner + group) || !/^(0?[0-7]{3,4})?$/.test(mode)) return [];
    const parts = path.split('/');
    const deep = parts.at(-1) === '**';
    if (deep || parts.at(-1) === '') parts.pop();
    return {
      path: parts.join('/'),
      deep,
      ...(owner === '' ? {} : { uid: Number(owner) }),
      ...(group === '' ? {} : { gid: Number(group) }),
      ...(mode === '' ? {} : { mode: Number.parseInt(mode, 8) }),
    };
  });
}
