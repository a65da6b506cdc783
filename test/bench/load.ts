/** Requests a second that a URL answers: with wrk where it is installed, else with a small generator of our own. */
import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** One source may hold 64; the connection that asked before, and those being closed, count too. */
export const connections = 48;

export async function hasWrk(): Promise<boolean> {
  // wrk -v says its version and ends with 1.
  return run('wrk', ['-v']).then(
    () => true,
    (error: { code?: unknown }) => error.code === 1,
  );
}

export async function requestsPerSecond(url: string, seconds: number, wrk: boolean): Promise<number> {
  return wrk ? withWrk(url, seconds) : withSockets(url, seconds);
}

async function withWrk(url: string, seconds: number): Promise<number> {
  const { stdout } = await run('wrk', ['-t1', `-c${connections}`, `-d${seconds}s`, url]);
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(`errors under load:\n${stdout}`);
  const found = /Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1];
  if (found === undefined) throw new Error(`wrk said something else:\n${stdout}`);
  return Number(found);
}

/** Keep-alive connections that ask again as soon as they have an answer; answers are counted by their length, which is always the same. */
async function withSockets(url: string, seconds: number): Promise<number> {
  const { hostname, port, pathname, search } = new URL(url);
  const request = `GET ${pathname}${search} HTTP/1.1\r\nhost: ${hostname}:${port}\r\n\r\n`;
  let answers = 0;
  let ended = false;
  await Promise.all(
    Array.from(
      { length: connections },
      () =>
        new Promise<void>((resolve, reject) => {
          const socket = connect(Number(port), hostname, () => socket.write(request));
          let length = 0;
          let got = 0;
          socket.on('data', (chunk) => {
            if (length === 0) {
              const head = chunk.indexOf('\r\n\r\n');
              const body = /content-length: (\d+)/i.exec(chunk.subarray(0, head).toString('latin1'))?.[1];
              if (body === undefined || !chunk.subarray(0, 12).toString('latin1').endsWith(' 200')) {
                reject(new Error(`no plain answer: ${chunk.toString('latin1', 0, 200)}`));
                socket.destroy();
                return;
              }
              length = head + 4 + Number(body);
            }
            got += chunk.length;
            if (got < length) return;
            got -= length;
            answers++;
            if (ended) socket.end();
            else socket.write(request);
          });
          socket.on('error', reject);
          socket.on('close', () => resolve());
          setTimeout(() => {
            ended = true;
          }, seconds * 1000);
        }),
    ),
  );
  return answers / seconds;
}
