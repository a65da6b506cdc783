/** What an apply tells when it ends, and how an error becomes a refusal that says where, what, why and how to mend it. */
import { diskFull, effectFailed, notPermitted, unsafePath } from '../diagnostic/catalogue/apply.ts';
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import type { RootName } from '../plugin/output.ts';
import type { Blocked } from './examine.ts';
import type { LiveReport } from './live.ts';

export interface Count {
  readonly plugin: string;
  readonly kind: string;
  readonly written: number;
  readonly removed: number;
  readonly unchanged: number;
}

export interface ReloadReport {
  readonly name: string;
  readonly command: readonly string[];
  readonly outcome: 'ran' | 'skipped' | 'failed';
  readonly problem?: Diagnostic;
}

/** Something of ours that was to go and stayed, and why. */
export interface Kept {
  readonly root: RootName;
  readonly path: string;
  readonly why: string;
}

export interface ApplyReport {
  /** `failed` and `stopped`: the journal is open and the next apply goes on. */
  readonly outcome: 'applied' | 'failed' | 'stopped';
  readonly commit: string | undefined;
  readonly counts: readonly Count[];
  readonly changed: readonly { readonly root: RootName; readonly path: string; readonly what: 'written' | 'removed' }[];
  readonly blocked: readonly Blocked[];
  readonly kept: readonly Kept[];
  /** Create-only paths that nothing names any more, as root:path. */
  readonly orphans: readonly string[];
  /** Paths whose owner or mode could not be given, as root:path. */
  readonly needsRoot: readonly string[];
  readonly reloads: readonly ReloadReport[];
  /** Of each image that has a row: how its live files stand. */
  readonly live: readonly LiveReport[];
  readonly failure: Diagnostic | undefined;
}

/** An error with the place that it happened at. */
export class FailedAt extends Error {
  constructor(
    readonly where: string,
    readonly reason: unknown,
  ) {
    super(`${where}: ${reason instanceof Error ? reason.message : String(reason)}`);
  }
}

/** The diagnostic of an error that stopped an apply. `step` is named where the error knows no place of its own. */
export function diagnosticOf(error: unknown, step: string): Diagnostic {
  const where = error instanceof FailedAt ? error.where : step;
  const reason = error instanceof FailedAt ? error.reason : error;
  const cause = reason instanceof Error ? reason.message : String(reason);
  const code = typeof reason === 'object' && reason !== null && 'code' in reason ? reason.code : undefined;
  if (code === 'ENOSPC' || code === 'EDQUOT') return diskFull(undefined, { where, cause });
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return notPermitted(undefined, { where, cause });
  if (code === 'EUNSAFE') return unsafePath(undefined, { where, cause });
  return effectFailed(undefined, { where, cause });
}

/** Adds up written, removed and unchanged by plugin and kind. */
export class Counts {
  readonly #by = new Map<
    string,
    { plugin: string; kind: string; written: number; removed: number; unchanged: number }
  >();

  add(of: { readonly plugin: string; readonly kind: string }, what: 'written' | 'removed' | 'unchanged'): void {
    const key = `${of.plugin}\0${of.kind}`;
    const count = this.#by.get(key) ?? { plugin: of.plugin, kind: of.kind, written: 0, removed: 0, unchanged: 0 };
    count[what] += 1;
    this.#by.set(key, count);
  }

  list(): Count[] {
    return [...this.#by.values()];
  }
}
