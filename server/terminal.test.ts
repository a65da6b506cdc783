import { expect, test } from 'vitest';
import { withoutControls } from './terminal.ts';

test('what somebody else wrote can not move the terminal: escapes, NUL and C1 controls are shown as replaced', () => {
  expect(withoutControls('a\u001b[31mb\u0000c\u009bd\ne')).toBe('a\uFFFD[31mb\uFFFDc\uFFFDd\uFFFDe');
});

test('a log keeps its lines and tabs, and nothing else', () => {
  expect(withoutControls('one\n\ttwo\r\u001b[2J', true)).toBe('one\n\ttwo\uFFFD\uFFFD[2J');
});
