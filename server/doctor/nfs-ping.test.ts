import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { pingNfs } from './nfs-ping.ts';

const open: Server[] = [];
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of open.splice(0)) server.close();
});

/** Asks a server that answers a call with these words, after the record mark and the number of the call. */
async function ask(answer: (call: Buffer, socket: Socket) => void, patience = 60_000): ReturnType<typeof pingNfs> {
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.on('data', (call) => answer(call, socket));
  });
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return pingNfs({ host: '127.0.0.1', port: (server.address() as AddressInfo).port }, 3, patience);
}

function reply(call: Buffer, ...words: readonly number[]): Buffer {
  const bytes = Buffer.alloc(words.length * 4 + 8);
  bytes.writeUInt32BE((0x8000_0000 + words.length * 4 + 4) >>> 0, 0);
  call.copy(bytes, 4, 4, 8);
  for (const [i, word] of words.entries()) bytes.writeUInt32BE(word, 8 + i * 4);
  return bytes;
}

test('a server of that version answers, also where its answer comes in pieces', async () => {
  expect(await ask((call, socket) => socket.write(reply(call, 1, 0, 0, 0, 0)))).toEqual({ ok: true });
  const slowly = await ask((call, socket) => {
    const whole = reply(call, 1, 0, 0, 4, 7, 0);
    socket.write(whole.subarray(0, 13));
    setTimeout(() => socket.write(whole.subarray(13)), 20);
  });
  expect(slowly).toEqual({ ok: true });
});

test('one that has other versions says which', async () => {
  expect(await ask((call, socket) => socket.write(reply(call, 1, 0, 0, 0, 2, 4, 4)))).toEqual({
    ...{ ok: false, why: 'it speaks NFS 4 only', speaks: [4, 4] },
  });
});

test('whoever takes the connection and is no NFS server is told apart', async () => {
  const answers = [
    await ask((_, socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')),
    await ask((call, socket) => socket.write(reply(call, 1, 0, 0, 0, 1))),
    await ask((call, socket) => socket.write(reply(call, 1, 1, 0, 0, 0))),
    await ask((_, socket) => socket.end()),
    await ask(() => {}, 500),
  ];
  expect(answers.map((answer) => (answer.ok ? 'ok' : answer.why))).toEqual([
    'what answers there speaks no RPC',
    'it answers RPC, but is no NFS server',
    'it refuses calls of this machine',
    'it takes the connection and cuts it without a word',
    'it takes the connection and then says nothing for 0.5 s',
  ]);
});
