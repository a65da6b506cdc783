/** Lines of an .exlist as patterns: what is taken out of a finished tree, and what is put back. */
import { badPattern } from '../../diagnostic/catalogue/image.ts';
import type { ImageFindings } from '../findings.ts';
import type { ListLine } from './lines.ts';

/** One form for each: `./path` or `*...` takes out, `+./path` puts back; order kept. A pattern that can match nothing is left out. */
export function parsePatterns(lines: readonly ListLine[], findings: ImageFindings): string[] {
  const patterns: string[] = [];
  for (const { text, at } of lines) {
    if (text.startsWith('#')) continue;
    const sign = /^[+-]/.exec(text)?.[0] ?? '';
    const pattern = text.slice(sign.length).trim();
    const path = pattern.startsWith('/') ? `.${pattern}` : /^(\.\/|[*?[])/.test(pattern) ? pattern : `./${pattern}`;
    const why = patternFault(pattern, path);
    if (why === undefined) patterns.push(sign === '+' ? `+${path}` : path);
    else findings.note(badPattern(at, { text, why }));
  }
  return patterns;
}

function patternFault(pattern: string, path: string): string | undefined {
  if (pattern === '') return 'there is no path';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these are refused.
  if (/[\u0000-\u001f\u007f]/.test(path)) return 'it has a control character';
  if (path.length > 4096) return 'it is longer than a path can be';
  if (path.split('/').includes('..')) return "no path of a tree has '..'";
  if (path.slice(1).includes('//') || path.slice(2).split('/').includes('.'))
    return "no path of a tree has '//' or '/./'";
  return undefined;
}
