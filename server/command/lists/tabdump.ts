/** `litehouse tabdump`: the rows of a table in dump style, or the names of all tables. */
import type { Command } from 'commander';
import { formatRow } from '../../../core/tables/edit.ts';
import { nearest } from '../../../core/tables/nearest.ts';
import { headerOf, schemas } from '../../../core/tables/schemas.ts';
import type { Table } from '../../../core/tables/table.ts';
import type { SourceOptions } from '../../reading/source.ts';
import { withView } from '../../reading/view.ts';
import { type CommandContext, describe, printJson, withJson, withRemoteSource } from '../context.ts';
import { Failure } from '../failure.ts';

export function addTabdumpCommand(program: Command, context: CommandContext): void {
  withJson(
    withRemoteSource(
      describe(
        program.command('tabdump [table]'),
        'Print a table as a dump has it; without a table, list the tables.',
        ['tabdump', 'tabdump litefile --at HEAD~1'],
      ),
    ),
  ).action(async (name: string | undefined, options: SourceOptions & { json?: boolean }) => {
    await withView(context, { ...options, remote: true }, ({ tables }) => {
      const names = [...new Set([...schemas.keys(), ...tables.keys()])].sort();
      if (name === undefined) {
        if (options.json) printJson(context, names);
        else context.terminal.out(names.join('\n'));
        return;
      }
      const table = tables.get(name);
      const schema = schemas.get(name);
      if (table === undefined && schema === undefined) {
        const near = nearest(name, names);
        throw new Failure({
          what: `there is no table '${name}'`,
          mend: near === undefined ? 'litehouse tabdump lists them' : `did you mean ${near}?`,
          status: 1,
        });
      }
      if (options.json) printJson(context, table === undefined ? [] : rowsOf(table));
      else if (table !== undefined) context.terminal.out(dumpLines(table).join('\n'));
      else if (schema !== undefined) context.terminal.out(headerOf(schema));
    });
  });
}

/** The header and all rows, those that are switched off too, in the order of the file. */
export function dumpLines(table: Table): string[] {
  return [`#${table.columns.join(',')}`, ...rowsOf(table).map((cells) => formatRow(table.columns, cells))];
}

function rowsOf(table: Table): Record<string, string | undefined>[] {
  return [...table.rows, ...table.disabled]
    .sort((a, b) => a.offset - b.offset)
    .map((row) => Object.fromEntries(table.columns.map((column) => [column, table.value(row, column)])));
}
