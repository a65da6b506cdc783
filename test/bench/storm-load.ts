/** Nodes that boot all at once: each from its own address, over a fresh connection, with so many in flight and no more. */
import { connect } from 'node:net';

export interface Arrival {
  /** Index of the node. */
  readonly node: number;
  /** Everything that came, head and body; undefined: an error, said in `problem`. */
  readonly text: string | undefined;
  readonly problem: string | undefined;
  /** From the connect to the end. */
  readonly milliseconds: number;
}

export interface StormOptions {
  readonly url: string;
  readonly nodes: number;
  readonly inFlight: number;
  readonly addressOf: (node: number) => string;
  readonly pathOf: (node: number) => string;
  readonly onArrival: (arrival: Arrival) => void;
}

/** Asks once for every node; resolves with the seconds that all of it took. */
export async function storm(options: StormOptions): Promise<number> {
  const from = performance.now();
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < options.nodes) {
      const node = next++;
      options.onArrival(await ask(options, node));
    }
  };
  await Promise.all(Array.from({ length: options.inFlight }, worker));
  return (performance.now() - from) / 1000;
}

function ask({ url, addressOf, pathOf }: StormOptions, node: number): Promise<Arrival> {
  const { hostname, port } = new URL(url);
  const from = performance.now();
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let problem: string | undefined;
    const socket = connect({ host: hostname, port: Number(port), localAddress: addressOf(node) }, () =>
      socket.write(`GET ${pathOf(node)} HTTP/1.1\r\nhost: ${hostname}\r\nconnection: close\r\n\r\n`),
    );
    socket.setTimeout(30_000, () => socket.destroy(new Error('silent for 30 s')));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', (error) => {
      problem = error.message;
    });
    socket.on('close', () => {
      const text = problem === undefined ? Buffer.concat(chunks).toString('utf8') : undefined;
      resolve({ node, text, problem, milliseconds: performance.now() - from });
    });
  });
}

/** What is wrong with a response as HTTP: not 200, or fewer bytes than it says; undefined where it is whole. */
export function faultOfResponse(text: string): string | undefined {
  const head = text.indexOf('\r\n\r\n');
  if (!text.startsWith('HTTP/1.1 200 ')) return `status ${text.slice(0, 40).split('\r\n', 1)[0]}`;
  const length = /\r\ncontent-length: (\d+)\r\n/i.exec(text.slice(0, head + 2))?.[1];
  const got = Buffer.byteLength(text.slice(head + 4));
  return Number(length) === got ? undefined : `${got} bytes of ${length}`;
}

/** The value that at most one in a hundred exceeds. */
export function percentile99(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(sorted.length * 0.99) - 1)];
  if (value === undefined) throw new Error('no figures were taken');
  return value;
}
