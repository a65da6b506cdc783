/** What planning an image finds: diagnostics for the pusher, and of these what keeps the image from being built. */
import type { Diagnostic } from '../diagnostic/diagnostic.ts';

const blocking = new WeakSet<Diagnostic>();

/** Whether a finding keeps an image from being built. */
export const isFault = (diagnostic: Diagnostic): boolean => blocking.has(diagnostic);

/** Faults of `after` that `before` has not, however lines have moved meanwhile. */
export function addedFaults(before: readonly Diagnostic[], after: readonly Diagnostic[]): Diagnostic[] {
  const keyOf = ({ code, at, message }: Diagnostic): string => JSON.stringify([code, at?.file, message]);
  const known = new Map<string, number>();
  for (const one of before) if (isFault(one)) known.set(keyOf(one), (known.get(keyOf(one)) ?? 0) + 1);
  return after.filter((one) => {
    if (!isFault(one)) return false;
    const left = known.get(keyOf(one)) ?? 0;
    known.set(keyOf(one), left - 1);
    return left <= 0;
  });
}

/**
 * A fault does not refuse a push: the image is planned all the same, with the faults in its recipe, and its build fails with their
 * text. So its nodes keep their running set, and an unrelated fix can be pushed (DESIGN 5: errors only where a safe output is impossible).
 */
export class ImageFindings {
  readonly diagnostics: Diagnostic[] = [];
  readonly faults: string[] = [];

  /** For people only: the image is built all the same. */
  note(diagnostic: Diagnostic): void {
    this.diagnostics.push(diagnostic);
  }

  /** The image must not be built until this is mended. */
  block(diagnostic: Diagnostic): void {
    this.diagnostics.push(diagnostic);
    blocking.add(diagnostic);
    const { at, message, mend } = diagnostic;
    const where = at === undefined ? '' : at.line === 0 ? `${at.file}: ` : `${at.file}:${at.line}: `;
    this.faults.push(`${where}${message} (${mend})`);
  }
}
