/** Asks an NFS server whether it is one: the null call of RPC, which every server answers and which needs no right. */
import { connect } from 'node:net';

/** `speaks`: versions of NFS that it has, where it has not the one that was asked for. */
export type NfsAnswer =
  | { readonly ok: true }
  | { readonly ok: false; readonly why: string; readonly speaks?: readonly [lowest: number, highest: number] };

const program = 100_003;

/** The call as it is sent over TCP: a record mark, then the message (RFC 5531). */
export function nullCall(transaction: number, version: number): Buffer {
  const words = [0x8000_0000 + 40, transaction, 0, 2, program, version, 0, 0, 0, 0, 0];
  const call = Buffer.alloc(words.length * 4);
  for (const [i, word] of words.entries()) call.writeUInt32BE(word, i * 4);
  return call;
}

/** Never rejects. */
export function pingNfs(
  { host, port }: { readonly host: string; readonly port: number },
  version: number,
  patience: number,
): Promise<NfsAnswer> {
  return new Promise((resolve) => {
    const transaction = (Math.random() * 0xffff_ffff) >>> 0;
    const socket = connect({ host, port });
    let reached = false;
    let got = Buffer.alloc(0);
    const settle = (answer: NfsAnswer): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => {
      const what = reached ? 'it takes the connection and then says nothing for' : 'no answer within';
      settle({ ok: false, why: `${what} ${patience / 1000} s` });
    }, patience);
    socket.on('connect', () => {
      reached = true;
      socket.write(nullCall(transaction, version));
    });
    socket.on('data', (data) => {
      got = Buffer.concat([got, data]);
      const answer = readReply(got, transaction);
      if (answer !== undefined) settle(answer);
    });
    socket.on('end', () => settle({ ok: false, why: 'it takes the connection and cuts it without a word' }));
    socket.on('error', (error) => settle({ ok: false, why: networkWhy(error) }));
  });
}

/** Undefined: more has to come. */
function readReply(got: Buffer, transaction: number): NfsAnswer | undefined {
  const word = (i: number): number | undefined => (got.length >= i * 4 + 4 ? got.readUInt32BE(i * 4) : undefined);
  const verifier = word(5);
  if (verifier === undefined) return undefined;
  if (word(1) !== transaction || word(2) !== 1) return { ok: false, why: 'what answers there speaks no RPC' };
  if (word(3) !== 0) return { ok: false, why: 'it refuses calls of this machine' };
  const at = 6 + Math.ceil(verifier / 4);
  const status = word(at);
  if (status === undefined) return undefined;
  if (status === 0) return { ok: true };
  if (status !== 2) return { ok: false, why: 'it answers RPC, but is no NFS server' };
  const [lowest, highest] = [word(at + 1), word(at + 2)];
  if (lowest === undefined || highest === undefined) return undefined;
  const speaks = [lowest, highest] as const;
  return { ok: false, why: `it speaks NFS ${lowest === highest ? lowest : `${lowest} to ${highest}`} only`, speaks };
}

/** An error of the network in words. */
export function networkWhy(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ECONNREFUSED':
      return 'nobody listens there';
    case 'ECONNRESET':
      return 'the connection was cut';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'there is no way to that address from here';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'this machine knows no address of that name';
    default:
      return error.message;
  }
}
