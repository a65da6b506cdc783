/** Plans commits and composes worlds for the engine; keeps what a push was judged by, so that its apply starts from there. */
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import type { Composed, PreviousSets } from '../plan/compose.ts';
import type { NodeSet, Plan } from '../plan/make-plan.ts';
import type { World } from '../plan/world.ts';
import type { Repository } from '../repo/repository.ts';
import type { Snapshot } from '../repo/snapshot.ts';
import type { BootedSets } from './holds.ts';
import type { InEffect } from './memory.ts';
import { type PlanningContext, planSnapshot, previewPlan } from './preview.ts';
import type { Preview } from './types.ts';

export interface Planned {
  readonly plan: Plan;
  readonly checked: readonly Diagnostic[];
}

/** What a world is composed on: the one in effect, and the sets that nodes have in it. */
export interface Base {
  readonly world: World | undefined;
  readonly sets: PreviousSets;
}

export interface Judged {
  readonly preview: Preview;
  readonly composed: Composed;
}

/** What is there of images. */
export interface OnDisk {
  readonly present: (artifact: string) => boolean;
  /** How many generations of an image. */
  readonly generations: (image: string) => number;
}

/** What nodes booted with, as far as planning asks. */
type Booted = Pick<BootedSets, 'all' | 'version'>;

/** The commit in effect and the one that is judged. */
const plannedKept = 2;

export class Planner {
  readonly #context: PlanningContext;
  readonly #repository: Repository;
  readonly #roots: ReadonlySet<string>;
  readonly #onDisk: OnDisk;
  readonly #booted: Booted;
  readonly #asked: ReadonlySet<string>;
  readonly #planned = new Map<string, Planned>();
  /** Counts what happened to artifacts: a composed world stands on which ones were there and wanted. */
  #builds = 0;
  #last:
    | {
        readonly planned: Planned;
        readonly base: World | undefined;
        readonly builds: number;
        readonly holds: number;
        readonly result: Judged;
      }
    | undefined;

  constructor(
    context: PlanningContext,
    repository: Repository,
    roots: ReadonlySet<string>,
    onDisk: OnDisk,
    booted: Booted,
    asked: ReadonlySet<string>,
  ) {
    this.#asked = asked;
    this.#context = context;
    this.#repository = repository;
    this.#roots = roots;
    this.#onDisk = onDisk;
    this.#booted = booted;
  }

  /** The plan of a snapshot; one of a commit is kept. */
  async ofSnapshot(snapshot: Snapshot): Promise<Planned> {
    if (snapshot.commit === undefined) return planSnapshot(snapshot, this.#context);
    const known = this.#planned.get(snapshot.commit);
    if (known !== undefined) return known;
    const planned = await planSnapshot(snapshot, this.#context);
    if (this.#planned.size >= plannedKept) this.#planned.delete(this.#planned.keys().next().value ?? '');
    this.#planned.set(snapshot.commit, planned);
    return planned;
  }

  async ofCommit(commit: string): Promise<Planned> {
    return this.#planned.get(commit) ?? this.ofSnapshot(await this.#repository.snapshot(commit));
  }

  /** Composes a plan; asked again for the same plan on the same base, it gives what it gave. */
  judge(planned: Planned, base: Base): Judged {
    const [last, builds, holds] = [this.#last, this.#builds, this.#booted.version];
    const same =
      last?.planned === planned && last.base === base.world && last.builds === builds && last.holds === holds;
    if (same) return last.result;
    const result = this.compose(planned, base);
    this.#last = { planned, base: base.world, builds, holds, result };
    return result;
  }

  compose(planned: Planned, base: Base): Judged {
    const { plan, checked } = planned;
    return previewPlan(plan, checked, {
      ...base,
      ...this.#onDisk,
      roots: this.#roots,
      booted: this.#booted.all,
      asked: this.#asked,
    });
  }

  /** An artifact came, failed or went, or another image is asked for. */
  artifactsChanged(): void {
    this.#builds++;
  }

  /** What was judged has been applied: its base is no longer in effect, and would be kept in memory. */
  forget(): void {
    this.#last = undefined;
  }

  /** The sets that nodes had when the process before ended; undefined: the commit can't be planned any more. */
  async setsOf(was: InEffect): Promise<{ readonly planned: Planned; readonly sets: PreviousSets } | undefined> {
    const planned = await this.ofCommit(was.commit).catch(() => undefined);
    if (planned === undefined) return undefined;
    const sets = new Map<string, NodeSet>(planned.plan.sets);
    // Before they waited, these had nothing.
    for (const node of was.without) sets.delete(node);
    for (const [commit, nodes] of Object.entries(was.keeps)) {
      const older = await this.ofCommit(commit).catch(() => undefined);
      for (const node of nodes) {
        const set = older?.plan.sets.get(node);
        if (set === undefined) sets.delete(node);
        else sets.set(node, set);
      }
    }
    return { planned, sets };
  }
}
