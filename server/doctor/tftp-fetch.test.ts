import { createSocket, type Socket } from 'node:dgram';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { temporaryDirs } from '../../test/server/temporary.ts';
import { startTftp } from '../tftp/server.ts';
import { fetchByTftp } from './tftp-fetch.ts';

const temporary = temporaryDirs();
const open: Socket[] = [];
afterEach(() => {
  for (const socket of open.splice(0)) socket.close();
});

/** A server that answers each packet with what it is told to; undefined: nothing. */
async function serverThat(answer: (packet: Buffer) => Buffer | undefined): Promise<number> {
  const socket = createSocket('udp4');
  open.push(socket);
  socket.on('message', (packet, from) => {
    const reply = answer(packet);
    if (reply !== undefined) socket.send(reply, from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return socket.address().port;
}

const error = (code: number, text: string): Buffer =>
  Buffer.concat([Buffer.from([0, 5, 0, code]), Buffer.from(`${text}\0`)]);
const data = (block: number, bytes: number): Buffer =>
  Buffer.concat([Buffer.from([0, 3, 0, block]), Buffer.alloc(bytes, 'x')]);
const fetchFrom = (port: number, { most, patience = 60_000 }: { most?: number; patience?: number } = {}) =>
  fetchByTftp({ host: '127.0.0.1', port, patience }, 'a/b', most);

test('a server that says nothing is given up', async () => {
  const answer = await fetchFrom(await serverThat(() => undefined), { patience: 600 });
  expect(answer).toEqual({ kind: 'silent', why: 'no answer within 0.6 s' });
});

test('a server that stops half way is given up, and what came is counted', async () => {
  const port = await serverThat((packet) => (packet[1] === 1 ? data(1, 512) : undefined));
  const answer = await fetchFrom(port, { patience: 5000 });
  expect(answer).toEqual({ kind: 'broken', why: 'nothing more came for 5 s after 512 bytes' });
});

test('absent and refused are told apart, by the words of the servers that there are', async () => {
  for (const words of ['no such file', 'File not found', 'file /x/y not found for 10.0.0.1'])
    expect(await fetchFrom(await serverThat(() => error(1, words)))).toEqual({
      kind: 'absent',
      why: `the server says: ${words}`,
    });
  expect(await fetchFrom(await serverThat(() => error(2, 'Access violation')))).toMatchObject({ kind: 'refused' });
});

test('a server without options is read as well, and only as far as asked', async () => {
  const port = await serverThat((packet) => {
    if (packet[1] === 1) return data(1, 512);
    return packet[1] === 4 ? data((packet[3] ?? 0) + 1, packet[3] === 2 ? 10 : 512) : undefined;
  });
  const whole = await fetchFrom(port);
  expect(whole).toMatchObject({ kind: 'file', whole: true, size: undefined });
  expect(whole.kind === 'file' && whole.bytes.length).toBe(512 * 2 + 10);
  expect(await fetchFrom(port, { most: 100 })).toMatchObject({ kind: 'file', whole: false });
});

test('garbage ends in an answer, not in an exception', async () => {
  for (const reply of [Buffer.alloc(0), Buffer.from([9]), Buffer.from([0, 9, 1, 2]), Buffer.from([0, 5, 0])])
    expect((await fetchFrom(await serverThat(() => reply), { patience: 600 })).kind).not.toBe('file');
  expect((await fetchByTftp({ host: '127.0.0.1', port: 1, patience: 60_000 }, '../../etc/passwd')).kind).toBe(
    'refused',
  );
  expect((await fetchByTftp({ host: 'no.such.host.invalid', port: 69, patience: 300 }, 'x')).kind).toBe('silent');
});

test('of a file that it reads the beginning of only it takes its leave, which our server has no warning for', async () => {
  const root = temporary();
  writeFileSync(join(root, 'kernel'), Buffer.alloc(1_000_000));
  const log: string[] = [];
  const listen = { host: '127.0.0.1', port: 0 };
  const server = await startTftp({ root, listen, log: (level, what) => log.push(`${level} ${what}`) });
  try {
    const from = { host: '127.0.0.1', port: server.addresses()[0]?.port ?? 0, patience: 60_000 };
    expect(await fetchByTftp(from, 'kernel', 64 * 1024)).toMatchObject({ kind: 'file', whole: false, size: 1_000_000 });
    await expect.poll(() => server.figures()).toMatchObject({ active: 0, outcomes: { stopped: 1 } });
    expect(log).toEqual([expect.stringMatching(/^info tftp: 127\.0\.0\.1 did not get all of kernel/)]);
  } finally {
    await server.close(0);
  }
});
