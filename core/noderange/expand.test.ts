import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { evaluateDynamicGroup, parseDynamicGroup } from './attribute.ts';
import { expandNoderange, type NoderangeContext } from './expand.ts';

// The tables of case T08.
const groupsOf: Record<string, string> = {
  n01: 'compute,rack1,all',
  n02: 'compute,rack1,all',
  n03: 'compute,rack1,all',
  n04: 'compute,rack1,all',
  n05: 'compute,rack1,all',
  n06: 'compute,rack2,all',
  n07: 'compute,rack2,all',
  n08: 'compute,rack2,all',
  n09: 'compute,rack2,all',
  n10: 'compute,rack2,all',
  n11: 'compute,rack2,all',
  n12: 'compute,rack3,all',
  node5: 'all',
  a1b1: 'ab',
  a1b2: 'ab',
  a2b1: 'ab',
  a2b2: 'ab',
  'x-1-y': 'dash',
  'x-2-y': 'dash',
  'x-3-y': 'dash',
  rack9: 'grpname',
  zz: 'rack9',
};
const members = new Map<string, string[]>([['emptyg', []]]);
for (const [node, groups] of Object.entries(groupsOf)) {
  for (const group of groups.split(',')) members.set(group, [...(members.get(group) ?? []), node]);
}
const known: Record<string, readonly string[]> = { nodelist: ['node', 'groups'], nodetype: ['node', 'os', 'arch'] };
const value = (node: string, table: string, column: string): string | undefined => {
  if (table === 'nodelist' && column === 'groups') return groupsOf[node];
  if (table === 'nodetype' && column === 'os')
    return groupsOf[node]?.split(',').includes('all') ? 'rhels5.5' : undefined;
  return undefined;
};
const nodes = new Set(Object.keys(groupsOf));
const context: NoderangeContext = {
  nodes,
  groups: (name) => members.get(name),
  dynamicGroup: (name) => {
    const group = parseDynamicGroup('os==rhels5.5');
    return name === 'dyn' && 'tests' in group ? evaluateDynamicGroup(group, nodes, value) : undefined;
  },
  value,
  known: { known: (table) => known[table], tables: Object.keys(known) },
};
const expand = (text: string, extra: Partial<NoderangeContext> = {}) => expandNoderange(text, { ...context, ...extra });
const of = (text: string) => expand(text).nodes.join(' ');
const n = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => `n${String(from + i).padStart(2, '0')}`).join(' ');

describe('as the original (case T08)', () => {
  const cases: [string, string, string?][] = [
    ['n01', 'n01'],
    ['n01,n02', 'n01 n02'],
    ['n01-n04', n(1, 4)],
    ['n01:n04', n(1, 4)],
    ['n[01-04]', n(1, 4)],
    ['n[01-02,05]', 'n01 n02 n05'],
    ['n[1-3]', '', 'n1 n2 n3'],
    ['n1-n3', '', 'n1 n2 n3'],
    ['a[1-2]b[1-2]', 'a1b1 a1b2 a2b1 a2b2'],
    ['a1b1-a1b2', 'a1b1 a1b2'],
    ['a1b1-a2b2', '', 'a1b1-a2b2'],
    ['x-1-y-x-3-y', 'x-1-y x-2-y x-3-y'],
    ['n01+3', n(1, 4)],
    ['n01+0', 'n01'],
    ['rack1', n(1, 5)],
    ['rack1,-n03', 'n01 n02 n04 n05'],
    ['all,-rack1', `${n(6, 12)} node5`],
    ['compute@rack2', n(6, 11)],
    ['rack1@n01-n03', n(1, 3)],
    ['rack1,rack2@n07', `${n(1, 5)} n07`],
    ['/n0[13]', 'n01 n03'],
    ['/n1.*', 'n10 n11 n12'],
    ['nodetype.os==rhels5.5', `${n(1, 12)} node5`],
    ['nodelist.groups=~rack2', n(6, 11)],
    ['groups=ab', 'a1b1 a1b2 a2b1 a2b2'],
    ['nodelist.groups!=ab', `${n(1, 12)} node5 rack9 x-1-y x-2-y x-3-y zz`],
    ['5', 'node5'],
    ['(rack1,rack2),-(n01-n04)', n(5, 11)],
    ['compute,-rack1,n01', n(6, 12)],
    ['n99', '', 'n99'],
    ['n01-n99', n(1, 12), n(13, 99)],
    ['rack9', 'rack9'],
    ['-rack1', ''],
    ['emptyg', ''],
    ['"n01"', 'n01'],
    ['all@ab', ''],
    ['n[08-12]', n(8, 12)],
    ['n08-n12', n(8, 12)],
    ['n01-n03,n05+1,-n02', 'n01 n03 n05 n06'],
  ];
  test.each(cases)('%s', (text, expected, missed) => {
    const got = expand(text);
    expect(got.nodes.join(' ')).toBe(expected);
    expect(got.missed.join(' ')).toBe(missed ?? '');
  });

  test('^file reads ranges, one a line, without # and ^ lines, where a reader is given', () => {
    const files: Record<string, string> = { '/dev/null': '', '/r': '# no\nn01\n\nrack2,-n06\n^/r\n' };
    const readRangeFile = (path: string) => files[path];
    expect(expand('^/dev/null', { readRangeFile })).toEqual({ nodes: [], missed: [], errors: [] });
    expect(expand('^/r', { readRangeFile }).nodes.join(' ')).toBe(`n01 ${n(7, 11)}`);
    expect(expand('^/nowhere', { readRangeFile }).errors).toHaveLength(1);
  });
});

describe('where it differs from the original', () => {
  test('blanks around names are trimmed', () => {
    expect(of(' n01 , n02 ,\t-n02')).toBe('n01');
  });
  test('^file is refused where no reader is given', () => {
    expect(expand('n01,^/etc/passwd').errors).toMatchObject([{ offset: 4 }]);
  });
  test('a span over two numbers says why it is refused', () => {
    expect(expand('n01,a1b1-a2b2').errors).toMatchObject([
      { offset: 4, message: expect.stringContaining('more than one') },
    ]);
  });
  test('a span that runs backwards is an error, not nothing', () => {
    expect(expand('n04-n01').errors[0]?.mend).toContain('01-04');
  });
  test('an unknown column of a test is refused with the nearest name', () => {
    expect(expand('nodetype.osx==x').errors[0]?.mend).toContain('"os"');
    expect(expand('nodetypo.os==x').errors[0]?.mend).toContain('"nodetype"');
  });
});

describe('grammar', () => {
  test('brackets make group names too', () => {
    expect(of('rack[1,3]')).toBe(`${n(1, 5)} n12`);
  });
  test('a dynamic group takes part', () => {
    expect(of('dyn,-n[01-11]')).toBe('n12 node5');
  });
  test('commas inside expressions and brackets do not part elements', () => {
    expect(of('/n(01|02),/n\\d{1,2},-/n0.*')).toBe('n10 n11 n12');
    expect(of('nodelist.groups=~rack[1,2],-n[01,02-10]')).toBe('n11');
  });
  test('an expression is anchored as a whole, also with alternatives', () => {
    expect(of('/n01|x-2-y')).toBe('n01 x-2-y');
    expect(of('/n0|y')).toBe('');
    expect(of('/n')).toBe('');
    expect(of('/n01/')).toBe('n01');
  });
  test('parentheses nest, with exclusions of their own', () => {
    expect(of('((rack1,-n01)@(n01,n02)),n12')).toBe('n02 n12');
  });
  test('exclusion of an intersection', () => {
    expect(of('rack1,-rack1@n01-n04')).toBe('n05');
  });
  test('excluded nodes never come back', () => {
    expect(expand('n01-n03', { excluded: new Set(['n02']) }).nodes).toEqual(['n01', 'n03']);
  });
  test('faults are told with their offset, and the other parts still count', () => {
    expect(expand('n01,(n02').errors).toMatchObject([{ offset: 4 }]);
    expect(expand('n[01-02').errors).toMatchObject([{ offset: 1 }]);
    expect(expand('n01)').errors).toMatchObject([{ offset: 3 }]);
    expect(expand('n01,n02 n03').errors).toMatchObject([{ offset: 4 }]);
    expect(expand('n01@').errors).toHaveLength(1);
    expect(expand('n01,/n(?=0)1').errors[0]?.message).toContain('linear');
    const mixed = expand('n01,n0[a-c],n02');
    expect([mixed.nodes, mixed.errors.length]).toEqual([['n01', 'n02'], 1]);
  });
});

describe('bounds', () => {
  test('a range over a million names is refused without making them', () => {
    for (const text of ['n[0-999999999]', 'n[1-1000]x[1-1000]y[1-2]', 'n1+2000000', `n${'[1-9]'.repeat(15)}`]) {
      const got = expand(text);
      expect(got.errors, text).toHaveLength(1);
      expect(got.nodes.length + got.missed.length, text).toBeLessThan(2);
    }
  });
  test('a range that works the same group over and over is refused', () => {
    const many = new Set(Array.from({ length: 100_000 }, (_, i) => `m${i}`));
    const all = [...many];
    const got = expand('(all@all),'.repeat(2000), { nodes: many, groups: () => all });
    expect(got.errors[0]?.message).toContain('too long');
  });
  test('hostile texts end', () => {
    const long = 60_000;
    for (const text of [
      '('.repeat(long),
      `n${'['.repeat(long)}]`,
      `n${'[1]'.repeat(long)}`,
      `${'1'.repeat(long)}x+1`,
      `os=${' '.repeat(long)}x${' '.repeat(long)}`,
      '~'.repeat(long),
      '-'.repeat(long),
      `a${'-a'.repeat(long)}`,
      '@'.repeat(long),
      `/(a+)+$`,
      `/${'(a*)*'.repeat(100)}`,
      `"`.repeat(long),
    ]) {
      expect(expand(text).nodes).toEqual([]);
    }
  });
  test('no text makes it throw', () => {
    const text = fc.oneof(
      fc.string(),
      fc.array(fc.constantFrom(...'n01,-@()[]:+/^=!~.*$"\\{} '), { maxLength: 40 }).map((a) => a.join('')),
    );
    fc.assert(
      fc.property(text, (range) => {
        const got = expand(range);
        for (const name of got.nodes) expect(nodes.has(name)).toBe(true);
        for (const error of got.errors) {
          expect(error.offset).toBeGreaterThanOrEqual(0);
          expect(error.offset).toBeLessThanOrEqual(range.length);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('dynamic groups', () => {
  const value = (node: string, table: string, column: string) =>
    new Map([
      ['n1 nodetype.os', 'rhels5.5'],
      ['n2 nodetype.os', 'rhels5.5'],
      ['n1 nodepos.rack', '7'],
    ]).get(`${node} ${table}.${column}`);
  const evaluate = (text: string) => {
    const group = parseDynamicGroup(text);
    return 'error' in group ? group.error.message : evaluateDynamicGroup(group, ['n1', 'n2'], value).join(' ');
  };
  test('all tests must hold; short names stand for their columns', () => {
    expect(evaluate('os==rhels5.5')).toBe('n1 n2');
    expect(evaluate('os=~^rhels::rack==7')).toBe('n1');
    expect(evaluate('nodetype.os=~/5\\.5$/::rack!=7')).toBe('n2');
    expect(evaluate('os!~rhels')).toBe('');
  });
  test('what is no test is refused', () => {
    expect(evaluate('')).toContain('no test');
    expect(evaluate('os is rhels')).toContain('no test');
    expect(evaluate('sys==x')).toContain('short name');
    expect(evaluate('os=~(')).toContain('expression');
  });
});
