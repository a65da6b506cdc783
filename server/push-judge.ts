/** What a pusher reads: what the push would do or why it is refused, then what was applied and how to undo it. */
import type { Diagnostic } from '../core/diagnostic/diagnostic.ts';
import { effectLine } from '../core/engine/applied.ts';
import { heldLines } from '../core/engine/held-text.ts';
import type { Engine, Reconciled } from '../core/engine/types.ts';
import { renderDiagnostics, renderDiff } from '../core/plan/render.ts';
import { waitForBuilds } from './git/build-wait.ts';
import type { BranchChange, PushJudge } from './git/push-gate.ts';

/** git puts `remote: ` before each line, and most terminals have 80 to 120 columns. */
const width = 100;

/** A refusal fits a screen; the rest is `litehouse check`'s. */
const mostLines = 24;

export interface PushJudgeParts {
  readonly engine: Pick<Engine, 'judge' | 'reconcile' | 'received' | 'status' | 'on'>;
  /** Parents of a commit of the repository, to say how a push is undone. */
  readonly parentsOf: (commit: string) => Promise<readonly string[]>;
  /** Hears of what became of pushes. */
  readonly log?: (what: 'accepted' | 'refused', change: BranchChange) => void;
  readonly onApplied?: (commit: string, pusher: string, result: Reconciled) => void;
}

/** Joins the gate that git's hooks ask with the engine. */
export function pushJudge({ engine, parentsOf, log, onApplied }: PushJudgeParts): PushJudge {
  return {
    async judgeMain(change) {
      const preview = await engine.judge(change.snapshot);
      log?.(preview.ok ? 'accepted' : 'refused', change);
      if (!preview.ok) {
        return { accept: false, lines: refusal(preview.diagnostics) };
      }
      const diff = preview.diff === undefined ? [] : renderDiff(preview.diff, { width });
      const held = heldLines(preview.held, { width });
      return { accept: true, lines: [...foldWarnings(preview.diagnostics), ...diff, ...held] };
    },

    async judgeBranch(change) {
      const { ok, diagnostics, diff, held } = await engine.judge(change.snapshot);
      if (!ok)
        return {
          lines: [`${change.branch}: it would be refused as the cluster's branch:`, ...refusal(diagnostics)],
        };
      const lines = diff === undefined ? [] : renderDiff(diff, { width });
      const said = `${change.branch}: merged, it would do this:`;
      return { lines: [said, ...foldWarnings(diagnostics), ...lines, ...heldLines(held, { width })] };
    },

    async applied(commit, print, push) {
      await engine.received(commit, push.pusher, push.via);
      const result = await engine.reconcile(`pushed by ${push.pusher}`);
      onApplied?.(commit, push.pusher, result);
      for (const line of result.lines) print(line);
      const effect = effectLine(result, 'the push is taken');
      if (effect !== undefined) print(effect);
      const update = push.updates.find(({ new: next }) => next === commit);
      const undo = undoCommand(update?.old, await waysBack(commit, update?.old, parentsOf));
      if (undo !== undefined) print(`undo: ${undo} && git push`);
    },

    built: (commit, print, signal) => waitForBuilds(engine, commit, print, signal),
  };
}

function refusal(diagnostics: readonly Diagnostic[]): string[] {
  return renderDiagnostics(
    diagnostics.filter(({ severity }) => severity === 'error'),
    { most: mostLines, width },
  );
}

/** One line a kind of warning: the first in full, the others as a number. */
export function foldWarnings(diagnostics: readonly Diagnostic[]): string[] {
  const kinds = new Map<string, { readonly first: Diagnostic; count: number }>();
  for (const diagnostic of diagnostics) {
    if (diagnostic.severity !== 'warning') continue;
    const kind = kinds.get(diagnostic.code);
    if (kind === undefined) kinds.set(diagnostic.code, { first: diagnostic, count: 1 });
    else kind.count++;
  }
  const lines: string[] = [];
  for (const { first, count } of kinds.values()) {
    const line = renderDiagnostics([first], { width })[0] ?? '';
    lines.push(count === 1 ? line : `${line} (and ${count - 1} more: litehouse check)`);
  }
  return lines;
}

/** A longer push is not walked through: it is undone as a whole. */
const mostWalked = 20;

/** Commits of a push from its tip back to where the branch was, each with its parents; undefined: not one line of that length. */
type Line = readonly { readonly commit: string; readonly parents: readonly string[] }[];

async function waysBack(
  tip: string,
  old: string | undefined,
  parentsOf: PushJudgeParts['parentsOf'],
): Promise<Line | undefined> {
  const line: { commit: string; parents: readonly string[] }[] = [];
  for (let at: string | undefined = tip; at !== undefined && line.length < mostWalked; ) {
    const parents = await parentsOf(at);
    line.push({ commit: at, parents });
    if (old === undefined || parents[0] === old) return line;
    at = parents[0];
  }
  return undefined;
}

/**
 * The git command that brings back what was before the push; undefined where there was nothing. `line`: the commits of the
 * push by first parents, newest first. git reverts no range that holds a merge, so such a push is undone as a whole.
 */
export function undoCommand(old: string | undefined, line: Line | undefined): string | undefined {
  if (old === undefined || /^0+$/.test(old)) return undefined;
  const short = (commit: string) => commit.slice(0, 9);
  const [tip, ...more] = line ?? [];
  if (tip !== undefined && more.length === 0) {
    const mainline = tip.parents.length > 1 ? '-m 1 ' : '';
    return `git revert --no-edit ${mainline}${short(tip.commit)}`;
  }
  if (tip !== undefined && line?.every(({ parents }) => parents.length === 1) === true) {
    return `git revert --no-edit ${short(old)}..${short(tip.commit)}`;
  }
  return `git restore --source=${short(old)} --staged --worktree :/ && git commit -m 'Back to ${short(old)}'`;
}
