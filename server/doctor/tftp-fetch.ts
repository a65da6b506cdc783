/** Fetches by TFTP as a boot loader does, in bounded time: the package's own time-out is not one that can be relied on. */
import tftp, { type GetStream } from 'tftp';

/** What came of a request. `absent` and `refused`: the server said so; `silent`: nothing came; `broken`: it stopped half way. */
export type TftpAnswer =
  | {
      readonly kind: 'file';
      readonly bytes: Buffer;
      /** Undefined: the server does not say it. */
      readonly size: number | undefined;
      /** All of it was fetched. */
      readonly whole: boolean;
    }
  | { readonly kind: 'absent' | 'refused' | 'silent' | 'broken'; readonly why: string };

export interface FetchFrom {
  readonly host: string;
  readonly port: number;
  /** Longest silence, in milliseconds. */
  readonly patience: number;
}

/** Fetches a file, or its first `most` bytes. Never rejects. Asks for blocks of 1408 bytes, as pxelinux does. */
export function fetchByTftp(from: FetchFrom, name: string, most = Number.POSITIVE_INFINITY): Promise<TftpAnswer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let [got, size, settled, ended]: [number, number | undefined, boolean, boolean] = [0, undefined, false, false];
    let stream: GetStream;
    const settle = (answer: TftpAnswer): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      resolve(answer);
      // The package closes its socket by itself after an error or at the end; before its socket is open it can't abort.
      if (!ended) abort(stream);
    };
    const timer = setTimeout(() => {
      const waited = `${from.patience / 1000} s`;
      settle(
        got === 0 && size === undefined
          ? { kind: 'silent', why: `no answer within ${waited}` }
          : { kind: 'broken', why: `nothing more came for ${waited} after ${got} bytes` },
      );
    }, from.patience);
    const file = (whole: boolean): TftpAnswer => ({ kind: 'file', bytes: Buffer.concat(chunks), size, whole });
    try {
      // One block at a time: the package loses its place in windows whose packets come out of order. 250: a valid number of seconds
      // for the server, and the milliseconds after which the package itself asks again.
      const client = tftp.createClient({
        ...{ host: from.host, port: from.port },
        ...{ blockSize: 1408, windowSize: 1, timeout: 250, retries: Math.ceil(from.patience / 250) + 1 },
      });
      stream = client.createGetStream(name);
    } catch (error) {
      clearTimeout(timer);
      resolve({ kind: 'refused', why: (error as Error).message });
      return;
    }
    stream.on('stats', (stats) => {
      size = stats.size ?? undefined;
      timer.refresh();
    });
    stream.on('data', (data) => {
      timer.refresh();
      if (settled) return;
      chunks.push(data);
      got += data.length;
      if (got >= most) settle(file(size !== undefined && got >= size));
    });
    stream.on('end', () => {
      ended = true;
      settle(file(true));
    });
    stream.on('error', (error) => {
      ended = true;
      const said = error.message.replace(/^\(Server\) /, '');
      if (said === error.message) settle({ kind: got === 0 ? 'silent' : 'broken', why: said });
      else settle({ kind: /not found|no such/i.test(said) ? 'absent' : 'refused', why: `the server says: ${said}` });
    });
  });
}

function abort(stream: GetStream): void {
  // Errors of a stream that nobody waits for any more are nobody's.
  stream.on('error', () => {});
  setImmediate(() => {
    try {
      stream.abort('this is enough');
    } catch {
      // Its socket was never opened.
    }
  });
}
