/** Expands a noderange into the nodes that it names. */
import { type ColumnLookup, type KnownColumns, looksLikeTest, parseAttributeTest } from './attribute.ts';
import { bracketNames, plusNames, spanNames } from './names.ts';
import { type Atom, hasBlank, type NoderangeError, parseNoderange, type Range, type Term } from './parse.ts';
import { compileRegex } from './regex.ts';

export type { NoderangeError } from './parse.ts';

/** What a noderange is read against. */
export interface NoderangeContext {
  /** All nodes; a `Set` fits. */
  readonly nodes: Iterable<string> & { has(name: string): boolean };
  /** Members of a group: by nodelist.groups, or none for a group that nodegroup has without members. Undefined: no such group. */
  groups(name: string): readonly string[] | undefined;
  /** Members of a dynamic group of nodegroup. */
  dynamicGroup?(name: string): readonly string[] | undefined;
  /** Value of a column for a node, for `table.column==value`. */
  readonly value: ColumnLookup;
  /** Where given, tests of unknown tables and columns are refused. */
  readonly known?: KnownColumns;
  /** site.excludenodes, expanded: never part of a result. */
  readonly excluded?: ReadonlySet<string>;
  /** Reads the file of `^path`; without it that form is refused, since a range from a push must not read the server's files. */
  readRangeFile?(path: string): string | undefined;
}

export interface Expansion {
  /** Nodes that exist, sorted by name, each once. */
  readonly nodes: readonly string[];
  /** Names that were asked for and are neither a node nor a group, in the order written, each once. */
  readonly missed: readonly string[];
  /** What can't be understood. The nodes of the other parts are given all the same. */
  readonly errors: readonly NoderangeError[];
}

/** No noderange may make more names than this. */
export const mostNames = 1_000_000;
/** Names looked at while expanding; bounds `all,all,all…` in a pushed range. Expressions cost more than sets. */
const mostWork = 10_000_000;
const regexWork = 10;
/** Range files may name range files this deep. */
const deepestFile = 5;

/**
 * Expands a noderange (reference grammar: groups, `,` union, `-` exclusion at the end, `@` intersection, parentheses,
 * brackets, spans, `+K`, `/regex`, attribute tests). Differences from the original: blanks around names are trimmed,
 * a span that can't be counted is an error with its reason besides being missed.
 *
 * @example expandNoderange('rack1,-n[03-04]', context).nodes
 */
export function expandNoderange(text: string, context: NoderangeContext): Expansion {
  const expander = new Expander(context);
  const found = expander.text(text, 0);
  if (context.excluded !== undefined) for (const name of context.excluded) found.delete(name);
  return { nodes: [...found].sort(), missed: [...expander.missed], errors: expander.errors };
}

type Fault = Omit<NoderangeError, 'offset'>;

/** Ends an expansion that grew beyond its bounds. */
class TooLarge extends Error {}

class Expander {
  readonly missed = new Set<string>();
  readonly errors: NoderangeError[] = [];
  private readonly context: NoderangeContext;
  private made = 0;
  private work = 0;
  private fileDepth = 0;

  constructor(context: NoderangeContext) {
    this.context = context;
  }

  /** @param offset where errors of this text are reported; in a range file, the place that named the file. */
  text(text: string, offset: number): Set<string> {
    const parsed = parseNoderange(text);
    if ('error' in parsed) {
      // A line of a range file has no place in the text of the range: its errors stand where the file is named.
      this.errors.push(this.fileDepth === 0 ? parsed.error : { ...parsed.error, offset });
      return new Set();
    }
    try {
      return this.range(parsed.range);
    } catch (error) {
      if (!(error instanceof TooLarge)) throw error;
      if (this.fileDepth > 0) throw error;
      this.missed.clear();
      this.errors.push({ message: error.message, mend: 'name fewer nodes, or a group', offset });
      return new Set();
    }
  }

  private range(range: Range): Set<string> {
    const included = new Set<string>();
    const excluded = new Set<string>();
    for (const element of range.elements) {
      const target = element.exclude ? excluded : included;
      const [first, ...others] = element.terms;
      if (first === undefined) continue;
      if (others.length === 0) {
        this.term(first, target);
        continue;
      }
      let common = this.termSet(first);
      for (const other of others) {
        const wanted = this.termSet(other);
        common = new Set([...common].filter((name) => wanted.has(name)));
      }
      for (const name of common) target.add(name);
    }
    for (const name of excluded) included.delete(name);
    return included;
  }

  private termSet(term: Term): Set<string> {
    const target = new Set<string>();
    this.term(term, target);
    return target;
  }

  private term(term: Term, target: Set<string>): void {
    if (term.kind === 'atom') this.atom(term, target);
    else this.add(this.range(term.range), target);
  }

  private add(names: Iterable<string>, target: Set<string>): void {
    for (const name of names) {
      this.spend(1);
      target.add(name);
    }
  }

  private atom(atom: Atom, target: Set<string>): void {
    const fault = this.named(atom.text, target) ? undefined : this.form(atom, target);
    if (fault !== undefined) this.errors.push({ ...fault, offset: atom.offset });
  }

  /** Adds what an atom that is neither a node nor a group stands for. */
  private form(atom: Atom, target: Set<string>): Fault | undefined {
    const { text } = atom;
    if (text.startsWith('/')) return this.expression(text, target);
    if (text.startsWith('^')) return this.file(atom, target);
    if (looksLikeTest(text)) return this.test(text, target);
    if (hasBlank(text.replace(/\[[^\]]*\]/g, ''))) {
      return { message: `"${text}" has a blank in it`, mend: 'put a comma between two names' };
    }
    if (/[()]/.test(text)) {
      const mend = 'parentheses stand around whole ranges only';
      return { message: `"${text}" has a parenthesis inside a name`, mend };
    }
    if (/^\d+$/.test(text)) {
      if (!this.named(`node${text}`, target)) this.missed.add(`node${text}`);
      return undefined;
    }
    const counted = bracketNames(text) ?? plusNames(text) ?? spanNames(text);
    if (counted === undefined || 'error' in counted) {
      this.missed.add(text);
      return counted?.error;
    }
    this.made += counted.count;
    if (this.made > mostNames) {
      throw new TooLarge(`the noderange makes more than ${mostNames.toLocaleString('en-US')} names`);
    }
    for (const name of counted.names()) if (!this.named(name, target)) this.missed.add(name);
    return undefined;
  }

  /** Adds a node, or the members of a group of that name; a node wins over a group. */
  private named(name: string, target: Set<string>): boolean {
    this.spend(1);
    if (this.context.nodes.has(name)) {
      target.add(name);
      return true;
    }
    const members = this.context.dynamicGroup?.(name) ?? this.context.groups(name);
    if (members === undefined) return false;
    this.add(members, target);
    return true;
  }

  private expression(text: string, target: Set<string>): Fault | undefined {
    const regex = compileRegex(text.slice(1).replace(/(?<!\\)\/$/, ''), true);
    if ('error' in regex) return { message: regex.error.message, mend: regex.error.mend };
    for (const name of this.context.nodes) {
      this.spend(regexWork);
      if (regex.test(name)) target.add(name);
    }
    return undefined;
  }

  private test(text: string, target: Set<string>): Fault | undefined {
    const test = parseAttributeTest(text, this.context.known);
    if ('error' in test) return { message: test.error.message, mend: test.error.mend };
    for (const name of this.context.nodes) {
      this.spend(test.dear ? regexWork : 2);
      if (test.holds(this.context.value(name, test.table, test.column) ?? '')) target.add(name);
    }
    return undefined;
  }

  private file(atom: Atom, target: Set<string>): Fault | undefined {
    const path = atom.text.slice(1);
    if (this.context.readRangeFile === undefined) {
      const mend = 'write the nodes or a group instead';
      return { message: `"${atom.text}" names a file, which can't be read here`, mend };
    }
    if (this.fileDepth === deepestFile) {
      const mend = 'write the nodes into one file';
      return { message: `range files name each other deeper than ${deepestFile}`, mend };
    }
    const content = this.context.readRangeFile(path);
    if (content === undefined) return { message: `the range file ${path} can't be read`, mend: 'check its name' };
    this.fileDepth++;
    try {
      for (const line of content.split('\n')) {
        if (!/^\s*([#^]|$)/.test(line)) this.add(this.text(line, atom.offset), target);
      }
    } finally {
      this.fileDepth--;
    }
    return undefined;
  }

  private spend(names: number): void {
    this.work += names;
    if (this.work > mostWork) throw new TooLarge('the noderange takes too long to work out');
  }
}
