/** Findings stay readable however many there are and however long the values that they quote. */
import { describe, expect, it } from 'vitest';
import { judgeSeverity } from '../check/severity.ts';
import { viewOf } from '../check/testing/checked.ts';

const numbers = Array.from({ length: 1000 }, (_, i) => String(i).padStart(4, '0'));
const nodelist = `#node,groups\n${numbers.map((n) => `"n${n}","all"\n`).join('')}`;

describe('findings', () => {
  it.each([
    ['', { LH305: 1, LH314: 200, LH119: 1 }],
    ['"litehouse.waive.LH314","cards are being changed"\n', { LH305: 1 }],
  ])('of one kind in one file are counted beyond two hundred, and hide no others: %s', async (waiver, expected) => {
    const view = await viewOf({
      'tables/nodelist.csv': nodelist,
      'tables/hosts.csv': '#node,ip\n"all","10.0.0"\n',
      'tables/chain.csv': '#node,currstate\n"all","boot"\n',
      'tables/mac.csv': `#node,mac\n${numbers.map((n) => `"n${n}","bad${n}"\n`).join('')}`,
      'tables/site.csv': `#key,value\n"master","10.0.0.1"\n${waiver}`,
    });
    const counts: Record<string, number> = {};
    const shown = judgeSeverity(view, view.diagnostics);
    for (const { code } of shown) counts[code] = (counts[code] ?? 0) + 1;
    expect(counts).toEqual(expected);
    if ('LH119' in expected) expect(shown.at(-1)?.message).toContain('800');
    expect(view.diagnostics.find(({ code }) => code === 'LH305')?.nodes).toHaveLength(1000);
  });

  it('do not quote a cell of a megabyte', async () => {
    const view = await viewOf({
      'tables/nodelist.csv': '#node\n"n01"\n',
      'tables/chain.csv': `#node,currstate\n"n01","${'z'.repeat(1_000_000)}"\n`,
    });
    const found = view.diagnostics.find(({ code }) => code === 'LH301');
    expect(found?.message).toMatch(/^state 'zzz/);
    expect(found?.message.length).toBeLessThanOrEqual(1000);
  });
});
