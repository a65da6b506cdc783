/** `litehouse token`: who may reach the admin listener from elsewhere. */
import type { Command } from 'commander';
import { addToken, readTokens, removeToken, type Scope, scopes, tokenFile } from '../admin/tokens.ts';
import { readSettings } from '../settings.ts';
import { type CommandContext, describe, printJson, serverDir, withDir, withJson } from './context.ts';
import { Failure } from './failure.ts';

export function addTokenCommand(program: Command, context: CommandContext): void {
  const token = describe(
    program.command('token'),
    'Make, list and remove the tokens that let people and programs in over the network.',
    ['token add alice --scope push', 'token list'],
  );

  withDir(
    describe(token.command('add <name>'), 'Make a token and print it; it is shown this once.', [
      'token add alice --scope push',
    ]),
  )
    .option('--scope <scope>', `what it may do: ${scopes.join(', ')} (each includes those before it)`, 'push')
    .action(async (name: string, options: { dir?: string; scope: string }) => {
      const secret = await addToken(await fileOf(context, options), name, parseScope(options.scope));
      context.terminal.out(secret);
      context.terminal.err(
        'Keep it now, it is not stored. git asks for it as the password; curl: -H "Authorization: Bearer TOKEN".',
      );
    });

  withJson(
    withDir(
      describe(token.command('list'), 'List the tokens: names and scopes, never the tokens themselves.', [
        'token list',
      ]),
    ),
  ).action(async (options: { dir?: string; json?: boolean }) => {
    const tokens = readTokens(await fileOf(context, options));
    if (options.json) {
      printJson(
        context,
        tokens.map(({ name, scope, created }) => ({ name, scope, created })),
      );
      return;
    }
    if (tokens.length === 0) context.terminal.err('no tokens');
    for (const { name, scope, created } of tokens) {
      context.terminal.out(`${name.padEnd(20)} ${scope.padEnd(5)}  ${created.slice(0, 10)}`);
    }
  });

  withDir(
    describe(token.command('remove <name>'), 'Remove a token; a running server refuses it at once.', [
      'token remove alice',
    ]),
  ).action(async (name: string, options: { dir?: string }) => {
    await removeToken(await fileOf(context, options), name);
    context.terminal.out(`removed ${name}`);
  });
}

async function fileOf(context: CommandContext, options: { readonly dir?: string }): Promise<string> {
  return tokenFile((await readSettings(serverDir(context, options))).state);
}

function parseScope(text: string): Scope {
  const scope = scopes.find((known) => known === text);
  if (scope === undefined)
    throw new Failure({ what: `there is no scope ${text}`, mend: `choose one of ${scopes.join(', ')}` });
  return scope;
}
