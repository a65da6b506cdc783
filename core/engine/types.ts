/**
 * What the engine offers to the server and the command line, and what it reports.
 *
 * Over 300 lines, because it is one list: every caller reads it from here.
 */

import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import type { WorldDiff } from '../plan/diff.ts';
import type { ImagesMode } from '../plan/make-plan.ts';
import type { Generation, World } from '../plan/world.ts';
import type { Drift, RepositoryReport } from '../plugin/plugin.ts';
import type { NodeCommand } from '../policy/rows.ts';
import type { CommitInfo, Snapshot } from '../repo/snapshot.ts';
import type { View } from '../resolve/view.ts';

/** Settings outside the repository that shape outputs or say where things are. */
export interface EngineSettings {
  /** Bare repository. */
  readonly repository: string;
  /** Directory of LMDB, build logs, socket. */
  readonly state: string;
  readonly branch: string;
  readonly target: string;
  readonly roots: readonly {
    readonly name: string;
    readonly dir: string;
    readonly rank: number;
    readonly holdSeconds: number;
  }[];
  /** `external`: no plugin builds an image (the default where the server is not root). */
  readonly images: ImagesMode;
  /** Whether reload commands run; off in the embedded default. */
  readonly reloads: boolean;
  /** Generations of an image that stay on the disk besides the newest; at least 1, default 3. */
  readonly keepGenerations?: number;
  /** Artifacts that are built at once; default 1. */
  readonly builds?: number;
  /** Minutes after which a build is ended as failed; default 120. */
  readonly buildMinutes?: number;
  /** Called within each removal of an artifact, for tests that stop the process there. */
  readonly onRemoval?: (step: 'pending' | 'renamed' | 'forgotten') => void;
  /** Called before each change of a live file in a generation, for tests that stop the process there. */
  readonly onLive?: ((change: string, path: string) => void) | undefined;
  /** Called before each named step of an apply, for tests that stop the process there. */
  readonly onStep?: (step: string, subject: string) => void | Promise<void>;
}

/** What a commit would do, without doing it. */
export interface Preview {
  readonly commit: string | undefined;
  readonly diagnostics: readonly Diagnostic[];
  /** No diagnostic is an error (after site waivers and `litehouse.strict`). */
  readonly ok: boolean;
  readonly view: View;
  /** Undefined where errors left nothing to plan. */
  readonly world: World | undefined;
  /** Against what is in effect; from nothing where nothing is. */
  readonly diff: WorldDiff | undefined;
  /** What would be in shared files only for nodes that run with it; absent where nothing would. */
  readonly held?: readonly HeldGroup[];
}

/** received → checked → applied (waiting…): never merged into one tick (DESIGN 7). */
export interface CommitRecord {
  readonly commit: string;
  /** Who pushed it (token name, user, or `anonymous@127.0.0.1`), and how; undefined when found by looking at the ref. */
  readonly pusher: string | undefined;
  readonly via: 'http' | 'ssh' | 'file' | 'found' | undefined;
  readonly receivedAt: string;
  readonly checkedAt: string | undefined;
  /** Since when it is, or was last, in effect; `summary`: what that took. */
  readonly appliedAt: string | undefined;
  /** Why it is not applied: errors of the check, or what stopped apply. */
  readonly failed: string | undefined;
  readonly summary: ApplySummary | undefined;
  /** When it was last applied once more though it was in effect (a restart, a repair, a build that ended), and what that did. */
  readonly again?: (ApplySummary & { readonly at: string }) | undefined;
}

export interface ApplySummary {
  readonly written: number;
  readonly removed: number;
  readonly milliseconds: number;
}

export interface WaitingGroup {
  readonly image: string | undefined;
  readonly why: string;
  readonly nodes: readonly string[];
}

export interface Status {
  /** What the branch points at; undefined: no commit yet. */
  readonly head: string | undefined;
  /** What is in effect. */
  readonly applied: string | undefined;
  readonly record: CommitRecord | undefined;
  readonly state:
    | 'no commit yet'
    | 'applied'
    | 'applied, waiting'
    | 'applied, blocked'
    /** Something that nodes boot is gone from the disk. */
    | 'applied, image lost'
    | 'applying'
    | 'refused'
    | 'failed';
  /** Says in a sentence what a person has to do, where somebody has to. */
  readonly problem: string | undefined;
  readonly nodes: number;
  readonly waiting: readonly WaitingGroup[];
  readonly builds: readonly {
    readonly id: string;
    readonly state: string;
    readonly detail: string;
    readonly progress: number | undefined;
    /** ISO time at which the build under way began. */
    readonly since: string | undefined;
    /** File with the whole log, of a build that runs or failed. */
    readonly log: string | undefined;
  }[];
  /** Images that are built because somebody asked for them by name. */
  readonly asked: readonly string[];
  readonly external: readonly string[];
  readonly blocked: readonly { readonly root: string; readonly path: string; readonly what: string }[];
  readonly needsRoot: number;
  readonly skippedReloads: readonly string[];
  readonly warnings: number;
  /** Lines of shared files and published trees that are there only for nodes that run with them. */
  readonly held: readonly HeldGroup[];
  /** Of each image that has live files, or generations that could not get them. */
  readonly live: readonly LiveStanding[];
}

/** What is laid over the generations of an image. */
export interface LiveStanding {
  readonly image: string;
  readonly files: number;
  /** How many generations are on the disk. */
  readonly generations: number;
  /** What could not be laid where: `/etc/motd in 3f2a…: the image has a directory there`. */
  readonly problems: readonly string[];
}

export interface HeldGroup {
  readonly root: string;
  readonly path: string;
  readonly line: string;
  readonly nodes: readonly string[];
}

/** Outcome of one look at the ref. */
export interface Reconciled {
  readonly commit: string | undefined;
  /** False: the ref names what is already in effect and nothing was open. */
  readonly changed: boolean;
  readonly ok: boolean;
  /** Paths that are not as the commit has them though it is in effect: blocked ones, and live files that can't be laid. Absent: none. */
  readonly without?: number;
  /** For people: what was applied, or why not. */
  readonly lines: readonly string[];
}

/** All that nodes are answered from: plain data, so that another thread can have a copy. */
export interface Answering {
  /** What is in effect; undefined before the first apply. */
  readonly world: Pick<World, 'answers' | 'addresses' | 'generations'> | undefined;
  /** Generations that running nodes may name, and, while an apply is under way, those that its boot files are about to name. */
  readonly generations: ReadonlyMap<string, Generation>;
}

/** A text for a node, or why it gets none. */
export type AnswerText =
  | {
      readonly kind: 'answer';
      readonly node: string;
      readonly text: string;
      /** True: all of the text is ASCII, one byte a character. Otherwise nobody looked. */
      readonly plain?: boolean;
      readonly commit: string;
      readonly generation: string;
      /** The words of the litefile rows, in the order of the text; undefined: frozen by a version that did not keep them. */
      readonly options?: readonly string[];
    }
  /** `status` is the HTTP status that fits: 404 unknown node or address, 403 offline or unplannable, 409 unknown generation, 503 not ready. */
  | {
      readonly kind: 'refusal';
      readonly status: 403 | 404 | 409 | 503;
      readonly reason: string;
      readonly text: string;
    };

export interface Engine {
  readonly settings: EngineSettings;
  /** What is in effect; undefined before the first apply. */
  readonly world: World | undefined;
  /** View of the commit in effect (undefined with `world`). */
  readonly view: View | undefined;
  /** Check and plan against what is in effect; writes nothing. Serialised with apply. */
  judge(snapshot: Snapshot): Promise<Preview>;
  /** Looks at the ref; where it names something not yet in effect, or a journal is open, plans and applies it. Serialised;
   *  calls that arrive while one runs share the next run. Never throws for a bad commit: says so in the result. */
  reconcile(
    reason: string,
    options?: {
      readonly adopt?: readonly string[];
      readonly repair?: boolean;
      readonly retryBuilds?: boolean;
      /** Apply although the commit is in effect: somebody asked, or an artifact came. */
      readonly again?: boolean;
    },
  ): Promise<Reconciled>;
  /** Remembers who pushed a commit. */
  received(commit: string, pusher: string, via: 'http' | 'ssh' | 'file'): Promise<void>;
  /** A node runs with the set of a commit: what that set has in shared files is held until it runs with another. A commit of
   *  neither the set that the node has nor the one before changes nothing. */
  booted(node: string, commit: string, generation?: string): void;
  /** A node was answered for a generation: it is kept as a booted one is, until the node reports a boot. */
  asked(node: string, generation: string): void;
  /** Resolves when all that `booted` was told is on the disk; rejects where the disk refuses it, and it is tried again. */
  bootsWritten(): Promise<void>;
  /** Why that is not on the disk, or what nodes asked for; undefined: nothing stands in the way. */
  readonly bootsProblem: string | undefined;
  /** Hears when that begins and when it is over. Returns its own undo. */
  onBootsProblem(listener: (problem: string | undefined) => void): () => void;
  /** Lets go of what is held for nodes and of the generations that they pin, and applies; gives those of which a boot was known. */
  release(nodes: Iterable<string>): Promise<readonly string[]>;
  status(): Promise<Status>;
  /** Wants an image built, whether a node has it or not; what failed of it is tried again. `ok` false: there is nothing to build. */
  buildImage(name: string): Promise<{ readonly ok: boolean; readonly lines: readonly string[] }>;
  /**
   * Ends what is being built of an image, and what would be next of it does not begin: that has failed, stopped by `by`, until it is tried
   * again. Resolves when it has ended. `ok` false: there is nothing to stop.
   */
  stopBuilds(name: string, by: string): Promise<{ readonly ok: boolean; readonly lines: readonly string[] }>;
  /** Takes back that an image was asked for; gives whether it was. What was built stays as any earlier generation does. */
  forgetImage(name: string): Promise<boolean>;
  /** Every image of the commit in effect, and those that only the disk has still (image '': nothing is known of them). */
  images(options?: { readonly sizes?: boolean }): Promise<readonly ImageStanding[]>;
  /** How the repositories of a built image stand now; asks the network. `packages`: also what a build would take from them. */
  imageRepositories(name: string, options?: { readonly packages?: boolean }): Promise<ImageRepositories>;
  /** Removes artifacts that nothing needs; `all`: also those that are kept only for a revert, or of which nothing is known. */
  pruneImages(options?: { readonly dryRun?: boolean; readonly all?: boolean }): Promise<PruneOutcome>;
  /** Newest first: commits of the branch with what is known of each. */
  history(limit: number): Promise<readonly (CommitInfo & { readonly record: CommitRecord | undefined })[]>;
  /** Disk against the world in effect, and the plugins' own verify. */
  verify(): Promise<readonly Drift[]>;
  /** Synchronous, from memory: what request handlers use. Without a generation: the node's newest. */
  answer(node: string, generation?: string): AnswerText;
  /** `only`: one part of the answer is asked for, and need not be allowed more than that. */
  answerFor(address: string, generation?: string, only?: NodeCommand): AnswerText;
  /** What `answerFor` answers from, as it stands. */
  readonly answering: Answering;
  /**
   * Hears whenever that changes, and holds the apply up until it resolves: before the first boot file that names a new generation,
   * and as the answers flip, before anything of the old commit is pruned. So whoever answers from a copy keeps law 3 as this engine
   * does. A listener must not reject. Returns its own undo.
   */
  onAnswering(listener: (answering: Answering) => Promise<void>): () => void;
  /** `change`: status changed; `build`: progress. Returns its own undo. */
  on(event: 'change' | 'build', listener: (line: string) => void): () => void;
  /** Waits for the running apply, stops builds, closes the store. */
  close(): Promise<void>;
}

/** An artifact that the plan in effect has for an image. */
export interface PlannedArtifact {
  readonly id: string;
  readonly name: string;
  readonly kind: 'base' | 'boot' | 'generation' | 'other';
  readonly digest: string;
  readonly root: string;
  readonly path: string;
  /** `not wanted`: no node has the image, nobody asked for it, and it is not there. */
  readonly state: 'present' | 'building' | 'failed' | 'waiting' | 'not wanted';
  /** Why it failed, or the last line of its log. */
  readonly detail: string;
  readonly progress: number | undefined;
  /** ISO time at which the build under way began. */
  readonly since: string | undefined;
  readonly log: string | undefined;
}

/** An artifact that is ours on the disk. */
export interface ImageArtifact {
  readonly id: string;
  readonly kind: PlannedArtifact['kind'];
  readonly digest: string;
  readonly root: string;
  readonly path: string;
  readonly directory: string;
  /** ISO time at which it was put in place; undefined: not known. */
  readonly made: string | undefined;
  /** Somebody removed it, or a part of it, by hand. */
  readonly lost: boolean;
  /** Ids of what it was made from. */
  readonly inputs: readonly string[];
  /** Why it stays, in words; none: the next apply removes it. */
  readonly kept: readonly string[];
  /** Nodes whose last whole boot was of this generation. */
  readonly booted: readonly string[];
  /** Nodes that asked for this generation since, and have not reported a boot of it. */
  readonly asked: readonly string[];
  /** What the build wrote down: base.json, boot.json or generation.json in it. */
  readonly note: unknown;
  /** How people name it: of a generation over which live files lie `<digest>+live(<commit>)`, the commit that changed them last. */
  readonly called: string;
  /** Live files that are laid over it. */
  readonly live?: { readonly commit: string; readonly files: number; readonly problems: readonly string[] } | undefined;
  /** What it takes of the disk beyond those before it, where sizes were asked for and could be had. */
  readonly bytes?: number | undefined;
}

/** One image and all that there is of it. */
export interface ImageStanding {
  readonly image: string;
  /** `external`: the administrator's own; `no row`: only the disk has it still. */
  readonly kind: 'built' | 'external' | 'no row';
  readonly plugin: string | undefined;
  readonly asked: boolean;
  /** How many nodes the tables give it to. */
  readonly nodes: number;
  /** Generation that came into effect last. */
  readonly inEffect: string | undefined;
  readonly planned:
    | {
        readonly base: string;
        readonly boot: string;
        readonly generation: string;
        readonly artifacts: readonly PlannedArtifact[];
      }
    | undefined;
  readonly artifacts: readonly ImageArtifact[];
}

/** What the repositories of an image say now. */
export interface ImageRepositories extends RepositoryReport {
  /** False: they could not be asked, and `lines` says why. */
  readonly ok: boolean;
  readonly lines: readonly string[];
}

export interface PruneOutcome {
  readonly dryRun: boolean;
  /** What went, or would go. */
  readonly removed: readonly { readonly id: string; readonly root: string; readonly path: string }[];
  readonly kept: readonly { readonly id: string; readonly root: string; readonly path: string; readonly why: string }[];
}
