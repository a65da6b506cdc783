/** Collects the diagnostics of one file, up to a number that a person can read. */
import { moreProblems } from '../diagnostic/catalogue/tables.ts';
import type { Diagnostic, Position, Severity } from '../diagnostic/diagnostic.ts';

const most = 200;

/** Errors and warnings are counted apart, so that many warnings never hide that there is an error. */
export class Reports {
  readonly #diagnostics: Diagnostic[] = [];
  readonly #counts: Record<Severity, number> = { error: 0, warning: 0 };
  #hidden = 0;

  /** Takes one in; beyond the limit it is only counted, and its text is never made. */
  add(kind: { readonly severity: Severity }, make: () => Diagnostic): void {
    if (this.#counts[kind.severity] >= most) {
      this.#hidden++;
      return;
    }
    this.#counts[kind.severity]++;
    this.#diagnostics.push(make());
  }

  /** All that were taken in, in order, and a note about those that were only counted, placed at `whole`. */
  list(whole: Position): readonly Diagnostic[] {
    if (this.#hidden === 0) return this.#diagnostics;
    return [...this.#diagnostics, moreProblems(whole, { count: this.#hidden })];
  }
}

/** A text with everything replaced that a terminal would obey. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what has to go.
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');
}
