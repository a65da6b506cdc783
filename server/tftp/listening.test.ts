import { createSocket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, test } from 'vitest';
import { addressesOf, exists, fromFibTrie, fromIfInet6, type LocalAddress } from './addresses.ts';
import { listenOn } from './listening.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of undo.splice(0).reverse()) await close();
});

const four = (...addresses: readonly string[]): LocalAddress[] =>
  addresses.map((address) => ({ address, family: 4 as const }));

/** Takes a port of an address, as another server would. */
async function taken(address: string, port = 0): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address, port }, resolve);
  });
  undo.push(() => socket.close());
  return socket.address().port;
}

/** Listens at a wildcard on a machine whose addresses the test decides. */
async function machine(addresses: readonly string[], port = 0) {
  const world = { addresses, gone: new Set<string>(), looks: 0 };
  const log: string[] = [];
  const listening = await listenOn(
    { host: '0.0.0.0', port },
    (level, what) => log.push(`${level} ${what}`),
    () => {},
    {
      every: 10,
      addresses: async () => {
        world.looks++;
        return four(...world.addresses);
      },
      exists: async ({ address }) => !world.gone.has(address),
    },
  );
  undo.push(() => listening.close());
  const looked = async (): Promise<void> => {
    const { looks } = world;
    await expect.poll(() => world.looks).toBeGreaterThan(looks + 2);
  };
  return { world, log, looked, hosts: () => listening.addresses().map(({ host }) => host) };
}

describe('a wildcard', () => {
  test('keeps an address that a list leaves out while the machine has it, and lets go of one that it has not', async () => {
    const { world, looked, hosts } = await machine(['127.0.0.61', '127.0.0.62']);
    world.addresses = ['127.0.0.61'];
    await looked();
    expect(hosts()).toEqual(['127.0.0.61', '127.0.0.62']);
    world.gone.add('127.0.0.62');
    await looked();
    expect(hosts()).toEqual(['127.0.0.61']);
    world.addresses = ['127.0.0.61', '127.0.0.62'];
    await looked();
    expect(hosts()).toEqual(['127.0.0.61', '127.0.0.62']);
  });

  test('says once that an address is taken, and goes on with the others, at its start and later', async () => {
    const port = await taken('127.0.0.64');
    const { world, log, looked, hosts } = await machine(['127.0.0.64', '127.0.0.65'], port);
    expect(hosts()).toEqual(['127.0.0.65']);
    await looked();
    expect(log).toEqual([expect.stringContaining(`warn tftp: port ${port} of 127.0.0.64 is taken`)]);
    await taken('127.0.0.66', port);
    world.addresses = ['127.0.0.66', '127.0.0.64', '127.0.0.65', '127.0.0.67'];
    await looked();
    expect(hosts()).toEqual(['127.0.0.65', '127.0.0.67']);
    expect(log.map((line) => /of (\S+) is taken/.exec(line)?.[1])).toEqual(['127.0.0.64', '127.0.0.66']);
  });

  test('is a failure where every address is taken', async () => {
    const port = await taken('127.0.0.68');
    await expect(machine(['127.0.0.68'], port)).rejects.toThrow(`port ${port} of 127.0.0.68 is taken (TFTP)`);
  });

  test('listens on an address as soon as whoever had it lets it go', async () => {
    const port = await taken('127.0.0.69');
    const { looked, hosts } = await machine(['127.0.0.69', '127.0.0.70'], port);
    await undo.shift()?.();
    await looked();
    expect(hosts()).toEqual(['127.0.0.70', '127.0.0.69']);
  });
});

describe('addresses', () => {
  test('are there as long as the system does not say that they are not', async () => {
    expect(await exists({ address: '127.0.0.71', family: 4 })).toBe(true);
    expect(await exists({ address: '203.0.113.77', family: 4 })).toBe(false);
    expect(await exists({ address: 'fe80::1%none0', family: 6 })).toBe(false);
  });

  test('of interfaces without a carrier are in the kernel’s lists', () => {
    const trie = `Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
Local:
        +-- 127.0.0.0/31 1 0 0
           |-- 127.0.0.0
              /8 host LOCAL
           |-- 127.0.0.1
              /32 host LOCAL
           |-- 10.0.0.0
              /24 link UNICAST
           |-- 10.0.0.2
              /32 host LOCAL
        |-- 10.0.0.255
           /32 link BROADCAST
`;
    expect(fromFibTrie(trie)).toEqual(four('127.0.0.1', '10.0.0.2'));
    const six = `fe8000000000000000fc00fffe000001 04 40 20 80     eth0
fd000000000000000000000000000002 04 40 00 82     eth0
fd000000000000000000000000000003 05 40 00 c0     eth1
00000000000000000000000000000001 01 80 10 80       lo
`;
    expect(fromIfInet6(six).map(({ address }) => address)).toEqual(['fe80::fc:ff:fe00:1%eth0', 'fd00::2', '::1']);
    expect(addressesOf('0.0.0.0', {}, [...fromFibTrie(trie), ...fromIfInet6(six)])).toEqual(fromFibTrie(trie));
  });

  test('are spelt in one way, whichever list they come from', async () => {
    const { readFileSync } = await import('node:fs');
    const kernel = new Set(fromIfInet6(readFileSync('/proc/net/if_inet6', 'utf8')).map(({ address }) => address));
    const known = addressesOf('::', networkInterfaces()).filter(({ family }) => family === 6);
    expect(known.map(({ address }) => address).filter((address) => !kernel.has(address))).toEqual([]);
  });
});
