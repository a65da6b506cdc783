/** What the site says about diagnostics: warnings as errors, codes waived with a reason (DESIGN 5). */
import { badWaiver } from '../diagnostic/catalogue/site.ts';
import { moreProblems } from '../diagnostic/catalogue/tables.ts';
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import type { View } from '../resolve/view.ts';

const truths = new Set(['1', 'yes', 'y', 'true', 'on']);
const falsehoods = new Set(['', '0', 'no', 'n', 'false', 'off']);

/** What a value of litehouse.strict says; undefined: neither. */
export function strictness(text: string | undefined): boolean | undefined {
  const word = (text ?? '').trim().toLowerCase();
  if (truths.has(word)) return true;
  return falsehoods.has(word) ? false : undefined;
}

/**
 * Applies site keys: `litehouse.strict` makes warnings errors; `litehouse.waive.LH310` with a reason as its value drops the
 * warnings of that code. Errors cannot be waived: they stand for outputs that cannot be safe.
 */
export function judgeSeverity(view: View, diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const strict = strictness(view.site.get('litehouse.strict')) === true;
  const waived = new Set<string>();
  const extra: Diagnostic[] = [];
  const errors = new Set(diagnostics.filter(({ severity }) => severity === 'error').map(({ code }) => code));
  const site = view.tables.get('site');
  for (const row of site?.rows ?? []) {
    const key = site?.value(row, 'key') ?? '';
    if (site === undefined || !key.startsWith('litehouse.waive.')) continue;
    const code = key.slice('litehouse.waive.'.length);
    const reason = site.value(row, 'value')?.trim() ?? '';
    let why: string | undefined;
    if (!/^LH\d{3}$/.test(code) || reason.length <= 3) why = 'it takes a code such as LH310 and a reason as its value';
    else if (errors.has(code)) why = `${code} is an error, and errors cannot be waived`;
    if (why === undefined) waived.add(code);
    else extra.push(badWaiver(site.at(row, 'key'), { key, why }));
  }
  const kept = [...diagnostics, ...extra].filter(({ code, severity }) => severity === 'error' || !waived.has(code));
  return firstOfEachKind(kept).map((diagnostic) => (strict ? { ...diagnostic, severity: 'error' } : diagnostic));
}

/** More of one kind in one file than this say nothing new: they are counted. */
const most = 200;

/** Ten thousand MACs that cannot be read are two hundred diagnostics and a number. */
function firstOfEachKind(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const counts = new Map<string, number>();
  const hidden = new Map<string, number>();
  const kept: Diagnostic[] = [];
  for (const diagnostic of diagnostics) {
    const file = diagnostic.at?.file ?? '';
    const kind = `${diagnostic.code} ${file}`;
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    if (count <= most) kept.push(diagnostic);
    else hidden.set(file, (hidden.get(file) ?? 0) + 1);
  }
  for (const [file, count] of hidden) {
    kept.push(moreProblems(file === '' ? undefined : { file, line: 0, column: 0 }, { count }));
  }
  return kept;
}
