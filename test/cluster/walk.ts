/** A random walk over commits: what the invariant is tested on (the world after A → B equals a fresh apply of B). */
import { type Edit, invalidEdits, type Tree, validEdits } from './edits.ts';
import { generateCluster } from './generate.ts';
import { type Random, seeded } from './random.ts';
import { importCommits, initBare, type NewCommit, type TreeFile } from './repository.ts';

export interface WalkOptions {
  readonly seed: number;
  /** Commits on main after the first; those of side branches that are merged come on top. */
  readonly steps: number;
  /** A new directory for the bare repository. */
  readonly dir: string;
  readonly nodes?: number;
  /** One commit in this many is invalid on purpose; 0: none. */
  readonly invalidOnceIn?: number;
}

export interface WalkCommit {
  readonly commit: string;
  readonly subject: string;
  /** False: made to be refused. True: meant to be accepted, as a rule. */
  readonly valid: boolean;
  readonly branch: 'main' | 'side';
}

interface Step extends NewCommit {
  readonly valid: boolean;
  readonly branch: 'main' | 'side';
}

/** Writes the walk's repository; commits in the order in which they were made, the first one the whole cluster. main ends valid. */
export async function randomWalk(options: WalkOptions): Promise<WalkCommit[]> {
  const steps = [...walkSteps(options)];
  await initBare(options.dir);
  const ids = await importCommits(options.dir, steps);
  return steps.map((step, i) => ({
    commit: ids[i] ?? '',
    subject: step.subject,
    valid: step.valid,
    branch: step.branch,
  }));
}

function* walkSteps(options: WalkOptions): Generator<Step> {
  const random = seeded(options.seed);
  const start = generateCluster({ nodes: options.nodes ?? 12, seed: options.seed, racks: 3, images: 2, overlays: 20 });
  let tree: Tree = new Map([...start].map(([path, text]) => [path, { text, mode: '100644' }]));
  let count = 0;
  let onMain = 0;
  /** Valid states of main, to go back to. */
  const kept: { readonly number: number; readonly tree: Tree }[] = [];
  /** What the last commit on main holds; differs from `tree` after an invalid one. */
  let committed: Tree = new Map();
  const commit = (to: Tree, subject: string, valid: boolean, others: readonly number[] = []): Step => {
    const step: Step = {
      branch: 'main',
      subject,
      parents: count === 0 ? [] : [onMain, ...others],
      changes: difference(committed, to),
      valid,
    };
    committed = to;
    onMain = count++;
    if (valid) kept.push({ number: onMain, tree: to });
    return step;
  };
  yield commit(tree, 'A new cluster', true);

  for (let step = 0; step < options.steps; step++) {
    const last = step === options.steps - 1;
    if (!last && options.invalidOnceIn !== 0 && random.once(options.invalidOnceIn ?? 12)) {
      const broken: Tree = new Map(tree);
      const what = apply(broken, invalidEdits, random, 1);
      yield commit(broken, what, false);
    } else if (random.once(8) && kept.length > 2) {
      // As git revert does it: a new commit that holds an earlier state.
      const back = random.pick(kept);
      tree = back.tree;
      yield commit(tree, `Revert to commit ${back.number}`, true);
    } else if (random.once(10)) {
      const side: Tree = new Map(tree);
      const base = onMain;
      const sideSubject = apply(side, validEdits, random, 2);
      const sideNumber = count++;
      yield {
        branch: 'side',
        subject: sideSubject,
        parents: [base],
        changes: difference(committed, side),
        valid: true,
      };
      const main: Tree = new Map(tree);
      yield commit(main, apply(main, validEdits, random, 1), true);
      const merged = merge(tree, main, side);
      tree = merged;
      yield commit(merged, `Merge side (commit ${sideNumber})`, true, [sideNumber]);
    } else {
      const next: Tree = new Map(tree);
      const what = apply(next, validEdits, random, 1 + random.below(3));
      tree = next;
      yield commit(next, what, true);
    }
  }
}

function apply(tree: Tree, edits: readonly Edit[], random: Random, count: number): string {
  const done: string[] = [];
  for (let tries = 0; done.length < count && tries < 50; tries++) {
    const what = random.pick(edits)(tree, random);
    if (what !== undefined) done.push(what);
  }
  return done.join('; ');
}

function difference(from: Tree, to: Tree): Map<string, TreeFile | undefined> {
  const changes = new Map<string, TreeFile | undefined>();
  for (const path of from.keys()) if (!to.has(path)) changes.set(path, undefined);
  for (const [path, file] of to) {
    const old = from.get(path);
    if (old?.text !== file.text || old.mode !== file.mode) changes.set(path, file);
  }
  return changes;
}

/** File by file: what main changed stays, what only the side branch changed is taken, unless it would put a file where main has a folder. */
function merge(base: Tree, main: Tree, side: Tree): Tree {
  const merged: Tree = new Map(main);
  const mainChanged = difference(base, main);
  for (const [path, file] of difference(base, side)) {
    if (mainChanged.has(path)) continue;
    if (file === undefined) merged.delete(path);
    else if (![...merged.keys()].some((other) => other.startsWith(`${path}/`) || path.startsWith(`${other}/`)))
      merged.set(path, file);
  }
  return merged;
}
