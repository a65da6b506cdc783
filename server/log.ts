/** The server's log: one line an event on stderr, as words or as JSON. */

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

function factText(value: string | number | boolean): string {
  if (typeof value !== 'string') return String(value);
  return /^[\w@./:+,[\]-]+$/.test(value) ? value : JSON.stringify(value);
}

function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not get through.
  return text.replace(/[\u0000-\u001f\u007f]+/g, ' ');
}
