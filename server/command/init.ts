/** `litehouse init`: make a server directory with a first configuration in it. */

import { join } from 'node:path';
import type { Command } from 'commander';
import { makeServerDir } from '../make-dir.ts';
import { lockOrFail } from '../running/engine.ts';
import { readSettings } from '../settings.ts';
import { type CommandContext, describe, serverDir, withDir } from './context.ts';

export function addInitCommand(program: Command, context: CommandContext): void {
  withDir(
    describe(
      program.command('init'),
      'Make a server directory with a first configuration; what is there already stays.',
      ['init --dir /srv/litehouse'],
    ),
  ).action(async (options: { dir?: string }) => {
    const settings = await readSettings(serverDir(context, options));
    const release = await lockOrFail(settings, 'init');
    try {
      const made = await makeServerDir(settings);
      context.terminal.out(made ? `made ${settings.repository}` : `${settings.repository} is there already`);
      context.terminal.out(`clone:  git clone ${settings.repository}`);
      context.terminal.out(`serve:  litehouse serve${options.dir === undefined ? '' : ` --dir ${options.dir}`}`);
      context.terminal.out(
        `settings (optional): ${join(settings.dir, 'litehouse.json')}; litehouse help LH903 shows one`,
      );
    } finally {
      await release();
    }
  });
}
