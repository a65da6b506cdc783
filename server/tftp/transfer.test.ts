import { describe, expect, test } from 'vitest';
import { acknowledgement } from '../../test/server/tftp-client.ts';
import { MemoryBlocks } from './blocks.ts';
import { negotiate } from './negotiate.ts';
import { Transfer } from './transfer.ts';

/** A transfer on a clock that stands still, with what it sent: block numbers, `oack`, `error`. */
function begin(size: number, options: Readonly<Record<string, number>> = {}) {
  const asked = new Map(Object.entries(options).map(([key, value]) => [key, { spelling: key, value: String(value) }]));
  let time = 0;
  let ended: string | undefined;
  let said: (number | string)[] = [];
  const terms = negotiate(asked, size);
  const transfer = new Transfer({
    terms,
    now: () => time,
    send: (packet) => {
      const opcode = packet.readUInt16BE(0);
      said.push(opcode === 3 ? packet.readUInt16BE(2) : opcode === 6 ? 'oack' : 'error');
    },
    onEnd: (end) => {
      ended = end;
    },
  });
  transfer.start(new MemoryBlocks(Buffer.alloc(size), terms.blockSize));
  return {
    /** What was sent since the last look. */
    said: () => {
      const all = said;
      said = [];
      return all;
    },
    ack: (block: number) => transfer.received(acknowledgement(block)),
    transfer,
    wait: (milliseconds: number) => {
      for (const until = time + milliseconds; time < until; ) {
        time += 10;
        transfer.tick(time);
      }
    },
    end: () => ended,
  };
}

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('a transfer in lock-step', () => {
  test('sends one block for one acknowledgement, and ends with the last, which is empty where blocks come out even', () => {
    const it = begin(1024);
    expect(it.said()).toEqual([1]);
    it.ack(1);
    it.ack(2);
    expect(it.said()).toEqual([2, 3]);
    expect(it.end()).toBeUndefined();
    it.ack(3);
    expect(it.end()).toBe('sent');
  });

  test('never answers an acknowledgement twice: doubled packets do not double what follows', () => {
    const it = begin(10_000);
    for (const block of [1, 1, 1, 2, 2, 1, 2, 3, 3]) it.ack(block);
    expect(it.said()).toEqual([1, 2, 3, 4]);
  });

  test('passes over acknowledgements of blocks that were never sent, short packets, and what is no acknowledgement', () => {
    const it = begin(10_000);
    it.said();
    it.ack(2);
    it.ack(65_535);
    it.transfer.received(Buffer.from([0, 4, 0]));
    it.transfer.received(Buffer.alloc(0));
    it.transfer.received(Buffer.from([0, 3, 0, 1, 1]));
    it.transfer.received(Buffer.from([9, 9, 9, 9]));
    expect(it.said()).toEqual([]);
    it.ack(1);
    expect(it.said()).toEqual([2]);
  });

  test('waits for the answer to its options before it sends data', () => {
    const it = begin(10_000, { blksize: 1000 });
    expect(it.said()).toEqual(['oack']);
    it.ack(1);
    expect(it.said()).toEqual([]);
    it.ack(0);
    expect(it.said()).toEqual([1]);
  });

  test('goes on past block 65535 with block 0', () => {
    const it = begin(8 * 70_000, { blksize: 8 });
    it.ack(0);
    it.said();
    for (let block = 1; block <= 70_001; block++) it.ack(block & 0xffff);
    const said = it.said();
    expect(said.slice(65_532, 65_537)).toEqual([65_534, 65_535, 0, 1, 2]);
    expect(it.end()).toBe('sent');
  });

  test('sends again what is not answered, ever more slowly, and gives up after half a minute', () => {
    const it = begin(10_000);
    it.ack(1);
    it.said();
    it.wait(29_000);
    // After 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 8, 8 seconds.
    expect(it.said()).toEqual([2, 2, 2, 2, 2, 2, 2, 2]);
    expect(it.end()).toBeUndefined();
    it.wait(10_000);
    expect(it.end()).toBe('silent');
    it.said();
    it.wait(60_000);
    it.ack(2);
    expect(it.said()).toEqual([]);
  });

  test('gives a client that never answered anything six seconds, whatever patience it asked for', () => {
    for (const options of [{}, { blksize: 1000 }, { timeout: 60 }] as readonly Readonly<Record<string, number>>[]) {
      const it = begin(10_000, options);
      it.wait(5_900);
      expect(it.end()).toBeUndefined();
      it.wait(200);
      expect(it.end(), JSON.stringify(options)).toBe('silent');
    }
    const answered = begin(10_000, { timeout: 10 });
    answered.ack(0);
    answered.wait(29_000);
    expect(answered.end()).toBeUndefined();
  });

  test('waits as long as the client asked for between tries', () => {
    const it = begin(10_000, { timeout: 3 });
    it.wait(2_900);
    expect(it.said()).toEqual(['oack']);
    it.wait(200);
    expect(it.said()).toEqual(['oack']);
  });

  test('ends at the client’s word, without a word of its own', () => {
    const it = begin(10_000);
    it.said();
    it.transfer.received(Buffer.from([0, 5, 0, 8, 0]));
    expect(it.end()).toBe('stopped');
    expect(it.said()).toEqual([]);
  });

  test('tells a client that stops on purpose from one that has a fault', () => {
    for (const [code, farewell] of [
      [0, true],
      [8, true],
      [3, false],
      [4, false],
    ] as const) {
      const it = begin(10_000);
      it.transfer.received(Buffer.from([0, 5, 0, code, 0]));
      expect(it.transfer.farewell, `error ${code}`).toBe(farewell);
    }
  });

  test('is not counted against a client that has all of it and does not say so', () => {
    const it = begin(100);
    it.transfer.refused();
    expect(it.end()).toBe('unconfirmed');
    const other = begin(10_000);
    other.transfer.refused();
    expect(other.end()).toBe('gone');
  });
});

describe('a transfer in windows', () => {
  test('sends a window for each acknowledgement of its last block', () => {
    const it = begin(512 * 100, { windowsize: 4 });
    it.ack(0);
    it.ack(4);
    expect(it.said()).toEqual(['oack', 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test('goes on from what the client has where it confirms a block within the window', () => {
    const it = begin(512 * 100, { windowsize: 4 });
    it.ack(0);
    it.said();
    it.wait(10);
    it.ack(2);
    expect(it.said()).toEqual([3, 4, 5, 6]);
  });

  test('sends a window again at once where its first block was lost, and once for all that the client says', () => {
    const it = begin(512 * 100, { windowsize: 4 });
    it.ack(0);
    it.ack(4);
    it.said();
    it.wait(100);
    for (let i = 0; i < 5; i++) it.ack(4);
    expect(it.said()).toEqual([5, 6, 7, 8]);
  });

  test('does not send a window for each block to a client that confirms every block', () => {
    const it = begin(512 * 1000, { windowsize: 16 });
    it.ack(0);
    for (let block = 1; block <= 800; block++) it.ack(block);
    expect(it.said().length).toBeLessThan(900);
  });

  test('is sent again from its first unconfirmed block when nobody answers', () => {
    const it = begin(512 * 100, { windowsize: 4 });
    it.ack(0);
    it.ack(4);
    it.said();
    it.wait(250);
    expect(it.said()).toEqual(numbers(5, 8));
  });
});
