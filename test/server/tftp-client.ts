/** A TFTP client for tests and benches: with windows (RFC 7440), which no packaged client here has, and as stubborn as a loader. */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';

export interface FetchOptions {
  readonly port: number;
  readonly host?: string;
  readonly mode?: string;
  readonly options?: Readonly<Record<string, string | number>>;
  /** Address that the client comes from. */
  readonly from?: string;
  /** Milliseconds after which it says its last word again, and how often. */
  readonly patience?: number;
  readonly tries?: number;
  /** Gets the data instead of `bytes`. */
  readonly onData?: (data: Buffer) => void;
}

export interface Fetched {
  readonly bytes: Buffer;
  /** What the server agreed to. */
  readonly agreed: Readonly<Record<string, string>>;
  /** Who answered. */
  readonly server: { readonly address: string; readonly port: number };
}

/** An error packet of the server. */
export class TftpError extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export function requestPacket(
  name: string,
  mode = 'octet',
  options: Readonly<Record<string, string | number>> = {},
  opcode = 1,
): Buffer {
  const words = [name, mode, ...Object.entries(options).flatMap(([key, value]) => [key, String(value)])];
  return Buffer.concat([Buffer.from([0, opcode]), Buffer.from(words.map((word) => `${word}\0`).join(''))]);
}

export function acknowledgement(block: number): Buffer {
  return Buffer.from([0, 4, (block >> 8) & 0xff, block & 0xff]);
}

/** A socket of the family of `host`, bound to `from` where that is given. */
export async function openSocket(host: string, from?: string): Promise<Socket> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address: from, port: 0 }, () => resolve());
  });
  return socket;
}

/** Fetches a whole file, or throws a TftpError, or an Error where the server falls silent. */
export async function fetchFile(name: string, options: FetchOptions): Promise<Fetched> {
  const { host = '127.0.0.1', port, patience = 300, tries = 20 } = options;
  const socket = await openSocket(host, options.from);
  const chunks: Buffer[] = [];
  const onData = options.onData ?? ((data: Buffer) => void chunks.push(Buffer.from(data)));
  let agreed: Record<string, string> = {};
  let server: RemoteInfo | undefined;
  let timer: NodeJS.Timeout | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      let [blockSize, window, got, sinceAck, left, missed] = [512, 1, 0, 0, tries, false];
      let last = requestPacket(name, options.mode, options.options);
      const say = (packet: Buffer): void => {
        last = packet;
        if (server === undefined) socket.send(packet, port, host);
        else socket.send(packet);
      };
      timer = setInterval(() => {
        if (--left < 0) reject(new Error(`the server fell silent after ${got} blocks`));
        else if (server !== undefined && got > 0) say(acknowledgement(got));
        else say(last);
      }, patience);
      // The system says first that the server's socket is closed, and then hands over what it sent before.
      socket.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'ECONNREFUSED') setTimeout(() => reject(error), 200).unref();
        else reject(error);
      });
      const take = (packet: Buffer): void => {
        const opcode = packet.readUInt16BE(0);
        if (opcode === 5) {
          reject(new TftpError(packet.readUInt16BE(2), packet.toString('utf8', 4, packet.length - 1)));
          return;
        }
        if (opcode === 6 && got === 0) {
          const words = packet.toString('utf8', 2).split('\0');
          agreed = {};
          for (let i = 0; i + 1 < words.length; i += 2) agreed[words[i]?.toLowerCase() ?? ''] = words[i + 1] ?? '';
          blockSize = Number(agreed.blksize ?? 512);
          window = Number(agreed.windowsize ?? 1);
          say(acknowledgement(0));
          return;
        }
        if (opcode !== 3) return;
        if (packet.readUInt16BE(2) !== ((got + 1) & 0xffff)) {
          // Old ones are passed over; where one is missing, the server hears once from where to go on.
          const ahead = (packet.readUInt16BE(2) - got) & 0xffff;
          if (ahead > 0 && ahead <= window && !missed) {
            missed = true;
            sinceAck = 0;
            say(acknowledgement(got));
          }
          return;
        }
        missed = false;
        got++;
        left = tries;
        timer?.refresh();
        if (packet.length > 4) onData(packet.subarray(4));
        if (packet.length - 4 < blockSize) {
          say(acknowledgement(got));
          resolve();
          return;
        }
        if (++sinceAck >= window) {
          sinceAck = 0;
          say(acknowledgement(got));
        }
      };
      socket.on('message', (packet, from) => {
        if (server !== undefined) {
          if (from.port === server.port) take(packet);
          return;
        }
        server = from;
        socket.connect(from.port, from.address, () => take(packet));
      });
      say(last);
    });
  } finally {
    clearInterval(timer);
    await new Promise<void>((resolve) => socket.close(() => resolve()));
  }
  const { address = '', port: from = 0 } = server ?? {};
  return { bytes: Buffer.concat(chunks), agreed, server: { address, port: from } };
}

/** Passes packets between one client and one server, as badly as `fate` says: how often each is delivered, and how late. */
export async function openRelay(
  to: { readonly host: string; readonly port: number },
  fate: () => readonly number[],
): Promise<{ readonly port: number; close(): void }> {
  const front = await openSocket('127.0.0.1', '127.0.0.1');
  const backs = new Map<number, Socket>();
  const pass = (send: () => void): void => {
    for (const delay of fate()) {
      if (delay === 0) send();
      else setTimeout(send, delay);
    }
  };
  let closed = false;
  front.on('message', (packet, client) => {
    const known = backs.get(client.port);
    const back = known ?? createSocket('udp4');
    let target = (back as Socket & { target?: number }).target ?? to.port;
    if (known === undefined) {
      backs.set(client.port, back);
      back.on('message', (answer, server) => {
        target = server.port;
        (back as Socket & { target?: number }).target = server.port;
        pass(() => !closed && front.send(answer, client.port, client.address));
      });
    }
    pass(() => !closed && back.send(packet, target, to.host));
  });
  return {
    port: front.address().port,
    close() {
      closed = true;
      front.close();
      for (const back of backs.values()) back.close();
    },
  };
}
