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

/**
 * Makes a runner. Its commands get a small environment of their own, are killed when `signal` aborts, and hand each line of
 * output to `log`. The promise rejects with CommandFailed on a bad exit, a signal, or a command that is not there.
 */
export function commandRunner(signal?: AbortSignal, log?: (line: string) => void): CommandRunner {
  return (command, args, options = {}) =>
    new Promise((resolve, reject) => {
      const child = spawn(command, args, {
        cwd: options.cwd,
        env: { PATH: process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8', ...options.env },
        stdio: ['pipe', 'pipe', 'pipe'],
        signal,
        killSignal: 'SIGKILL',
      });
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
        failed(signal?.aborted === true ? 'was stopped' : startFault(error));
      });
      child.on('close', (code, by) => {
        if (code === 0) resolve(outputs);
        else
          failed(
            signal?.aborted === true
              ? 'was stopped'
              : code === null
                ? `was killed by ${by}`
                : `ended with status ${code}`,
          );
      });
    });
}

/** EACCES is also what the system says where a folder of PATH is closed to this user and none of the others has the command. */
function startFault(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT' || error.code === 'EACCES') return 'is not installed here, or not for this user';
  return error.code === 'EACCES' ? 'is not installed here, or this user may not run it' : error.message;
}
