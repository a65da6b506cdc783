import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { temporaryDirs } from '../../test/server/temporary.ts';
import { acknowledgement, fetchFile, openRelay, openSocket, requestPacket } from '../../test/server/tftp-client.ts';
import { localAddresses } from './addresses.ts';
import { startTftp, type TftpLimits, type TftpServer } from './server.ts';

const temporary = temporaryDirs();
const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of undo.splice(0).reverse()) await close();
});

interface Lab {
  readonly root: string;
  readonly port: number;
  readonly server: TftpServer;
  readonly log: string[];
}

async function lab(
  files: Readonly<Record<string, Buffer | string>>,
  limits?: Partial<TftpLimits>,
  host = '127.0.0.1',
): Promise<Lab> {
  const root = temporary();
  for (const [name, content] of Object.entries(files)) writeFileSync(join(root, name), content);
  const log: string[] = [];
  const server = await startTftp({
    root,
    listen: { host, port: 0 },
    log: (level, what, facts) =>
      log.push(`${level} ${what}${facts?.more === undefined ? '' : ` (${facts.more} more)`}`),
    ...(limits === undefined ? {} : { limits }),
  });
  undo.push(() => server.close(0));
  return { root, port: server.addresses()[0]?.port ?? 0, server, log };
}

async function client(from = '127.0.0.1'): Promise<Socket> {
  const socket = await openSocket(from, from);
  undo.push(() => socket.close());
  return socket;
}

/** Sends a packet to the server's port and gives the first answer. */
async function ask(port: number, packet: Buffer, from?: string): Promise<Buffer> {
  const socket = await client(from);
  return new Promise((resolve) => {
    socket.once('message', resolve);
    socket.send(packet, port, '127.0.0.1');
  });
}

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const openFiles = (): number => readdirSync('/proc/self/fd').length;

/** Runs a program to its end; the server lives in this process, so nothing here may wait for it synchronously. */
function run(
  program: string,
  ...args: readonly string[]
): Promise<{ readonly status: number | null; readonly out: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        out += chunk.toString();
      });
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, out }));
  });
}

describe('files', () => {
  test('of every length around the edges of a block arrive as they are', async () => {
    const sizes = [0, 1, 511, 512, 513, 1023, 1024, 1025, 65_536, 512 * 300];
    const files = Object.fromEntries(sizes.map((size) => [`f${size}`, randomBytes(size)]));
    const { port } = await lab(files);
    const asked: readonly Readonly<Record<string, number>>[] = [
      {},
      { blksize: 1024, tsize: 0 },
      { blksize: 512, windowsize: 5 },
      { blksize: 65_464, windowsize: 9 },
      { blksize: 8 },
    ];
    for (const [name, bytes] of Object.entries(files)) {
      for (const options of asked) {
        if (options.blksize === 8 && bytes.length > 70_000) continue;
        const fetched = await fetchFile(name, { port, options });
        expect(digest(fetched.bytes), `${name} ${JSON.stringify(options)}`).toBe(digest(bytes));
      }
    }
  });

  test('of more than 65535 blocks go on with block 0, in lock-step and in windows', async () => {
    const bytes = randomBytes(64 * 140_000 + 5);
    const { port } = await lab({ big: bytes });
    for (const windowsize of [1, 16])
      expect(digest((await fetchFile('big', { port, options: { blksize: 64, windowsize } })).bytes)).toBe(
        digest(bytes),
      );
  });

  test('asked for as text get the line ends of the network; large ones are refused', async () => {
    const { port } = await lab({ text: 'a\nb\rc\r\n', large: Buffer.alloc(32 * 1024 + 1) });
    expect((await fetchFile('text', { port, mode: 'NetASCII', options: { tsize: 0 } })).bytes.toString()).toBe(
      'a\r\nb\r\0c\r\0\r\n',
    );
    await expect(fetchFile('large', { port, mode: 'netascii' })).rejects.toMatchObject({ code: 2 });
  });

  test('tell their size before anything is sent, and a client may leave it at that', async () => {
    const { port, server, log } = await lab({ kernel: randomBytes(5000) });
    const socket = await client();
    const offer = await new Promise<[Buffer, number]>((resolve) => {
      socket.once('message', (packet, from) => resolve([packet, from.port]));
      socket.send(requestPacket('kernel', 'octet', { tsize: 0 }), port, '127.0.0.1');
    });
    expect(offer[0].toString('latin1')).toBe('\0\x06tsize\x005000\0');
    socket.send(Buffer.from([0, 5, 0, 8, 0]), offer[1], '127.0.0.1');
    await expect.poll(() => server.figures()).toMatchObject({ outcomes: { stopped: 1 }, active: 0 });
    expect(log).toEqual([]);
    expect((await fetchFile('kernel', { port, options: { tsize: 0, blksize: 1408 } })).agreed).toEqual({
      tsize: '5000',
      blksize: '1408',
    });
  });

  test('replaced during a transfer arrive as they were when it began', async () => {
    const bytes = randomBytes(400_000);
    const { port, root } = await lab({ initrd: bytes });
    let replaced = false;
    const parts: Buffer[] = [];
    await fetchFile('initrd', {
      port,
      onData(data) {
        parts.push(Buffer.from(data));
        if (replaced) return;
        replaced = true;
        writeFileSync(join(root, 'new'), randomBytes(400_000));
        renameSync(join(root, 'new'), join(root, 'initrd'));
      },
    });
    expect(digest(Buffer.concat(parts))).toBe(digest(bytes));
  });

  test('cut short during a transfer are an error, never a short file', async () => {
    const { port, root, log } = await lab({ initrd: randomBytes(400_000) });
    let cut = false;
    const fetching = fetchFile('initrd', {
      port,
      onData() {
        if (!cut) truncateSync(join(root, 'initrd'), 200_000);
        cut = true;
      },
    });
    await expect(fetching).rejects.toThrow('the file was cut short while it was sent');
    expect(log.join()).toMatch(/did not get all of initrd \(\d+ of 400000 bytes\): the file was cut short/);
  });
});

describe('refusals', () => {
  test('have the code of their reason, and a second question gets an answer like the first', async () => {
    const { port, root } = await lab({ private: 'x', file: 'x' });
    chmodSync(join(root, 'private'), 0o600);
    mkdirSync(join(root, 'dir'));
    for (const [name, code] of [
      ['missing', 1],
      ['dir', 2],
      ['../etc/passwd', 2],
      ['private', 2],
    ] as const) {
      for (let i = 0; i < 2; i++) await expect(fetchFile(name, { port }), name).rejects.toMatchObject({ code });
    }
    expect((await fetchFile('file', { port })).bytes.toString()).toBe('x');
  });

  test('meet whoever wants to write, to send mail, or forgets the name', async () => {
    const { port, root } = await lab({ file: 'x' });
    expect((await ask(port, requestPacket('new', 'octet', {}, 2))).readUInt32BE(0)).toBe(0x0005_0002);
    expect((await ask(port, requestPacket('file', 'mail'))).readUInt32BE(0)).toBe(0x0005_0004);
    expect((await ask(port, Buffer.from('\0\x01file\0', 'latin1'))).readUInt32BE(0)).toBe(0x0005_0004);
    expect(readdirSync(root)).toEqual(['file']);
  });

  test('are told in the log once a minute for each client, with what it asked for', async () => {
    const { port, log } = await lab({});
    for (const name of ['pxelinux.cfg/01-aa', 'pxelinux.cfg/C0A8', 'pxelinux.cfg/default'])
      await expect(fetchFile(name, { port, from: '127.0.0.7' })).rejects.toMatchObject({ code: 1 });
    await expect(fetchFile('x', { port, from: '127.0.0.8' })).rejects.toMatchObject({ code: 1 });
    expect(log).toEqual([
      'info tftp: 127.0.0.7 asked for pxelinux.cfg/01-aa: no such file',
      'info tftp: 127.0.0.8 asked for x: no such file',
    ]);
  });
});

describe('a bad network', () => {
  /** The same misfortunes in every run. */
  function dice(seed: number): () => number {
    let state = seed;
    return () => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      return state / 2_147_483_648;
    };
  }

  test('that loses, doubles, delays and reorders packets changes no byte, in lock-step and in windows', async () => {
    const bytes = randomBytes(150_000);
    const { port } = await lab({ initrd: bytes });
    for (const [seed, windowsize] of [
      [1, 1],
      [2, 1],
      [3, 8],
      [4, 16],
    ] as const) {
      const roll = dice(seed);
      const relay = await openRelay({ host: '127.0.0.1', port }, () => {
        const chance = roll();
        return chance < 0.02 ? [] : chance < 0.05 ? [0, 0] : chance < 0.07 ? [0, 3] : chance < 0.1 ? [4] : [0];
      });
      undo.push(() => relay.close());
      const fetched = await fetchFile('initrd', {
        port: relay.port,
        options: { blksize: 1024, windowsize },
        patience: 150,
        tries: 60,
      });
      expect(digest(fetched.bytes), `seed ${seed}, window ${windowsize}`).toBe(digest(bytes));
    }
  });

  test('that doubles every packet does not double what the server sends', async () => {
    const { port, server } = await lab({ initrd: randomBytes(200_000) });
    const relay = await openRelay({ host: '127.0.0.1', port }, () => [0, 0]);
    undo.push(() => relay.close());
    const { bytes } = await fetchFile('initrd', { port: relay.port });
    expect(bytes.length).toBe(200_000);
    expect(server.figures().bytes).toBeLessThan(230_000);
  });

  test('brings garbage: to the port of requests and into transfers, and both go on', async () => {
    const bytes = randomBytes(100_000);
    const { port, server } = await lab({ initrd: bytes });
    const noise = await client();
    const socket = await client();
    const got: Buffer[] = [];
    await new Promise<void>((resolve) => {
      socket.on('message', (packet, from) => {
        // A port of its own for each transfer: what others send there is not this client's.
        for (const odd of [
          Buffer.alloc(0),
          Buffer.from([0]),
          Buffer.from([0, 5, 0, 0, 0]),
          acknowledgement(got.length + 1),
          randomBytes(600),
        ]) {
          noise.send(odd, from.port, '127.0.0.1');
          noise.send(odd, port, '127.0.0.1');
        }
        for (const odd of [
          Buffer.from([0]),
          Buffer.from([0, 9, 1]),
          Buffer.from([0, 3, 0, 1, 9]),
          acknowledgement(40_000),
        ])
          socket.send(odd, from.port, '127.0.0.1');
        if (packet.readUInt16BE(2) === got.length + 1) got.push(Buffer.from(packet.subarray(4)));
        socket.send(acknowledgement(got.length), from.port, '127.0.0.1', () => packet.length < 516 && resolve());
      });
      socket.send(requestPacket('initrd'), port, '127.0.0.1');
    });
    expect(digest(Buffer.concat(got))).toBe(digest(bytes));
    await expect.poll(() => server.figures().active).toBe(0);
    expect(server.figures().outcomes).toMatchObject({ sent: 1 });
  });

  test('repeats a request: it is one transfer', async () => {
    const { port, server } = await lab({ initrd: randomBytes(5000) });
    const socket = await client();
    const senders = new Set<number>();
    socket.on('message', (_packet, from) => senders.add(from.port));
    for (let i = 0; i < 10; i++) socket.send(requestPacket('initrd'), port, '127.0.0.1');
    await expect.poll(() => senders.size).toBe(1);
    expect(server.figures().active).toBe(1);
  });
});

describe('clients', () => {
  test('that vanish by the hundred take no file with them', async () => {
    const { port, server } = await lab({ initrd: randomBytes(2_000_000), other: 'x' });
    const before = openFiles();
    for (let i = 0; i < 300; i++) {
      const socket = createSocket('udp4');
      const address = `127.0.1.${i % 250}`;
      await new Promise<void>((resolve) => socket.bind({ address, port: 0 }, resolve));
      await new Promise<void>((resolve) => {
        socket.once('message', (packet, from) => {
          // Half of them in the middle of a window.
          if (packet[1] === 6)
            socket.send(acknowledgement(0), from.port, '127.0.0.1', () => socket.close(() => resolve()));
          else socket.close(() => resolve());
        });
        socket.send(
          requestPacket('initrd', 'octet', i % 2 === 0 ? {} : { windowsize: 8, blksize: 1408 }),
          port,
          '127.0.0.1',
        );
      });
    }
    // Their ports are closed, which the server hears at the next packet that it sends.
    expect((await fetchFile('other', { port })).bytes.toString()).toBe('x');
    await expect.poll(() => server.figures().active).toBe(0);
    await expect.poll(openFiles).toBeLessThanOrEqual(before);
  });

  test('of one address have a limit, and others are served all the same', async () => {
    const { port, server, log } = await lab({ file: randomBytes(5000) }, { perClient: 3 });
    const greedy = await Promise.all(Array.from({ length: 6 }, () => client('127.0.0.9')));
    for (const socket of greedy) socket.send(requestPacket('file'), port, '127.0.0.1');
    await expect.poll(() => server.figures()).toMatchObject({ active: 3, outcomes: { limited: 3 } });
    expect((await fetchFile('file', { port, from: '127.0.0.10' })).bytes.length).toBe(5000);
    expect(log).toEqual(['warn tftp: 127.0.0.9 asked for file: not answered, this address has 3 transfers already']);
  });

  test('all together have a limit, too; who gets no answer asks again and is served', async () => {
    const { port, server } = await lab({ file: randomBytes(5000) }, { transfers: 1 });
    const first = await client();
    first.send(requestPacket('file'), port, '127.0.0.1');
    await expect.poll(() => server.figures().active).toBe(1);
    const waiting = fetchFile('file', { port, patience: 50 });
    await expect.poll(() => server.figures().outcomes.limited).toBeGreaterThan(0);
    first.close();
    undo.pop();
    expect((await waiting).bytes.length).toBe(5000);
  });

  test('that ask for text have the same limit of memory, before anything is converted', async () => {
    const text = 'line\n'.repeat(6000);
    // Two at their largest at once, and a third beside them once they are converted.
    const { port, server } = await lab({ text }, { bytes: 130_000 });
    const silent = await Promise.all(Array.from({ length: 20 }, () => client()));
    for (const socket of silent) socket.send(requestPacket('text', 'netascii'), port, '127.0.0.1');
    await expect
      .poll(() => {
        const { active, outcomes } = server.figures();
        return active + outcomes.limited;
      })
      .toBe(20);
    expect(server.figures().active).toBeLessThanOrEqual(3);
    expect(server.figures().active).toBeGreaterThan(0);
    for (const socket of silent) socket.close();
    undo.splice(-silent.length);
    // What they held is given back, down to the last byte: else one of these never gets its turn.
    for (let i = 0; i < 5; i++) {
      const fetched = await fetchFile('text', { port, mode: 'netascii', patience: 200, tries: 60 });
      expect(fetched.bytes.toString()).toBe(text.replaceAll('\n', '\r\n'));
    }
  });

  test('that stop on purpose and say so are no warning; others are', async () => {
    const { port, server, log } = await lab({ initrd: randomBytes(5000) });
    for (const [code, address] of [
      [0, '127.0.0.31'],
      [8, '127.0.0.32'],
      [3, '127.0.0.33'],
    ] as const) {
      const socket = await client(address);
      let blocks = 0;
      socket.on('message', (_packet, from) => {
        const goodbye = Buffer.concat([Buffer.from([0, 5, 0, code]), Buffer.from('enough\0')]);
        socket.send(++blocks === 1 ? acknowledgement(1) : goodbye, from.port, '127.0.0.1');
      });
      socket.send(requestPacket('initrd'), port, '127.0.0.1');
    }
    await expect.poll(() => server.figures().outcomes.stopped).toBe(3);
    expect(log.map((line) => line.split(' ').slice(0, 3).join(' ')).sort()).toEqual([
      'info tftp: 127.0.0.31',
      'info tftp: 127.0.0.32',
      'warn tftp: 127.0.0.33',
    ]);
  });

  test('that begin anew from the same port get the file from its start', async () => {
    const bytes = randomBytes(5000);
    const { port } = await lab({ one: bytes, two: 'second' });
    const socket = await client();
    const next = () =>
      new Promise<[Buffer, number]>((resolve) =>
        socket.once('message', (packet, from) => resolve([packet, from.port])),
      );
    socket.send(requestPacket('one'), port, '127.0.0.1');
    const [, first] = await next();
    socket.send(requestPacket('two'), port, '127.0.0.1');
    for (;;) {
      const [packet, from] = await next();
      if (from === first) continue;
      expect(packet.toString('latin1')).toBe('\0\x03\0\x01second');
      break;
    }
  });

  test('by the dozen at once all get every byte, from a few buffers', async () => {
    const bytes = randomBytes(1_000_000);
    const { port, server } = await lab({ initrd: bytes });
    const all = await Promise.all(
      Array.from({ length: 30 }, () => fetchFile('initrd', { port, options: { blksize: 1408, windowsize: 4 } })),
    );
    for (const fetched of all) expect(digest(fetched.bytes)).toBe(digest(bytes));
    await expect.poll(() => server.figures()).toMatchObject({ active: 0, outcomes: { sent: 30 } });
  });
});

describe('addresses', () => {
  test('answer from themselves', async () => {
    for (const host of ['127.0.0.5', '::1']) {
      const { port } = await lab({ file: 'x' }, {}, host);
      expect((await fetchFile('file', { host, port })).server.address).toBe(host);
      await expect(fetchFile('none', { host, port })).rejects.toMatchObject({ code: 1 });
    }
  });

  test('of the machine are all listened on at a wildcard, on one port', async () => {
    const { server } = await lab({ file: 'x' }, {}, '0.0.0.0');
    const all = Object.values(networkInterfaces()).flatMap((infos) =>
      (infos ?? []).filter(({ family }) => family === 'IPv4'),
    );
    const kernels = await localAddresses('0.0.0.0');
    expect(kernels.map(({ address }) => address)).toEqual(expect.arrayContaining(all.map(({ address }) => address)));
    expect(
      server
        .addresses()
        .map(({ host }) => host)
        .sort(),
    ).toEqual(kernels.map(({ address }) => address).sort());
    for (const { host, port } of server.addresses())
      expect((await fetchFile('file', { host, port })).server.address).toBe(host);
  });

  test('that are taken, or of another machine, are failures that say what to do', async () => {
    const { port, root } = await lab({});
    const again = startTftp({ root, listen: { host: '127.0.0.1', port }, log: () => {} });
    await expect(again).rejects.toThrow(`port ${port} of 127.0.0.1 is taken (TFTP)`);
    await expect(startTftp({ root, listen: { host: '192.0.2.1', port: 0 }, log: () => {} })).rejects.toThrow(
      'cannot listen on 192.0.2.1:0',
    );
  });
});

describe('a server that stops', () => {
  test('lets a transfer end whose client answers, and takes no new one', async () => {
    const bytes = randomBytes(300_000);
    const { port, server } = await lab({ initrd: bytes });
    let closing: Promise<void> | undefined;
    const parts: Buffer[] = [];
    await fetchFile('initrd', {
      port,
      onData(data) {
        parts.push(Buffer.from(data));
        closing ??= server.close(20_000);
      },
    });
    await closing;
    expect(digest(Buffer.concat(parts))).toBe(digest(bytes));
    await expect(fetchFile('initrd', { port, patience: 20, tries: 2 })).rejects.toThrow();
  });

  test('tells a client whose time is over', async () => {
    const { port, server } = await lab({ initrd: randomBytes(300_000) });
    const socket = await client();
    const heard: string[] = [];
    socket.on('message', (packet) => heard.push(packet.toString('latin1')));
    socket.send(requestPacket('initrd'), port, '127.0.0.1');
    await expect.poll(() => heard.length).toBe(1);
    await server.close(0);
    await expect.poll(() => heard.at(-1)).toBe('\0\x05\0\0the server stops\0');
  });
});

describe('the clients that people have', () => {
  const bytes = randomBytes(700_001);
  const fetched = (path: string) => digest(readFileSync(path));

  test('curl', async () => {
    const { port } = await lab({ initrd: bytes });
    const file = join(temporary(), 'got');
    for (const size of ['512', '1408', '65464']) {
      const { status, out } = await run(
        'curl',
        '-s',
        '-S',
        '-m',
        '60',
        '--tftp-blksize',
        size,
        `tftp://127.0.0.1:${port}//initrd`,
        '-o',
        file,
      );
      expect([status, out, fetched(file)]).toEqual([0, '', digest(bytes)]);
    }
    expect((await run('curl', '-s', '-m', '60', `tftp://127.0.0.1:${port}/none`)).status).toBe(68);
  });

  test('busybox', async () => {
    const { port } = await lab({ initrd: bytes });
    const file = join(temporary(), 'got');
    for (const size of ['512', '1408']) {
      expect(
        await run('busybox', 'tftp', '-g', '-b', size, '-r', 'initrd', '-l', file, '127.0.0.1', String(port)),
      ).toEqual({ status: 0, out: expect.any(String) });
      expect(fetched(file)).toBe(digest(bytes));
    }
  });

  test('tftp-hpa, in both modes', async () => {
    const { port } = await lab({ initrd: bytes, 'motd.txt': 'one\ntwo\n' });
    const dir = temporary();
    await run('tftp', '-m', 'binary', '127.0.0.1', String(port), '-c', 'get', 'initrd', join(dir, 'got'));
    expect(fetched(join(dir, 'got'))).toBe(digest(bytes));
    await run('tftp', '-m', 'ascii', '127.0.0.1', String(port), '-c', 'get', 'motd.txt', join(dir, 'motd'));
    expect(readFileSync(join(dir, 'motd'), 'utf8')).toBe('one\ntwo\n');
  });

  test('the tftp package of npm', async () => {
    interface NpmTftp {
      createClient(options: Readonly<Record<string, unknown>>): {
        get(remote: string, local: string, done: (error: Error | null) => void): void;
      };
    }
    const { port } = await lab({ initrd: bytes });
    const file = join(temporary(), 'got');
    const tftp = createRequire(import.meta.url)('tftp') as NpmTftp;
    for (const windowSize of [1, 8]) {
      const it = tftp.createClient({ host: '127.0.0.1', port, blockSize: 1408, windowSize });
      await new Promise<void>((resolve, reject) =>
        it.get('initrd', file, (error) => (error ? reject(error) : resolve())),
      );
      expect(fetched(file)).toBe(digest(bytes));
      await expect(
        new Promise<void>((resolve, reject) => it.get('none', file, (error) => (error ? reject(error) : resolve()))),
      ).rejects.toThrow('no such file');
    }
  });
});
