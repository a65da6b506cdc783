/** How many files and connections this process may have open, and what of that network clients may take. */
import { readFileSync } from 'node:fs';
import { usualLimits } from './tftp/server.ts';

/** What pushes, commands, builds, the repository and the disk need beside what clients of the network hold open. */
const keptForOthers = 2_048;

export interface ConnectionLimits {
  readonly node: number;
  readonly admin: number;
}

/**
 * How many connections each listener takes, of so many open files. A hostile network that fills them all must not take from git what
 * it needs to be started. `tftp`: boot loaders are served too, each transfer with a socket and a file.
 */
export function connectionLimits(
  openFiles: number,
  most: { readonly node: number; readonly admin: number },
  tftp: boolean,
): ConnectionLimits {
  const kept = keptForOthers + (tftp ? 2 * usualLimits.transfers : 0);
  const quarter = Math.floor(openFiles / 4);
  return {
    node: Math.min(most.node, Math.max(openFiles - kept, quarter)),
    admin: Math.min(most.admin, Math.floor(openFiles / 8)),
  };
}

/**
 * The limit of this process (RLIMIT_NOFILE); undefined where it is not known. node raises the soft one to the hard one as it
 * starts, so what stands here is all that may be had.
 */
export function openFileLimit(limits = '/proc/self/limits'): number | undefined {
  try {
    return limitIn(readFileSync(limits, 'utf8'));
  } catch {
    return undefined;
  }
}

/** The soft limit in the text of `/proc/<pid>/limits`. */
export function limitIn(text: string): number | undefined {
  const [, soft] = /^Max open files\s+(\d+|unlimited)\s/m.exec(text) ?? [];
  return soft === undefined ? undefined : soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
}
