/** Rules of attributes.csv for files of images. What is wrong with a row is said by the plugin that publishes overlays. */
import { plainRule, readAttributes } from '../plan/attribute-rules.ts';
import type { AttributeRule } from '../plugin/output.ts';
import type { View } from '../resolve/view.ts';

const known = new WeakMap<View, readonly AttributeRule[]>();

/** Rules whose path begins with `images/`, in file order; rows in doubt are left out. */
export function imageAttributes(view: View): readonly AttributeRule[] {
  let rules = known.get(view);
  if (rules === undefined) {
    rules = readAttributes(view)
      .rules.filter(({ folder }) => folder === 'images')
      .map(plainRule);
    known.set(view, rules);
  }
  return rules;
}
