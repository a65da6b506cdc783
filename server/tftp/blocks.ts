/** The blocks of one file as packets, read ahead into a ring of buffers that is used over and over: a file is never in memory whole. */
import { close, readv } from 'node:fs';
import { opcodes } from './packets.ts';

/** Bytes that are read ahead for one transfer; more where two windows need more. */
const aheadBytes = 64 * 1024;
/** Blocks of a few bytes would cost more in buffers than in bytes. */
const mostSlots = 128;
const headerBytes = 4;

/** Where the data of a transfer comes from. Blocks count from 1 and go on past 65535; only what is written into packets wraps. */
export interface Blocks {
  /** Number of the last block, which is shorter than the others and may be empty. */
  readonly last: number;
  /** The data packet of a block that is not acknowledged yet; undefined while it is being read: `onRead` is called then. */
  packet(block: number): Buffer | undefined;
  /** Says that all blocks up to this one have arrived. */
  forget(block: number): void;
  close(): void;
}

export interface BlocksListener {
  onRead(): void;
  /** The file can't be given whole any more. */
  onFailure(why: string): void;
}

/** One block's place in a ring: the whole packet, and the part of it that the file is read into. */
interface Slot {
  readonly packet: Buffer;
  readonly data: Buffer;
}

/** Bytes of the pool that hold something other than a ring. */
export interface Room {
  /** To that many bytes. */
  shrink(bytes: number): void;
  give(): void;
}

/** Rings of one shape are kept for the next transfer, which is nearly always of the same shape. */
export class RingPool {
  private readonly free = new Map<string, Slot[][]>();
  private freeBytes = 0;
  private readonly mostFreeBytes: number;
  /** Bytes of all rings in use, and of what else is held. */
  used = 0;

  constructor(mostFreeBytes = 8 * 1024 * 1024) {
    this.mostFreeBytes = mostFreeBytes;
  }

  hold(bytes: number): Room {
    let held = bytes;
    this.used += held;
    const shrink = (left: number): void => {
      this.used -= held - left;
      held = left;
    };
    return { shrink, give: () => shrink(0) };
  }

  take(blockSize: number, slots: number): Slot[] {
    const bytes = slots * (blockSize + headerBytes);
    this.used += bytes;
    const ring = this.free.get(`${blockSize} ${slots}`)?.pop();
    if (ring !== undefined) {
      this.freeBytes -= bytes;
      return ring;
    }
    const memory = Buffer.allocUnsafeSlow(bytes);
    return Array.from({ length: slots }, (_, i) => {
      const packet = memory.subarray(i * (blockSize + headerBytes), (i + 1) * (blockSize + headerBytes));
      packet.writeUInt16BE(opcodes.data, 0);
      return { packet, data: packet.subarray(headerBytes) };
    });
  }

  give(blockSize: number, ring: Slot[]): void {
    const bytes = ring.length * (blockSize + headerBytes);
    this.used -= bytes;
    if (this.freeBytes + bytes > this.mostFreeBytes) return;
    this.freeBytes += bytes;
    const key = `${blockSize} ${ring.length}`;
    const rings = this.free.get(key);
    if (rings === undefined) this.free.set(key, [ring]);
    else rings.push(ring);
  }
}

/** Slots of the ring of a transfer: two windows at least, so that one is read while the other is sent. */
export function slotsFor(size: number, blockSize: number, window: number): number {
  const ahead = Math.min(mostSlots, Math.floor(aheadBytes / blockSize));
  return Math.min(Math.max(2 * window, ahead), Math.floor(size / blockSize) + 1);
}

/** Gives the blocks of an open file, of the size that it had when it was opened. Owns the descriptor. */
export class FileBlocks implements Blocks {
  readonly last: number;
  private readonly fd: number;
  private readonly size: number;
  private readonly blockSize: number;
  private readonly pool: RingPool;
  private readonly listener: BlocksListener;
  private readonly ring: Slot[];
  /** Blocks `forgotten + 1` to `read` are in the ring. */
  private forgotten = 0;
  private read = 0;
  private reading = false;
  private closed = false;

  constructor(
    file: { readonly fd: number; readonly size: number },
    terms: { readonly blockSize: number; readonly window: number },
    pool: RingPool,
    listener: BlocksListener,
  ) {
    this.fd = file.fd;
    this.size = file.size;
    this.blockSize = terms.blockSize;
    this.pool = pool;
    this.listener = listener;
    this.last = Math.floor(this.size / this.blockSize) + 1;
    this.ring = pool.take(this.blockSize, slotsFor(this.size, this.blockSize, terms.window));
    this.readOn();
  }

  packet(block: number): Buffer | undefined {
    if (block > this.read || block <= this.forgotten) return undefined;
    const { packet } = this.slot(block);
    return block === this.last ? packet.subarray(0, headerBytes + (this.size % this.blockSize)) : packet;
  }

  forget(block: number): void {
    this.forgotten = block;
    // In pieces: one read for half a ring costs little more than one for a block.
    if (2 * (this.read - block) <= this.ring.length) this.readOn();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    if (!this.reading) this.release();
  }

  /** Not while a read is under way: it writes into the ring, and the number of a closed descriptor is soon another file's. */
  private release(): void {
    this.pool.give(this.blockSize, this.ring);
    close(this.fd, () => {});
  }

  private slot(block: number): Slot {
    const slot = this.ring[(block - 1) % this.ring.length];
    if (slot === undefined) throw new Error(`no slot for block ${block}`);
    return slot;
  }

  private readOn(): void {
    if (this.reading || this.closed || this.read === this.last) return;
    const first = this.read + 1;
    const free = this.ring.length - (this.read - this.forgotten);
    const count = Math.min(free, this.last - this.read);
    if (count === 0) return;
    const buffers: Buffer[] = [];
    for (let block = first; block < first + count; block++) buffers.push(this.dataOf(block));
    this.reading = true;
    const expected = Math.min(count * this.blockSize, this.size - this.read * this.blockSize);
    // The last block of a file of whole blocks is empty: there is nothing to read.
    if (expected === 0) queueMicrotask(() => this.took(first, count, 0, 0, null));
    else
      readv(this.fd, buffers, this.read * this.blockSize, (error, bytes) =>
        this.took(first, count, expected, bytes, error),
      );
  }

  private dataOf(block: number): Buffer {
    const { data } = this.slot(block);
    return block === this.last ? data.subarray(0, this.size % this.blockSize) : data;
  }

  private took(first: number, count: number, expected: number, bytes: number, error: Error | null): void {
    this.reading = false;
    if (this.closed) {
      this.release();
      return;
    }
    // Some file systems give less than was asked for; what is missing is read again, block-wise.
    const whole = bytes >= expected ? count : Math.floor(bytes / this.blockSize);
    if (error !== null || whole === 0) {
      const why =
        error === null ? 'the file was cut short while it was sent' : `cannot read the file: ${error.message}`;
      this.listener.onFailure(why);
      return;
    }
    for (let block = first; block < first + whole; block++) this.slot(block).packet.writeUInt16BE(block & 0xffff, 2);
    this.read += whole;
    this.listener.onRead();
    if (whole < count) this.readOn();
  }
}

/** Bytes that are in memory already, for the small texts that netascii is for. */
export class MemoryBlocks implements Blocks {
  readonly last: number;
  private readonly bytes: Buffer;
  private readonly blockSize: number;

  private readonly room: Room | undefined;

  constructor(bytes: Buffer, blockSize: number, room?: Room) {
    this.bytes = bytes;
    this.room = room;
    this.blockSize = blockSize;
    this.last = Math.floor(bytes.length / blockSize) + 1;
  }

  packet(block: number): Buffer {
    const data = this.bytes.subarray((block - 1) * this.blockSize, block * this.blockSize);
    return Buffer.concat([Buffer.from([0, opcodes.data, (block >> 8) & 0xff, block & 0xff]), data]);
  }

  forget(): void {}

  close(): void {
    this.room?.give();
  }
}
