/** What planning an image finds: diagnostics for the pusher, and of these what keeps the image from being built. */
import type { Diagnostic } from '../diagnostic/diagnostic.ts';

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
    const { at, message, mend } = diagnostic;
    const where = at === undefined ? '' : at.line === 0 ? `${at.file}: ` : `${at.file}:${at.line}: `;
    this.faults.push(`${where}${message} (${mend})`);
  }
}
