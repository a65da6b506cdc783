/** Real pipes for a confined command's output, read within bounds. */
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

const keptOutput = 4 << 20;
const loggedLines = 20_000;
const loggedColumns = 2_000;

/** One output: what a child writes to, and what came out of it. */
export interface OutputPipe {
  /** For the child's stdio; close it here once the child has it. */
  readonly write: number;
  /** Resolves with the last 4 MiB when nobody can write any more. */
  readonly text: Promise<string>;
}

/**
 * Makes a pair of pipes. Node gives its children sockets, and a socket can't be opened again by name: the scripts of packages
 * write to /dev/stderr.
 */
export function outputPipes(log: ((line: string) => void) | undefined): readonly [OutputPipe, OutputPipe] {
  const directory = mkdtempSync(join(tmpdir(), 'litehouse-confine-'));
  try {
    const paths = [join(directory, 'stdout'), join(directory, 'stderr')];
    const made = spawnSync('mkfifo', ['-m', '600', '--', ...paths]);
    if (made.status !== 0) throw new Error(`mkfifo: ${made.error?.message ?? made.stderr.toString()}`);
    const [stdout, stderr] = paths.map((path) => {
      const opener = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      const write = openSync(path, constants.O_WRONLY);
      const read = openSync(path, constants.O_RDONLY);
      closeSync(opener);
      // Read by a process of its own: here a read would hold one of the few threads for as long as the command runs.
      const reader = spawn('cat', [], { stdio: [read, 'pipe', 'ignore'] });
      closeSync(read);
      if (reader.stdout === null) throw new Error('no pipe');
      return { write, text: bounded(reader.stdout, log) };
    });
    if (stdout === undefined || stderr === undefined) throw new Error('no pipe');
    return [stdout, stderr];
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Lets go of the ends that are the child's. */
export function closeWriteEnds(pipes: readonly OutputPipe[]): void {
  for (const pipe of pipes) closeSync(pipe.write);
}

/** Collects the end of one output, and logs its lines within bounds. */
function bounded(stream: Readable, log: ((line: string) => void) | undefined): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  let lines = 0;
  let rest = '';
  const decoder = new StringDecoder('utf8');
  const tell = (line: string) => {
    lines += 1;
    if (lines === loggedLines) log?.('(further output of this command is left out)');
    else if (lines < loggedLines) log?.(line.slice(0, loggedColumns));
  };
  stream.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    size += chunk.length;
    while (size - (chunks[0]?.length ?? 0) >= keptOutput) size -= chunks.shift()?.length ?? 0;
    if (log === undefined || lines >= loggedLines) return;
    const parts = (rest + decoder.write(chunk)).split('\n');
    // Nor is a line kept that never ends.
    rest = (parts.pop() ?? '').slice(0, loggedColumns);
    for (const part of parts) tell(part);
  });
  stream.on('error', () => undefined);
  return new Promise((resolve) => {
    stream.on('close', () => {
      if (rest !== '') tell(rest);
      resolve(Buffer.concat(chunks).toString('utf8'));
    });
  });
}
