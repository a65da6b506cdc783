/** The server's log: one line an event on stderr, as words or as JSON. */
import { format as textOf } from 'node:util';

export type LogLevel = 'info' | 'warn' | 'error';

/** Facts of an event. Never a secret: callers pass names of tokens, not tokens. */
export type LogFacts = Readonly<Record<string, string | number | boolean | undefined>>;

export type Log = (level: LogLevel, what: string, facts?: LogFacts) => void;

/** `time level what key=value …`, or one JSON object a line. Control characters cannot forge a second line. */
export function openLog(
  format: 'text' | 'json',
  write: (line: string) => void,
  now: () => Date = () => new Date(),
): Log {
  return (level, what, facts = {}) => {
    const time = now().toISOString();
    if (format === 'json') {
      write(`${JSON.stringify({ time, level, what, ...facts })}\n`);
      return;
    }
    let line = `${time} ${level.padEnd(5)} ${plain(what)}`;
    for (const [key, value] of Object.entries(facts)) {
      if (value !== undefined) line += ` ${key}=${factText(value)}`;
    }
    write(`${line}\n`);
  };
}

/** Lines that are kept of what a library says: a stack with its message. */
const mostLines = 20;

/**
 * Takes what libraries say on the console into the log, an event each; gives its own undo. On a full disk lmdb's C code begins a line on
 * stderr ("Write error: …"), leaves it open, and then its JavaScript says the same on the console.
 */
export function consoleToLog(log: Log, write: (text: string) => void): () => void {
  const { error, warn } = console;
  const say = (...said: unknown[]): void => {
    const lines = textOf(...said).split('\n', mostLines);
    if (lines[0]?.includes('Attempting to write page')) write('\n');
    // The log writes the ends of lines as \n, so that an event stays one line.
    log('warn', 'said by a library', { said: lines.join('\n') });
  };
  console.error = say;
  console.warn = say;
  return () => {
    console.error = error;
    console.warn = warn;
  };
}

function factText(value: string | number | boolean): string {
  if (typeof value !== 'string') return String(value);
  return /^[\w@./:+,[\]-]+$/.test(value) ? value : JSON.stringify(value);
}

function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not get through.
  return text.replace(/[\u0000-\u001f\u007f]+/g, ' ');
}
