import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { checkImports, importFault } from './check-imports.ts';

test('the tree as it stands has no import against the direction', () => {
  expect(checkImports(resolve(dirname(fileURLToPath(import.meta.url)), '../..'))).toEqual([]);
});

test.each([
  ['core/plan/diff.ts', '../../plugins/pxelinux/index.ts'],
  ['core/plan/diff.ts', '../../server/main.ts'],
  ['core/plan/diff.ts', 'node:net'],
  ['core/plan/diff.ts', '../../test/world/compare.ts'],
  ['plugins/pxelinux/index.ts', '../../server/main.ts'],
  ['plugins/pxelinux/index.ts', '../yaboot/index.ts'],
])('%s importing %s is a fault', (file, specifier) => {
  expect(importFault(file, specifier)).toBeDefined();
});

test.each([
  ['server/main.ts', '../plugins/index.ts'],
  ['plugins/index.ts', './pxelinux/index.ts'],
  ['plugins/pxelinux/index.ts', '../../core/boot/kernel-line.ts'],
  ['core/plan/diff.test.ts', '../../test/world/compare.ts'],
])('%s importing %s is allowed', (file, specifier) => {
  expect(importFault(file, specifier)).toBeUndefined();
});
