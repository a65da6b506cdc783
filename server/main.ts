/** Where the program starts. */
import { type CommandContext, installedDir } from './command/context.ts';
import { commandCalled } from './command/links.ts';
import { runCommandLine } from './command/program.ts';
import { openTerminal } from './terminal.ts';
import { version } from './version.ts';

// `litehouse history | head`: the reader has seen enough, and that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

// Told by bin/litehouse. An editor, say, that we run and that calls litehouse is another call.
const called = commandCalled(process.env.LITEHOUSE_CALLED);
delete process.env.LITEHOUSE_CALLED;

const context: CommandContext = {
  terminal: openTerminal(process.stdout, process.stderr, process.env),
  cwd: process.cwd(),
  env: process.env,
  systemDir: installedDir,
  status: 0,
};
process.exitCode = await runCommandLine(process.argv.slice(2), context, version, called);
