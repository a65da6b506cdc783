import { describe, expect, test } from 'vitest';
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import type { PathChange, WorldDiff } from './diff.ts';
import { planToMarkdown } from './markdown.ts';
import type { Entry } from './world.ts';

const entry = (plugin: string, node?: string): Entry =>
  ({ kind: 'file', plugin, node, lifetime: 'managed', digest: plugin }) as unknown as Entry;

const added = (path: string, plugin: string, node?: string): PathChange => ({
  root: 'tftp',
  path,
  change: 'add',
  before: undefined,
  after: entry(plugin, node),
});

const diff = (parts: Partial<WorldDiff>): WorldDiff => ({
  from: undefined,
  to: 'b'.repeat(40),
  paths: [],
  nodes: [],
  builds: [],
  live: [],
  ...parts,
});

const warning: Diagnostic = {
  code: 'LH999',
  severity: 'warning',
  at: { file: 'tables/a|b.csv', line: 3, column: 0 },
  message: 'odd <b>word</b>\n| and [a link](http://x)',
  mend: 'write `x`',
} as Diagnostic;

describe('a plan as Markdown', () => {
  test('is one row a plugin and kind of change, with nodes folded, however many there are', () => {
    const names = Array.from({ length: 10_000 }, (_, i) => `n${String(i + 1).padStart(5, '0')}`);
    const text = planToMarkdown({
      ok: true,
      diagnostics: [],
      diff: diff({ paths: names.map((name) => added(`pxelinux.cfg/${name}`, 'pxelinux', name)) }),
    });
    expect(text).toContain('### Plan nothing → bbbbbbbbb');
    expect(text).toContain('| pxelinux | + | 10,000 paths | n\\[00001-10000\\] |');
    expect(text.length).toBeLessThan(400);
  });

  test('says first who loses boot files, and who waits for what', () => {
    const text = planToMarkdown({
      ok: true,
      diagnostics: [],
      diff: diff({
        nodes: [{ node: 'n01', what: 'loses boot files', why: 'n01 has no image' }],
        builds: [{ id: 'x', name: 'compute', nodes: ['n01', 'n02'] }],
      }),
    });
    expect(text).toContain('- **1 node LOSES BOOT FILES: n01**\n  the node has no image');
    expect(text).toContain('| build | + | compute | n\\[01-02\\] |');
  });

  test('that changes nothing says so, and one that is refused too', () => {
    expect(planToMarkdown({ ok: true, diagnostics: [], diff: diff({}) })).toContain('\n\nNothing changes.\n');
    expect(planToMarkdown({ ok: false, diagnostics: [], diff: undefined })).toContain('**Refused');
  });

  test('takes nothing of a repository for markup: no cell, tag or link gets out', () => {
    const text = planToMarkdown({ ok: true, diagnostics: [warning], diff: undefined });
    const row = text.split('\n').find((line) => line.includes('LH999')) ?? '';
    expect(row.replaceAll('\\|', '').split('|')).toHaveLength(6);
    expect(row).not.toMatch(/[^\\]<(?!br>)/);
    expect(row).not.toContain('](http://');
    expect(row).toContain('tables/a\\|b.csv:3');
  });

  test('of thousands of shared paths counts those that it leaves out', () => {
    const paths = Array.from({ length: 200 }, (_, i) => added(`file${i}`, 'syncdirs'));
    const text = planToMarkdown({ ok: true, diagnostics: [], diff: diff({ paths }) });
    expect(text).toContain('… and 150 more rows');
    expect(text).toContain('200 paths new');
  });
});
