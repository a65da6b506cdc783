/** Writes a word so that a shell takes it for one, in the commands that messages print. */

/** @example shellWord("it's") // 'it'\\''s' */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
