/** `litehouse nodels`: lists nodes, and what the tables say of them. */
import type { Command } from 'commander';
import { shown } from '../../core/explain/secret.ts';
import { placeText } from '../../core/explain/text.ts';
import { groupValues } from '../../core/explain/value.ts';
import { parseAttributeTest } from '../../core/noderange/attribute.ts';
import { nodeColumns } from '../../core/noderange/context.ts';
import { foldNodes } from '../../core/noderange/fold.ts';
import type { View } from '../../core/resolve/view.ts';
import type { SourceOptions } from '../reading/source.ts';
import { withView } from '../reading/view.ts';
import { type CommandContext, describe, printJson, withJson, withRemoteSource } from './context.ts';
import { Failure } from './failure.ts';
import { type NamedNodes, readNodes } from './nodes-named.ts';

interface NodelsOptions extends SourceOptions {
  readonly fold?: boolean;
  readonly json?: boolean;
}

/** A column as asked for on the command line. */
export interface NamedColumn {
  readonly table: string;
  readonly column: string;
}

export function addNodelsCommand(program: Command, context: CommandContext): void {
  withJson(
    withRemoteSource(
      describe(
        program.command('nodels [noderange] [columns...]'),
        'List nodes (all, or those of a noderange), with the values of table columns where some are named.',
        ['nodels', 'nodels rack1 noderes.nfsserver nodetype.os', 'nodels compute provmethod --fold'],
      ),
    ),
  )
    .option('--fold', 'put nodes with the same values on one line')
    .action(async (text: string | undefined, names: readonly string[], options: NodelsOptions) => {
      await withView(context, { ...options, remote: true }, (view) => {
        const columns = names.map((name) => readColumn(view, name));
        const named: NamedNodes =
          text === undefined ? { nodes: [...view.nodes.keys()], missed: [] } : readNodes(context, view, text);
        if (options.json) printJson(context, toJson(view, named, columns));
        else
          for (const line of nodelsLines(view, named.nodes, columns, options.fold === true)) context.terminal.out(line);
      });
    });
}

/** `noderes.nfsserver`, or one of the short names that noderanges know. Throws a Failure for a column that no table has. */
export function readColumn(view: View, name: string): NamedColumn {
  const read = parseAttributeTest(`${name}==`, nodeColumns(view));
  if ('error' in read) throw new Failure({ what: read.error.message, mend: read.error.mend });
  const { table, column } = read;
  return { table, column };
}

/** As the original prints them: names alone, `n01: value`, or `n01: table.column: value` where several are asked for. */
function nodelsLines(view: View, nodes: readonly string[], columns: readonly NamedColumn[], fold: boolean): string[] {
  if (columns.length === 0) return nodes.length === 0 ? [] : fold ? [foldNodes(nodes)] : [nodes.join('\n')];
  const label = ({ table, column }: NamedColumn): string => (columns.length === 1 ? '' : `${table}.${column}: `);
  if (fold) {
    return columns.flatMap((named) =>
      [...byText(groupValues(view, nodes, named.table, named.column))].map(([text, members]) =>
        `${foldNodes(members)}: ${label(named)}${text}`.trimEnd(),
      ),
    );
  }
  return nodes.flatMap((node) =>
    columns.map((named) => {
      const text = view.value(node, named.table, named.column)?.text;
      return `${node}: ${label(named)}${text === undefined ? '' : shown(named.table, named.column, text)}`.trimEnd();
    }),
  );
}

/** Groups of one text joined, whichever rows it comes from. */
function byText(groups: ReturnType<typeof groupValues>): Iterable<[string, string[]]> {
  const joined = new Map<string, string[]>();
  for (const { text = '', nodes } of groups) {
    const known = joined.get(text);
    if (known === undefined) joined.set(text, [...nodes]);
    else for (const node of nodes) known.push(node);
  }
  return joined;
}

function toJson(view: View, { nodes, missed }: NamedNodes, columns: readonly NamedColumn[]): unknown {
  const listed = nodes.map((node) => {
    if (columns.length === 0) return { node };
    const values: Record<string, { text: string; at: string } | null> = {};
    for (const { table, column } of columns) {
      const value = view.value(node, table, column);
      values[`${table}.${column}`] =
        value === undefined
          ? null
          : { text: shown(table, column, value.text), at: placeText(value.row.table.at(value.row, column)) };
    }
    return { node, values };
  });
  return { nodes: listed, missed };
}
