// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the tables' own variables look like this.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  compileTemplate,
  expandTemplate,
  type KnownColumns,
  type Reference,
  referenceText,
  templateDiagnostic,
} from './substitute.ts';

const columns: Record<string, readonly string[]> = {
  nodepos: ['node', 'rack', 'u', 'room'],
  noderes: ['node', 'nfsserver'],
  nodetype: ['node', 'os', 'arch', 'profile'],
};
const known: KnownColumns = {
  known: (table) => (Object.hasOwn(columns, table) ? columns[table] : undefined),
  tables: Object.keys(columns),
};

// The tables of case T03, as they resolve for n01 and alone.
const shared = {
  '$nodetype.os': 'rhels5.5',
  '$nodetype.arch': 'x86_64',
  '$nodetype.profile': 'compute',
  '$site.domain': 'example.net',
  '$site.master': '10.0.0.1',
};
const n01: Record<string, string> = {
  ...shared,
  $node: 'n01',
  '$noderes.nfsserver': '10.0.0.9',
  '$nodepos.rack': '7',
  '$nodepos.u': '3',
  '$nodepos.room': 'nyc',
};
const alone: Record<string, string> = { ...shared, $node: 'alone' };

function expand(text: string, values: Record<string, string> = n01): string {
  const compiled = compileTemplate(text, known);
  if ('errors' in compiled) return `refused: ${compiled.errors.map((error) => error.reason).join(' ')}`;
  const got = expandTemplate(compiled.template, (reference: Reference) => values[referenceText(reference)]);
  if ('text' in got) return got.text;
  if ('missing' in got) return `missing: ${got.missing.map(referenceText).join(' ')}`;
  return `fault: ${got.error.message}`;
}
function errorsOf(text: string) {
  const compiled = compileTemplate(text, known);
  return 'errors' in compiled ? compiled.errors : [];
}

describe('litetree rows of case T03', () => {
  test.each([
    ['$noderes.nfsserver:/statelite/$node', '10.0.0.9:/statelite/n01', 'missing: $noderes.nfsserver'],
    [
      '10.0.0.1:/syncdirs/$nodepos.room/$nodetype.os/$nodetype.arch/$nodetype.profile',
      '10.0.0.1:/syncdirs/nyc/rhels5.5/x86_64/compute',
      'missing: $nodepos.room',
    ],
    ['cnfs:/gpfs/dallas/', 'cnfs:/gpfs/dallas/', 'cnfs:/gpfs/dallas/'],
    ['cnfs:/a$nodepos.rack$nodepos.u/b', 'cnfs:/a7.3/b', 'missing: $nodepos.rack $nodepos.u'],
    ['/local/dir/$node', '/local/dir/n01', '/local/dir/alone'],
    ['h:/site/$site.domain/z', 'h:/site/example.net/z', 'h:/site/example.net/z'],
    ['$site.master:/s', '10.0.0.1:/s', '10.0.0.1:/s'],
    ['h:/u/$nodepos.u #tail/x', 'h:/u/3 #tail/x', 'missing: $nodepos.u'],
  ])('%s', (text, forN01, forAlone) => {
    expect([expand(text), expand(text, alone)]).toEqual([forN01, forAlone]);
  });
});

describe('where it differs from the original', () => {
  test('a hyphen ends a variable and is text', () => {
    expect(expand('cnfs:/pre-$nodepos.room-suf/x')).toBe('cnfs:/pre-nyc-suf/x');
  });
  test('no word UNDEFINED is ever made; 0 is a value', () => {
    expect(expand('h:/$nodepos.rack/$nodepos.rack', alone)).toBe('missing: $nodepos.rack');
    expect(expand('h:/$nodepos.rack', { '$nodepos.rack': '0' })).toBe('h:/0');
    expect(expand('h:/$nodepos.rack', { '$nodepos.rack': '' })).toBe('missing: $nodepos.rack');
  });
  test('#CMD= is refused with the reason', () => {
    expect(errorsOf('h:/x/#CMD=echo hi there#/y')).toMatchObject([
      { reason: 'command', offset: 5, message: expect.stringContaining('on the server') },
    ]);
  });
  test('$node.cfg is refused with what was meant', () => {
    expect(errorsOf('h:/one/$node.cfg')).toMatchObject([{ reason: 'table', offset: 7 }]);
    expect(errorsOf('h:/one/$node.cfg')[0]?.mend).toContain('${node}.cfg');
    expect(expand('h:/one/${node}.cfg')).toBe('h:/one/n01.cfg');
  });
  test('double slashes of a path are collapsed in every row', () => {
    expect(expand('h://double//slash//')).toBe('h:/double/slash/');
    expect(expand('h:/a/$nodepos.room/b', { '$nodepos.room': '/x/' })).toBe('h:/a/x/b');
  });
});

describe('variables', () => {
  test('side by side are joined with a dot, in braces they are not', () => {
    expect(expand('h:/$node$nodepos.u$nodepos.rack')).toBe('h:/n01.3.7');
    expect(expand('h:/${nodepos.rack}${nodepos.u}')).toBe('h:/73');
    expect(expand('h:/${nodepos.rack}$nodepos.u')).toBe('h:/73');
    expect(expand('h:/$nodepos.rack${nodepos.u}')).toBe('h:/73');
    expect(expand('h:/$nodepos.rack-$nodepos.u')).toBe('h:/7-3');
    expect(expand('h:/$nodepos.rack/$nodepos.u')).toBe('h:/7/3');
  });
  test('text may follow braces and dots', () => {
    expect(expand('h:/${nodepos.rack}a/$nodepos.u.d')).toBe('h:/7a/3.d');
    expect(expand('h:/${site.a-b}', { '$site.a-b': 'v' })).toBe('h:/v');
  });
  test('$$ is a dollar sign', () => {
    expect(expand('h:/a$$node')).toBe('h:/a$node');
  });
  test('unknown tables and columns are refused with the nearest name and their place', () => {
    expect(errorsOf('h:/$nodepos.romo/$nodpos.u')).toMatchObject([
      { reason: 'column', offset: 3, mend: expect.stringContaining('"room"') },
      { reason: 'table', offset: 17, mend: expect.stringContaining('"nodepos"') },
    ]);
  });
  test.each([
    'h:/$',
    'h:/$/x',
    'h:/$rack',
    'h:/$nodepos',
    'h:/$site',
    'h:/${nodepos.rack',
    'h:/${}',
    'h:/${a b}',
  ])('%s is refused', (text) => expect(expand(text)).toBe('refused: syntax'));
  test('a column that the caller knows from a header is known', () => {
    const compiled = compileTemplate('h:/$own.thing', { known: () => ['thing'], tables: ['own'] });
    expect(compiled).toMatchObject({ template: { references: [{ table: 'own', column: 'thing' }] } });
  });
});

describe('values that can not stand in a mount', () => {
  const withRoom = (room: string, text = 'h:/x/$nodepos.room/y') => expand(text, { ...n01, '$nodepos.room': room });
  test('a part ".." is refused, however it comes about', () => {
    expect(withRoom('../etc')).toMatch(/^fault/);
    expect(withRoom('..')).toMatch(/^fault/);
    expect(withRoom('.', 'h:/x/.$nodepos.room/y')).toMatch(/^fault/);
    expect(withRoom('a..b')).toBe('h:/x/a..b/y');
    expect(expand('h:/x/../y')).toBe('refused: path');
  });
  test('control characters are refused', () => {
    expect(withRoom('a\nb')).toMatch(/^fault/);
    expect(withRoom('a b')).toBe('h:/x/a b/y');
  });
  test("in the server's place only names and addresses stand", () => {
    for (const bad of ['a b', 'a/b', 'a;b', 'a"b']) expect(withRoom(bad, '$nodepos.room:/x')).toMatch(/^fault/);
    expect(withRoom('nfs-1.example.net', '$nodepos.room:/x')).toBe('nfs-1.example.net:/x');
    expect(withRoom('fe80::1', '[$nodepos.room]:/x')).toBe('[fe80::1]:/x');
    expect(withRoom('nfs', '$nodepos.room:$site.dir')).toBe('missing: $site.dir');
  });
});

test('each reason has its own code', () => {
  const code = (text: string) => {
    const error = errorsOf(text)[0];
    return error && templateDiagnostic(error, text, undefined).code;
  };
  expect(['h:/#CMD=id#', 'h:/$nodepos.x', 'h:/$', 'h:/../x'].map(code)).toEqual(['LH213', 'LH212', 'LH211', 'LH211']);
});

test('no text makes it throw, and no dollar of a variable is left over', () => {
  const piece = fc.constantFrom(
    '$',
    '$node',
    '{',
    '}',
    '.',
    'nodepos',
    'rack',
    '$nodepos.rack',
    '/',
    ':',
    '#',
    ' ',
    '-',
    'a',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      const text = pieces.join('');
      const got = expand(text);
      if (!text.includes('$$') && !got.startsWith('refused')) expect(got).not.toContain('$');
    }),
    { numRuns: 2000 },
  );
});
