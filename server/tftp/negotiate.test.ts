import { describe, expect, test } from 'vitest';
import { requestPacket } from '../../test/server/tftp-client.ts';
import { negotiate } from './negotiate.ts';
import { readRequest } from './packets.ts';

const terms = (options: Readonly<Record<string, string>>, size = 1000) =>
  negotiate(readRequest(requestPacket('x', 'octet', options))?.options ?? new Map(), size);

describe('options', () => {
  test('are agreed to in the order and spelling of the client, whatever their case', () => {
    expect(terms({ TSIZE: '0', BlkSize: '1408', windowsize: '8', timeout: '2' })).toEqual({
      blockSize: 1408,
      window: 8,
      timeout: 2000,
      agreed: [
        ['TSIZE', '1000'],
        ['BlkSize', '1408'],
        ['windowsize', '8'],
        ['timeout', '2'],
      ],
    });
  });

  test('that nobody knows, or whose value makes no sense, are passed over', () => {
    const odd = { blksize: '7', timeout: '0', windowsize: '0', tsize: '-1', rollover: '1', constructor: '1', '': 'x' };
    expect(terms(odd)).toEqual({ blockSize: 512, window: 1, timeout: undefined, agreed: [] });
    for (const value of ['', '-5', '1.5', 'many', '0x200', ' 512', '1e3', '9'.repeat(30)])
      expect(terms({ blksize: value, windowsize: value }).agreed, value).toEqual([]);
  });

  test('that ask for too much get the most that there is', () => {
    expect(terms({ blksize: '99999999' }).blockSize).toBe(65_464);
    expect(terms({ windowsize: '65535' }).window).toBe(64);
    expect(terms({ timeout: '255' }).agreed).toEqual([]);
  });

  test('never let one transfer take more than 128 KB at once', () => {
    for (const blksize of ['512', '1408', '8192', '65464']) {
      const { window, blockSize } = terms({ blksize, windowsize: '65535' });
      expect(window * blockSize).toBeLessThanOrEqual(128 * 1024);
      expect(window).toBeGreaterThan(0);
    }
  });
});

describe('a request', () => {
  test('is read with padding behind it, and without its last zero', () => {
    const packet = requestPacket('a/b', 'OCTET', { tsize: 0 });
    expect(readRequest(Buffer.concat([packet, Buffer.alloc(40)]))).toEqual(readRequest(packet));
    expect(readRequest(packet.subarray(0, -1))).toEqual(readRequest(packet));
    expect(readRequest(packet)?.mode).toBe('octet');
  });

  test('without a name or a mode is none', () => {
    for (const text of [
      '\0\x01',
      '\0\x01\0\0',
      '\0\x01x',
      '\0\x01x\0',
      '\0\x01\0octet\0',
      '',
      '\0',
      '\x01\0x\0octet\0',
    ])
      expect(readRequest(Buffer.from(text, 'latin1')), JSON.stringify(text)).toBeUndefined();
  });
});
