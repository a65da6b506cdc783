/** What the parser promises: what it accepts, what it refuses and where, and how it goes on afterwards. */
import { describe, expect, it } from 'vitest';
import { parseTable } from './parse.ts';
import type { TableSchema } from './schema.ts';
import { schemas } from './schemas.ts';

const nodelist = '#node,groups,comments,disable\n';

function parse(bytes: string | Buffer, name = 'nodelist', schema: TableSchema | undefined = schemas.get(name)) {
  const { table, diagnostics } = parseTable(name, `tables/${name}.csv`, bytes, schema);
  return {
    table,
    diagnostics,
    rows: table?.rows.map((row) => row.values),
    nodes: table?.rows.map((row) => row.values[0]),
    said: diagnostics.map(({ code, at }) => `${code} ${at?.line}:${at?.column}`),
  };
}

describe('accepted', () => {
  it('CR LF line ends and a byte-order mark, which shift no column', () => {
    const { table, said, rows } = parse('\uFEFF#node,groups\r\nn01,all\r\n"n02", "all"\r\n', 'nodelist');
    expect(said).toEqual([]);
    expect(table?.columns).toEqual(['node', 'groups']);
    expect(rows).toEqual([
      ['n01', 'all'],
      ['n02', 'all'],
    ]);
    expect(parse('\uFEFF#node,group\n').said).toEqual(['LH104 1:7']);
  });

  it('a file without a final newline, and a CR at its very end', () => {
    expect(parse(`${nodelist}n01,all`).rows).toEqual([['n01', 'all', undefined, undefined]]);
    expect(parse(`${nodelist}n01,all\r`)).toMatchObject({ said: [], rows: [['n01', 'all', undefined, undefined]] });
  });

  it('blanks and tabs around quotes and values, any number of surplus empty cells', () => {
    const { rows, said } = parse(`${nodelist} \t"n01" \t, all \t,\t, "" ,, , \t,""\n`);
    expect(said).toEqual([]);
    expect(rows).toEqual([['n01', 'all', undefined, undefined]]);
  });

  it('blanks inside quotes, which belong to the value', () => {
    expect(parse(`${nodelist}n01," all "\n`).rows?.[0]?.[1]).toBe(' all ');
  });

  it('header names with quotes and blanks, a quoted # as spreadsheets write it, blank lines above it', () => {
    expect(parse('\n \t\n # "node" , "groups" ,, \nn01,all\n')).toMatchObject({ said: [], nodes: ['n01'] });
    expect(parse('"#node","groups"\n"n01","all"\n').table?.columns).toEqual(['node', 'groups']);
  });

  it('rows of nothing but commas, as spreadsheets leave them: they are blank lines', () => {
    expect(parse(`${nodelist},,,\n , "",,\nn01,all\n,,,\n`)).toMatchObject({ said: [], nodes: ['n01'] });
  });

  it('tabs and line breaks in comments', () => {
    const { table, said } = parse(`${nodelist}n01,all,"a\tb\r\nc"\nn02,all\n`);
    expect(said).toEqual([]);
    expect(table?.rows.map((row) => row.line)).toEqual([2, 4]);
    expect(table?.rows[0]?.values[2]).toBe('a\tb\r\nc');
  });

  it('a doubled quote beside an equal neighbour keeps its own value', () => {
    const { rows } = parse(`${nodelist}n01,"x"""""\nn02,"x"""\nn03,"x"""\n`);
    expect(rows?.map((row) => row[1])).toEqual(['x""', 'x"', 'x"']);
  });

  it('columns that it does not know, with a warning; a table that it does not know, without', () => {
    const { said, diagnostics, table } = parse('#node,colour\nn01,red\n');
    expect(said).toEqual(['LH105 1:7']);
    expect(diagnostics[0]?.severity).toBe('warning');
    expect(table?.rows.map((row) => table.value(row, 'colour'))).toEqual(['red']);
    const own = parseTable('ours', 'tables/ours.csv', '#a,b\n1,2\n1,2\n', undefined);
    expect(own.diagnostics).toEqual([]);
    expect(own.table?.rows).toHaveLength(2);
  });
});

describe('disable', () => {
  it.each(['', '0', 'no', 'NO', 'No', 'nO', '""', ' 0 '])('%j leaves a row in force', (word) => {
    expect(parse(`${nodelist}n01,,,${word}\n`).table?.rows).toHaveLength(1);
  });

  it.each(['1', 'yes', 'x', '00', 'none', 'false', '"no "'])('%j switches a row off', (word) => {
    const { table } = parse(`${nodelist}n01,,,${word}\n`);
    expect(table?.rows).toHaveLength(0);
    expect(table?.disabled).toHaveLength(1);
  });

  it('false and off are warned about, since they do the opposite of what they seem to say', () => {
    expect(parse(`${nodelist}n01,,,false\n`).said).toEqual(['LH118 2:7']);
  });
});

describe('keys', () => {
  it('a row that is off takes no key away', () => {
    expect(parse(`${nodelist}n01,a,,1\nn01,b\n`)).toMatchObject({ said: [], nodes: ['n01'] });
  });

  it('litetree may repeat a priority for another image or directory; an exact repeat is refused', () => {
    const head = '#priority,image,directory\n';
    expect(parse(`${head}1,a,s:/x\n1,b,s:/x\n1,a,s:/y\n`, 'litetree').said).toEqual([]);
    expect(parse(`${head}1,a,s:/x\n1,a,s:/x\n`, 'litetree').said).toEqual(['LH116 3:1']);
  });

  it('an empty part of a key is a value of its own', () => {
    expect(parse('#image,file\n,/a\nALL,/a\nx,/a\n', 'litefile').said).toEqual([]);
    expect(parse('#image,file\n,/a\n"",/a\n', 'litefile').said).toEqual(['LH116 3:1']);
  });

  it('cells can not run together into one key', () => {
    expect(parse('#image,file\na,b c\n"a b",c\nab,\n,ab\n', 'litefile').said).toEqual([]);
  });

  it('a row without its key is kept, with a warning', () => {
    const { said, diagnostics } = parse(`${nodelist},all\n,all\n`);
    expect(said).toEqual(['LH117 2:1', 'LH117 3:1']);
    expect(diagnostics[0]?.severity).toBe('warning');
  });
});

describe('refused, with the place', () => {
  it.each([
    ['a stray quote', `n01,ab"c"\n`, 'LH110 2:7'],
    ['text after a closing quote', `n01,"ab" c\n`, 'LH111 2:10'],
    ['a quote that is never closed', `n01,"ab\n`, 'LH112 2:5'],
    ['a quote that the next value closes', `n01,"ab\n"n02","all"\n`, 'LH112 2:5'],
    ['a comment that swallows the next row', `n01,all,"ab\n"n02","all"\n`, 'LH112 2:9'],
    ['a line break outside comments', `n01,"ab\ncd"\n`, 'LH114 2:8'],
    ['NUL', `n01,a\0b\n`, 'LH115 2:6'],
    ['escape, in comments too', `n01,,"a\u001b[2J"\n`, 'LH115 2:8'],
    ['a tab inside a value', `n01,a\tb\n`, 'LH115 2:6'],
    ['a control character on a later line of comments', `n01,,"a\nb\u0007"\n`, 'LH115 3:2'],
    ['a lone CR', `n01,a\rb\n`, 'LH115 2:6'],
    ['C1 controls', `n01,a\u0085b\n`, 'LH115 2:6'],
    ['a surplus value', `n01,compute,all,,rack1\n`, 'LH113 2:18'],
    ['a second header with other columns', `#node,status,groups\n`, 'LH108 2:1'],
  ])('%s', (_, row, said) => {
    expect(parse(`${nodelist}${row}`).said).toEqual([said]);
  });

  it('an unterminated quote names the line where it began and the one that it met', () => {
    const { diagnostics } = parse(`${nodelist}n01,all,"ab\n\n"n02","all"\n`);
    expect(diagnostics[0]?.message).toBe(
      'the quote that begins on line 2 is not closed: the next quote, on line 4, belongs to another value',
    );
  });

  it('the first byte that is not UTF-8, by line and column in characters', () => {
    const bytes = Buffer.concat([Buffer.from(`${nodelist}n01,ä`), Buffer.from([0xe4, 0x2c, 0xff]), Buffer.from('\n')]);
    const { said, diagnostics, nodes } = parse(bytes);
    expect(said).toEqual(['LH101 2:6']);
    expect(diagnostics[0]?.message).toContain('0xE4');
    expect(nodes).toEqual(['n01']);
  });

  it.each([
    ['a truncated character', [0xe2, 0x82]],
    ['an overlong form', [0xc0, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['beyond Unicode', [0xf4, 0x90, 0x80, 0x80]],
  ])('%s in bytes', (_, bad) => {
    expect(parse(Buffer.concat([Buffer.from(nodelist), Buffer.from('n01,ab'), Buffer.from(bad)])).said[0]).toBe(
      'LH101 2:7',
    );
  });

  it('an empty file, and one of blank lines', () => {
    expect(parse('').said).toEqual(['LH102 0:0']);
    expect(parse('\n\r\n  \n').said).toEqual(['LH102 0:0']);
  });

  it('a header without its #, which it shows as it should be; the rows are still read', () => {
    const { said, diagnostics, nodes } = parse('node,groups\nn01,all\n');
    expect(said).toEqual(['LH102 1:1']);
    expect(diagnostics[0]?.mend).toContain('#node,groups');
    expect(nodes).toEqual(['n01']);
  });

  it('a comment above the header, and says that comments stand below', () => {
    const { said, diagnostics, table } = parse('# our nodes\n#node,groups\nn01,all\n');
    expect(said).toEqual(['LH107 1:1']);
    expect(diagnostics[0]?.mend).toContain('comments stand below');
    expect(table).toBeUndefined();
  });

  it('semicolons between columns', () => {
    expect(parse('#node;groups\nn01;all\n').diagnostics[0]?.mend).toContain('by commas, not by ;');
  });

  it('a column named twice, a column without a name, hundreds of columns', () => {
    expect(parse('#node,groups,node\n').said).toEqual(['LH103 1:14']);
    expect(parse('#node,,groups\n').said).toEqual(['LH106 1:7']);
    expect(parse(`#node,${Array.from({ length: 501 }, (_, i) => `c${i}`).join(',')}\n`).said).toEqual(['LH109 1:1']);
  });

  it('a mistyped column only where the header lacks the right one', () => {
    expect(parse('#node,group\n').said).toEqual(['LH104 1:7']);
    expect(parse('#node,groups,group\n').said).toEqual(['LH105 1:14']);
    expect(parse('#nodes,groups\nn01,all\n')).toMatchObject({ said: ['LH104 1:2'] });
    expect(parse('#Node,groups\n').said).toEqual(['LH104 1:2']);
  });
});

describe('after an error', () => {
  it.each([
    ['stray quote', 'n02,a"b'],
    ['text after a quote', 'n02,"a"b'],
    ['open quote', 'n02,"all,,'],
    ['open quote in comments', 'n02,all,"old'],
    ['surplus value', 'n02,a,b,,c'],
    ['control character', 'n02,a\u0001'],
  ])('%s: the rows around it are read, and it is said once', (_, bad) => {
    const { said, nodes } = parse(`${nodelist}"n01","all"\n${bad}\n"n03","all"\n"n04","all","a\nb",\n"n05",\n`);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/ 3:\d+$/);
    expect(nodes).toEqual(['n01', 'n03', 'n04', 'n05']);
  });

  it('at most 200 errors are kept, the others are counted, and warnings do not crowd them out', () => {
    const { diagnostics } = parse(`${nodelist}${',x\n'.repeat(500)}${'n01,a"b\n'.repeat(250)}`);
    expect(diagnostics.filter((one) => one.severity === 'error')).toHaveLength(200);
    expect(diagnostics.at(-1)).toMatchObject({ code: 'LH119', message: expect.stringContaining('350 more') });
  });
});

describe('secrets', () => {
  it.each([
    'root,"hunter2"x,"hunter2',
    'system,root,x"hunter2"',
    'system,root,,,,,,hunter2',
    'system,root,"a"hunter2',
    'system,hunter2\nsystem,hunter2',
  ])('no message quotes from a table with passwords: %j', (row) => {
    const { diagnostics } = parse(`#key,username,password,comments,disable\n${row}\n`, 'passwd');
    expect(diagnostics.length).toBeGreaterThan(0);
    expect(JSON.stringify(diagnostics)).not.toContain('hunter2');
    expect(JSON.stringify(parse('system,root,hunter2\n', 'passwd').diagnostics)).not.toContain('hunter2');
    expect(JSON.stringify(parse(`#node,password\nn01,a"hunter2\n`, 'ipmi', undefined).diagnostics)).not.toContain(
      'hunter2',
    );
  });
});

describe('places', () => {
  it('at() gives the first character of a value, behind blanks and quote', () => {
    const { table } = parse(`${nodelist}\n "n01" , "all",x\nn02\nn03,,"a\nb",1\nn04,,"a\nb",no\n`);
    const [first, second, last] = table?.rows ?? [];
    if (!table || !first || !second || !last) throw new Error('rows expected');
    const place = (row: typeof first, column?: string) => {
      const at = table.at(row, column);
      return `${at.line}:${at.column}`;
    };
    expect(place(first)).toBe('3:1');
    expect(['node', 'groups', 'comments'].map((column) => place(first, column))).toEqual(['3:3', '3:11', '3:16']);
    expect(place(second, 'comments')).toBe('4:4');
    expect(place(last, 'disable')).toBe('8:4');
    expect(place(first, 'no such column')).toBe('3:1');
    expect(table.disabled.map((row) => place(row, 'disable'))).toEqual(['6:4']);
  });
});
