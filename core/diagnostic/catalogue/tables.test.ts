/** What holds for every kind of diagnostic about tables. */
import { expect, it } from 'vitest';
import * as kinds from './tables.ts';

it('each has a code of its own between LH101 and LH149, a title and a help text', () => {
  const all = Object.values(kinds);
  expect(new Set(all.map((kind) => kind.code)).size).toBe(all.length);
  for (const kind of all) {
    expect(kind.code).toMatch(/^LH1[0-4][0-9]$/);
    expect(kind.code).not.toBe('LH100');
    expect(kind.title).not.toBe('');
    expect(kind.help.length).toBeGreaterThan(60);
  }
});
