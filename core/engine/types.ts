/** What the engine offers to the server and the command line, and what it reports. */
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import type { WorldDiff } from '../plan/diff.ts';
import type { World } from '../plan/world.ts';
import type { Drift } from '../plugin/plugin.ts';
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
  readonly images: 'external' | 'built';
  /** Whether reload commands run; off in the embedded default. */
  readonly reloads: boolean;
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
}

/** received → checked → applied (waiting…): never merged into one tick (DESIGN 7). */
export interface CommitRecord {
  readonly commit: string;
  /** Who pushed it (token name, user, or `anonymous@127.0.0.1`), and how; undefined when found by looking at the ref. */
  readonly pusher: string | undefined;
  readonly via: 'http' | 'ssh' | 'file' | 'found' | undefined;
  readonly receivedAt: string;
  readonly checkedAt: string | undefined;
  readonly appliedAt: string | undefined;
  /** Why it is not applied: errors of the check, or what stopped apply. */
  readonly failed: string | undefined;
  readonly summary: { readonly written: number; readonly removed: number; readonly milliseconds: number } | undefined;
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
  }[];
  readonly external: readonly string[];
  readonly blocked: readonly { readonly root: string; readonly path: string; readonly what: string }[];
  readonly needsRoot: number;
  readonly skippedReloads: readonly string[];
  readonly warnings: number;
  /** Lines of shared files that are there only for nodes that run with them. */
  readonly held: readonly HeldGroup[];
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
  /** For people: what was applied, or why not. */
  readonly lines: readonly string[];
}

/** A text for a node, or why it gets none. */
export type AnswerText =
  | {
      readonly kind: 'answer';
      readonly text: string;
      /** True: all of the text is ASCII, one byte a character. Otherwise nobody looked. */
      readonly plain?: boolean;
      readonly commit: string;
      readonly generation: string;
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
  booted(node: string, commit: string): void;
  /** Lets go of what is held for nodes, and applies; gives those of which a boot was known. */
  release(nodes: Iterable<string>): Promise<readonly string[]>;
  status(): Promise<Status>;
  /** Newest first: commits of the branch with what is known of each. */
  history(limit: number): Promise<readonly (CommitInfo & { readonly record: CommitRecord | undefined })[]>;
  /** Disk against the world in effect, and the plugins' own verify. */
  verify(): Promise<readonly Drift[]>;
  /** Synchronous, from memory: what request handlers use. Without a generation: the node's newest. */
  answer(node: string, generation?: string): AnswerText;
  /** `only`: one part of the answer is asked for, and need not be allowed more than that. */
  answerFor(address: string, generation?: string, only?: NodeCommand): AnswerText;
  /** `change`: status changed; `build`: progress. Returns its own undo. */
  on(event: 'change' | 'build', listener: (line: string) => void): () => void;
  /** Waits for the running apply, stops builds, closes the store. */
  close(): Promise<void>;
}
