import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { settingsTable } from './settings-table.ts';

test('the README has the table of all settings (print it with: node --import tsx server/settings-table.ts)', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  expect(readme).toContain(settingsTable().join('\n'));
});

test('every setting says what it is for', () => {
  for (const row of settingsTable().slice(2)) expect(row).toMatch(/^\| `[\w.]+` \| .* \| [a-zA-Z].{20,} \|$/);
});
