/** The part of the npm package `tftp` that is used here: its client. */
declare module 'tftp' {
  import type { Readable } from 'node:stream';

  export interface ClientOptions {
    readonly host?: string;
    readonly port?: number;
    readonly blockSize?: number;
    readonly windowSize?: number;
    readonly retries?: number;
    /** Milliseconds between two tries; the same number is sent to the server as seconds. */
    readonly timeout?: number;
  }

  export interface GetStats {
    readonly blockSize: number;
    /** Null where the server does not say it. */
    readonly size: number | null;
  }

  export interface GetStream extends Readable {
    on(event: 'stats', listener: (stats: GetStats) => void): this;
    on(event: 'data', listener: (data: Buffer) => void): this;
    on(event: 'error', listener: (error: Error) => void): this;
    on(event: 'end' | 'abort' | 'close', listener: () => void): this;
    abort(error?: string): void;
  }

  export interface Client {
    /** Throws where the name cannot be asked for. */
    createGetStream(remote: string): GetStream;
  }

  const tftp: { createClient(options: ClientOptions): Client };
  export default tftp;
}
