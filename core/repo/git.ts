/** The one runner for git commands: argument arrays, an environment of our own, one wording for failures. */
import { type ChildProcess, spawn } from 'node:child_process';

/** Needed for `core.fsync` with `committed` and `reference` (2.36) and for `safe.directory` given by environment (2.38). */
export const LEAST_GIT = '2.38';

/** A git command that failed: what it was for, how it ended, what it said last, and the command itself. */
export class GitError extends Error {
  readonly exitCode: number | undefined;
  readonly output: string;
  constructor(args: readonly string[], ended: string, exitCode: number | undefined, output: string) {
    const said = output.trim();
    super(`git ${args[0] ?? ''} failed: ${ended}${said === '' ? '' : `: ${said}`} (command: git ${args.join(' ')})`);
    this.name = 'GitError';
    this.exitCode = exitCode;
    this.output = said;
  }
}

/**
 * The environment in which git runs: nothing of git's is inherited (a `GIT_DIR` of our caller would silently turn us to
 * another repository), no configuration of the host or of the account applies, and the repository may belong to another
 * account than the server's.
 */
export function gitEnvironment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const name of ['PATH', 'HOME', 'TMPDIR', 'SYSTEMROOT']) {
    const value = process.env[name];
    if (value !== undefined) environment[name] = value;
  }
  return {
    ...environment,
    LC_ALL: 'C.UTF-8',
    LANGUAGE: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'safe.directory',
    GIT_CONFIG_VALUE_0: '*',
    GIT_TERMINAL_PROMPT: '0',
    GIT_PAGER: 'cat',
    ...extra,
  };
}

export interface GitOptions {
  /** Where git runs; `--git-dir` is given by the caller where discovery is not wanted. */
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly input?: string | Buffer;
  /** Exit codes that are answers, not failures. */
  readonly accept?: readonly number[];
  readonly signal?: AbortSignal;
}

/** What a finished git command gave. */
export interface GitResult {
  readonly code: number;
  readonly stdout: Buffer;
}

/** Starts git with pipes on all three; the caller owns the process. */
export function startGit(
  args: readonly string[],
  options: { readonly cwd?: string; readonly environment?: Readonly<Record<string, string>> } = {},
): ChildProcess {
  return spawn('git', args, {
    cwd: options.cwd,
    env: options.environment ?? gitEnvironment(),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

/** Runs git to its end. Throws GitError where it cannot be started, is killed, or exits with a code that is not accepted. */
export function git(args: readonly string[], options: GitOptions = {}): Promise<GitResult> {
  return new Promise((resolve, reject) => {
    const child = startGit(args, options);
    const out: Buffer[] = [];
    let said = '';
    const stop = () => child.kill('SIGTERM');
    options.signal?.addEventListener('abort', stop, { once: true });
    if (options.signal?.aborted === true) stop();
    child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString('utf8')).slice(-4000);
    });
    // git may end before it has read all; its exit code then says why.
    child.stdin?.on('error', () => {});
    child.stdin?.end(options.input ?? '');
    child.on('error', (error) => {
      options.signal?.removeEventListener('abort', stop);
      reject(new GitError(args, `it could not be started (${error.message})`, undefined, ''));
    });
    child.on('close', (code, signal) => {
      options.signal?.removeEventListener('abort', stop);
      if (code !== null && (options.accept ?? [0]).includes(code)) resolve({ code, stdout: Buffer.concat(out) });
      else
        reject(
          new GitError(args, code === null ? `killed by ${signal}` : `exit code ${code}`, code ?? undefined, said),
        );
    });
  });
}
