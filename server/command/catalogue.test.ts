import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { areas, catalogue } from './catalogue.ts';
import { linkNames } from './links.ts';

test('every file of the catalogue can be looked up in', () => {
  const files = readdirSync(new URL('../../core/diagnostic/catalogue/', import.meta.url));
  const wanted = files
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => name.slice(0, -3));
  expect(Object.keys(areas).sort()).toEqual(wanted.sort());
});

test('every code is explained, is of one form, and means one thing', () => {
  const entries = catalogue();
  expect(entries.length).toBeGreaterThan(20);
  for (const { code, title, help } of entries) {
    expect(code).toMatch(/^LH\d{3}$/);
    expect(title, code).not.toBe('');
    expect(help.length, code).toBeGreaterThan(40);
  }
  const codes = entries.map(({ code }) => code);
  expect(codes.filter((code, at) => codes.indexOf(code) !== at)).toEqual([]);
});

test('commands are printed as they work in every installation, with litehouse before them', () => {
  // Arguments show that a command is meant, and not the table or the word.
  const bare = new RegExp(`(?<!litehouse )\\b(${linkNames.join('|')}) (-[a-z]\\b|[a-z]+=|[A-Z]+=|NODERANGE|n\\d)`);
  for (const { code, help } of catalogue()) expect(help, code).not.toMatch(bare);
});
