/** `litehouse backup` and `litehouse restore`: the little that is not in git. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { lockOrFail } from '../running/engine.ts';
import { placeOf } from '../settings.ts';
import { version } from '../version.ts';
import { type CommandContext, describe, serverDir, withDir } from './context.ts';

interface BackupOptions {
  readonly dir?: string;
  readonly force?: boolean;
}

export function addBackupCommand(program: Command, context: CommandContext): void {
  withDir(
    describe(
      program.command('backup <file>'),
      'Write settings, tokens, secrets and what the server remembers into one tar file; a server may run meanwhile. The repository is not in it: git clone --mirror keeps that.',
      ['backup /backup/litehouse.tar --dir /var/lib/litehouse'],
    ),
  )
    .option('--force', 'replace the file')
    .action(async (name: string, options: BackupOptions) => {
      const { writeBackup } = await import('../backup.ts');
      const place = placeOf(serverDir(context, options));
      const file = resolve(context.cwd, name);
      const { files } = await writeBackup(place, file, { force: options.force === true, version });
      context.terminal.out(`wrote ${file}: ${Object.keys(files).join(', ')}`);
      context.terminal.err(
        `The configuration itself is not in it: git clone --mirror ${place.repository}\nIt holds secrets: keep it where only you can read it.`,
      );
    });
}

export function addRestoreCommand(program: Command, context: CommandContext): void {
  withDir(
    describe(
      program.command('restore <file>'),
      'Put back what litehouse backup wrote, into a directory on which no server runs.',
      ['restore /backup/litehouse.tar --dir /var/lib/litehouse'],
    ),
  )
    .option('--force', 'replace what is there')
    .action(async (name: string, options: BackupOptions) => {
      const { restoreBackup } = await import('../backup.ts');
      // Settings that can't be read may be why it is restored, so they are not asked.
      const place = placeOf(serverDir(context, options));
      const release = await lockOrFail(place, 'restore');
      try {
        const file = resolve(context.cwd, name);
        const { made, files } = await restoreBackup(place, file, { force: options.force === true });
        context.terminal.out(`restored ${Object.keys(files).join(', ')} of ${made}`);
      } finally {
        await release();
      }
    });
}
