/** A diagnostic: one thing that is wrong with a commit, said so that its reader can mend it. */

/** A place in a file of the config repository. `line` and `column` count from 1; 0 means "the whole file" / "the whole line". */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Errors refuse a push; warnings are shown (DESIGN 5: an error only where a safe output is impossible or another node is hurt). */
export type Severity = 'error' | 'warning';

export interface Diagnostic {
  /** Stable code, `LH` and three digits; `litehouse help CODE` explains it. */
  readonly code: string;
  readonly severity: Severity;
  readonly at: Position | undefined;
  /** What is wrong, with the offending text quoted. One line, no final full stop needed. */
  readonly message: string;
  /** What to write or do instead. One line. */
  readonly mend: string;
  /** Nodes that it concerns, unfolded; shown as a noderange. */
  readonly nodes?: readonly string[];
}

/** One kind of diagnostic: its code, what it means at length, and how an instance of it is worded. */
export interface MessageKind<Args> {
  readonly code: string;
  readonly severity: Severity;
  /** A few words, for lists. */
  readonly title: string;
  /** What `litehouse help CODE` prints: why this is so, and an example of right and wrong. */
  readonly help: string;
  /** Makes an instance. `nodes` are the nodes it concerns, if it concerns nodes. */
  (at: Position | undefined, args: Args, nodes?: readonly string[]): Diagnostic;
}

/** Longest text of a message: a cell of a megabyte is not quoted whole to a terminal. */
const longest = 1000;

function clipped(text: string): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 1)}…`;
}

/**
 * Defines one kind of diagnostic. All kinds live in `core/diagnostic/catalogue/*.ts` (plugins define theirs beside
 * their code, with codes of the LH8xx range), so that every message of the house can be read in one place.
 */
export function defineMessage<Args>(kind: {
  code: string;
  severity: Severity;
  title: string;
  help: string;
  message: (args: Args) => string;
  mend: (args: Args) => string;
}): MessageKind<Args> {
  const make = (at: Position | undefined, args: Args, nodes?: readonly string[]): Diagnostic => ({
    code: kind.code,
    severity: kind.severity,
    at,
    message: clipped(kind.message(args)),
    mend: clipped(kind.mend(args)),
    ...(nodes === undefined ? {} : { nodes }),
  });
  return Object.assign(make, { code: kind.code, severity: kind.severity, title: kind.title, help: kind.help });
}
