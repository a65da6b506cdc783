/** `litehouse help`: a command's help, or what a code like LH102 means. */
import type { Command } from 'commander';
import { nearest } from '../../core/tables/nearest.ts';
import { catalogue } from './catalogue.ts';
import { type CommandContext, describe } from './context.ts';
import { Failure } from './failure.ts';

export function addHelpCommand(program: Command, context: CommandContext): void {
  describe(
    program.command('help [topic...]'),
    "Explain a command, or a code such as LH102; 'help codes' lists them all.",
    ['help check', 'help LH102'],
  ).action((topic: readonly string[]) => {
    const [first, second] = topic;
    if (first === undefined) program.outputHelp();
    else if (first === 'codes')
      for (const { code, severity, title } of catalogue())
        context.terminal.out(`${code}  ${severity.padEnd(7)}  ${title}`);
    else if (/^lh\d+$/i.test(first)) for (const line of codeHelp(first.toUpperCase())) context.terminal.out(line);
    else commandHelp(program, first, second);
  });
}

function commandHelp(program: Command, first: string, second: string | undefined): void {
  const command = program.commands.find((known) => known.name() === first);
  const sub = second === undefined ? command : command?.commands.find((known) => known.name() === second);
  if (sub !== undefined) {
    sub.outputHelp();
    return;
  }
  const names = (command ?? program).commands.map((known) => known.name());
  const near = nearest(second !== undefined && command !== undefined ? second : first, names);
  throw new Failure({
    what: `there is no command ${command === undefined ? first : `${first} ${second}`}`,
    mend: near === undefined ? `commands: ${names.join(', ')}` : `did you mean ${near}?`,
  });
}

function codeHelp(code: string): string[] {
  const found = catalogue().filter((entry) => entry.code === code);
  if (found.length === 0) throw new Failure({ what: `there is no code ${code}`, mend: 'run: litehouse help codes' });
  return found.flatMap(({ severity, title, help }) => [`${code} (${severity}): ${title}`, '', help]);
}
