/** Runs what came out of packages and pushes: in namespaces of its own, with few capabilities, seeing little of this host. */
import type { CommandRunner } from '../../plugin/plugin.ts';

/** A directory of this host that the confined command sees. */
export interface ConfinedBind {
  readonly from: string;
  /** Absolute path inside. */
  readonly to: string;
  readonly writable: boolean;
}

export interface ConfineOptions {
  /**
   * `server`: this host's /usr read-only, a minimal /etc, /proc, /dev, an own /tmp, and the binds.
   * `image`: the tree `root` is `/`, with /proc, /dev, an own /tmp, and the binds; nothing of this host is visible.
   */
  readonly view: 'server' | 'image';
  /** Needed for `image`. */
  readonly root?: string;
  readonly binds?: readonly ConfinedBind[];
  /** Default false: a network namespace with nothing in it. */
  readonly network?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** Working directory inside. */
  readonly cwd?: string;
  readonly input?: string;
}

/** Runs one command confined; rejects as CommandRunner does. */
export type Confine = (options: ConfineOptions, command: string, args: readonly string[]) => ReturnType<CommandRunner>;
