/** The contract that every plugin is written against; our own features use nothing else. */
import type { z } from 'zod';
import type { Diagnostic, MessageKind } from '../diagnostic/diagnostic.ts';
import type { Image, ImageBuild, View } from '../resolve/view.ts';
import type { TableSchema } from '../tables/schema.ts';
import type { ArtifactOutput, Output, RootName } from './output.ts';

/** The version of this contract; a plugin names the one that it was written for and is refused where it differs. */
export const contractVersion = 1;

/** Runs one command as an argument array, no shell. Rejects with one uniform error text on a bad exit. */
export type CommandRunner = (
  command: string,
  args: readonly string[],
  options?: {
    readonly cwd?: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly input?: string | Buffer;
  },
) => Promise<{ readonly stdout: string; readonly stderr: string }>;

export interface BuildContext {
  /** An empty directory, the engine's; what is in it when build resolves becomes the artifact, by rename. */
  readonly directory: string;
  /** A directory that stays from build to build (downloads), the plugin's own; the engine may empty it between builds. */
  readonly cache: string;
  /** The directory behind a root of this host; undefined: the settings name no such root. */
  readonly rootDirectory: (root: RootName) => string | undefined;
  /** The commit that the artifact was planned from. */
  readonly commit: string;
  /** Directories of the artifacts that this one names in `inputs`, by id. Read only. */
  readonly inputs: ReadonlyMap<string, string>;
  readonly run: CommandRunner;
  /** One line for the log; `progress` from 0 to 1 where it is known. */
  readonly log: (line: string, progress?: number) => void;
  /** The build waits for another one, for what only one at a time may use: until the undo is called its time does not count. */
  readonly pause?: () => () => void;
  /** Aborted when no plan wants the artifact any more, when somebody stops it or the server stops; build must then reject soon. */
  readonly signal: AbortSignal;
  /** The bytes of a file of the commit that the artifact was planned from. */
  readonly readFile: (path: string) => Promise<Buffer>;
  /** What a cell `secret:NAME` stands for, from outside of git; undefined: not there. Not to be logged, nor put where many read. */
  readonly secret: (name: string) => Promise<string | undefined>;
}

/** What verify may ask of the live system; read only. */
export interface Probe {
  readonly run: CommandRunner;
  readonly readFile: (path: string) => Promise<Buffer | undefined>;
}

export interface Drift {
  readonly plugin: string;
  readonly root: string;
  readonly path: string;
  /** missing, changed, mode, owner, type, extra, blocked; or a plugin's own word from verify. */
  readonly what: string;
  readonly detail: string;
}

/** What a plugin that asks repositories gets: as for a build, but for what it makes. */
export interface RepositoryContext extends Pick<BuildContext, 'cache' | 'rootDirectory' | 'run' | 'log' | 'signal'> {
  /** An empty directory, the engine's; gone afterwards. */
  readonly directory: string;
  /** Whether `packages` is asked for too; may download them. */
  readonly packages: boolean;
}

/** How the package repositories of an image stand now. */
export interface RepositoryReport {
  /** Date as the repository says (ISO 8601), digest of its metadata; in the order in which they are asked. */
  readonly repositories: readonly {
    readonly alias: string;
    readonly url: string;
    readonly date?: string | undefined;
    readonly digest: string;
  }[];
  /** What a build without a lock would install now, sorted; undefined: not asked for, or only a build can say. */
  readonly packages: readonly { readonly name: string; readonly version: string; readonly arch: string }[] | undefined;
}

/** What one osimage becomes under a plugin that builds it; the artifacts' recipes stay the plugin's own business. */
export interface ImagePlan {
  readonly image: string;
  readonly build: Extract<ImageBuild, { kind: 'built' }>;
  readonly artifacts: readonly ArtifactOutput[];
}

/**
 * What is known of the host that a plan is put into effect on; part of the stamp, and the same for as long as the process runs.
 * A preview without a server's settings has none.
 */
export interface Place {
  /** Absolute directory behind a root of a target; undefined: not known here, as for every other host. */
  directory(target: string, root: RootName): string | undefined;
  /** Whether reload commands run. */
  readonly reloads: boolean;
}

export interface PluginHooks {
  /** First: asked for each osimage in the order of the loaded plugins; the first that answers builds it. None: it is external. Pure. */
  images?(view: View, image: Image): ImagePlan | undefined;
  /** All, in load order. Pure: no clock, disk, network, randomness. */
  check?(view: View, place?: Place): readonly Diagnostic[];
  /** All, in load order. Outputs for every target. Pure. */
  plan?(view: View, place?: Place): readonly Output[];
  /** The only impure producer. Runs only when no artifact of that digest exists. */
  build?(artifact: ArtifactOutput, context: BuildContext): Promise<void>;
  /** How the repositories of an image that it builds stand now. Asks the network; runs nothing that comes from there. */
  repositories?(view: View, image: Image, context: RepositoryContext): Promise<RepositoryReport>;
  /** Reads the live system for drift that files alone do not show. */
  verify?(view: View, probe: Probe): Promise<readonly Drift[]>;
  /** Carries the outputs of another target to that host. */
  deliver?(outputs: readonly Output[], target: string, context: BuildContext): Promise<void>;
}

export interface Plugin<Options = unknown> {
  readonly name: string;
  readonly contract: number;
  /** Enters every stamp: change it when outputs change for the same view. */
  readonly version: string;
  /** One sentence, for `--help` and the docs. */
  readonly about: string;
  /** Table to columns that the plugin reads; each must be in a schema. */
  readonly reads: Readonly<Record<string, readonly string[]>>;
  /** Tables that the plugin adds. */
  readonly tables?: readonly TableSchema[];
  /** Kinds of diagnostics of its own (codes LH8xx), so that `litehouse help` can explain them. */
  // biome-ignore lint/suspicious/noExplicitAny: argument types differ from kind to kind and only the kind itself uses them.
  readonly messages?: readonly MessageKind<any>[];
  /** Names of plugins that must be loaded before it. */
  readonly after?: readonly string[];
  /** zod object; unknown keys are refused. */
  readonly options: z.ZodType<Options>;
  setup(options: Options): PluginHooks;
}

/** Identity function that types a plugin. */
export function definePlugin<Options>(plugin: Plugin<Options>): Plugin<Options> {
  return plugin;
}
