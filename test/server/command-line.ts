/** Runs command lines inside the test's own process, and keeps what they print. */
import type { CommandContext } from '../../server/command/context.ts';
import { runCommandLine } from '../../server/command/program.ts';

export interface CommandResult {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** One command line in a folder, as `litehouse ARGS` run there would end. */
export function litehouse(cwd: string, ...args: string[]): Promise<CommandResult> {
  return litehouseWith({}, cwd, ...args);
}

/** The same with an environment. */
export function litehouseWith(
  env: Readonly<Record<string, string>>,
  cwd: string,
  ...args: string[]
): Promise<CommandResult> {
  // No litehouse is installed on the machine that runs tests, whatever that machine is.
  return installedLitehouse('/nonexistent', env, cwd, ...args);
}

/** The same on a machine with an installed litehouse, whose directory is another than the real one. */
export async function installedLitehouse(
  systemDir: string,
  env: Readonly<Record<string, string>>,
  cwd: string,
  ...args: string[]
): Promise<CommandResult> {
  let out = '';
  let err = '';
  const context: CommandContext = {
    terminal: {
      out(line) {
        out += `${line}\n`;
      },
      err(line) {
        err += `${line}\n`;
      },
      colour: false,
      width: 100,
      during: (_, work) => work,
    },
    cwd,
    env,
    systemDir,
    status: 0,
  };
  const status = await runCommandLine(args, context, '0.0.0');
  return { status, out, err };
}
