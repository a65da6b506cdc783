/** Where the program starts. */
import { readFileSync } from 'node:fs';
import type { CommandContext } from './command/context.ts';
import { runCommandLine } from './command/program.ts';
import { openTerminal } from './terminal.ts';

/** The version stands in package.json: beside `server` in the sources, one folder further up in what is built. */
function readVersion(): string {
  for (const up of ['../package.json', '../../package.json']) {
    try {
      const found: unknown = JSON.parse(readFileSync(new URL(up, import.meta.url), 'utf8'));
      if (typeof found === 'object' && found !== null && 'version' in found) return String(found.version);
    } catch {
      // Not here: one further up.
    }
  }
  return 'unknown';
}

// `litehouse history | head`: the reader has seen enough, and that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const context: CommandContext = {
  terminal: openTerminal(process.stdout, process.stderr, process.env),
  cwd: process.cwd(),
  env: process.env,
  status: 0,
};
process.exitCode = await runCommandLine(process.argv.slice(2), context, readVersion());
