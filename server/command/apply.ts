/** `litehouse apply`: look at main now and put it in place, whatever the watcher has seen. */
import type { Command } from 'commander';
import { adoptFault } from '../../core/engine/applied.ts';
import type { Reconciled } from '../../core/engine/types.ts';
import { askEngine } from '../running/engine.ts';
import { askServer } from '../running/note.ts';
import { type CommandContext, describe, printJson, serverDir, withDir, withJson } from './context.ts';
import { Failure } from './failure.ts';

interface ApplyOptions {
  readonly dir?: string;
  readonly json?: boolean;
  readonly repair?: boolean;
  readonly retryBuilds?: boolean;
  readonly adopt?: readonly string[];
}

export function addApplyCommand(program: Command, context: CommandContext): void {
  withJson(
    withDir(
      describe(program.command('apply'), 'Put the newest commit of main in place now.', [
        'apply',
        'apply --repair',
        'apply --adopt tftp:pxelinux.0',
      ]),
    ),
  )
    .option('--repair', 'also put right what differs on the disk (see verify)')
    .option('--retry-builds', 'build again what failed')
    .option('--adopt <paths...>', 'take over files that are there already and not ours: ROOT:PATH')
    .action(async (options: ApplyOptions) => {
      const { adopt, repair, retryBuilds } = options;
      const wanted = { ...(adopt && { adopt }), ...(repair && { repair }), ...(retryBuilds && { retryBuilds }) };
      const result = await context.terminal.during(
        'applying',
        askEngine(serverDir(context, options), 'apply', {
          server: async (server) => (await askServer(server, '/apply', wanted)) as Reconciled,
          async engine(engine) {
            const fault = adoptFault(adopt, engine.settings);
            if (fault !== undefined) throw new Failure(fault);
            return engine.reconcile('asked by litehouse apply', { ...wanted, again: true });
          },
        }),
      );
      if (!result.ok) context.status = 1;
      if (options.json) printJson(context, result);
      else for (const line of result.lines) (result.ok ? context.terminal.out : context.terminal.err)(line);
    });
}
