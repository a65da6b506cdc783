/** The one runner of external commands: argument arrays, no shell, one error text, an end when the signal says so. */
import { spawn } from 'node:child_process';
import type { CommandRunner } from '../plugin/plugin.ts';

/** Lines of output that an error quotes. */
const quotedLines = 20;

/** What failed, how it ended, the last output, the command: built here and nowhere else. */
export class CommandFailed extends Error {
  constructor(
    readonly command: readonly string[],
    readonly ending: string,
    readonly output: string,
  ) {
    const last = output.trimEnd().split('\n').slice(-quotedLines).join('\n');
    super(`${command[0]} ${ending}${last === '' ? '' : `:\n${last}`}\ncommand: ${command.join(' ')}`);
  }
}

/** How long the output of a command that was killed is waited for: a process that left its group may hold it open. */
const drainMilliseconds = 1000;

/**
 * Makes a runner. Its commands get a small environment of their own (`environment` besides), are killed with all that they
 * started when `signal` aborts, and hand each line of output to `log`. The promise rejects with CommandFailed on a bad exit, a
 * signal, or a command that is not there.
 */
export function commandRunner(
  signal?: AbortSignal,
  log?: (line: string) => void,
  environment?: Readonly<Record<string, string>>,
): CommandRunner {
  return (command, args, options = {}) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(new CommandFailed([command, ...args], 'was stopped', ''));
        return;
      }
      const path = process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin';
      const child = spawn(command, args, {
        cwd: options.cwd,
        env: { PATH: path, LANG: 'C.UTF-8', ...options.env, ...environment },
        stdio: ['pipe', 'pipe', 'pipe'],
        // A group of its own: a package manager is killed with its scripts, or they would go on in a directory that is gone.
        detached: signal !== undefined,
      });
      const stop = (): void => {
        killGroup(child.pid);
        setTimeout(() => {
          child.stdout.destroy();
          child.stderr.destroy();
        }, drainMilliseconds).unref();
      };
      signal?.addEventListener('abort', stop, { once: true });
      const over = (): void => signal?.removeEventListener('abort', stop);
      const outputs = { stdout: '', stderr: '' };
      for (const name of ['stdout', 'stderr'] as const) {
        let rest = '';
        child[name].setEncoding('utf8');
        child[name].on('data', (text: string) => {
          outputs[name] += text;
          if (log === undefined) return;
          const lines = (rest + text).split('\n');
          rest = lines.pop() ?? '';
          for (const line of lines) log(line);
        });
        child[name].on('end', () => {
          if (log !== undefined && rest !== '') log(rest);
        });
      }
      // A command that reads nothing closes its input early; its exit status says whether that mattered.
      child.stdin.on('error', () => undefined);
      child.stdin.end(options.input ?? '');
      const failed = (ending: string) =>
        reject(new CommandFailed([command, ...args], ending, outputs.stderr || outputs.stdout));
      child.on('error', (error: NodeJS.ErrnoException) => {
        over();
        failed(signal?.aborted === true ? 'was stopped' : startFault(error));
      });
      // What it started would go on, and hold its output open.
      child.on('exit', (_, by) => {
        if (by !== null && signal !== undefined) killGroup(child.pid);
      });
      child.on('close', (code, by) => {
        over();
        if (code === 0) resolve(outputs);
        else
          failed(
            signal?.aborted === true
              ? 'was stopped'
              : code === null
                ? `was killed by ${by}${by === 'SIGKILL' ? ' (by hand, or by the kernel for want of memory: dmesg)' : ''}`
                : `ended with status ${code}`,
          );
      });
    });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

/** EACCES is also what the system says where a folder of PATH is closed to this user and none of the others has the command. */
function startFault(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT' || error.code === 'EACCES') return 'is not installed here, or not for this user';
  return error.code === 'EACCES' ? 'is not installed here, or this user may not run it' : error.message;
}
