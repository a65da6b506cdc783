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
  return run({ env, cwd }, args);
}

/** One command line that gives servers all the time of a test to answer. */
export function patientLitehouse(cwd: string, ...args: string[]): Promise<CommandResult> {
  return run({ cwd, patience: 60_000 }, args);
}

/** The same on a machine with an installed litehouse, whose directory is another than the real one. */
export function installedLitehouse(
  systemDir: string,
  env: Readonly<Record<string, string>>,
  cwd: string,
  ...args: string[]
): Promise<CommandResult> {
  return run({ systemDir, env, cwd }, args);
}

async function run(
  given: Partial<CommandContext> & Pick<CommandContext, 'cwd'>,
  args: readonly string[],
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
    env: {},
    // No litehouse is installed on the machine that runs tests, whatever that machine is.
    systemDir: '/nonexistent',
    status: 0,
    ...given,
  };
  const status = await runCommandLine(args, context, '0.0.0');
  return { status, out, err };
}
