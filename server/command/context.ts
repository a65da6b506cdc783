/** What every command gets: where it writes, where it stands, and the options that many of them share. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { Terminal } from '../terminal.ts';
import { type ExitStatus, exitStatusHelp } from './failure.ts';

export interface CommandContext {
  readonly terminal: Terminal;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where an installed litehouse keeps what is its own (`installedDir`). */
  readonly systemDir: string;
  /** Milliseconds that each question of doctor may take, where that is not its own to say: tests ask busy machines. */
  readonly patience?: number;
  /** What the command line ends with; commands raise it to 1 where the thing asked about is not so. */
  status: ExitStatus;
}

/** The server's directory in the Debian-style layout of server/packaging. */
export const installedDir = '/var/lib/litehouse';

/**
 * The server's directory, absolute: the one that the options name, else LITEHOUSE_DIR; else ./var, or the installed one where
 * that is there and ./var is no server's: in / there is always a /var.
 */
export function serverDir(context: CommandContext, options: { readonly dir?: string }): string {
  const { cwd, env, systemDir } = context;
  const named = options.dir ?? (env.LITEHOUSE_DIR || undefined);
  if (named !== undefined) return resolve(cwd, named);
  const local = resolve(cwd, 'var');
  const isServers = existsSync(join(local, 'config.git')) || existsSync(join(local, 'litehouse.json'));
  return isServers || !existsSync(systemDir) ? local : systemDir;
}

/** A command with its one sentence, an example, and what its exit status means. */
export function describe(command: Command, sentence: string, examples: readonly string[]): Command {
  const lines = examples.map((example) => `  $ litehouse ${example}`).join('\n');
  return command.description(sentence).addHelpText('after', `\nExample:\n${lines}\n\n${exitStatusHelp}`);
}

export function withDir(command: Command): Command {
  return command.option(
    '--dir <dir>',
    `the server's directory (LITEHOUSE_DIR; default: ./var, else ${installedDir} where that is)`,
  );
}

export function withJson(command: Command): Command {
  return command.option('--json', 'print JSON for programs');
}

/** Options of commands that read a repository and need no server. */
export function withSource(command: Command): Command {
  return withDir(command)
    .option('--repo <dir>', 'a working copy (as it would be committed) or a bare repository (its main)')
    .option('--at <commit>', 'a commit, branch or tag of it instead');
}

/** Those of them that can read from a server elsewhere, too: they need no history. */
export function withRemoteSource(command: Command): Command {
  return withServer(withSource(command), 'read from the server at that URL');
}

/** Options of commands that work on a server elsewhere, too. `what`: what they do there. */
export function withServer(command: Command, what: string): Command {
  return command
    .option('--server <url>', `${what} (LITEHOUSE_SERVER)`)
    .option('--token-file <file>', 'where the token for it stands (LITEHOUSE_TOKEN holds one itself)');
}

/** One JSON document on stdout. */
export function printJson(context: CommandContext, value: unknown): void {
  context.terminal.out(JSON.stringify(value, null, 2));
}

/** `1 node`, `3 nodes`. */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : plural}`;
}
