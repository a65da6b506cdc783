/** Where a command writes: plain lines to stdout and stderr, colours and progress only where a person is looking. */

export interface Terminal {
  /** One line of the command's result. */
  out(line: string): void;
  /** One line beside the result: warnings, hints, failures. */
  err(line: string): void;
  /** Whether colours may be used on stdout. */
  readonly colour: boolean;
  /** Columns to fold to. */
  readonly width: number;
  /** Runs `work` and says `doing` on stderr once it has taken longer than a second. */
  during<T>(doing: string, work: Promise<T>): Promise<T>;
}

interface Stream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** A terminal over two streams. `NO_COLOR` (with any value but the empty one) switches colours off. */
export function openTerminal(
  stdout: Stream,
  stderr: Stream,
  env: Readonly<Record<string, string | undefined>>,
): Terminal {
  const noColour = env.NO_COLOR !== undefined && env.NO_COLOR !== '';
  return {
    out: (line) => void stdout.write(`${line}\n`),
    err: (line) => void stderr.write(`${line}\n`),
    colour: stdout.isTTY === true && !noColour && env.TERM !== 'dumb',
    width: stdout.columns ?? 100,
    during: (doing, work) => showProgress(stderr, doing, work),
  };
}

async function showProgress<T>(stderr: Stream, doing: string, work: Promise<T>): Promise<T> {
  const started = performance.now();
  let shown = false;
  const timer = setInterval(() => {
    if (stderr.isTTY === true) {
      stderr.write(`\r${doing} … ${Math.round((performance.now() - started) / 1000)} s`);
      shown = true;
    } else if (!shown) {
      stderr.write(`${doing} …\n`);
      shown = true;
    }
  }, 1000);
  timer.unref();
  try {
    return await work;
  } finally {
    clearInterval(timer);
    if (shown && stderr.isTTY === true) stderr.write('\r\x1b[K');
  }
}

const colours = { red: 31, green: 32, yellow: 33, dim: 2, bold: 1 } as const;

/** `text` in a colour, where the terminal has colours. */
export function paint(terminal: Pick<Terminal, 'colour'>, colour: keyof typeof colours, text: string): string {
  return terminal.colour ? `\x1b[${colours[colour]}m${text}\x1b[0m` : text;
}

/**
 * A text of somebody else's (a commit's subject, a node's log) that nothing in acts on the terminal: control characters become
 * U+FFFD. Line ends and tabs stay where `lines` says so.
 */
export function withoutControls(text: string, lines = false): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (sign) =>
    lines && (sign === '\n' || sign === '\t') ? sign : '\u{FFFD}',
  );
}
