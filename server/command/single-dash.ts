/** Takes long options of genimage and liteimg with one dash, as the cookbook prints them: `-permission 777`. */
import type { Command } from 'commander';

const commands: ReadonlySet<string> = new Set(['genimage', 'liteimg']);

/** The arguments with a second dash where a word is a long option of the command but for that. Behind `--` nothing is touched. */
export function withSingleDash(program: Command, args: readonly string[]): string[] {
  const at = args.findIndex((arg) => !arg.startsWith('-'));
  const command = program.commands.find((known) => known.name() === args[at] && commands.has(known.name()));
  if (command === undefined) return [...args];
  const end = args.indexOf('--');
  const long = new Set(command.options.flatMap((option) => option.long ?? []));
  return args.map((arg, i) => {
    if (i <= at || (end !== -1 && i >= end) || !/^-[a-z]{2}/.test(arg)) return arg;
    const [name = ''] = arg.split('=', 1);
    return long.has(`-${name}`) ? `-${arg}` : arg;
  });
}
