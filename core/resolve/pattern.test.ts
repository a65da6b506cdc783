// biome-ignore-all lint/suspicious/noTemplateCurlyInString: patterns have ${1} of their own.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compilePattern, patternDiagnostic } from './pattern.ts';

/** What a pattern gives for a node: the text, or a word for what else came. */
function apply(raw: string, node: string): string {
  const pattern = compilePattern(raw);
  if (pattern === undefined) return 'not a pattern';
  if ('error' in pattern) return `refused: ${pattern.error.reason}`;
  const result = pattern.apply(node);
  if ('text' in result) return result.text;
  if ('error' in result) return `fault: ${result.error.reason}`;
  return 'noMatch' in result ? 'no match' : 'empty';
}

describe('as the original (case T02)', () => {
  test.each([
    ['|r(\\d+)u(\\d+)|($1)|', '05', '05', 'no match'],
    ['|r(\\d+)u(\\d+)|($2+0)|', '12', '12', 'no match'],
    ['|\\D+(\\d+).*|room-($1/2)-x|', 'room-2-x', 'room-2-x', 'room-3-x'],
    ['|(($2-1)%10+1)|', '2', '2', 'no match'],
    ['|r(\\d+)u(\\d+)|10.1.($1+0).($2+100)|', '10.1.5.112', '10.1.5.112', 'no match'],
  ])('%s', (raw, ...expected) => {
    expect(['r05u12', 'r05u012', 'cn-7-ib'].map((node) => apply(raw, node))).toEqual(expected);
  });
});

describe('where it differs from the original', () => {
  test('$1 is filled in outside parentheses, in both forms', () => {
    expect(apply('|(.*)|$1-alias|', 'r05u12')).toBe('r05u12-alias');
    expect(apply('/r(\\d+)/ch$1/', 'r05u12')).toBe('ch05u12');
    expect(apply('|n(\\d+)|x${1}0|', 'n7')).toBe('x70');
  });
  test("a name that does not match has no value: it is not the node's name", () => {
    expect(apply('/r(\\d+)/ch$1/', 'cn-7-ib')).toBe('no match');
    expect(apply('|($2)|', 'cn-7-ib')).toBe('no match');
    expect(apply('|($1)|', 'login')).toBe('no match');
  });
});

describe('which cells are patterns', () => {
  test.each([
    '10.0.0.1',
    '',
    '|',
    '||',
    '/',
    '//',
    '/install',
    '/install/custom',
    '/vol/xCAT/install',
    '/a/b/c/',
    '|x',
  ])('%s is none', (raw) => expect(compilePattern(raw)).toBeUndefined());
  test('/a/b/ is one, except in a column that holds paths', () => {
    expect(apply('/n/m/', 'n01')).toBe('m01');
    expect(compilePattern('/install/x/', { allowSlashForm: false })).toBeUndefined();
    expect(compilePattern('|n|m|', { allowSlashForm: false })).toBeDefined();
  });
});

describe('substitution', () => {
  test('is not anchored: text outside the match stays', () => {
    expect(apply('|\\d+|X|', 'n01-ib')).toBe('nX-ib');
    expect(apply('|^n|m|', 'n01n')).toBe('m01n');
  });
  test('a bar inside parentheses belongs to the left side', () => {
    expect(apply('|(cn|sn)(\\d+)|$2.$1|', 'sn7')).toBe('7.sn');
    expect(apply('|[a|b](\\d+)|$1|', 'b7')).toBe('7');
  });
  test('an empty result is no value', () => {
    expect(apply('|.*||', 'n01')).toBe('empty');
  });
  test('the numbers of |right| lose their zeros', () => {
    expect(apply('|10.$1.$2.($2+100)|', 'r005u010x')).toBe('10.5.10.110');
    expect(apply('|$1|', 'n000')).toBe('0');
  });
  test('one compiled pattern serves many names without mixing them up', () => {
    const first = '|n(\\d+)|a($1+1)|';
    const second = '|n(\\d+)|b($1+2)|';
    expect(['n1', 'x', 'n2', 'n1'].map((name) => [apply(first, name), apply(second, name)])).toEqual([
      ['a2', 'b3'],
      ['no match', 'no match'],
      ['a3', 'b4'],
      ['a2', 'b3'],
    ]);
  });
});

describe('arithmetic', () => {
  test.each([
    ['(1+2*3)', '7'],
    ['((1+2)*3)', '9'],
    ['(7/2)', '3'],
    ['(-7/2)', '-3'],
    ['(-7%3)', '-1'],
    ['(10-2-3)', '5'],
    ['(- -3)', '3'],
    ['(0*-1)', '0'],
    ['(010+1)', '11'],
    ['($1/2)', '4'],
    ['($1 * $1)', '64'],
    ['(1/($1-8))', 'fault: arithmetic'],
    ['(1%0)', 'fault: arithmetic'],
    ['($1*999999999999999)', '7999999999999992'],
    ['($1*$1*$1*$1*999999999999999)', 'fault: arithmetic'],
    ['($2+1)', 'fault: arithmetic'],
    ['(1+)', 'refused: syntax'],
    ['()', 'refused: syntax'],
    ['(1', 'refused: syntax'],
    ['1)', 'refused: syntax'],
    ['(1 2)', 'refused: syntax'],
    ['(north)', 'refused: syntax'],
    ['(9999999999999999)', 'refused: syntax'],
  ])('%s', (right, expected) => {
    expect(apply(`|n(\\d+)(.*)|${right}|`, 'n08')).toBe(expected);
  });
});

describe('refused', () => {
  test.each([
    ['|n(\\d+|($1)|', 'syntax'],
    ['|n(\\d+)|$2|', 'syntax'],
    ['||x|', 'syntax'],
    ['|n(?=1)|x|', 'unsupported'],
    ['|(n)\\1|x|', 'unsupported'],
    ['|n++|x|', 'unsupported'],
    ['|((n{1,30}){1,30}){1,30}|x|', 'unsupported'],
    ['|n(\\d+)|(a2idx($1)+1)|', 'unsupported'],
    ['|n(\\d+)|dim2idx($1)|', 'unsupported'],
  ])('%s', (raw, reason) => {
    const pattern = compilePattern(raw);
    expect(pattern).toMatchObject({ error: { reason } });
    if (pattern !== undefined && 'error' in pattern) expect(pattern.error.mend).not.toBe('');
  });
  test('what is too long', () => {
    expect(apply(`|${'n'.repeat(3000)}|x|`, 'n1')).toBe('refused: syntax');
    expect(apply(`|${'n'.repeat(1500)}|x|`, 'n1')).toBe('refused: unsupported');
  });
  test('a function by its name', () => {
    expect(compilePattern('|(ipadd($1,2))|')).toMatchObject({ error: { message: expect.stringContaining('ipadd') } });
  });
});

describe('diagnostics', () => {
  const at = { file: 'tables/hosts.csv', line: 2, column: 9 };
  const codeOf = (raw: string, node = 'n01') => {
    const pattern = compilePattern(raw);
    if (pattern === undefined) return undefined;
    if ('error' in pattern) return patternDiagnostic(pattern.error, raw, at).code;
    const result = pattern.apply(node);
    return 'error' in result ? patternDiagnostic(result.error, raw, at, [node]).code : undefined;
  };
  test('each reason has its own code; a fault of single nodes is only a warning', () => {
    expect([codeOf('|n(|x|'), codeOf('|n(?=0)|x|'), codeOf('|n01|(1/0)|')]).toEqual(['LH201', 'LH202', 'LH204']);
    const pattern = compilePattern('|n01|(1/0)|');
    if (pattern === undefined || 'error' in pattern) throw new Error('it compiles');
    const result = pattern.apply('n01');
    if (!('error' in result)) throw new Error('it divides by zero');
    expect(patternDiagnostic(result.error, '|n01|(1/0)|', at, ['n01'])).toMatchObject({
      severity: 'warning',
      at,
      nodes: ['n01'],
      message: expect.stringContaining('|n01|(1/0)|'),
    });
  });
});

describe('hostile patterns', () => {
  test('those that ruin a backtracking engine end', () => {
    const long = `${'a'.repeat(50_000)}!`;
    for (const raw of ['|(a+)+$|x|', '|(a|a)+$|x|', '|(.*a){20}$|x|', '|(a*)*b|x|']) {
      expect(apply(raw, long)).not.toContain('x');
    }
  });
  test('no text makes it throw', () => {
    const piece = fc.constantFrom(...'|/()[]{}$1+*-%\\d.a?^,:<=! ');
    const body = fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(body, fc.constantFrom('|', '/'), fc.string(), (inner, edge, name) => {
        expect(typeof apply(edge + inner + edge, name)).toBe('string');
      }),
      { numRuns: 3000 },
    );
  });
});
