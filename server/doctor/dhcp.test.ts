import { createSocket } from 'node:dgram';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirs } from '../../test/server/temporary.ts';
import { checkDhcp } from './dhcp.ts';
import { Probes } from './probes.ts';
import { facts } from './testing/facts.ts';
import type { Visit } from './visit.ts';

const temporary = temporaryDirs();

/** A machine on which that UDP port is bound, or not, whatever else runs on the one of the tests. */
class Machine extends Probes {
  readonly #bound: boolean;
  constructor(bound: boolean) {
    super(5000);
    this.#bound = bound;
  }
  override async listens(): Promise<boolean> {
    return this.#bound;
  }
}

async function said(config: string | undefined, bound: boolean, here = true): Promise<string[]> {
  const dnsmasq = temporary();
  if (config !== undefined) writeFileSync(join(dnsmasq, 'litehouse.conf'), config);
  const network = { name: 'a', client: '10.0.0.0/255.255.0.0', from: 'tables/networks.csv:2' };
  const replies = [{ mac: '52:54:00:00:00:01', address: '10.0.0.1', next: '10.0.0.9', file: 'pxelinux.0' }];
  const visit: Partial<Visit> = {
    facts: facts({ dhcp: { network, served: true, replies }, roots: { dnsmasq } }),
    ...{ house: { here } as Visit['house'], probes: new Machine(bound) },
  };
  return (await checkDhcp(visit as Visit)).map(({ verdict, what }) => `${verdict} ${what.replaceAll(dnsmasq, 'DIR')}`);
}

test('dnsmasq itself is asked whether it takes its file, and the system whether anybody listens for DHCP', async () => {
  const found = await said('dhcp-range=set:net1,10.0.0.0,static,255.255.0.0,12h\n', true);
  expect(found).toContain('ok dnsmasq --test takes DIR/litehouse.conf');
  expect(found).toContain('ok something listens on UDP port 67 of this machine, where DHCP is asked');
});

test('a file with which it would not start is a fault, in its own words; nobody at port 67 is a warning', async () => {
  const found = (await said('dhcp-range=set:net1,10.7.0.200,10.7.1.250,255.255.255.0,12h\n', false)).join('\n');
  expect(found).toMatch(/fault dnsmasq does not take DIR\/litehouse\.conf: .*inconsistent DHCP range at line 1/);
  expect(found).toMatch(/warning nothing listens on UDP port 67 of this machine/);
  expect((await said(undefined, true)).join('\n')).toMatch(/fault dnsmasq does not take DIR\/litehouse\.conf: /);
});

test('from another machine neither is looked at', async () => {
  expect((await said('x\n', false, false)).join('\n')).not.toMatch(/--test|does not take|port 67/);
});

test('whether a port is bound is read from the system, for both families', async () => {
  for (const [type, address] of [
    ['udp4', '127.0.0.1'],
    ['udp6', '::1'],
  ] as const) {
    const socket = createSocket(type);
    await new Promise<void>((resolve) => socket.bind(0, address, resolve));
    const { port } = socket.address();
    expect(await new Probes().listens(port), address).toBe(true);
    await new Promise<void>((resolve) => socket.close(() => resolve()));
    expect(await new Probes().listens(port), address).toBe(false);
  }
});
