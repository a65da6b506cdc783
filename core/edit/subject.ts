/** The first line of an edit's commit, where nobody wrote a better one: the command as it was given. */
import { isSecret, shown } from '../explain/secret.ts';
import type { EditCommand } from './edit.ts';

/** Longer ones are cut: what changed is in the commit. */
const longest = 120;

export function subjectOf(command: EditCommand): string {
  const words = wordsOf(command).join(' ');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not get through.
  const text = words.replace(/[\u0000-\u0020\u007f-\u009f]+/g, ' ');
  return text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
}

function wordsOf(command: EditCommand): string[] {
  if (command.kind === 'nodeset') return ['nodeset', command.noderange, command.state];
  if (command.kind === 'tabedit') return ['tabedit', command.table];
  if (command.kind === 'file') return [command.text === undefined ? 'remove' : 'write', command.path];
  const tables = [...Object.keys(command.set), ...command.remove];
  // A key column may hold a secret, too: tables of the original have such.
  const key = Object.entries(command.key).map(
    ([column, value]) => `${column}=${tables.some((table) => isSecret(table, column)) ? '(secret)' : value}`,
  );
  const cells = Object.entries(command.set).flatMap(([table, columns]) =>
    Object.entries(columns).map(([column, value]) => `${table}.${column}=${shown(table, column, value)}`),
  );
  return ['chtab', ...(command.remove.length > 0 ? ['-d'] : []), ...key, ...cells, ...command.remove];
}
