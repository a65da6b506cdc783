/** Whether litefile's option words look like those of the other dialect (RULES, Options). */
import { otherDialect } from '../diagnostic/catalogue/lite.ts';
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import { optionKind, plainOption } from '../resolve/options.ts';
import type { View } from '../resolve/view.ts';
import type { Row } from '../tables/table.ts';

/** Words that only later releases had; in the cookbook's dialect they are accepted, with the one meaning that they can have. */
const laterWords: ReadonlySet<string> = new Set([
  'tmpfs,rw',
  'rw',
  'link',
  'link,persistent',
  'link,ro',
  'link,con',
  'localdisk',
]);

/**
 * One warning with both readings, where a table that nobody has named a dialect for has words of later releases and also
 * words that changed meaning. Bind words in the later dialect are refused as they are read, and need no check.
 */
export function checkDialect(view: View): Diagnostic[] {
  const table = view.tables.get('litefile');
  if (table === undefined || view.site.has('litehouse.dialect')) return [];
  let sign: { row: Row; text: string } | undefined;
  let doubt: { row: Row; text: string; here: string; there: string } | undefined;
  let rows = 0;
  for (const row of table.rows) {
    const text = table.value(row, 'options');
    if (text === undefined) continue;
    const word = plainOption(text);
    if (sign === undefined && laterWords.has(word)) sign = { row, text };
    const here = optionKind(text, 'cookbook');
    const there = optionKind(text, 'later');
    // The cookbook's own words: whoever wrote bind or ALL meant this dialect.
    if (here !== undefined && there === undefined) return [];
    if (here === undefined || there === undefined || here === there) continue;
    rows++;
    doubt ??= { row, text, here, there };
  }
  if (sign === undefined || doubt === undefined) return [];
  const { row, text: word, here, there } = doubt;
  const args = { sign: sign.text, line: sign.row.line, word, here, there, rows };
  return [otherDialect(table.at(row, 'options'), args)];
}
