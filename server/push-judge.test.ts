import { describe, expect, test } from 'vitest';
import type { Diagnostic } from '../core/diagnostic/diagnostic.ts';
import type { Preview } from '../core/engine/types.ts';
import { fakeEngine } from '../test/server/fake-engine.ts';
import type { BranchChange } from './git/push-gate.ts';
import type { Push } from './git/push-listener.ts';
import { foldWarnings, pushJudge, undoCommand } from './push-judge.ts';

const old = 'a'.repeat(40);
const commit = 'b'.repeat(40);

function diagnostic(severity: Diagnostic['severity'], line: number, code = 'LH999'): Diagnostic {
  return { code, severity, at: { file: 'tables/x.csv', line, column: 1 }, message: `message ${line}`, mend: 'do this' };
}

function judgeOf(preview: Partial<Preview>) {
  const diff = { from: old, to: commit, paths: [], nodes: [], builds: [], live: [] };
  const engine = fakeEngine({
    judge: async () => ({ commit, ok: true, diagnostics: [], diff, ...preview }) as unknown as Preview,
  });
  return { engine, judge: pushJudge({ engine, parentsOf: async () => [old] }) };
}

const change = {
  branch: 'main',
  old,
  new: commit,
  pusher: 'alice',
  via: 'http',
  options: [],
} as unknown as BranchChange;

describe('a push that is refused', () => {
  test('shows a screenful at most, errors only, and where the rest is', async () => {
    const diagnostics = [
      ...Array.from({ length: 500 }, (_, line) => diagnostic('error', line + 1)),
      diagnostic('warning', 1),
    ];
    const { accept, lines } = await judgeOf({ ok: false, diff: undefined, diagnostics }).judge.judgeMain(change);
    expect(accept).toBe(false);
    expect(lines.length).toBeLessThanOrEqual(25);
    expect(lines[0]).toBe('tables/x.csv:1:1: error LH999: message 1');
    expect(lines.at(-1)).toMatch(/^\.\.\. and \d+ more: litehouse check$/);
    expect(lines.join()).not.toContain('warning');
  });
});

describe('a push that is taken', () => {
  test('shows the plan, and warnings by kind', async () => {
    const diagnostics = [diagnostic('warning', 1), diagnostic('warning', 2), diagnostic('warning', 3, 'LH998')];
    const { accept, lines } = await judgeOf({ diagnostics }).judge.judgeMain(change);
    expect(accept).toBe(true);
    expect(lines).toEqual([
      'tables/x.csv:1:1: warning LH999: message 1 (and 1 more: litehouse check)',
      'tables/x.csv:3:1: warning LH998: message 3',
      'plan aaaaaaaaa -> bbbbbbbbb',
      '  nothing changes',
    ]);
    expect(foldWarnings([diagnostic('error', 1)])).toEqual([]);
  });

  test('is remembered with its pusher before it is applied, and says how to undo it', async () => {
    const { engine, judge } = judgeOf({});
    const said: string[] = [];
    const push = {
      pusher: 'alice',
      via: 'http',
      updates: [{ ref: 'refs/heads/main', old, new: commit }],
    } as unknown as Push;
    await judge.applied(commit, (line) => said.push(line), push);
    expect(engine.calls).toEqual([
      ['received', commit, 'alice', 'http'],
      ['reconcile', 'pushed by alice', undefined],
    ]);
    expect(said).toEqual(['nothing to do', 'undo: git revert --no-edit bbbbbbbbb && git push']);
  });

  test('that could not have every path is in effect all the same, and that is said; one that failed is not', async () => {
    const push = { pusher: 'alice', via: 'http', updates: [] } as unknown as Push;
    const said = async (result: { readonly ok: boolean; readonly without?: number }): Promise<string[]> => {
      const lines: string[] = [];
      const engine = fakeEngine({ reconcile: async () => ({ commit, changed: true, lines: [], ...result }) });
      await pushJudge({ engine, parentsOf: async () => [old] }).applied(commit, (line) => lines.push(line), push);
      return lines;
    };
    expect(await said({ ok: true })).toEqual([]);
    expect(await said({ ok: true, without: 1 })).toEqual([
      'in effect, but for one path: litehouse status says what to do',
    ]);
    expect((await said({ ok: true, without: 3 }))[0]).toContain('in effect, but for 3 paths');
    expect((await said({ ok: false }))[0]).toContain('not in effect');
  });

  test('another branch is taken whatever it says', async () => {
    const { lines } = await judgeOf({ ok: false, diagnostics: [diagnostic('error', 1)] }).judge.judgeBranch({
      ...change,
      branch: 'topic',
    });
    expect(lines[0]).toBe("topic: it would be refused as the cluster's branch:");
    expect(lines[1]).toContain('LH999');
  });
});

test('one commit, several, a merge and a first push are undone each in its way', () => {
  const other = 'c'.repeat(40);
  expect(undoCommand(old, [{ commit, parents: [old] }])).toBe('git revert --no-edit bbbbbbbbb');
  const two = [
    { commit, parents: [other] },
    { commit: other, parents: [old] },
  ];
  expect(undoCommand(old, two)).toBe('git revert --no-edit aaaaaaaaa..bbbbbbbbb');
  expect(undoCommand(old, [{ commit, parents: [old, other] }])).toBe('git revert --no-edit -m 1 bbbbbbbbb');
  expect(undoCommand('0'.repeat(40), [{ commit, parents: [] }])).toBeUndefined();
  // git reverts no range with a merge in it, and none that it cannot follow by first parents.
  const asAWhole = "git restore --source=aaaaaaaaa --staged --worktree :/ && git commit -m 'Back to aaaaaaaaa'";
  const merged = [
    { commit, parents: [other, 'd'.repeat(40)] },
    { commit: other, parents: [old] },
  ];
  expect(undoCommand(old, merged)).toBe(asAWhole);
  expect(undoCommand(old, undefined)).toBe(asAWhole);
});
