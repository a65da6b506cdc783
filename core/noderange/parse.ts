/** Reads the text of a noderange into its structure: unions, exclusions, intersections, parentheses and atoms. */

export interface NoderangeError {
  readonly message: string;
  readonly mend: string;
  /** Index in the noderange's text at which the trouble starts. */
  readonly offset: number;
}

/** Elements joined by commas. */
export interface Range {
  readonly elements: readonly Element[];
}

/** Terms joined by `@`; `exclude`: written with a leading `-`. */
export interface Element {
  readonly exclude: boolean;
  readonly terms: readonly Term[];
}

export type Term = { readonly kind: 'range'; readonly range: Range } | Atom;

/** What stands for names: a node, a group, a test, an expression, a bracket form, a range. Quotes are dropped. */
export interface Atom {
  readonly kind: 'atom';
  readonly text: string;
  readonly offset: number;
}

/** Parentheses may nest this deep. */
const deepest = 100;

const blank = /\s/;

class Failure extends Error {
  readonly found: NoderangeError;
  constructor(found: NoderangeError) {
    super(found.message);
    this.found = found;
  }
}

/** Reads a noderange; the first fault of its structure ends the reading. */
export function parseNoderange(text: string): { readonly range: Range } | { readonly error: NoderangeError } {
  const parser = new Parser(text);
  try {
    return { range: parser.range(0) };
  } catch (error) {
    if (error instanceof Failure) return { error: error.found };
    throw error;
  }
}

class Parser {
  private index = 0;
  private readonly text: string;
  constructor(text: string) {
    this.text = text;
  }

  /** Elements up to the end of the text, or up to the `)` that belongs to the caller. */
  range(depth: number): Range {
    const elements: Element[] = [];
    for (;;) {
      this.skip();
      const next = this.text[this.index];
      if (next === ',') {
        this.index++;
      } else if (next === undefined || (next === ')' && depth > 0)) {
        return { elements };
      } else {
        elements.push(this.element(depth));
        this.skip();
        const after = this.text[this.index];
        if (after !== undefined && after !== ',' && !(after === ')' && depth > 0)) {
          this.fail(`"${after}" stands where a comma or @ is expected`, 'put a comma between two parts');
        }
      }
    }
  }

  private element(depth: number): Element {
    const exclude = this.text[this.index] === '-';
    if (exclude) this.index++;
    const terms = [this.term(depth)];
    for (;;) {
      this.skip();
      if (this.text[this.index] !== '@') return { exclude, terms };
      this.index++;
      terms.push(this.term(depth));
    }
  }

  private term(depth: number): Term {
    this.skip();
    if (this.text[this.index] === '(') {
      if (depth === deepest) this.fail(`parentheses nest deeper than ${deepest}`, 'write the range flatter');
      const opened = this.index++;
      const range = this.range(depth + 1);
      if (this.text[this.index] !== ')') {
        this.fail('"(" is never closed', 'add the missing ")"', opened);
      }
      this.index++;
      return { kind: 'range', range };
    }
    if (this.text[this.index] === '-') this.fail('"-" can\'t follow another operator', 'write an exclusion as ,-name');
    return this.atom();
  }

  /**
   * Characters up to a comma, `@` or `)` that stands outside brackets and outside parentheses of its own. In an
   * expression (`/…`, `=~…`, `!~…`) braces protect commas too, and a backslash protects any character.
   */
  private atom(): Atom {
    const offset = this.index;
    let expression = this.text[offset] === '/';
    let text = '';
    let parentheses = 0;
    let braces = 0;
    let bracket = -1;
    for (; this.index < this.text.length; this.index++) {
      const character = this.text[this.index] ?? '';
      if (expression && character === '\\') {
        text += character + (this.text[++this.index] ?? '');
        continue;
      }
      if (character === '"' || character === "'") continue;
      if (bracket >= 0) {
        if (character === ']') bracket = -1;
      } else if (character === '[') bracket = this.index;
      else if (character === '(') parentheses++;
      else if (character === ')' && parentheses > 0) parentheses--;
      else if (expression && character === '{') braces++;
      else if (expression && character === '}') braces = Math.max(0, braces - 1);
      else if (parentheses === 0 && braces === 0 && (character === ',' || character === '@' || character === ')'))
        break;
      if (character === '~' && (text.endsWith('=') || text.endsWith('!'))) expression = true;
      text += character;
    }
    if (bracket >= 0) this.fail('"[" is never closed', 'add the missing "]"', bracket);
    if (parentheses > 0) this.fail('"(" is never closed', 'add the missing ")"', offset);
    const trimmed = text.trim();
    if (trimmed === '') this.fail('a name is missing', 'name nodes or a group on both sides of the operator', offset);
    return { kind: 'atom', text: trimmed, offset };
  }

  private skip(): void {
    while (this.index < this.text.length && /["'\s]/.test(this.text[this.index] ?? '')) this.index++;
  }

  private fail(message: string, mend: string, offset = this.index): never {
    throw new Failure({ message, mend, offset });
  }
}

/** Whether a text has white space in it. */
export function hasBlank(text: string): boolean {
  return blank.test(text);
}
