/** Which faults an edit adds: others of the same cell, but no notes, and none that only moved. */
import { expect, test } from 'vitest';
import { badImageColumn, scriptNotExecutable } from '../diagnostic/catalogue/image.ts';
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import { addedFaults, ImageFindings } from './findings.ts';

function found(...faults: readonly [line: number, text: string][]): readonly Diagnostic[] {
  const findings = new ImageFindings();
  for (const [line, text] of faults) {
    const at = { file: 'tables/linuximage.csv', line, column: 1 };
    findings.block(badImageColumn(at, { column: 'netdrivers', text, wanted: 'names' }));
  }
  findings.note(scriptNotExecutable(undefined, { path: `custom/${faults.length}` }));
  return findings.diagnostics;
}

test('a fault is added where there was none; one that was there, on whatever line, is not', () => {
  const texts = (before: readonly Diagnostic[], after: readonly Diagnostic[]) =>
    addedFaults(before, after).map(({ at }) => at?.line);
  expect(texts(found(), found([2, 'a;b']))).toEqual([2]);
  expect(texts(found([2, 'a;b']), found([3, 'a;b']))).toEqual([]);
  expect(texts(found([2, 'a;b']), found([2, 'a;b'], [3, 'a;b'], [4, 'c;d']))).toEqual([3, 4]);
  expect(texts(found([2, 'a;b'], [3, 'c;d']), found([2, 'a;b']))).toEqual([]);
});
