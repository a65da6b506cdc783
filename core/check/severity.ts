/** What the site says about diagnostics: warnings as errors, codes waived with a reason (DESIGN 5). */
import { badWaiver } from '../diagnostic/catalogue/site.ts';
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import type { View } from '../resolve/view.ts';

const truths = new Set(['1', 'yes', 'y', 'true', 'on']);

/**
 * Applies site keys: `litehouse.strict` makes warnings errors; `litehouse.waive.LH310` with a reason as its value drops the
 * warnings of that code. Errors cannot be waived: they stand for outputs that cannot be safe.
 */
export function judgeSeverity(view: View, diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const strict = truths.has((view.site.get('litehouse.strict') ?? '').toLowerCase());
  const waived = new Set<string>();
  const extra: Diagnostic[] = [];
  const site = view.tables.get('site');
  for (const row of site?.rows ?? []) {
    const key = site?.value(row, 'key') ?? '';
    if (site === undefined || !key.startsWith('litehouse.waive.')) continue;
    const code = key.slice('litehouse.waive.'.length);
    const reason = site.value(row, 'value')?.trim() ?? '';
    if (/^LH\d{3}$/.test(code) && reason.length > 3) waived.add(code);
    else extra.push(badWaiver(site.at(row, 'key'), { key }));
  }
  const judged: Diagnostic[] = [];
  for (const diagnostic of [...diagnostics, ...extra]) {
    if (diagnostic.severity === 'error') judged.push(diagnostic);
    else if (!waived.has(diagnostic.code)) judged.push(strict ? { ...diagnostic, severity: 'error' } : diagnostic);
  }
  return judged;
}
