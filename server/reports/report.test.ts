import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { afterReport, maxLogBytes, parseStatus, readStored } from './report.ts';

const whole = { stage: 'booted', commit: 'c0ffee12', generation: 'g1', boot: 'b-1', log: 'a\nb\n' };

describe('a report', () => {
  test('is read as lines of key and value, one line of the log each', () => {
    const body = 'stage\tbooted\ncommit\tc0ffee12\ngeneration\tg1\nboot\tb-1\nlog\ta\nlog\tb\n';
    expect(parseStatus(body)).toEqual(whole);
    expect(parseStatus(body.replaceAll('\n', '\r\n'))).toEqual(whole);
  });

  test('is read as a form, as wget --post-data sends it', () => {
    expect(parseStatus('stage=booted&commit=c0ffee12&generation=g1&boot=b-1&log=a%0Ab%0A')).toEqual(whole);
    expect(parseStatus('stage=booting\n')).toMatchObject({ stage: 'booting', commit: undefined, log: undefined });
  });

  test('keeps tabs and equal signs of the log', () => {
    expect(parseStatus('stage\tfailed\nlog\tmount\t-o a=b\n')).toMatchObject({ log: 'mount\t-o a=b\n' });
    expect(parseStatus('stage=failed&log=a%3Db%26c')).toMatchObject({ log: 'a=b&c' });
  });

  test('may have keys that this server does not know: an initrd may be newer', () => {
    expect(parseStatus('stage\tbooted\nkernel\t6.1\n')).toMatchObject({ stage: 'booted' });
    expect(parseStatus('stage=booted&__proto__=x&constructor=y')).toMatchObject({ stage: 'booted' });
  });

  test.each([
    ['', /no stage/],
    ['hello', /no stage/],
    ['stage\t\n', /no stage/],
    ['{"stage":"booted"}', /no stage/],
    ['stage\tBOOTED!\n', /no word/],
    ['stage\tbooted\ncommit\t../../x\n', /no commit id/],
    ['stage=booted&generation=a/b', /no generation id/],
    [`stage=${'x'.repeat(100)}`, /no word/],
    ['stage=booted&boot=a%20b', /no boot id/],
  ])('%j is refused with a reason', (body, why) => {
    expect(parseStatus(body)).toEqual({ wrong: expect.stringMatching(why) });
  });

  test('has a log of 64 KiB at the most, in bytes', () => {
    expect(parseStatus(`stage=x&log=${'a'.repeat(maxLogBytes)}`)).toMatchObject({ stage: 'x' });
    expect(parseStatus(`stage=x&log=${'ä'.repeat(maxLogBytes / 2 + 1)}`)).toMatchObject({ tooLong: true });
  });

  test('of any bytes at all is read or refused, and never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (body) => {
        const read = parseStatus(body);
        return 'wrong' in read ? read.wrong !== '' : /^[a-z]/.test(read.stage);
      }),
    );
  });
});

describe('what is remembered', () => {
  const report = (stage: string, boot: string, commit = 'c0ffee12') => ({
    ...whole,
    stage,
    boot,
    commit,
    log: undefined,
  });

  test('counts boots, and one that is reported twice once', () => {
    let known = afterReport(undefined, report('booting', 'b1'), 't1');
    expect([known.boots, known.booted]).toEqual([0, undefined]);
    known = afterReport(known, report('booted', 'b1'), 't2');
    known = afterReport(known, report('booted', 'b1'), 't3');
    expect([known.boots, known.booted?.at]).toEqual([1, 't3']);
    known = afterReport(known, report('booting', 'b2', 'abcdef12'), 't4');
    expect([known.stage, known.commit, known.booted?.commit]).toEqual(['booting', 'abcdef12', 'c0ffee12']);
    known = afterReport(known, report('booted', 'b2', 'abcdef12'), 't5');
    expect([known.boots, known.booted?.commit]).toEqual([2, 'abcdef12']);
  });

  test('comes back from the store as it was, and what is no record does not', () => {
    const known = afterReport(afterReport(undefined, report('booted', 'b1'), 't2'), report('booting', 'b2'), 't3');
    expect(readStored(JSON.parse(JSON.stringify(known)))).toEqual(known);
    for (const wrong of [undefined, null, 7, 'x', {}, { stage: 'booted' }]) expect(readStored(wrong)).toBeUndefined();
  });
});
