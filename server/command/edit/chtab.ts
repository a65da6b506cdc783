/** `litehouse chtab` (and `tabch`, its later name) and `litehouse nodeset`: edits in the words that administrators know. */
import type { Command } from 'commander';
import { parseChtab } from '../../../core/edit/change-tables.ts';
import { type CommandContext, describe } from '../context.ts';
import { Failure } from '../failure.ts';
import { type EditOptions, printOutcome, sendEdit, withEdit } from './send.ts';

export function addChtabCommands(program: Command, context: CommandContext): void {
  for (const name of ['chtab', 'tabch']) {
    withEdit(
      describe(
        program.command(`${name} <words...>`),
        'Change the row with that key, or add it; with -d, delete it. Words are KEY=VALUE and TABLE.COLUMN=VALUE.',
        [
          `${name} priority=4.7 policy.commands=litefile policy.rule=allow`,
          `${name} node=n01 noderes.nfsserver=10.0.0.9 --dry-run`,
          `${name} -d priority=4.7 policy`,
        ],
      ),
    )
      .option('-d, --delete', 'delete the rows with that key from the tables named')
      .action(async (words: readonly string[], options: EditOptions & { delete?: boolean }) => {
        const command = parseChtab(words, options.delete === true);
        if ('fault' in command) throw Failure.from(command.fault);
        printOutcome(context, options, await sendEdit(context, options, command));
      });
  }
}

export function addNodesetCommand(program: Command, context: CommandContext): void {
  withEdit(
    describe(
      program.command('nodeset <noderange> <state>'),
      'Say what nodes do at their next boot: statelite[=IMAGE], boot (local disk), shell or offline.',
      [
        'nodeset compute statelite=rhels5.4-x86_64-statelite-compute',
        'nodeset n01 statelite',
        'nodeset rack1 boot --dry-run',
      ],
    ),
  ).action(async (noderange: string, state: string, options: EditOptions) => {
    printOutcome(
      context,
      options,
      await sendEdit(context, options, { kind: 'nodeset', noderange: noderange.trim(), state }),
    );
  });
}
