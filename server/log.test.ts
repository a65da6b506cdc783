import { expect, test } from 'vitest';
import { consoleToLog, openLog } from './log.ts';
import { openTerminal, paint } from './terminal.ts';

const noon = () => new Date('2026-11-23T12:00:00.000Z');

function lines(format: 'text' | 'json', ...event: Parameters<ReturnType<typeof openLog>>): string {
  let out = '';
  openLog(
    format,
    (line) => {
      out += line;
    },
    noon,
  )(...event);
  return out;
}

test('an event is one line, whatever a pusher calls himself', () => {
  const facts = { pusher: 'eve\n2026 error forged', commit: 'abc', more: undefined };
  expect(lines('text', 'info', 'push\naccepted', facts)).toBe(
    '2026-11-23T12:00:00.000Z info  push accepted pusher="eve\\n2026 error forged" commit=abc\n',
  );
});

test('as JSON an event is one object a line', () => {
  const line = lines('json', 'warn', 'push', { said: 'a\nb' });
  expect(line.endsWith('}\n') && line.indexOf('\n') === line.length - 1).toBe(true);
  expect(JSON.parse(line)).toEqual({ time: '2026-11-23T12:00:00.000Z', level: 'warn', what: 'push', said: 'a\nb' });
});

test('what a library says on the console is one line of the log, on a line of its own also where C code left one open', () => {
  let out = '';
  const write = (text: string): void => {
    out += text;
  };
  const { error } = console;
  const undo = consoleToLog(openLog('json', write, noon), write);
  try {
    write('Write error: No space left on device position 1, size 2');
    console.error(new Error('Attempting to write page at position 1, size 2, blocks 1, buffer sizes 1 2 3'));
    console.warn('two\nlines');
    console.warn('a line\n'.repeat(50));
  } finally {
    undo();
  }
  expect(console.error).toBe(error);
  const [left, ...more] = out.trimEnd().split('\n');
  expect(left).toMatch(/^Write error: .* size 2$/);
  expect(more.map((line) => JSON.parse(line))).toMatchObject([
    { level: 'warn', what: 'said by a library', said: expect.stringMatching(/Attempting to write page[\s\S]*\n +at /) },
    { said: 'two\nlines' },
    { said: `${'a line\n'.repeat(19)}a line` },
  ]);
});

test('colours are for people: a terminal, without NO_COLOR', () => {
  const stream = (isTTY: boolean) => ({ isTTY, write: () => true });
  const colour = (isTTY: boolean, env: Record<string, string>) =>
    openTerminal(stream(isTTY), stream(isTTY), env).colour;
  expect([
    colour(true, {}),
    colour(false, {}),
    colour(true, { NO_COLOR: '1' }),
    colour(true, { NO_COLOR: '' }),
  ]).toEqual([true, false, false, true]);
  expect(paint({ colour: false }, 'red', 'x')).toBe('x');
});

test('work that fails fails as it did, and short work shows no progress', async () => {
  let said = '';
  const stream = {
    isTTY: true,
    write(text: string) {
      said += text;
    },
  };
  const terminal = openTerminal(stream, stream, {});
  await expect(terminal.during('failing', Promise.reject(new Error('so')))).rejects.toThrow('so');
  expect(await terminal.during('adding', Promise.resolve(2))).toBe(2);
  expect(said).toBe('');
});
