/** The one way in which a command says that it cannot go on, and the one place that prints it. */
import { CommanderError } from 'commander';
import type { Diagnostic } from '../../core/diagnostic/diagnostic.ts';

/** 0: yes; 1: the thing asked about is not so (errors, drift, not applied); 2: used wrongly, or it cannot run. */
export type ExitStatus = 0 | 1 | 2;

/** Printed at the end of every command's `--help`. */
export const exitStatusHelp =
  'Exit status: 0 yes, all well; 1 the thing asked about is not so; 2 used wrongly, or litehouse cannot run here.';

/** Something that a person has to mend before the command can run. Never shown with a stack. */
export class Failure extends Error {
  /** What does not work. */
  readonly what: string;
  /** What stands in the way, where `what` does not say it all. */
  readonly why: string | undefined;
  /** What to write, run or do instead. */
  readonly mend: string;
  /** Stable code of the catalogue, for `litehouse help CODE`. */
  readonly code: string | undefined;
  readonly status: ExitStatus;

  constructor(failure: {
    what: string;
    why?: string;
    mend: string;
    code?: string;
    status?: ExitStatus;
    cause?: unknown;
  }) {
    super(failure.what, failure.cause === undefined ? undefined : { cause: failure.cause });
    this.name = 'Failure';
    this.what = failure.what;
    this.why = failure.why;
    this.mend = failure.mend;
    this.code = failure.code;
    this.status = failure.status ?? 2;
  }

  /** The failure that a diagnostic of the catalogue's server area describes. */
  static from(diagnostic: Diagnostic, why?: string): Failure {
    const place = diagnostic.at === undefined ? '' : `${placeText(diagnostic.at)}: `;
    return new Failure({ what: place + diagnostic.message, why, mend: diagnostic.mend, code: diagnostic.code });
  }
}

function placeText(at: { readonly file: string; readonly line: number; readonly column: number }): string {
  if (at.line === 0) return at.file;
  return at.column === 0 ? `${at.file}:${at.line}` : `${at.file}:${at.line}:${at.column}`;
}

/** Lines for a person about any error: what, why, mend for a Failure; one line for a surprise, its stack only when `debug`. */
export function failureLines(error: unknown, options: { readonly debug: boolean }): string[] {
  if (error instanceof Failure) {
    const lines = [`litehouse: ${error.code === undefined ? '' : `${error.code}: `}${error.what}`];
    if (error.why !== undefined) lines.push(`  why:  ${error.why}`);
    lines.push(`  mend: ${error.mend}`);
    if (options.debug && error.stack !== undefined) lines.push(error.stack);
    return lines;
  }
  const message = error instanceof Error ? error.message : String(error);
  const mend = mendOf(error);
  const lines = [`litehouse: ${mend === undefined ? 'unexpected: ' : ''}${message.split('\n', 1)[0]}`];
  if (options.debug) lines.push(error instanceof Error && error.stack !== undefined ? error.stack : String(error));
  else if (mend !== undefined) lines.push(`  mend: ${mend}`);
  else
    lines.push('  mend: this is a fault of litehouse; run it again with LITEHOUSE_DEBUG=1 and report what it prints');
  return lines;
}

/**
 * What a person does about an error that is no fault of ours: one that says so itself, or one of the disk. A program that we run
 * (git, tar) says the latter in words.
 */
export function mendOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('mend' in error && typeof error.mend === 'string') return error.mend;
  const code = codeOf(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'free space on that filesystem (df -h, df -i)';
  if (code === 'EROFS') return 'that filesystem is mounted read-only: remount it, after a look at why (dmesg)';
  if (code === 'EACCES' || code === 'EPERM') {
    return 'run this as the user that the directory belongs to, or look at its owner, mode and mount options';
  }
  if (code === 'ELOOP') return 'a symbolic link stands where litehouse keeps a file of its own: move it away';
  return code === 'EIO' ? 'the disk has errors: look at the kernel log (dmesg)' : undefined;
}

/** The disk's trouble in the words of a program. */
const troubles: readonly (readonly [text: RegExp, code: string])[] = [
  [/No space left on device/i, 'ENOSPC'],
  [/Disk quota exceeded/i, 'EDQUOT'],
  [/Read-only file system/i, 'EROFS'],
  [/Input\/output error/i, 'EIO'],
];

function codeIn(message: string): string | undefined {
  return troubles.find(([text]) => text.test(message))?.[1];
}

/** What does not work, where an error is the disk's: in one line, without the command that met it. */
export function diskTrouble(error: unknown): { readonly what: string; readonly mend: string } | undefined {
  const code = error instanceof Error ? codeOf(error) : undefined;
  const what = code === undefined ? undefined : diskWords[code];
  const mend = mendOf(error);
  return what === undefined || mend === undefined ? undefined : { what, mend };
}

function codeOf(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : codeIn(error.message);
}

const diskWords: Readonly<Record<string, string>> = {
  ENOSPC: 'there is no space left on the disk',
  EDQUOT: 'there is no space left on the disk (the quota of this user)',
  EROFS: 'the filesystem is read-only',
  EIO: 'the disk refuses to be read or written',
};

/** The exit status that an error asks for. Help and version are thrown by commander as errors with code 0. */
export function statusOf(error: unknown): ExitStatus {
  if (error instanceof Failure) return error.status;
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  return 2;
}
