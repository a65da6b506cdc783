/** Waivers of codes that do not exist: they would wait in silence for a diagnostic that never comes. */
import { badWaiver } from '../diagnostic/catalogue/site.ts';
import { catalogueEntries } from '../diagnostic/codes.ts';
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import type { View } from '../resolve/view.ts';
import { nearest } from '../tables/nearest.ts';

const waiver = 'litehouse.waive.';

/** `plugins`: the codes of the plugins that are loaded. Waivers that are no code at all, or lack a reason, are told where waivers are applied. */
export function checkWaivers(view: View, plugins: Iterable<string>): Diagnostic[] {
  const table = view.tables.get('site');
  const found: Diagnostic[] = [];
  let codes: ReadonlySet<string> | undefined;
  for (const row of table?.rows ?? []) {
    const key = table?.value(row, 'key') ?? '';
    const code = key.slice(waiver.length);
    if (table === undefined || !key.startsWith(waiver) || !/^LH\d{3}$/.test(code)) continue;
    // Without a reason it is told already.
    if ((table.value(row, 'value')?.trim() ?? '').length <= 3) continue;
    codes ??= new Set([...catalogueEntries().map((entry) => entry.code), ...plugins]);
    if (codes.has(code)) continue;
    const near = nearest(code, codes, 1);
    const whose = code.startsWith('LH8') ? 'no plugin that is loaded has this code' : 'there is no such code';
    const why = `${whose}${near === undefined ? '; litehouse help codes lists them' : `; did you mean ${near}?`}`;
    found.push(badWaiver(table.at(row, 'key'), { key, why }));
  }
  return found;
}
