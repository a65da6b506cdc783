import { describe, expect, test } from 'vitest';
import { answerText, isPlainAnswer } from './answer.ts';

const answer = { kind: 'answer', commit: 'c0ffee', generation: 'g', body: 'state\tstatelite\n', lines: 1 } as const;
const generation = { id: 'g', image: 'compute', litefile: 'link\t/etc/motd\n', lines: 1 };

describe('an answer is plain', () => {
  test('where it has as many bytes as characters', () => {
    expect(isPlainAnswer('n01', answer, generation)).toBe(true);
    const text = answerText('n01', answer, generation);
    expect(Buffer.byteLength(text)).toBe(text.length);
  });

  test.each([
    ['the body', 'n01', { ...answer, body: 'tree\t1\tours\t10.0.0.1\t/syncdirs/größe\n' }, generation],
    ['the litefile list', 'n01', answer, { ...generation, litefile: 'link\t/etc/größe\n' }],
    ['the name of the image', 'n01', answer, { ...generation, image: 'größe' }],
    ['the generation', 'n01', answer, { ...generation, id: 'größe' }],
    ['the commit', 'n01', { ...answer, commit: 'größe' }, generation],
    ['the node', 'größe', answer, generation],
  ] as const)('but not where %s is not ASCII', (_, node, given, frozen) => {
    expect(isPlainAnswer(node, given, frozen)).toBe(false);
    const text = answerText(node, given, frozen);
    expect(Buffer.byteLength(text)).toBeGreaterThan(text.length);
  });
});
