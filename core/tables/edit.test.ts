/** What edits promise: exactly the change asked for, and not one other byte. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addRow, type Cells, type Edit, editTable, formatTable, removeRow, setCells } from './edit.ts';
import { parseTable } from './parse.ts';
import type { TableSchema } from './schema.ts';
import { schemas } from './schemas.ts';
import type { Row, Table } from './table.ts';

const schema = schemas.get('nodetype');
if (schema === undefined) throw new Error('nodetype has a schema');

function parse(text: string): Table {
  const { table, diagnostics } = parseTable('nodetype', 'tables/nodetype.csv', text, schema);
  expect(diagnostics.filter((one) => one.severity === 'error')).toEqual([]);
  if (table === undefined) throw new Error('a table was expected');
  return table;
}

/** A messy but right file, as people leave it. */
const messy = [
  '#node, "os",arch,comments,disable  ',
  '# the old rack, kept',
  'n01 , "rhels5.5" ,x86_64, , ,,',
  '',
  '"n02",,,"two',
  'lines, ""quoted""",1',
  ' n03',
  '# end',
].join('\r\n');

function row(table: Table, node: string): Row {
  const found = [...table.rows, ...table.disabled].find((one) => table.value(one, 'node') === node);
  if (found === undefined) throw new Error(`no row ${node}`);
  return found;
}

describe('setCells', () => {
  it('changes a value where it stands: blanks, other cells and line ends stay', () => {
    const table = parse(messy);
    expect(setCells(table, row(table, 'n01'), { os: 'sles11' })).toBe(messy.replace('"rhels5.5"', '"sles11"'));
    expect(setCells(table, row(table, 'n01'), { arch: 'ppc64' })).toBe(messy.replace('x86_64', '"ppc64"'));
  });

  it('empties a cell by undefined and by an empty text', () => {
    const table = parse(messy);
    expect(setCells(table, row(table, 'n01'), { os: undefined })).toBe(messy.replace('"rhels5.5"', ''));
    expect(setCells(table, row(table, 'n01'), { os: '' })).toBe(messy.replace('"rhels5.5"', ''));
  });

  it('finds a cell behind one that spans lines', () => {
    const table = parse(messy);
    expect(setCells(table, row(table, 'n02'), { disable: undefined })).toBe(messy.replace('""",1', '""",'));
  });

  it('gives a short row only the commas that it needs', () => {
    const table = parse(messy);
    expect(setCells(table, row(table, 'n03'), { arch: 'a"b' })).toBe(messy.replace(' n03', ' n03,,"a""b"'));
  });

  it('a value that is there already changes nothing, quotes and all', () => {
    const table = parse(messy);
    expect(setCells(table, row(table, 'n01'), { node: 'n01', arch: 'x86_64', comments: '' })).toBe(messy);
  });

  it('a column that the header lacks is added behind its last name; other rows stay as they are', () => {
    const table = parse(messy);
    const text = setCells(table, row(table, 'n03'), { profile: 'compute' });
    expect(text).toBe(
      messy.replace('comments,disable  ', 'comments,disable,profile  ').replace(' n03', ' n03,,,,,"compute"'),
    );
    const after = parse(text);
    expect(after.value(row(after, 'n03'), 'profile')).toBe('compute');
    expect(after.value(row(after, 'n01'), 'profile')).toBeUndefined();
  });

  it('an empty value adds no column', () => {
    const table = parse(messy);
    expect(setCells(table, row(table, 'n03'), { profile: undefined })).toBe(messy);
  });

  it('refuses a row of another text, and a name that no header could hold', () => {
    const table = parse(messy);
    expect(() => setCells(parse(messy), row(table, 'n03'), { os: 'x' })).toThrow('another table');
    expect(() => setCells(table, row(table, 'n03'), { 'a,b': 'x' })).toThrow("can't be the name");
  });
});

describe('addRow', () => {
  it('stands after the last row, in dump style, with the line end of the file', () => {
    const table = parse(messy);
    expect(addRow(table, { node: 'n04', comments: 'say "hi"' })).toBe(
      messy.replace(' n03\r\n', ' n03\r\n"n04",,,"say ""hi""",\r\n'),
    );
  });

  it('ends an unended last row first, and works on a bare header', () => {
    expect(addRow(parse('#node,os\nn01,x'), { node: 'n02' })).toBe('#node,os\nn01,x\n"n02",\n');
    expect(addRow(parse('#node,os'), { node: 'n02', arch: 'x86_64' })).toBe('#node,os,arch\n"n02",,"x86_64"\n');
    expect(addRow(parse('#node,os,,\n# none yet\n'), { node: 'n02', arch: 'a' })).toBe(
      '#node,os,arch,,\n# none yet\n"n02",,"a"\n',
    );
  });
});

describe('removeRow', () => {
  it('takes the row with all its lines, and nothing else', () => {
    const table = parse(messy);
    expect(removeRow(table, row(table, 'n02'))).toBe(messy.replace('"n02",,,"two\r\nlines, ""quoted""",1\r\n', ''));
    const unended = parse('#node,os\nn01,x\nn02,y');
    expect(removeRow(unended, row(unended, 'n02'))).toBe('#node,os\nn01,x\n');
    const swap: Edit[] = [
      { kind: 'add', cells: { node: 'n03' } },
      { kind: 'remove', row: row(unended, 'n02') },
    ];
    expect(editTable(unended, swap)).toBe('#node,os\nn01,x\n"n03",\n');
  });
});

describe('formatTable', () => {
  it('writes what a dump would', () => {
    const text = formatTable(schema as TableSchema, [{ node: 'n01', os: 'rhels5.5', comments: 'a "b",\nc' }]);
    expect(text).toBe(
      '#node,os,arch,profile,provmethod,supportedarchs,nodetype,comments,disable\n"n01","rhels5.5",,,,,,"a ""b"",\nc",\n',
    );
    expect(parse(text).rows[0]?.values.slice(0, 2)).toEqual(['n01', 'rhels5.5']);
  });
});

// Any text that a cell may hold: quotes, commas, blanks, #, letters beyond ASCII.
const value = fc
  .array(fc.constantFrom('"', ',', ' ', '#', 'a', 'ü', '😀', '/', '$1', "'", ';', '0'), { maxLength: 6 })
  .map((parts) => parts.join(''));
const optional = fc.option(value, { nil: undefined });
const blanks = fc.constantFrom('', ' ', '\t', '  ');

/** A cell as somebody might write a value. */
const written = fc.tuple(value, blanks, blanks, fc.boolean()).map(([text, before, after, quoted]) => {
  const bare = !quoted && !/^[ #]|[",]| $/.test(text);
  return before + (bare ? text : `"${text.replaceAll('"', '""')}"`) + after;
});

const file = fc
  .tuple(
    fc.array(fc.tuple(fc.array(written, { maxLength: 6 }), fc.constantFrom('', '# note, "x', ' ', ',,')), {
      maxLength: 6,
    }),
    fc.constantFrom('\n', '\r\n'),
    fc.boolean(),
    fc.boolean(),
  )
  .map(([rows, newline, ended, mark]) => {
    // `node` is last and generated, so that keys differ and no row is empty.
    const lines = rows.flatMap(([cells, extra], i) => [
      [
        ...Array.from({ length: 3 }, (_, at) => (at === 0 ? '""' : '')).map((empty, at) => cells[at] ?? empty),
        `k${i}`,
        ...cells.slice(3, 4),
      ].join(','),
      ...(extra === '' ? [] : [extra]),
    ]);
    const text = ['#os,arch,profile,node,comments', ...lines].join(newline);
    return (mark ? '\uFEFF' : '') + text + (ended ? newline : '');
  });

const cells = fc.record(
  { os: optional, arch: optional, comments: optional, provmethod: optional },
  { requiredKeys: [] },
);

const contents = (table: Table): Cells[] =>
  table.rows.map((one) =>
    Object.fromEntries(
      ['node', 'os', 'arch', 'profile', 'comments', 'provmethod'].map((column) => [
        column,
        table.value(one, column) || undefined,
      ]),
    ),
  );

describe('any file, any edits', () => {
  it('reading the edited text gives exactly the change that was meant', () => {
    const edits = fc.array(
      fc.record({ kind: fc.constantFrom('set', 'add', 'remove'), at: fc.nat({ max: 5 }), cells }),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(file, edits, (text, wanted) => {
        const table = parse(text);
        const kept = contents(table).map((one) => ({ ...one }) as Record<string, string | undefined>);
        const gone = new Set<number>();
        const added: Cells[] = [];
        const list: Edit[] = [];
        for (const [i, edit] of wanted.entries()) {
          const target = table.rows[edit.at];
          if (edit.kind === 'add') {
            const values = { ...edit.cells, node: `added${i}` };
            list.push({ kind: 'add', cells: values });
            added.push(values);
          } else if (target !== undefined && edit.kind === 'set') {
            list.push({ kind: 'set', row: target, cells: edit.cells });
            Object.assign(kept[edit.at] ?? {}, edit.cells);
          } else if (target !== undefined) {
            list.push({ kind: 'remove', row: target });
            gone.add(edit.at);
          }
        }
        const expected = [...kept.filter((_, i) => !gone.has(i)), ...added].map((one: Cells) =>
          Object.fromEntries(
            ['node', 'os', 'arch', 'profile', 'comments', 'provmethod'].map((column) => [
              column,
              one[column] || undefined,
            ]),
          ),
        );
        expect(contents(parse(editTable(table, list)))).toEqual(expected);
      }),
      { numRuns: 1000 },
    );
  });

  it('lines of other rows, comments and line ends keep every byte', () => {
    fc.assert(
      fc.property(file, fc.nat({ max: 5 }), optional, (text, at, os) => {
        const table = parse(text);
        const target = table.rows[at];
        if (target === undefined) return;
        const newline = text.includes('\r\n') ? '\r\n' : '\n';
        const before = text.split(newline);
        const after = setCells(table, target, { os }).split(newline);
        expect(after).toHaveLength(before.length);
        for (const [i, line] of before.entries()) if (i !== target.line - 1) expect(after[i]).toBe(line);
        const removed = removeRow(table, target).split(newline);
        expect(removed.filter((line) => line !== '')).toEqual(
          before.filter((line, i) => i !== target.line - 1 && line !== ''),
        );
      }),
      { numRuns: 500 },
    );
  });

  it('ten thousand edits are one pass', () => {
    const lines = Array.from({ length: 10_000 }, (_, i) => `n${i},old`);
    const table = parse(['#node,os', ...lines, ''].join('\n'));
    const text = editTable(
      table,
      table.rows.map((one): Edit => ({ kind: 'set', row: one, cells: { os: 'new' } })),
    );
    expect(text).toBe(['#node,os', ...lines.map((line) => line.replace('old', '"new"')), ''].join('\n'));
  });
});
