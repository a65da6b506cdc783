/** `litehouse serve`: the server, until it is told to stop. */
import type { Command } from 'commander';
import { consoleToLog, type Log, openLog } from '../log.ts';
import type { RunningServer } from '../serve.ts';
import { changedSettings, readSettings, type SettingFlags, type Settings } from '../settings.ts';
import { welcome } from '../welcome.ts';
import { type CommandContext, describe, serverDir, withDir } from './context.ts';
import { Failure, failureLines } from './failure.ts';

interface ServeOptions {
  readonly dir?: string;
  readonly node?: string;
  readonly admin?: string;
  readonly tftp?: string;
  readonly log: string;
}

export function addServeCommand(program: Command, context: CommandContext): void {
  withDir(
    describe(
      program.command('serve'),
      'Run the server; makes its directory and a first configuration where there is none.',
      ['serve', 'serve --dir /srv/litehouse --node 10.0.0.1:3001'],
    ),
  )
    .option('--node <address>', 'where nodes ask (default: 127.0.0.1:3001)')
    .option('--admin <address>', 'where people and git come (default: 127.0.0.1:3080)')
    .option('--tftp <address>', 'where boot loaders fetch their files, or off (default: 127.0.0.1:6969)')
    .option('--log <format>', 'text or json', 'text')
    .action(async (options: ServeOptions) => {
      const { log: format } = options;
      if (format !== 'text' && format !== 'json')
        throw new Failure({ what: `--log ${format}: no such format`, mend: 'write --log text or --log json' });
      const settings = await readSettings(serverDir(context, options), options);
      const write = (text: string): boolean => process.stderr.write(text);
      const log = openLog(format, write);
      const undo = consoleToLog(log, write);
      const signals = catchSignals();
      try {
        await serve(context, settings, options, log, signals);
      } finally {
        signals.release();
        undo();
      }
    });
}

async function serve(
  context: CommandContext,
  settings: Settings,
  flags: SettingFlags,
  log: Log,
  signals: Signals,
): Promise<void> {
  const { startServer } = await import('../serve.ts');
  let server: RunningServer | undefined;
  void signals.first.then(() => log('info', 'stopping', { hint: 'once more to stop at once' }));
  void signals.second.then(() => process.exit(1));
  // From the first instant: without a listener the signal would end the process.
  const onHup = (): void => void reread(settings, flags, server, log);
  process.on('SIGHUP', onHup);
  try {
    // Told to stop while it starts, it stops in good order, for pushes may be under way already. That is no failure, whatever else it met.
    server = await startServer(settings, log, signals.told).catch((error: unknown) => {
      if (!signals.told.aborted) throw error;
      log('warn', 'not started', { error: failureLines(error, { debug: false }).join(' ') });
      return undefined;
    });
    if (server === undefined) return;
    if (!signals.told.aborted) {
      for (const line of welcome(server.engine, server.urls)) context.terminal.out(line);
      log('info', 'ready', {
        admin: server.urls.admin,
        node: server.urls.node,
        tftp: server.urls.tftp,
        dir: settings.dir,
      });
    }
    const failure = await Promise.race([signals.first, server.failed]);
    if (failure !== undefined) throw failure;
  } finally {
    await server?.stop();
    process.off('SIGHUP', onHup);
  }
  log('info', 'stopped');
}

/**
 * SIGHUP: looks at the branch now, and says whether the settings file is still good and what of it needs a restart: all of it
 * does, since listeners, roots and plugins are fixed when the server starts. Tokens need no signal.
 */
async function reread(
  settings: Settings,
  flags: SettingFlags,
  server: RunningServer | undefined,
  log: Log,
): Promise<void> {
  try {
    const changed = changedSettings(settings, await readSettings(settings.dir, flags));
    if (changed.length === 0) log('info', 'settings as they were');
    else log('warn', 'settings changed', { changed: changed.join(','), hint: 'restart the server to take them' });
  } catch (error) {
    log('error', 'settings', { error: failureLines(error, { debug: false }).join(' ') });
  }
  // One that is still starting looks at the branch anyway.
  if (server === undefined) return;
  const { ok, lines } = await server.engine.reconcile('SIGHUP');
  log(ok ? 'info' : 'error', 'looked at the branch', { said: lines[0] });
}

interface Signals {
  readonly first: Promise<void>;
  /** Aborts with the first. */
  readonly told: AbortSignal;
  readonly second: Promise<void>;
  release(): void;
}

/** The first and the second SIGTERM or SIGINT, as promises. */
function catchSignals(): Signals {
  const told = new AbortController();
  let firstCame: () => void = () => {};
  let secondCame: () => void = () => {};
  const first = new Promise<void>((resolve) => {
    firstCame = resolve;
  });
  const second = new Promise<void>((resolve) => {
    secondCame = resolve;
  });
  let seen = 0;
  const heard = (): void => {
    seen++;
    if (seen === 1) {
      told.abort();
      firstCame();
    } else secondCame();
  };
  process.on('SIGTERM', heard);
  process.on('SIGINT', heard);
  return {
    first,
    told: told.signal,
    second,
    release() {
      process.off('SIGTERM', heard);
      process.off('SIGINT', heard);
    },
  };
}
