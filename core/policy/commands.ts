/** Words of a policy row's commands that look like litefile or litetree and are neither: the row would silently mean nothing. */
import { nearest } from '../tables/nearest.ts';
import { nodeCommands, words } from './rows.ts';

/**
 * Commands that are no slip although they look like one: litehouse's own, and those of the rows that the original ships with or
 * documents. Others are not told either, unless they are near litefile or litetree.
 */
const known: ReadonlySet<string> = new Set([
  ...nodeCommands,
  ...[
    'ilitefile',
    'llitefile',
    'lslite',
    'liteimg',
    'statelite',
    'tabdump',
    'tabedit',
    'chtab',
    'tabch',
    'nodels',
    'nodech',
  ],
  ...[
    'nodeset',
    'noderange',
    'nodestat',
    'genimage',
    'packimage',
    'rpower',
    'rinv',
    'rcons',
    'updatenode',
    'xdsh',
    'xdcp',
  ],
  ...[
    'getbmcconfig',
    'remoteimmsetup',
    'lsxcatd',
    'nextdestiny',
    'getdestiny',
    'getpostscript',
    'getcredentials',
    'syncfiles',
  ],
  ...['getadapter', 'gettimezone', 'findme', 'getmacs', 'getipmicon', 'authkey'],
]);

export interface Slip {
  /** The word as it is written. */
  readonly text: string;
  /** What it most likely should be. */
  readonly nearest: string;
  /** Words with a blank between them, where a comma belongs. */
  readonly blank: boolean;
}

/** The slips of a commands cell, in its order. */
export function mistypedCommands(cell: string): Slip[] {
  return words(cell).flatMap((text): Slip[] => {
    if (known.has(text)) return [];
    const parts = text.split(/[\s;|]+/).filter((part) => part !== '');
    if (parts.length > 1) {
      const meant = parts.map((part) => meantBy(part) ?? part);
      return meant.some(isNodeCommand) ? [{ text, nearest: meant.join(','), blank: true }] : [];
    }
    const meant = known.has(text.toLowerCase()) ? text.toLowerCase() : meantBy(text);
    return meant === undefined || !meant.split(',').some(isNodeCommand) ? [] : [{ text, nearest: meant, blank: false }];
  });
}

function isNodeCommand(word: string): boolean {
  return nodeCommands.some((command) => command === word);
}

/** `litefiles` means litefile; `lite*` both, since the original knows no patterns here. */
function meantBy(word: string): string | undefined {
  const pattern = /[*?]/.test(word) ? patternOf(word) : undefined;
  if (pattern !== undefined) return nodeCommands.filter((command) => matches(pattern, command)).join(',') || undefined;
  // Of two that are equally near the node's own counts: a slip in the other does no harm here.
  return known.has(word) ? word : nearest(word, nodeCommands);
}

/** The fixed text before and behind the first and last sign of a pattern. */
function patternOf(word: string): { readonly head: string; readonly tail: string } {
  const signs = [...word.matchAll(/[*?.]/g)].map(({ index }) => index);
  return { head: word.slice(0, signs[0]).toLowerCase(), tail: word.slice((signs.at(-1) ?? 0) + 1).toLowerCase() };
}

function matches({ head, tail }: { readonly head: string; readonly tail: string }, command: string): boolean {
  // `*` alone is taken for "any" before this; `*power` begins with nothing and ends otherwise.
  return command.startsWith(head) && command.endsWith(tail) && head.length + tail.length > 0;
}
