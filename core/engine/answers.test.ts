import { expect, test } from 'vitest';
import { answerForAddress, answerForNode } from './answers.ts';
import type { Answering } from './types.ts';

test('a refusal holds nothing of a request that a terminal or a log would act on', () => {
  const answer = { kind: 'answer', commit: 'c', generation: 'g', body: '', lines: 0 } as const;
  const world = {
    addresses: new Map([['10.0.0.1', ['n1']]]),
    answers: new Map([['n1', answer]]),
    generations: new Map(),
  };
  const nasty = 'a\u0000\u001b[2J\u009b\nb';
  for (const told of [
    answerForAddress(world as unknown as Answering['world'], new Map(), '10.0.0.1', nasty),
    answerForNode(world as unknown as Answering['world'], new Map(), nasty, undefined),
  ]) {
    expect(told).toMatchObject({ kind: 'refusal', reason: expect.stringContaining('a??[2J??b') });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
    expect(told.text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
  }
});
