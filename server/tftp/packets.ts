/** TFTP packets: what a client asks for, read from its bytes, and what is said back, as bytes (RFC 1350, 2347). */

export const opcodes = { read: 1, write: 2, data: 3, acknowledge: 4, error: 5, options: 6 } as const;

/** Codes of RFC 1350 (and 8 of RFC 2347) that are said or heard here. */
export const errorCodes = { other: 0, notFound: 1, refused: 2, illegal: 4, options: 8 } as const;
export type ErrorCode = (typeof errorCodes)[keyof typeof errorCodes];

export interface TftpRequest {
  readonly kind: 'read' | 'write';
  /** As it was sent. */
  readonly name: string;
  /** Lower case. */
  readonly mode: string;
  /** In the order and spelling of the client; names in lower case are the keys, and of two equal ones the first counts. */
  readonly options: ReadonlyMap<string, { readonly spelling: string; readonly value: string }>;
}

/**
 * Reads a request; undefined where the packet is none that can be understood.
 *
 * Loaders pad requests with zeros and end them without the last zero; both are read as meant.
 */
export function readRequest(packet: Buffer): TftpRequest | undefined {
  if (packet.length < 4) return undefined;
  const opcode = packet.readUInt16BE(0);
  if (opcode !== opcodes.read && opcode !== opcodes.write) return undefined;
  const [name, mode, ...rest] = packet.toString('utf8', 2).split('\0');
  if (name === undefined || mode === undefined || name === '' || mode === '') return undefined;
  const options = new Map<string, { spelling: string; value: string }>();
  for (let i = 0; i + 1 < rest.length; i += 2) {
    const [spelling = '', value = ''] = [rest[i], rest[i + 1]];
    // What follows an empty name is padding.
    if (spelling === '') break;
    const key = spelling.toLowerCase();
    if (!options.has(key)) options.set(key, { spelling, value });
  }
  return { kind: opcode === opcodes.read ? 'read' : 'write', name, mode: mode.toLowerCase(), options };
}

export function errorPacket(code: ErrorCode, message: string): Buffer {
  const text = Buffer.from(message, 'utf8');
  const packet = Buffer.alloc(5 + text.length);
  packet.writeUInt16BE(opcodes.error, 0);
  packet.writeUInt16BE(code, 2);
  text.copy(packet, 4);
  return packet;
}

/** The options that were agreed to; names in the client's own spelling, since some compare them letter by letter. */
export function optionsPacket(agreed: readonly (readonly [name: string, value: string])[]): Buffer {
  const text = agreed.map(([name, value]) => `${name}\0${value}\0`).join('');
  return Buffer.concat([Buffer.from([0, opcodes.options]), Buffer.from(text, 'utf8')]);
}
