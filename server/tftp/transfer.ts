/** One transfer: which packet goes out when, whatever the network loses, doubles, delays or makes up. Knows neither sockets nor files. */
import type { Blocks, BlocksListener } from './blocks.ts';
import type { Terms } from './negotiate.ts';
import { errorCodes, errorPacket, opcodes, optionsPacket } from './packets.ts';

/**
 * How a transfer ends. `sent`: the last block was acknowledged. `unconfirmed`: all of it was sent, the last acknowledgement never
 * came. `stopped`: the client said so. `gone`: its port is closed. `silent`: it says nothing any more. `failed`: the file, or the
 * socket. `cut`: the server stops, or the client began anew.
 */
export type TransferEnd = 'sent' | 'unconfirmed' | 'stopped' | 'gone' | 'silent' | 'failed' | 'cut';

export interface TransferOptions {
  readonly terms: Terms;
  /** Sends a packet to the client; `again`: nothing was heard after the one before. */
  readonly send: (packet: Buffer, again: boolean) => void;
  readonly onEnd: (end: TransferEnd, why: string | undefined) => void;
  /** Milliseconds that only go up. */
  readonly now: () => number;
}

/** Milliseconds before a packet is sent again: from how fast the client has been, doubled with each try. */
const [leastWait, mostFirstWait, mostWait] = [200, 1000, 8000];
/** A client that has said nothing for so long is gone. */
const mostSilence = 30_000;
/** One that has answered nothing at all may not be there: requests with made-up addresses must not hold places that nodes need. */
const mostUnanswered = 6000;
/** A client answers a window that was sent again with acknowledgements that look like further losses; they count again after this. */
const echoTime = 20;

export class Transfer implements BlocksListener {
  /** Blocks that the client has confirmed. */
  acknowledgedBlocks = 0;
  /** Whether the client stopped it with an error that is none: of no kind (0), or because of what was agreed (8). */
  farewell = false;
  private readonly options: TransferOptions;
  private blocks: Blocks | undefined;
  /** Undefined once the client has answered, or where there was nothing to agree on. */
  private offer: Buffer | undefined;
  /** Last block of what is on its way, and the highest that ever was. */
  private sent = 0;
  private highest = 0;
  /** When the last packet went out, and whether one of those on their way went out twice: then its answer tells no time. */
  private sentAt = 0;
  /** When the first went out. */
  private begunAt: number | undefined;
  private again = false;
  private wentBackAt = Number.NEGATIVE_INFINITY;
  /** Smoothed milliseconds from a packet to its answer. */
  private roundTrip: number | undefined;
  private tries = 0;
  private heardAt: number;
  private deadline = 0;
  private ended = false;

  constructor(options: TransferOptions) {
    this.options = options;
    this.heardAt = options.now();
    const { agreed } = options.terms;
    this.offer = agreed.length === 0 ? undefined : optionsPacket(agreed);
  }

  /** Sends the first packet. */
  start(blocks: Blocks): void {
    this.blocks = blocks;
    if (this.offer === undefined) this.pump();
    else this.say(this.offer);
    this.wait();
  }

  /** Whether the client has answered nothing yet. */
  get fresh(): boolean {
    return this.acknowledgedBlocks === 0 && (this.offer !== undefined || this.options.terms.agreed.length === 0);
  }

  /** Milliseconds since the client was last heard. */
  silence(now: number): number {
    return now - this.heardAt;
  }

  /** Takes a packet of the client. What makes no sense here is passed over: it may be old, doubled, damaged or somebody's joke. */
  received(packet: Buffer): void {
    if (this.ended || packet.length < 4) return;
    const opcode = packet.readUInt16BE(0);
    if (opcode === opcodes.error) {
      const said = packet.toString('utf8', 4, packet.length).split('\0', 1)[0] ?? '';
      const code = packet.readUInt16BE(2);
      this.farewell = code === errorCodes.other || code === errorCodes.options;
      this.end('stopped', `the client stopped: error ${code} ${said}`.trimEnd());
    } else if (opcode === opcodes.acknowledge) this.acknowledged(packet.readUInt16BE(2));
  }

  /** Sends again what was not answered in time. To be called every few dozen milliseconds. */
  tick(now: number): void {
    if (this.ended) return;
    if (this.fresh && this.begunAt !== undefined && now - this.begunAt >= mostUnanswered) {
      this.lost('silent');
      return;
    }
    if (now < this.deadline) return;
    const { timeout } = this.options.terms;
    if (now - this.heardAt >= Math.max(mostSilence, 4 * (timeout ?? 0))) {
      this.lost('silent');
      return;
    }
    this.tries++;
    if (this.offer !== undefined) this.say(this.offer);
    else this.goBack(now);
    this.wait();
  }

  /** The client's port is closed. */
  refused(): void {
    this.lost('gone');
  }

  onRead(): void {
    if (this.ended || this.offer !== undefined) return;
    this.pump();
    this.wait();
  }

  onFailure(why: string): void {
    if (this.ended) return;
    this.options.send(errorPacket(errorCodes.other, why), false);
    this.end('failed', why);
  }

  /**
   * Ends it from this side. A client is told why, so that it does not have to find out by waiting; one that has begun anew is not: it
   * would take the word for its new transfer.
   */
  cut(why: string, tell: boolean): void {
    if (this.ended) return;
    if (tell) this.options.send(errorPacket(errorCodes.other, why), false);
    this.end('cut', why);
  }

  private acknowledged(number: number): void {
    const now = this.options.now();
    if (this.offer !== undefined) {
      if (number !== 0) return;
      this.offer = undefined;
      this.heard(now);
      this.pump();
      this.wait();
      return;
    }
    const more = (number - this.acknowledgedBlocks) & 0xffff;
    if (more > this.highest - this.acknowledgedBlocks) return;
    if (more === 0) {
      this.repeated(now);
      return;
    }
    this.acknowledgedBlocks += more;
    this.sent = Math.max(this.sent, this.acknowledgedBlocks);
    this.blocks?.forget(this.acknowledgedBlocks);
    if (this.acknowledgedBlocks === this.blocks?.last) {
      this.end('sent', undefined);
      return;
    }
    this.heard(now);
    // Within a window the client confirms only where it misses what follows (RFC 7440). One that confirms every block, against
    // the agreement, must not get a whole window for each.
    const missing = this.acknowledgedBlocks < this.sent;
    if (missing && now - this.wentBackAt >= Math.max(2, this.roundTrip ?? 0)) this.goBack(now);
    else this.pump();
    this.wait();
  }

  /**
   * The same block confirmed again. With one block on its way that is never answered (an answer to each doubled packet doubles all that
   * follow: the Sorcerer's Apprentice). With a window it may mean that its first block was lost: but not if it comes sooner than an
   * answer could, and not soon after the last such.
   */
  private repeated(now: number): void {
    if (this.options.terms.window === 1 || this.sent === this.acknowledgedBlocks) return;
    const soonest = 0.75 * (this.roundTrip ?? 0);
    if (now - this.sentAt < soonest || now - this.wentBackAt < Math.max(echoTime, 4 * (this.roundTrip ?? 0))) return;
    this.goBack(now);
    this.wait();
  }

  private goBack(now: number): void {
    this.wentBackAt = now;
    this.sent = this.acknowledgedBlocks;
    this.again = true;
    this.pump();
  }

  private pump(): void {
    const { blocks } = this;
    if (blocks === undefined) return;
    const end = Math.min(this.acknowledgedBlocks + this.options.terms.window, blocks.last);
    while (this.sent < end) {
      const packet = blocks.packet(this.sent + 1);
      if (packet === undefined) return;
      this.sent++;
      if (this.sent > this.highest) this.highest = this.sent;
      this.say(packet);
    }
  }

  private say(packet: Buffer): void {
    this.sentAt = this.options.now();
    this.begunAt ??= this.sentAt;
    this.options.send(packet, this.tries > 0);
  }

  private heard(now: number): void {
    if (!this.again) {
      const took = now - this.sentAt;
      this.roundTrip = this.roundTrip === undefined ? took : this.roundTrip + (took - this.roundTrip) / 8;
    }
    this.again = false;
    this.tries = 0;
    this.heardAt = now;
  }

  private wait(): void {
    const first =
      this.options.terms.timeout ??
      (this.roundTrip === undefined
        ? mostFirstWait
        : Math.min(mostFirstWait, Math.max(leastWait, 100 + 4 * this.roundTrip)));
    this.deadline = this.options.now() + Math.min(first * 2 ** this.tries, Math.max(first, mostWait));
  }

  /** A client that has all of it often does not say so: it has closed its port, or has jumped into what it was sent. */
  private lost(end: 'gone' | 'silent'): void {
    if (this.ended) return;
    const all = this.blocks !== undefined && this.highest === this.blocks.last;
    this.end(all ? 'unconfirmed' : end, undefined);
  }

  private end(end: TransferEnd, why: string | undefined): void {
    this.ended = true;
    this.blocks?.close();
    this.options.onEnd(end, why);
  }
}
