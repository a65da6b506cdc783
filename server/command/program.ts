/** The command line as a whole: all commands, and the one place where errors become text and exit statuses. */
import { Command } from 'commander';
import { addApplyCommand } from './apply.ts';
import { addBackupCommand, addRestoreCommand } from './backup.ts';
import { addCheckCommand } from './check.ts';
import { addCompletionCommand } from './completion.ts';
import type { CommandContext } from './context.ts';
import { addDoctorCommand } from './doctor.ts';
import { addChtabCommands, addNodesetCommand } from './edit/chtab.ts';
import { addTabeditCommand } from './edit/tabedit.ts';
import { addExplainCommand } from './explain.ts';
import { type ExitStatus, exitStatusHelp, failureLines, statusOf } from './failure.ts';
import { addHelpCommand } from './help.ts';
import { addHistoryCommand } from './history.ts';
import { addImageCommands } from './images/index.ts';
import { addImportCommand } from './import.ts';
import { addInitCommand } from './init.ts';
import { withLeadingMinus } from './leading-minus.ts';
import { addLinksCommand } from './links.ts';
import { addListCommands } from './lists/index.ts';
import { addNodelsCommand } from './nodels.ts';
import { addNoderangeCommand } from './noderange.ts';
import { addNodesCommand } from './nodes.ts';
import { addDiffCommand, addPlanCommand } from './plan.ts';
import { addReleaseCommand } from './release.ts';
import { addServeCommand } from './serve.ts';
import { withSingleDash } from './single-dash.ts';
import { addStatusCommand } from './status.ts';
import { addTokenCommand } from './token.ts';
import { addVerifyCommand } from './verify.ts';

/**
 * Runs one command line (without `node` and the script) and gives its exit status. Prints; never throws. `called`: the command
 * that the program was called as, by a link of that name; the words are then that command's.
 */
export async function runCommandLine(
  words: readonly string[],
  context: CommandContext,
  version: string,
  called?: string,
): Promise<ExitStatus> {
  const program = buildProgram(context, version, called);
  const args = called === undefined ? words : [called, ...words];
  try {
    await program.parseAsync(withLeadingMinus(program, withSingleDash(program, args)), { from: 'user' });
    return context.status;
  } catch (error) {
    const status = statusOf(error);
    // commander has printed its own errors, and help, already.
    if (!isPrinted(error)) {
      for (const line of failureLines(error, { debug: context.env.LITEHOUSE_DEBUG === '1' }))
        context.terminal.err(line);
    }
    return status;
  }
}

function isPrinted(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('commander.');
}

function buildProgram(context: CommandContext, version: string, called: string | undefined): Command {
  // What commander prints (help, usage, what is wrong with the words) names the command as it was typed.
  const asTyped = (text: string): string =>
    (called === undefined ? text : text.replaceAll(`litehouse ${called}`, called)).trimEnd();
  const program = new Command('litehouse')
    .description(
      'A Git-backed config server for statelite clusters: git push changes the cluster, git revert changes it back.',
    )
    .version(version)
    .helpCommand(false)
    .showSuggestionAfterError()
    .showHelpAfterError(
      `(${called ?? 'litehouse'} --help shows ${called === undefined ? 'what there is' : 'how it is written'})`,
    )
    .addHelpText(
      'after',
      `\nExample:\n  $ litehouse serve\n  $ litehouse check\n  $ litehouse plan\n\n${exitStatusHelp}`,
    )
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.terminal.out(asTyped(text)),
      writeErr: (text) => context.terminal.err(asTyped(text)),
    });
  addInitCommand(program, context);
  addServeCommand(program, context);
  addCheckCommand(program, context);
  addPlanCommand(program, context);
  addDiffCommand(program, context);
  addExplainCommand(program, context);
  addNodelsCommand(program, context);
  addNoderangeCommand(program, context);
  addNodesCommand(program, context);
  addDoctorCommand(program, context);
  addListCommands(program, context);
  addNodesetCommand(program, context);
  addChtabCommands(program, context);
  addTabeditCommand(program, context);
  addImageCommands(program, context);
  addImportCommand(program, context);
  addApplyCommand(program, context);
  addReleaseCommand(program, context);
  addStatusCommand(program, context);
  addVerifyCommand(program, context);
  addHistoryCommand(program, context);
  addTokenCommand(program, context);
  addBackupCommand(program, context);
  addRestoreCommand(program, context);
  addLinksCommand(program, context);
  addCompletionCommand(program, context);
  addHelpCommand(program, context);
  return program;
}
