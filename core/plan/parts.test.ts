import { describe, expect, it } from 'vitest';
import type { PartOutput } from '../plugin/output.ts';
import { SharedFile } from './parts.ts';

const part = (line: string, item?: string, alone?: string): PartOutput => ({
  kind: 'part',
  target: 'mn',
  root: 'exports',
  path: 'x',
  order: 1,
  line,
  ...(item === undefined ? {} : { item }),
  ...(alone === undefined ? {} : { alone }),
});

function composed(planned: readonly PartOutput[], booted: Readonly<Record<string, readonly PartOutput[]>>) {
  const file = new SharedFile(undefined, 'p');
  for (const one of planned) file.add(one);
  for (const [node, parts] of Object.entries(booted)) for (const one of parts) file.hold(node, one);
  const held = file.settle();
  return { text: file.text(), held: held.map(({ node, line, item }) => `${node} ${line} ${item ?? '-'}`) };
}

describe('what a node booted with', () => {
  it('is not held where the plan says the same', () => {
    expect(composed([part('/a', '10.0.0.1'), part('/b')], { n1: [part('/a', '10.0.0.1'), part('/b')] })).toEqual({
      text: '/a 10.0.0.1\n/b\n',
      held: [],
    });
  });

  it('joins the line that there is, under a comment that names every node it is for', () => {
    const booted = { n1: [part('/a', '10.0.0.9')], n2: [part('/a', '10.0.0.9')] };
    expect(composed([part('/a', '10.0.0.10')], booted)).toEqual({
      text: '# held until it boots again or is released: n[1-2]\n/a 10.0.0.9 10.0.0.10\n',
      held: ['n1 /a 10.0.0.9', 'n2 /a 10.0.0.9'],
    });
  });

  it('keeps a line alive that no plan has any more, with and without items', () => {
    expect(composed([], { n1: [part('/a', 'x'), part('/b')] }).text).toBe(
      '# held until it boots again or is released: n1\n/a x\n# held until it boots again or is released: n1\n/b\n',
    );
  });

  it('is held for the node alone, not for all that a network stood for', () => {
    const booted = { n1: [part('/a', '10.0.0.0/30', '10.0.0.1')], n2: [part('/a', '10.0.0.0/30', '10.0.0.2')] };
    // n1 has left; the network is another now, and n2 is in it.
    expect(composed([part('/a', '10.0.0.2/31', '10.0.0.2')], booted)).toMatchObject({ held: ['n1 /a 10.0.0.1'] });
  });
});
