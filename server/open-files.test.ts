import { describe, expect, test } from 'vitest';
import { connectionLimits, limitIn, openFileLimit } from './open-files.ts';

const most = { node: 20_000, admin: 1_000 };

describe('connections', () => {
  test('leave files for pushes, commands and TFTP, whatever the limit is', () => {
    expect(connectionLimits(1_048_576, most, true)).toEqual(most);
    expect(connectionLimits(20_000, most, false)).toEqual({ node: 17_952, admin: 1_000 });
    for (const tftp of [true, false]) {
      for (const limit of [1_024, 4_096, 16_384, 20_000, 24_000]) {
        const { node, admin } = connectionLimits(limit, most, tftp);
        expect(node, String(limit)).toBeGreaterThanOrEqual(limit / 4);
        expect(node + admin + Math.min(256, limit / 4), String(limit)).toBeLessThan(limit);
      }
    }
  });

  test('are as many as wanted where there is no limit', () => {
    expect(connectionLimits(Number.POSITIVE_INFINITY, most, true)).toEqual(most);
  });
});

describe('the limit of open files', () => {
  test('is the one that holds for this process', () => {
    expect(openFileLimit()).toBeGreaterThan(0);
    expect(openFileLimit('/no/such/file')).toBeUndefined();
  });

  test('is the soft one', () => {
    const line = (soft: string): string =>
      `Limit                     Soft Limit           Hard Limit           Units\nMax open files            ${soft}                524288               files\n`;
    expect([limitIn(line('1024')), limitIn(line('unlimited')), limitIn('')]).toEqual([
      1024,
      Number.POSITIVE_INFINITY,
      undefined,
    ]);
  });
});
