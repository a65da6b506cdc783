/** What a plugin that was never type-checked can plan, and what is said of it. */
import { describe, expect, it } from 'vitest';
import type { FileOutput, Output } from '../plugin/output.ts';
import { outputFault } from './output-fault.ts';

const file: FileOutput = { kind: 'file', target: 'mn', root: 'tftp', path: 'x', content: { text: 'x' }, mode: 0o644 };

describe('an output', () => {
  it('as the contract has it has no fault, of any kind', () => {
    const placed = { target: 'mn', root: 'tftp', path: 'x' };
    const right: Output[] = [
      file,
      { ...file, uid: 0, gid: 65534, content: { blob: 'a'.repeat(40) }, mode: 0o4755 },
      { ...placed, kind: 'directory', mode: 0 },
      { ...placed, kind: 'link', to: '../y' },
      { ...placed, kind: 'hardlink', to: 'y' },
      { ...placed, kind: 'part', order: 1, line: 'l' },
      { ...placed, kind: 'shared-file', header: [], mode: 0o644 },
      { ...placed, kind: 'tree', path: '', folder: 'syncdirs', attributes: [] },
      { kind: 'reload', target: 'mn', name: 'r', command: ['true'], when: { root: 'tftp' } },
    ];
    expect(right.map(outputFault)).toEqual(right.map(() => undefined));
  });

  it('that would only fail when it is applied, after the push was taken, is named while it can be refused', () => {
    const wrong = [
      null,
      5,
      { ...file, kind: 'bogus' },
      { ...file, target: undefined },
      { ...file, path: 7 },
      { ...file, mode: 0o10000 },
      { ...file, mode: Number.NaN },
      { ...file, uid: -5 },
      { ...file, gid: 1e12 },
      { ...file, content: {} },
      { ...file, content: { blob: 'zz' } },
      { ...file, kind: 'link', to: '' },
      { kind: 'reload', target: 'mn', name: 'r', command: [], when: { root: 'tftp' } },
    ] as unknown as Output[];
    for (const output of wrong) expect(outputFault(output), JSON.stringify(output)).toBeTypeOf('string');
  });
});
