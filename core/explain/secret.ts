/** Which columns hold secrets, and what is shown in their place: explanations go to terminals and logs (DESIGN, law 7). */
import { holdsSecrets } from '../tables/schemas.ts';

/** Whether a column of a table holds secrets. */
export function isSecret(table: string, column: string): boolean {
  return holdsSecrets(table, column);
}

/** A value as it may be shown: a secret only where it is a reference to one kept elsewhere. */
export function shown(table: string, column: string, text: string): string {
  return !isSecret(table, column) || text.startsWith('secret:') ? text : '(a secret, not shown)';
}
