/** Cells that are patterns: a regular expression makes the value out of the node's name (facts 1.2 item 6).

 `/left/right/`   the first match of left in the name is replaced by right; the rest of the name stays.
 `|left|right|`   the same, and each parenthesised group in right is integer arithmetic: `|r(\d+).*|10.1.($1+0).1|`.
 `|right|`        left is made from the name: one `(\d+)` for each number in it, zeros dropped, the whole name replaced.

 Where this differs from the original, on purpose:
 - `$1` (or `${1}`) is filled in outside parentheses too; the original left the two characters standing.
 - A name that does not match has no value and a diagnostic; the original took the node's name for the value.
 - In `|right|`, a `$n` beyond the numbers of a name is a name that does not match; the original computed with nothing.
 - Left ends at the first `|` outside brackets, so that `n(a|b)(\d+)` can be written.
 - The engine takes linear time, so that a pushed pattern can't stop the server: no lookaround, no back references. */
import { patternArithmetic, patternError, patternUnsupported } from '../diagnostic/catalogue/nodes.ts';
import type { Diagnostic, Position } from '../diagnostic/diagnostic.ts';
import { compileRegex, type Regex, type RegexMatch } from '../noderange/regex.ts';
import { type Expression, ExpressionError, evaluate, groupsOf, parseExpression, refuseFunction } from './arithmetic.ts';

export interface PatternError {
  /** `unsupported`: a regex feature or a function that is not offered. `arithmetic`: it can't be computed for this node. */
  readonly reason: 'syntax' | 'unsupported' | 'arithmetic';
  readonly message: string;
  readonly mend: string;
}

/** What a pattern gives for one node: a text, no value (the text is empty), a name that does not match, or a fault. */
export type PatternResult =
  | { readonly text: string }
  | { readonly empty: true }
  | { readonly noMatch: true }
  | { readonly error: PatternError };

export interface CompiledPattern {
  apply(nodeName: string): PatternResult;
}

export interface PatternOptions {
  /** False for columns that hold paths, in which `/install/x/` is a path and no substitution. Default true. */
  readonly allowSlashForm?: boolean;
}

/** Longest pattern, in characters. */
const longestPattern = 2000;
/** Numbers in a name that `|right|` can tell apart. */
const mostNumbers = 32;
/** Patterns kept compiled; a config repository has a few dozen, the bound is against growth over years of pushes. */
const cacheSize = 5000;

type Piece = string | { readonly group: number } | { readonly expression: Expression };

const noMatch: PatternResult = { noMatch: true };
const empty: PatternResult = { empty: true };

const compiledPatterns = new Map<string, CompiledPattern | { readonly error: PatternError }>();
const matchers = new Map<string, Matcher | { readonly error: PatternError }>();

/**
 * Compiles a cell. Undefined where the cell is no pattern: it does not start and end with `|`, or with `/` and
 * exactly one `/` between. Compiled patterns are kept, so that asking again for the same text is cheap.
 */
export function compilePattern(
  raw: string,
  options: PatternOptions = {},
): CompiledPattern | { readonly error: PatternError } | undefined {
  const slash = raw.startsWith('/');
  if (slash ? options.allowSlashForm === false || !/^\/[^/]+\/[^/]*\/$/.test(raw) : !/^\|.+\|$/s.test(raw)) {
    return undefined;
  }
  let compiled = compiledPatterns.get(raw);
  if (compiled === undefined) {
    compiled = compileForm(raw, slash);
    if (compiledPatterns.size >= cacheSize) compiledPatterns.clear();
    compiledPatterns.set(raw, compiled);
  }
  return compiled;
}

/** The diagnostic of a fault: an error where the pattern is at fault, a warning where it fails for some nodes only. */
export function patternDiagnostic(
  error: PatternError,
  raw: string,
  at: Position | undefined,
  nodes?: readonly string[],
): Diagnostic {
  const kinds = { syntax: patternError, unsupported: patternUnsupported, arithmetic: patternArithmetic };
  return kinds[error.reason](at, { pattern: raw, why: error.message, mend: error.mend }, nodes);
}

function compileForm(raw: string, slash: boolean): CompiledPattern | { readonly error: PatternError } {
  if (raw.length > longestPattern) {
    return fault('syntax', `the pattern is longer than ${longestPattern} characters`, 'write a shorter one');
  }
  const inner = raw.slice(1, -1);
  const bar = slash ? inner.indexOf('/') : leftEnd(inner);
  if (bar === 0) return fault('syntax', 'the left side is empty', 'write the expression to look for on the left');
  let pieces: Piece[];
  try {
    pieces = readRight(inner.slice(bar + 1), !slash);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return fault(error.unsupported ? 'unsupported' : 'syntax', error.message, error.mend);
  }
  const highest = Math.max(0, ...pieces.flatMap(groupsIn));
  if (bar < 0) return { apply: (name) => applyGenerated(name, pieces, highest) };
  const matcher = matcherOf(inner.slice(0, bar));
  if ('error' in matcher) return matcher;
  if (highest > matcher.groupCount) {
    return fault(
      'syntax',
      `$${highest} is used, but the left side has ${matcher.groupCount} groups`,
      'put parentheses around the text that is wanted',
    );
  }
  return { apply: (name) => replace(name, matcher.find(name), pieces) };
}

function fault(reason: PatternError['reason'], message: string, mend: string): { readonly error: PatternError } {
  return { error: { reason, message, mend } };
}

/** Index of the `|` that ends the left side: the first outside parentheses and brackets, not after a backslash; -1: none. */
function leftEnd(inner: string): number {
  let depth = 0;
  let bracket = false;
  let first = -1;
  for (let i = 0; i < inner.length; i++) {
    const character = inner[i];
    if (character === '\\') i++;
    else if (bracket) bracket = character !== ']';
    else if (character === '[') bracket = true;
    else if (character === '(') depth++;
    else if (character === ')') depth--;
    else if (character === '|') {
      if (depth <= 0) return i;
      if (first < 0) first = i;
    }
  }
  // An unclosed parenthesis hides the bar; the expression's own error then says more than a missing left side.
  return depth > 0 || bracket ? (first >= 0 ? first : inner.indexOf('|')) : -1;
}

/** @throws ExpressionError */
function readRight(right: string, arithmetic: boolean): Piece[] {
  const pieces: Piece[] = [];
  let literal = '';
  for (let i = 0; i < right.length; i++) {
    const character = right[i] ?? '';
    const group = character === '$' ? /^\$(?:(\d{1,3})|\{(\d{1,3})\})/.exec(right.slice(i, i + 6)) : null;
    if (group !== null) {
      pieces.push(literal, { group: Number(group[1] ?? group[2]) });
      literal = '';
      i += group[0].length - 1;
    } else if (arithmetic && character === '(') {
      const called = refuseFunction(/[A-Za-z]\w*$/.exec(literal)?.[0] ?? '');
      if (called !== undefined) throw called;
      const end = closing(right, i);
      pieces.push(literal, expressionPiece(right.slice(i + 1, end)));
      literal = '';
      i = end;
    } else if (arithmetic && character === ')') {
      throw new ExpressionError('")" on the right without "("', 'parentheses on the right stand around arithmetic');
    } else literal += character;
  }
  pieces.push(literal);
  return pieces.filter((piece) => piece !== '');
}

function closing(text: string, open: number): number {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    if (text[i] === '(') depth++;
    else if (text[i] === ')' && --depth === 0) return i;
  }
  throw new ExpressionError('"(" on the right is never closed', 'close every parenthesis');
}

/** A group or number alone is no arithmetic: its text is kept, zeros and all, as `($1)` gives `05` in the original. */
function expressionPiece(text: string): Piece {
  const expression = parseExpression(text);
  if (expression.kind === 'group') return { group: expression.group };
  if (expression.kind === 'number') return expression.text;
  return { expression };
}

function groupsIn(piece: Piece): number[] {
  if (typeof piece === 'string') return [];
  return 'group' in piece ? [piece.group] : groupsOf(piece.expression);
}

/** A left side; remembers the last name, because several columns of a row mostly share one left side. */
class Matcher {
  readonly groupCount: number;
  private readonly regex: Regex;
  private lastName: string | undefined;
  private lastMatch: RegexMatch | undefined;
  constructor(regex: Regex) {
    this.regex = regex;
    this.groupCount = regex.groupCount;
  }

  find(name: string): RegexMatch | undefined {
    if (name !== this.lastName) {
      this.lastName = name;
      this.lastMatch = this.regex.find(name);
    }
    return this.lastMatch;
  }
}

function matcherOf(source: string): Matcher | { readonly error: PatternError } {
  let matcher = matchers.get(source);
  if (matcher === undefined) {
    const regex = compileRegex(source);
    matcher =
      'error' in regex
        ? fault(regex.error.reason === 'syntax' ? 'syntax' : 'unsupported', regex.error.message, regex.error.mend)
        : new Matcher(regex);
    if (matchers.size >= cacheSize) matchers.clear();
    matchers.set(source, matcher);
  }
  return matcher;
}

/** `|right|`: the numbers of the name are the groups, their leading zeros dropped, and the whole name is replaced. */
function applyGenerated(name: string, pieces: readonly Piece[], highest: number): PatternResult {
  const numbers = name.match(/\d+/g) ?? [];
  // Without a number there is nothing that `[\D0]*(\d+)` could find, whatever the right side uses.
  if (numbers.length === 0 || numbers.length > mostNumbers || highest > numbers.length) return noMatch;
  const groups = [name, ...numbers.map((number) => number.replace(/^0+(?=\d)/, ''))];
  return replace(name, { start: 0, end: name.length, groups }, pieces);
}

function replace(name: string, match: RegexMatch | undefined, pieces: readonly Piece[]): PatternResult {
  if (match === undefined) return noMatch;
  let text = name.slice(0, match.start);
  try {
    for (const piece of pieces) {
      if (typeof piece === 'string') text += piece;
      else if ('group' in piece) text += match.groups[piece.group] ?? '';
      else text += String(evaluate(piece.expression, match.groups));
    }
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return fault('arithmetic', error.message, error.mend);
  }
  text += name.slice(match.end);
  return text === '' ? empty : { text };
}
