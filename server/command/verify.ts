/** `litehouse verify`: where the disk differs from what should be there. */
import type { Command } from 'commander';
import type { Drift } from '../../core/plugin/plugin.ts';
import { askEngine } from '../running/engine.ts';
import { askServer } from '../running/note.ts';
import { meantRemote, type RemoteOptions, readRemote } from '../running/remote.ts';
import {
  type CommandContext,
  count,
  describe,
  printJson,
  serverDir,
  withDir,
  withJson,
  withServer,
} from './context.ts';

export function addVerifyCommand(program: Command, context: CommandContext): void {
  withJson(
    withServer(
      withDir(
        describe(program.command('verify'), 'Compare the disk with what should be there, and list every difference.', [
          'verify --dir var',
        ]),
      ),
      'ask the server at that URL',
    ),
  ).action(async (options: RemoteOptions & { dir?: string; json?: boolean }) => {
    const remote = await meantRemote(context, options);
    const told = (json: unknown): readonly Drift[] => (json as { drift: readonly Drift[] }).drift;
    const drift = await context.terminal.during(
      'comparing',
      remote !== undefined
        ? readRemote(remote, '/verify').then(told)
        : askEngine(serverDir(context, options), 'verify', {
            server: async (server) => told(await askServer(server, '/verify')),
            engine: (engine) => engine.verify(),
          }),
    );
    if (drift.length > 0) context.status = 1;
    if (options.json) {
      printJson(context, { drift });
      return;
    }
    for (const { root, path, what, detail } of drift)
      context.terminal.out(`${what.padEnd(8)} ${root}:${path}${detail === '' ? '' : `  ${detail}`}`);
    if (drift.length === 0) context.terminal.out('no drift: the disk is as it should be');
    else context.terminal.err(`${count(drift.length, 'difference')}; to put them right: litehouse apply --repair`);
  });
}
