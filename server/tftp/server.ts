/**
 * The TFTP server: takes requests on each address, opens what they name, and runs their transfers. Read only.
 *
 * A little over 300 lines because its limits are shared by all transfers and are counted in one place.
 */

import type { RemoteInfo, Socket } from 'node:dgram';
import type { ListenAddress } from '../listen-address.ts';
import type { Log } from '../log.ts';
import { OnceAMinute } from '../once-a-minute.ts';
import type { LocalAddress } from './addresses.ts';
import { connect, sourceOf } from './beginning.ts';
import { type Blocks, FileBlocks, MemoryBlocks, RingPool, type Room } from './blocks.ts';
import { type Listening, listenOn } from './listening.ts';
import { negotiate } from './negotiate.ts';
import { type ErrorCode, errorCodes, errorPacket, opcodes, readRequest, type TftpRequest } from './packets.ts';
import { Transfer, type TransferEnd } from './transfer.ts';
import { openInTree, type RefusedFile } from './tree.ts';

/** What a network may take of this server. */
export interface TftpLimits {
  /** Transfers at once: of all clients, and of one address. A node has one or two; what is above gets no answer and asks again. */
  readonly transfers: number;
  readonly perClient: number;
  /** Memory of what is read ahead, of all transfers. */
  readonly bytes: number;
}

export const usualLimits: TftpLimits = { transfers: 4096, perClient: 64, bytes: 128 * 1024 * 1024 };

export interface TftpOptions {
  /** The directory that is served. */
  readonly root: string;
  readonly listen: ListenAddress;
  readonly log: Log;
  readonly limits?: Partial<TftpLimits>;
}

/** What became of requests. */
export type TftpOutcome = TransferEnd | 'absent' | 'refused' | 'limited';
export const tftpOutcomes: readonly TftpOutcome[] = [
  'sent',
  'unconfirmed',
  'stopped',
  'gone',
  'silent',
  'failed',
  'cut',
  'absent',
  'refused',
  'limited',
];

export interface TftpFigures {
  readonly outcomes: Readonly<Record<TftpOutcome, number>>;
  /** Of all packets of transfers, those that were sent again included. */
  readonly bytes: number;
  readonly active: number;
}

export interface TftpServer {
  /** Where it listens now, with the port that it really has. */
  addresses(): readonly ListenAddress[];
  figures(): TftpFigures;
  /** Takes no new request, lets transfers whose clients still answer end for at most so long, then cuts them off. */
  close(graceMilliseconds: number): Promise<void>;
}

/** Starts the server, or throws a Failure that says why it can't listen. */
export async function startTftp(options: TftpOptions): Promise<TftpServer> {
  const service = new Service(options);
  const listening = await listenOn(options.listen, options.log, (socket, at) => service.serve(socket, at));
  return {
    addresses: () => listening.addresses(),
    figures: () => service.figures(),
    close: (grace) => service.close(listening, grace),
  };
}

const tooMany = 'the server has as many transfers as it takes';
/** A closed port is heard of before the goodbye that was sent from it, which waits to be read: so many milliseconds are left for that. */
const lastWords = 20;
/** Milliseconds between two looks at who has to be sent something again. */
const tickTime = 50;
/** A client that asks again from the same port has begun anew, unless its transfer was alive a moment ago: then it is an old packet. */
const anew = 1000;
/** Of a server that stops, a client that has been silent for so long is not waited for. */
const patience = 2000;

/** A request from its packet to its end. */
interface Job {
  readonly key: string;
  readonly client: string;
  readonly request: TftpRequest;
  readonly packet: Buffer;
  transfer?: Transfer;
  socket?: Socket;
}

class Service {
  private readonly options: TftpOptions;
  private readonly limits: TftpLimits;
  private readonly complaints: OnceAMinute;
  private readonly pool = new RingPool();
  private readonly jobs = new Set<Job>();
  /** The latest of each client's port. */
  private readonly latest = new Map<string, Job>();
  private readonly perClient = new Map<string, number>();
  private readonly outcomes = Object.fromEntries(tftpOutcomes.map((name) => [name, 0])) as Record<TftpOutcome, number>;
  private bytes = 0;
  private ticker: NodeJS.Timeout | undefined;

  constructor(options: TftpOptions) {
    this.options = options;
    this.limits = { ...usualLimits, ...options.limits };
    this.complaints = new OnceAMinute(now);
  }

  figures(): TftpFigures {
    return { outcomes: { ...this.outcomes }, bytes: this.bytes, active: this.jobs.size };
  }

  serve(socket: Socket, at: LocalAddress): void {
    socket.on('message', (packet, from) => this.asked(socket, at, packet, from));
  }

  async close(listening: Listening, grace: number): Promise<void> {
    listening.close();
    const end = now() + grace;
    for (;;) {
      const time = now();
      for (const { transfer } of this.jobs)
        if (time >= end || (transfer?.silence(time) ?? 0) > patience) transfer?.cut('the server stops', true);
      if (this.jobs.size === 0) return;
      await new Promise((resolve) => setTimeout(resolve, tickTime / 2));
    }
  }

  private asked(listener: Socket, at: LocalAddress, packet: Buffer, from: RemoteInfo): void {
    // The port of nobody: an answer could not arrive.
    if (from.port === 0) return;
    const answer = (code: ErrorCode, text: string): void =>
      listener.send(errorPacket(code, text), from.port, from.address, () => {});
    const request = readRequest(packet);
    if (request === undefined) {
      // Answered only where it was meant as a request: an answer to an error, or to noise, could go on for ever.
      const opcode = packet.length < 2 ? 0 : packet.readUInt16BE(0);
      if (opcode === opcodes.read || opcode === opcodes.write)
        answer(errorCodes.illegal, 'this request has no name or no mode');
      return;
    }
    if (request.kind === 'write') {
      this.denied(from.address, request, { kind: 'refused', why: 'nobody writes here' });
      answer(errorCodes.refused, 'nobody writes here');
      return;
    }
    if (request.mode !== 'octet' && request.mode !== 'netascii') {
      const why = `no mode ${JSON.stringify(request.mode.slice(0, 20))} here; octet is`;
      this.denied(from.address, request, { kind: 'refused', why });
      answer(errorCodes.illegal, why);
      return;
    }
    const job = this.take(at, packet, from, request);
    if (job === undefined) return;
    this.begin(job, at, from, answer).catch((error: Error) => {
      if (!this.jobs.has(job)) return;
      answer(errorCodes.other, 'the server failed');
      this.finish(job, 'failed', error.message);
    });
  }

  /** Gives the request a place; undefined where it is one that has a place already, or where there is none. */
  private take(at: LocalAddress, packet: Buffer, from: RemoteInfo, request: TftpRequest): Job | undefined {
    const key = `${from.address} ${from.port} ${at.address}`;
    const before = this.latest.get(key);
    if (before !== undefined) {
      const begun = before.transfer === undefined || before.transfer.fresh;
      // It was asked twice: the answer is on its way, and is sent again by itself.
      if (begun && before.packet.equals(packet)) return undefined;
      const time = now();
      if (begun || (before.transfer?.silence(time) ?? 0) > anew) before.transfer?.cut('the client began anew', false);
    }
    const count = this.perClient.get(from.address) ?? 0;
    const full =
      count >= this.limits.perClient
        ? `this address has ${count} transfers already`
        : this.jobs.size >= this.limits.transfers || this.pool.used >= this.limits.bytes
          ? tooMany
          : undefined;
    if (full !== undefined) {
      this.limited(from.address, request, full);
      return undefined;
    }
    // A copy: the packet is a part of a larger buffer.
    const job: Job = { key, client: from.address, request, packet: Buffer.from(packet) };
    this.jobs.add(job);
    this.latest.set(key, job);
    this.perClient.set(from.address, count + 1);
    this.ticker ??= setInterval(() => this.tick(), tickTime);
    return job;
  }

  private async begin(
    job: Job,
    at: LocalAddress,
    from: RemoteInfo,
    answer: (code: ErrorCode, text: string) => void,
  ): Promise<void> {
    const opened = await openInTree(this.options.root, job.request.name);
    const hold = (bytes: number): Room | undefined =>
      this.pool.used + bytes > this.limits.bytes ? undefined : this.pool.hold(bytes);
    const source = opened.kind !== 'file' ? opened : await sourceOf(opened, job.request.mode, hold);
    if ('kind' in source && source.kind === 'limited') {
      this.release(job);
      this.limited(job.client, job.request, tooMany);
      return;
    }
    if ('kind' in source) {
      this.denied(job.client, job.request, source);
      this.release(job);
      answer(
        source.kind === 'absent' ? errorCodes.notFound : source.kind === 'refused' ? errorCodes.refused : 0,
        source.why,
      );
      return;
    }
    if (this.latest.get(job.key) !== job) {
      source.discard();
      this.finish(job, 'cut', 'the client began anew');
      return;
    }
    let socket: Socket;
    try {
      socket = await connect(at, from);
    } catch (error) {
      source.discard();
      throw error;
    }
    const terms = negotiate(job.request.options, source.size);
    const transfer = new Transfer({
      terms,
      now,
      send: (packet, again) => {
        this.bytes += packet.length;
        // To listen for the outcome of each costs as much as the sending. A closed port is heard by reading, or else by sending again.
        if (again) socket.send(packet, heard);
        else socket.send(packet);
      },
      onEnd: (end, why) => {
        socket.close();
        this.finish(job, end, why, `${transfer.acknowledgedBlocks * terms.blockSize} of ${source.size} bytes`);
      },
    });
    const heard = (error: NodeJS.ErrnoException | null): void => {
      if (error?.code === 'ECONNREFUSED') setTimeout(() => transfer.refused(), lastWords);
    };
    job.transfer = transfer;
    socket.on('message', (packet) => transfer.received(packet));
    socket.on('error', heard);
    const blocks: Blocks =
      'fd' in source
        ? new FileBlocks(source, terms, this.pool, transfer)
        : new MemoryBlocks(source.bytes, terms.blockSize, source.room);
    transfer.start(blocks);
  }

  private tick(): void {
    const time = now();
    for (const { transfer } of this.jobs) transfer?.tick(time);
  }

  /** No error: a loader gives up at one, and asks again after silence. */
  private limited(client: string, request: TftpRequest, why: string): void {
    this.outcomes.limited++;
    this.complain('warn', client, `asked for ${shown(request)}: not answered, ${why}`);
  }

  private denied(client: string, request: TftpRequest, { kind, why }: RefusedFile): void {
    this.outcomes[kind]++;
    const wanted = request.kind === 'write' ? 'wanted to write' : 'asked for';
    this.complain(kind === 'absent' ? 'info' : 'warn', client, `${wanted} ${shown(request)}: ${why}`);
  }

  /** A loader that looks for one of ten names finds nine missing: that is `info`, and hides no `warn` of the same source. */
  private complain(level: 'info' | 'warn', client: string, what: string): void {
    const told = this.complaints.tell(`${level} ${client}`);
    if (told !== undefined) this.options.log(level, `tftp: ${client} ${what}`, { more: told.again });
  }

  private finish(job: Job, end: TransferEnd, why: string | undefined, how = ''): void {
    this.release(job);
    this.outcomes[end]++;
    // Loaders ask for a file's size and stop: that is nothing to tell anybody.
    const probe = (end === 'stopped' || end === 'cut') && (job.transfer?.acknowledgedBlocks ?? 0) === 0;
    if (end === 'sent' || end === 'unconfirmed' || probe) return;
    const reason = why ?? (end === 'gone' ? 'its port is closed' : 'it fell silent');
    // What stops on purpose and says so has what it wanted; what is wrong with a client, or with a file, has another code.
    const level = job.transfer?.farewell === true ? 'info' : 'warn';
    this.complain(level, job.client, `did not get all of ${shown(job.request)} (${how}): ${reason}`);
  }

  private release(job: Job): void {
    this.jobs.delete(job);
    if (this.latest.get(job.key) === job) this.latest.delete(job.key);
    const left = (this.perClient.get(job.client) ?? 1) - 1;
    if (left === 0) this.perClient.delete(job.client);
    else this.perClient.set(job.client, left);
    if (this.jobs.size === 0) {
      clearInterval(this.ticker);
      this.ticker = undefined;
    }
  }
}

/** The name for the log: a packet has room for sixty thousand letters. */
function shown({ name }: TftpRequest): string {
  return name.length > 200 ? `${name.slice(0, 200)}…` : name;
}

function now(): number {
  return performance.now();
}
