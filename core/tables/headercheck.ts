/** Judges a table's header: is there one, does it name the key, is a column twice, unnamed, mistyped or unknown. */
import * as wrong from '../diagnostic/catalogue/tables.ts';
import type { Position } from '../diagnostic/diagnostic.ts';
import type { Header, HeaderColumn } from './header.ts';
import { nearest } from './nearest.ts';
import { printable, type Reports } from './reports.ts';
import { columnOf, lineEnd } from './scan.ts';
import type { TableSchema } from './schema.ts';
import { headerOf } from './schemas.ts';

/** Far more than any table has; rows times columns stays linear in the file. */
const mostColumns = 500;

interface Subject {
  readonly name: string;
  readonly file: string;
  readonly text: string;
  readonly schema: TableSchema | undefined;
  readonly header: Header;
  /** Whether messages may quote from the file. */
  readonly quotes: boolean;
}

/** Reports what is wrong with the header. False: the rows can't be read with it. */
export function checkHeader(subject: Subject, reports: Reports): boolean {
  const { header, schema, name } = subject;
  if (!header.marked && !missing(subject, reports)) return false;
  if (header.columns.length > mostColumns) {
    reports.add(wrong.tooManyColumns, () =>
      wrong.tooManyColumns(place(subject, header.at), { columns: header.columns.length, limit: mostColumns }),
    );
    return false;
  }
  const has = new Set(header.columns.map((column) => column.name));
  const key = schema === undefined ? [] : needed(schema);
  if (schema !== undefined && !key.some((column) => has.has(column))) {
    const typo = header.columns.some(({ name }) => !schema.columns.includes(name) && nearest(name, key) !== undefined);
    if (!typo) {
      const separator = header.columns.length === 1 ? /[;\t|]/.exec(header.columns[0]?.name ?? '')?.[0] : undefined;
      const shown = separator === '\t' ? 'tabs' : separator;
      reports.add(wrong.noKeyColumn, () =>
        wrong.noKeyColumn(place(subject, header.at), {
          table: name,
          key,
          header: headerOf(schema),
          separator: shown,
        }),
      );
      return false;
    }
  }
  const seen = new Set<string>();
  for (const column of header.columns) {
    checkColumn(subject, column, { has, seen }, reports);
    seen.add(column.name);
  }
  return header.columns.length > 0;
}

/** Key columns of which a header, and a row, must have one: the node, or any part of a literal key (a litefile may do without `image`). */
export function needed(schema: TableSchema): readonly string[] {
  return schema.keyedBy === 'node' ? schema.key.slice(0, 1) : schema.key;
}

/** No `#`. True where the line is a header all the same, only without its mark. */
function missing(subject: Subject, reports: Reports): boolean {
  const { header, schema, text, quotes } = subject;
  const names = header.columns.map((column) => column.name);
  const meant = schema !== undefined && names.length > 1 && names.every((name) => schema.columns.includes(name));
  const line = text.slice(header.at, Math.min(lineEnd(text, header.at), header.at + 60)).trimEnd();
  const found = header.line === 0 || !(quotes || meant) ? undefined : `'${printable(line)}'`;
  const wanted = meant ? `#${names.join(',')}` : schema === undefined ? undefined : headerOf(schema);
  const at = header.line === 0 ? { file: subject.file, line: 0, column: 0 } : place(subject, header.at);
  reports.add(wrong.noHeader, () => wrong.noHeader(at, { found, header: wanted }));
  return meant;
}

function checkColumn(
  subject: Subject,
  column: HeaderColumn,
  names: { readonly has: ReadonlySet<string>; readonly seen: ReadonlySet<string> },
  reports: Reports,
): void {
  const { schema } = subject;
  const at = place(subject, column.at);
  const shown = printable(column.name.slice(0, 60));
  if (column.name === '' || printable(column.name) !== column.name) {
    reports.add(wrong.columnUnnamed, () => wrong.columnUnnamed(at, {}));
  } else if (names.seen.has(column.name)) {
    reports.add(wrong.columnTwice, () => wrong.columnTwice(at, { column: shown }));
  } else if (schema !== undefined && !schema.columns.includes(column.name)) {
    const lacking = schema.columns.filter((known) => !names.has.has(known));
    const near = nearest(column.name.slice(0, 60), lacking);
    if (near === undefined) {
      reports.add(wrong.columnUnknown, () => wrong.columnUnknown(at, { table: schema.name, column: shown }));
    } else {
      reports.add(wrong.columnMistyped, () =>
        wrong.columnMistyped(at, { table: schema.name, column: shown, nearest: near }),
      );
    }
  }
}

function place(subject: Subject, index: number): Position {
  return { file: subject.file, line: subject.header.line, column: columnOf(subject.text, index) };
}
