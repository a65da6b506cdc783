/** Lets a noderange begin with what it leaves out (`-n02,all`), which a command line would otherwise take for options. */
import type { Command } from 'commander';

/** Commands whose first argument is a noderange. */
const rangeCommands: ReadonlySet<string> = new Set([
  ...['noderange', 'nodels', 'nodes', 'explain', 'release', 'nodeset', 'litefile', 'litetree', 'lslite'],
]);

/**
 * The arguments with a blank before a noderange that begins with `-`; commands trim it off. A word of two characters stays an
 * option, known or mistyped, and so does one that begins with a short option that takes a value. Behind `--` nothing is touched.
 */
export function withLeadingMinus(program: Command, args: readonly string[]): string[] {
  const at = args.findIndex((arg) => !arg.startsWith('-'));
  const command = program.commands.find((known) => known.name() === args[at] && rangeCommands.has(known.name()));
  if (command === undefined) return [...args];
  const end = args.indexOf('--');
  let beforeIsValue = false;
  return args.map((arg, i) => {
    const isValue = beforeIsValue;
    beforeIsValue = !isValue && takesValue(command, arg);
    if (i <= at || (end !== -1 && i >= end) || isValue || !/^-[^-]./.test(arg)) return arg;
    const short = arg.slice(0, 2);
    if (takesValue(command, short)) return arg;
    const shorts = [...arg.slice(1)].map((letter) => `-${letter}`);
    return shorts.every((letter) => command.options.some((option) => option.short === letter)) ? arg : ` ${arg}`;
  });
}

/** Whether a word is an option whose value is the next word. */
function takesValue(command: Command, word: string): boolean {
  const option = command.options.find(({ short, long }) => short === word || long === word);
  return option !== undefined && (option.required || option.optional);
}
