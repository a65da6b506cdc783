/** `litehouse links DIR`: the classic commands by their own names, as links to this program, which then is the command of that name. */
import { existsSync, realpathSync } from 'node:fs';
import { lstat, symlink, unlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { type CommandContext, count, describe } from './context.ts';
import { Failure } from './failure.ts';

/** Commands that administrators know by these names, without `litehouse` before them. */
export const linkNames: readonly string[] = [
  ...['chtab', 'tabch', 'tabdump', 'tabedit', 'nodels', 'noderange', 'nodeset'],
  ...['litefile', 'litetree', 'ilitefile', 'llitefile', 'lslite', 'genimage', 'liteimg'],
];

/** The command that the program is by the name that it was called by; undefined: litehouse itself. */
export function commandCalled(name: string | undefined): string | undefined {
  return name !== undefined && linkNames.includes(name) ? name : undefined;
}

export function addLinksCommand(program: Command, context: CommandContext): void {
  describe(
    program.command('links <dir>'),
    `Make links in a directory, so that the classic commands work by their own names: ${linkNames.join(', ')}.`,
    ['links /usr/local/bin', 'links /usr/local/bin --remove'],
  )
    .option('--remove', 'take the links away again')
    .action(async (dir: string, options: { readonly remove?: boolean }) => {
      const place = resolve(context.cwd, dir);
      if (!existsSync(place))
        throw new Failure({
          what: `there is no directory ${place}`,
          mend: `mkdir -p ${place}, or name one of your PATH`,
        });
      await (options.remove === true ? removeLinks : makeLinks)(context, place);
    });
}

async function makeLinks(context: CommandContext, dir: string): Promise<void> {
  const program = programFile();
  // By the litehouse that stands beside them: whoever moves that link moves all of them.
  const target = leadsTo(join(dir, 'litehouse'), program) ? 'litehouse' : program;
  const { free, foreign } = await linksIn(dir, program);
  for (const name of free) await symlink(target, join(dir, name));
  if (free.length > 0) context.terminal.out(`made in ${dir}, links to ${target}: ${free.join(', ')}`);
  else if (foreign.length === 0) context.terminal.out(`all ${count(linkNames.length, 'link')} are in ${dir} already`);
  sayForeign(context, dir, foreign, 'move it away and run this again, or type `litehouse` before the command');
}

async function removeLinks(context: CommandContext, dir: string): Promise<void> {
  const program = programFile();
  const { ours, foreign } = await linksIn(dir, program);
  for (const name of ours) await unlink(join(dir, name));
  context.terminal.out(
    ours.length > 0 ? `removed from ${dir}: ${ours.join(', ')}` : `${dir} has no link to ${program}`,
  );
  sayForeign(context, dir, foreign, 'look what it is, and remove it yourself if nobody needs it');
}

type LinkState = 'free' | 'ours' | 'foreign';

/** The names of the links, by what stands there now. */
async function linksIn(dir: string, program: string): Promise<Record<LinkState, string[]>> {
  const found: Record<LinkState, string[]> = { free: [], ours: [], foreign: [] };
  for (const name of linkNames) found[await stateOf(join(dir, name), program)].push(name);
  return found;
}

/** What is not a link to this program is somebody else's, also a link that leads nowhere. */
function sayForeign(context: CommandContext, dir: string, names: readonly string[], mend: string): void {
  for (const name of names) {
    context.status = 1;
    context.terminal.err(`left alone: ${join(dir, name)} is no link to this litehouse`);
    context.terminal.err(`  mend: ${mend}`);
  }
}

async function stateOf(file: string, program: string): Promise<LinkState> {
  const found = await lstat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined) return 'free';
  return found.isSymbolicLink() && leadsTo(file, program) ? 'ours' : 'foreign';
}

function leadsTo(file: string, program: string): boolean {
  try {
    return realpathSync(file) === program;
  } catch {
    return false;
  }
}

/** `bin/litehouse`: beside `server` in the sources, one folder further up in what is built. */
function programFile(): string {
  for (const up of ['../../bin/litehouse', '../../../bin/litehouse']) {
    const file = fileURLToPath(new URL(up, import.meta.url));
    if (existsSync(file)) return realpathSync(file);
  }
  throw new Failure({ what: 'bin/litehouse is not where this litehouse was built', mend: 'install litehouse whole' });
}
