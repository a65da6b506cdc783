/** The log of one artifact's builds: a file of bounded size, the one before kept beside it, and not more than a few dozen in all. */
import { createWriteStream, type WriteStream } from 'node:fs';
import { readdir, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';

/** The most that one build may write; a package manager's whole talk is a few megabytes. */
const largest = 16 * 1024 * 1024;
/** Lines that are still written at the end of a log that was cut. */
const tailLines = 200;
/** Logs of that many artifacts are kept. */
const keptLogs = 60;

/** Where the log of an artifact lies below the state directory; undefined where its digest makes no file name. */
export function buildLogFile(state: string, digest: string): string | undefined {
  return /^[0-9A-Za-z]+$/.test(digest) ? join(state, 'builds', `${digest}.log`) : undefined;
}

export interface BuildLog {
  write(line: string): void;
  end(): void;
}

/** Starts a log anew; that of the build before is `<file>.1`. A log that can't be written is no reason to lose a build. */
export async function openBuildLog(file: string | undefined, limit: number = largest): Promise<BuildLog> {
  if (file === undefined) return { write: () => undefined, end: () => undefined };
  await rename(file, `${file}.1`).catch(() => undefined);
  await dropOld(join(file, '..')).catch(() => undefined);
  const stream: WriteStream = createWriteStream(file, { flags: 'a', mode: 0o600 });
  stream.on('error', () => undefined);
  let written = 0;
  let cut = 0;
  const tail: string[] = [];
  return {
    write(line) {
      const text = `${new Date().toISOString()} ${line}\n`;
      if (written < limit) {
        written += Buffer.byteLength(text);
        stream.write(text);
        return;
      }
      cut += 1;
      tail.push(text);
      if (tail.length > tailLines) tail.shift();
    },
    end() {
      const lost = cut - tail.length;
      if (lost > 0) stream.write(`… ${lost} lines are left out here: the log is as long as it may be\n`);
      stream.end(tail.join(''));
    },
  };
}

async function dropOld(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => /\.log(\.1)?$/.test(name));
  if (names.length < keptLogs) return;
  const aged = await Promise.all(names.map(async (name) => ({ name, at: (await stat(join(folder, name))).mtimeMs })));
  aged.sort((a, b) => b.at - a.at);
  for (const { name } of aged.slice(keptLogs - 1)) await unlink(join(folder, name));
}
