/** The parser under bytes that nobody wrote on purpose, and under a million rows. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTable } from './parse.ts';
import { schemas } from './schemas.ts';

const corpus = [
  '#image,file,options,comments,disable\n"ALL", "/etc/adjtime",,,,\n"ALL","/etc/q","tmpfs","say ""hi"", ok",\n',
  '#node,groups,comments,disable\r\n"n01","compute,all","two\r\nlines",\r\n# note\r\nn02,all,,1\r\n',
  '\uFEFF#key,username,password\nsystem,root,"$6$x"\n\n"""",,""\n',
  '#priority,image,directory\n1,,$noderes.nfsserver:/x/$node\n2,ALL,"s:/ü€😀"\n',
].map((text) => Buffer.from(text));

const names = ['litefile', 'nodelist', 'passwd', 'litetree', 'unheard-of'];

const mutation = fc.record({
  at: fc.nat({ max: 200 }),
  cut: fc.nat({ max: 5 }),
  put: fc.oneof(
    fc.uint8Array({ maxLength: 4 }),
    fc
      .constantFrom('"', '""', ',', '\n', '\r', '\r\n', '#', ' "', '",', '\0', '\t', '\uFEFF')
      .map((text) => Buffer.from(text)),
  ),
});

const mutated = fc
  .tuple(fc.constantFrom(...corpus), fc.array(mutation, { minLength: 1, maxLength: 8 }))
  .map(([start, mutations]) =>
    mutations.reduce((bytes, { at, cut, put }) => {
      const from = Math.min(at, bytes.length);
      return Buffer.concat([bytes.subarray(0, from), put, bytes.subarray(from + cut)]);
    }, start),
  );

/** Nothing but what matters to the grammar: the densest nests of quotes and lines. */
const grammar = fc
  .array(fc.constantFrom('"', '""', ',', '\n', 'a', ' ', '#', '\r'), { maxLength: 200 })
  .map((parts) => Buffer.from(`#image,file,comments\n${parts.join('')}`));

describe('whatever the bytes', () => {
  it('parsing ends without a throw; places exist in the file; rows are where they say; work stays small', () => {
    fc.assert(
      fc.property(fc.oneof(mutated, grammar), fc.constantFrom(...names), (bytes, name) => {
        const { table, diagnostics, visited } = parseTable(name, `tables/${name}.csv`, bytes, schemas.get(name));
        const lines = bytes.toString('utf8').split('\n');
        for (const { at, code, message, mend } of diagnostics) {
          expect(code).toMatch(/^LH1[0-4]\d$/);
          expect(`${message}${mend}`).not.toMatch(/[\n\r\0]/);
          if (at === undefined) throw new Error('a place was expected');
          if (at.line === 0) continue;
          expect(at.line).toBeLessThanOrEqual(lines.length);
          expect(at.column).toBeGreaterThan(0);
          expect(at.column).toBeLessThanOrEqual((lines[at.line - 1] ?? '').length + 1);
        }
        expect(visited).toBeLessThanOrEqual(4 * bytes.length);
        for (const row of [...(table?.rows ?? []), ...(table?.disabled ?? [])]) {
          expect(row.values).toHaveLength(table?.columns.length ?? -1);
          expect(table?.text.slice(0, row.offset).split('\n')).toHaveLength(row.line);
          for (const [i, value] of row.values.entries()) {
            const column = table?.columns[i] ?? '';
            if (value === undefined || table?.columns.indexOf(column) !== i) continue;
            const at = table.at(row, column);
            const line = table.text.split('\n')[at.line - 1] ?? '';
            const mark = at.line === 1 && table.text.startsWith('\uFEFF') ? 1 : 0;
            const start = value.split(/["\r\n]/, 1)[0] ?? '';
            expect(line.slice(at.column - 1 + mark)).toSatisfy((rest: string) => rest.startsWith(start));
          }
        }
      }),
      { numRuns: 1500 },
    );
  });
});

describe('work grows with the file, not faster', () => {
  const shapes: Readonly<Record<string, string>> = {
    'good rows': '"n01","all",,\n',
    'quotes that open and are closed by the next row': 'n01,"all\n',
    'quotes that open in comments': 'n01,,"all\n',
    'stray quotes': 'n01,a"b\n',
    'text after quotes': 'n01,"a"b\n',
    'doubled quotes behind one that never closes': '""\n',
    'runs of quotes': '"""\n',
    comments: '# x, y\n',
    'surplus cells': 'n01,a,,,,,,,x\n',
  };
  it.each(Object.entries(shapes))('%s', (_, line) => {
    for (const opening of ['', '"', 'n01,,"']) {
      const visited = (count: number): number => {
        const text = `#node,groups,comments,disable\n${opening}${line.repeat(count)}`;
        return parseTable('nodelist', 'tables/nodelist.csv', text, schemas.get('nodelist')).visited / text.length;
      };
      expect(visited(20_000)).toBeLessThan(4);
      expect(visited(20_000)).toBeLessThan(visited(2_000) * 1.2 + 0.1);
    }
  });
});

it('a million rows are read, every one of them right', () => {
  const lines = ['#node,groups,comments,disable'];
  for (let i = 0; i < 1_000_000; i++) lines.push(`"n${i}", "compute,rack${i % 500}",,${i % 1000 === 999 ? '1' : ''}`);
  lines.push('"n7",,,');
  const text = Buffer.from(`${lines.join('\n')}\n`);
  const { table, diagnostics, visited } = parseTable('nodelist', 'tables/nodelist.csv', text, schemas.get('nodelist'));
  expect(diagnostics.map(({ code, at }) => `${code} ${at?.line}`)).toEqual(['LH116 1000002']);
  expect(table?.rows).toHaveLength(999_000);
  expect(table?.disabled).toHaveLength(1000);
  expect(visited).toBeLessThan(1.1 * text.length);
  let wrong = 0;
  for (const row of table?.rows ?? []) {
    const i = row.line - 2;
    if (row.values[0] !== `n${i}` || row.values[1] !== `compute,rack${i % 500}`) wrong++;
  }
  expect(wrong).toBe(0);
});
