/** The regular expressions that tables and noderanges may hold: run by a linear-time engine, bounded in size. */
import { RE2JS } from 're2js';

/** Longest expression that is accepted, in characters. */
const longestSource = 1000;
/** Largest compiled program that is accepted, in instructions. Time for one name is at most program × name length;
 *  expressions that people write for node names stay far below a hundred. */
const largestProgram = 300;

export interface RegexError {
  /** `size`: too large to be run for every node. `unsupported`: valid Perl, but it has no linear-time form. */
  readonly reason: 'syntax' | 'unsupported' | 'size';
  readonly message: string;
  readonly mend: string;
}

export interface RegexMatch {
  /** Index of the first character that matched, and of the one after the last. */
  readonly start: number;
  readonly end: number;
  /** `groups[0]` is the whole match; undefined where a group took no part in it. */
  readonly groups: readonly (string | undefined)[];
}

export interface Regex {
  readonly source: string;
  /** Number of capturing groups. */
  readonly groupCount: number;
  test(text: string): boolean;
  /** The leftmost match, chosen as Perl would choose it. */
  find(text: string): RegexMatch | undefined;
}

/**
 * Compiles a Perl-like expression for an engine whose time grows linearly with the text (RE2), because expressions
 * come from pushes. Lookaround, back references and possessive quantifiers can't be run so and are refused.
 *
 * @param anchored the whole text must match, as for `/regex` in a noderange
 */
export function compileRegex(source: string, anchored = false): Regex | { readonly error: RegexError } {
  if (source.length > longestSource) return { error: tooLarge(`it is longer than ${longestSource} characters`) };
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(anchored ? `^(?:${source})$` : source);
    // The two brackets that anchoring adds must not be what makes a broken expression whole, as in `a)|(b`.
    if (anchored) RE2JS.compile(source);
  } catch (error) {
    return { error: explain(error instanceof Error ? error.message : String(error)) };
  }
  const size = compiled.programSize();
  if (size > largestProgram) return { error: tooLarge(`it compiles to ${size} steps, ${largestProgram} are allowed`) };
  const groupCount = compiled.groupCount();
  return {
    source,
    groupCount,
    test: (text) => compiled.matcher(text).find(),
    find(text) {
      const matcher = compiled.matcher(text);
      if (!matcher.find()) return undefined;
      const groups: (string | undefined)[] = [];
      for (let i = 0; i <= groupCount; i++) groups.push(matcher.group(i) ?? undefined);
      return { start: matcher.start(), end: matcher.end(), groups };
    },
  };
}

function tooLarge(why: string): RegexError {
  return {
    reason: 'size',
    message: `the regular expression is too large: ${why}`,
    mend: 'write a shorter one, with smaller counts in {…}',
  };
}

function explain(raw: string): RegexError {
  const text = raw.replace(/^error parsing regexp: /, '');
  if (/too large|too deeply|invalid repeat count/.test(text)) return tooLarge(text);
  if (/unsupported Perl syntax|invalid escape sequence|nested repetition/.test(text)) {
    return {
      reason: 'unsupported',
      message: `the regular expression uses what the linear-time engine does not have: ${text}`,
      mend: 'write it without lookaround, back references and possessive quantifiers; name the wanted text with a plain group',
    };
  }
  return {
    reason: 'syntax',
    message: `the regular expression can't be read: ${text}`,
    mend: 'close every bracket; write \\ before a character that stands for itself',
  };
}
