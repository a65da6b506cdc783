import { createSocket } from 'node:dgram';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
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
    super(60_000);
    this.#bound = bound;
  }
  override async listens(): Promise<boolean> {
    return this.#bound;
  }
}

/** `config` and `hosts`: what stands in dnsmasq's files; undefined: they are missing. */
async function said(config: string | undefined, bound: boolean, here = true, hosts?: string): Promise<string[]> {
  const dnsmasq = temporary();
  if (config !== undefined) writeFileSync(join(dnsmasq, 'litehouse.conf'), config.replaceAll('DIR', dnsmasq));
  if (hosts !== undefined) writeFileSync(join(dnsmasq, 'litehouse.hosts'), hosts);
  const network = { name: 'a', client: '10.0.0.0/255.255.0.0', from: 'tables/networks.csv:2' };
  const replies = [{ mac: '52:54:00:00:00:0a', address: '10.0.0.1', next: '10.0.0.9', file: 'pxelinux.0' }];
  const visit: Partial<Visit> = {
    facts: facts({ dhcp: { network, served: true, replies }, roots: { dnsmasq } }),
    ...{ house: { here } as Visit['house'], probes: new Machine(bound) },
  };
  return (await checkDhcp(visit as Visit)).map(({ verdict, what, detail = '' }) =>
    `${verdict} ${what} ${detail}`.trim().replaceAll(dnsmasq, 'DIR'),
  );
}

describe('the reservation is read from the files that dnsmasq reads', () => {
  const config = 'dhcp-hostsfile=DIR/litehouse.hosts\ndhcp-boot=tag:pxe,tag:next-10-0-0-9,pxelinux.0,,10.0.0.9\n';
  const line = '52:54:00:00:00:0a,set:pxe,set:next-10-0-0-9,10.0.0.1,n01,12h';
  const other = '52:54:00:00:00:02,set:pxe,set:next-10-0-0-9,10.0.0.2,n02,12h';
  const reply = '52:54:00:00:00:0a gets 10.0.0.1, next-server 10.0.0.9, file pxelinux.0';
  const first = async (hosts: string | undefined, of = config): Promise<string | undefined> =>
    (await said(of, true, true, hosts))[0];

  test.each([
    ['as planned', `# Written by litehouse\n${other}\n${line}\n`],
    ['of a machine with several macs, in capitals', `52:54:00:00:00:09,${line.replace('0a', '0A')}\n`],
    ['without a name', `${line.replace('n01,', '')}\n`],
  ])('%s', async (_, hosts) => expect(await first(hosts)).toBe(`ok dnsmasq has a reservation ${reply}`));

  test.each([
    ['whose line was taken out', `${other}\n`],
    ['whose file was emptied', ''],
    ['whose line was made a comment', `# ${line}\n`],
    ['that is to be ignored', '52:54:00:00:00:0a,ignore\n'],
  ])('%s: there is none', async (_, hosts) =>
    expect(await first(hosts)).toBe(
      `fault dnsmasq has no reservation for it: no line of DIR/litehouse.hosts gives its mac an address planned: ${reply}`,
    ));

  test('whose file was deleted, or which the configuration does not name: there is none', async () => {
    const none = 'fault dnsmasq has no reservation for it:';
    expect(await first(undefined)).toBe(`${none} DIR/litehouse.hosts cannot be read: it is missing planned: ${reply}`);
    expect(await first(line, 'port=0\n')).toContain(`${none} no line dhcp-hostsfile= of DIR/litehouse.conf`);
    expect((await said(undefined, true, true, line))[0]).toContain(`${none} DIR/litehouse.conf cannot be read`);
  });

  test('that somebody edited is told beside what is planned', async () => {
    const edited = `52:54:00:00:00:0a gets 10.0.0.7, next-server 10.0.0.9, file pxelinux.0; planned: ${reply}`;
    const what = 'fault dnsmasq has another reservation for it than is planned: somebody edited its files';
    expect(await first(`${line.replace('10.0.0.1,', '10.0.0.7,')}\n`)).toBe(`${what} ${edited}`);
    expect(await first(`${line}\n`, config.replace('pxelinux.0', 'lpxelinux.0'))).toContain(
      'file lpxelinux.0; planned',
    );
  });

  test('and from another machine not judged', async () => {
    expect((await said(config, true, false, line))[0]).toBe(
      `not checked whether dnsmasq has its reservation: it is on the management node: run doctor there ${reply}`,
    );
  });
});

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
