/** The policy of pushes: which refs may move and how, one push of the cluster's branch at a time, and what the pusher reads. */
import {
  gateBusy,
  mainDeleted,
  mainForced,
  mainMoved,
  notACommit,
  pushNotChecked,
  refRefused,
  unknownPushOption,
} from '../../core/diagnostic/catalogue/repo.ts';
import type { Diagnostic } from '../../core/diagnostic/diagnostic.ts';
import { renderDiagnostics } from '../../core/plan/render.ts';
import { openCommit } from '../../core/repo/commit-snapshot.ts';
import { NO_OBJECT } from '../../core/repo/object-format.ts';
import { firstOf, type ObjectSource } from '../../core/repo/objects.ts';
import type { Repository } from '../../core/repo/repository.ts';
import type { Snapshot } from '../../core/repo/snapshot.ts';
import type { RefUpdate } from './hook-protocol.ts';
import type { Print, Push, PushHandlers } from './push-listener.ts';
import { peel, type SecretBrought, secretsBrought } from './pushed-secrets.ts';
import { Turns } from './turns.ts';

/** A branch that would move, as the judge sees it. */
export interface BranchChange {
  readonly branch: string;
  /** Undefined where the branch is new. */
  readonly old: string | undefined;
  readonly new: string;
  /** The state at `new`; its objects may still be in quarantine and are gone when the push is refused. */
  readonly snapshot: Snapshot;
  readonly options: readonly string[];
  readonly pusher: string;
  readonly via: Push['via'];
  /** Aborts when the pusher goes away. */
  readonly signal: AbortSignal;
}

/** Says what a push would do. Lines go to the pusher's terminal as they stand. */
export interface PushJudge {
  /** The cluster's branch: checked and planned. */
  judgeMain(change: BranchChange): Promise<{ readonly accept: boolean; readonly lines: readonly string[] }>;
  /** Another branch: shown, and taken whatever it says (secrets are refused before). */
  judgeBranch(change: BranchChange): Promise<{ readonly lines: readonly string[] }>;
  /** The cluster's branch is at `oid` now: apply it, and tell what was done and how to undo it. */
  applied(oid: string, print: Print, push: Push): Promise<void>;
  /** Tells how what `oid` wants built gets on, until it is done or nobody listens. */
  built?(oid: string, print: Print, signal: AbortSignal): Promise<void>;
}

export interface GateOptions {
  readonly repository: Repository;
  readonly judge: PushJudge;
  readonly branch?: string;
  /** Push options beyond `plan`, with a few words on each. */
  readonly options?: Readonly<Record<string, string>>;
  /** How long a push waits for another one (milliseconds). */
  readonly patience?: number;
  /** How long git has to move the branch after a push was accepted (milliseconds). */
  readonly settle?: number;
  readonly log?: (line: string) => void;
  /** Whose turn it is to change the branch; shared with edits that the server makes itself. */
  readonly turns?: Turns;
}

/** A push with hundreds of branches is a mirror: the first few are judged, all are taken. */
const BRANCHES_JUDGED = 5;

const PLAN = 'plan';
const WAIT = 'wait';
const PLANNED = `nothing was changed: you asked with -o ${PLAN}`;

/** Makes the handlers for `listenForPushes`. */
export function pushGate(gate: GateOptions): PushHandlers {
  const { repository, judge, branch = 'main', patience = 120_000, settle = 5_000, log = () => {} } = gate;
  const main = `refs/heads/${branch}`;
  const known: Readonly<Record<string, string>> = {
    [PLAN]: 'show the plan and change nothing',
    [WAIT]: 'stay until what it wants built is built, or fails',
    ...gate.options,
  };
  const turns = gate.turns ?? new Turns();

  async function preReceive(push: Push, relay: ObjectSource, print: Print, signal: AbortSignal) {
    const source = firstOf(repository.objects, relay);
    const refused = [...(await refusals(push, source))];
    if (refused.length > 0) return refuse(push, refused, print);
    const planOnly = push.options.includes(PLAN);
    const update = push.updates.find(({ ref }) => ref === main);
    const tips = push.updates.filter(({ new: next }) => next !== NO_OBJECT).map(({ new: next }) => peel(source, next));
    const commits = (await Promise.all(tips)).map(({ oid }) => oid);
    const secrets = await secretsBrought(commits, update?.new, repository, relay);
    if (secrets.length > 0) {
      log(`push of ${push.pusher}: refused, for it brings a secret in clear`);
      return refuseSecrets(push, secrets, print);
    }
    if (update === undefined) {
      await judgeOthers(push, source, print, signal);
      if (planOnly) print(PLANNED);
      return { accept: !planOnly };
    }

    const turn = await turns.take(patience, signal, () => print('another push is being checked: waiting for it'));
    if (turn === undefined)
      return refuse(push, [gateBusy(undefined, { branch, seconds: Math.round(patience / 1000) })], print);
    let accept = false;
    try {
      const now = (await repository.head(branch)) ?? NO_OBJECT;
      if (now !== update.old) return refuse(push, [mainMoved(undefined, { branch, now: now.slice(0, 12) })], print);
      const verdict = await judge.judgeMain(await changeOf(update, push, source, signal));
      for (const line of verdict.lines) print(line);
      await judgeOthers(push, source, print, signal);
      if (planOnly) print(PLANNED);
      else if (!verdict.accept) print(nothingChanged(push, branch));
      accept = verdict.accept && !planOnly && !signal.aborted;
    } finally {
      // Accepted: git moves the branch in a moment, and the next push must see it moved.
      if (accept) turn.releaseWhen(async () => (await repository.head(branch)) === update.new, settle);
      else turn.release();
    }
    return { accept };
  }

  /** What no push may do, found before anything is read. */
  async function refusals(push: Push, source: ObjectSource): Promise<Diagnostic[]> {
    const found: Diagnostic[] = [];
    for (const option of push.options)
      if (!Object.hasOwn(known, option)) found.push(unknownPushOption(undefined, { option, known: listOf(known) }));
    for (const update of push.updates) {
      const { ref } = update;
      if (!/^refs\/(heads|tags)\/./.test(ref)) found.push(refRefused(undefined, { ref }));
      else if (ref.startsWith('refs/heads/') && update.new !== NO_OBJECT) {
        const [object] = await source.read([update.new]);
        const type = object?.type ?? 'missing object';
        if (type !== 'commit') found.push(notACommit(undefined, { ref, type }));
        else if (ref === main && (await push.nonFastForward(update)))
          found.push(mainForced(undefined, { branch, was: update.old.slice(0, 12) }));
      } else if (ref.startsWith('refs/tags/') && update.new !== NO_OBJECT) {
        // Of a tree or a file nobody could say whether it holds a secret.
        const { type } = await peel(source, update.new);
        if (type !== 'commit') found.push(notACommit(undefined, { ref, type }));
      } else if (ref === main) found.push(mainDeleted(undefined, { branch }));
    }
    return found;
  }

  /** Shows what the other branches would do. */
  async function judgeOthers(push: Push, source: ObjectSource, print: Print, signal: AbortSignal): Promise<void> {
    const others = push.updates.filter(
      ({ ref, new: next }) => ref.startsWith('refs/heads/') && ref !== main && next !== NO_OBJECT,
    );
    for (const update of others.slice(0, BRANCHES_JUDGED)) {
      const { lines } = await judge.judgeBranch(await changeOf(update, push, source, signal));
      for (const line of lines) print(line);
    }
    if (others.length > BRANCHES_JUDGED)
      print(`and ${others.length - BRANCHES_JUDGED} more branches, which were not checked`);
  }

  async function changeOf(
    update: RefUpdate,
    push: Push,
    source: ObjectSource,
    signal: AbortSignal,
  ): Promise<BranchChange> {
    return {
      branch: update.ref.slice('refs/heads/'.length),
      old: update.old === NO_OBJECT ? undefined : update.old,
      new: update.new,
      snapshot: await openCommit(source, update.new, repository.folders),
      options: push.options,
      pusher: push.pusher,
      via: push.via,
      signal,
    };
  }

  return {
    async preReceive(push, source, print, signal) {
      try {
        return await preReceive(push, source, print, signal);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        log(`push of ${push.pusher}: could not be checked: ${why}`);
        return refuse(push, [pushNotChecked(undefined, { why })], print);
      }
    },
    async postReceive(push, print) {
      const update = push.updates.find(({ ref }) => ref === main);
      if (update === undefined || update.new === NO_OBJECT) return;
      turns.check();
      await judge.applied(update.new, print, push);
    },
    async linger(push, print, signal) {
      const update = push.updates.find(({ ref }) => ref === main);
      if (update === undefined || update.new === NO_OBJECT || !push.options.includes(WAIT)) return;
      await judge.built?.(update.new, print, signal);
    },
  };
}

function nothingChanged(push: Push, branch?: string): string {
  if (push.updates.length < 2) return 'nothing was changed';
  return `nothing was changed: ${branch ?? 'one part'} is refused, and with it the whole push`;
}

function refuse(push: Push, diagnostics: readonly Diagnostic[], print: Print): { accept: false } {
  for (const { severity, code, message, mend } of diagnostics) {
    print(`${severity} ${code}: ${message}`);
    print(`  ${mend}`);
  }
  print(nothingChanged(push));
  return { accept: false };
}

/** In the words of the check that refuses the cluster's branch for it. */
function refuseSecrets(push: Push, secrets: readonly SecretBrought[], print: Print): { accept: false } {
  for (const { commit, diagnostics } of secrets) {
    print(
      `commit ${commit.slice(0, 9)} would bring a secret into the history, where it stays for all who may read it:`,
    );
    for (const line of renderDiagnostics(diagnostics, { most: 24, width: 100 })) print(line);
  }
  print('write that commit anew (git commit --amend, git rebase -i): one more that takes it out leaves it there');
  print(nothingChanged(push));
  return { accept: false };
}

function listOf(known: Readonly<Record<string, string>>): string {
  return Object.entries(known)
    .map(([word, meaning]) => `${word} (${meaning})`)
    .join(', ');
}
