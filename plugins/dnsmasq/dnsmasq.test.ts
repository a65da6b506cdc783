import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PartOutput } from '../../core/plugin/output.ts';
import type { Place } from '../../core/plugin/plugin.ts';
import { type FakeView, fakeView } from '../../core/plugin/testing/view.ts';
import { dnsmasq } from './index.ts';

const hooksFor = (options: object) => dnsmasq.setup(dnsmasq.options.parse(options));
const plan = (given: FakeView, options: object = { serve: true }, place?: Place) =>
  hooksFor(options).plan?.(fakeView(given), place) ?? [];
const check = (given: FakeView, options: object = { serve: true }) => hooksFor(options).check?.(fakeView(given)) ?? [];
const parts = (given: FakeView, file: string) =>
  plan(given)
    .filter((it): it is PartOutput => it.kind === 'part' && it.path === file)
    .sort((a, b) => a.order - b.order || (a.line < b.line ? -1 : 1));
const config = (given: FakeView) => [...new Set(parts(given, 'litehouse.conf').map(({ line }) => line))].slice(1);
const hosts = (given: FakeView) => parts(given, 'litehouse.hosts').map(({ line }) => line);

const cluster: FakeView = {
  nodes: {
    n01: { addresses: ['10.0.1.1'], macs: ['00:1a:2b:3c:4d:01'] },
    n02: { addresses: ['10.0.1.2'], macs: ['00:1a:2b:3c:4d:02'], netboot: 'yaboot' },
  },
  tables: {
    networks: [
      { netname: 'a', net: '10.0.0.0', mask: '255.255.0.0', gateway: '10.0.0.254', nameservers: '10.0.0.1, 10.0.0.2' },
    ],
  },
};

describe('reservations', () => {
  it('give each mac its address, name, loader and TFTP server', () => {
    expect(hosts(cluster)).toEqual([
      '00:1a:2b:3c:4d:01,set:pxe,set:next-10-0-0-1,10.0.1.1,n01,12h',
      '00:1a:2b:3c:4d:02,set:yaboot,set:next-10-0-0-1,10.0.1.2,n02,12h',
    ]);
  });

  it('are part of their node, so that a node that waits keeps its line', () => {
    expect(parts(cluster, 'litehouse.hosts').map(({ node }) => node)).toEqual(['n01', 'n02']);
  });

  it('share one line for several macs of a node, and have lines of their own for named interfaces', () => {
    const macs = ['00:1a:2b:3c:4d:01', '00:1a:2b:3c:4d:02', { mac: '00:1a:2b:3c:4d:03', hostname: 'n01-ib' }];
    const nodes = { n01: { addresses: ['10.0.1.1'], macs } };
    expect(hosts({ ...cluster, nodes, hosts: { 'n01-ib': '10.0.2.1' } })).toEqual([
      '00:1a:2b:3c:4d:01,00:1a:2b:3c:4d:02,set:pxe,set:next-10-0-0-1,10.0.1.1,n01,12h',
      '00:1a:2b:3c:4d:03,set:pxe,set:next-10-0-0-1,10.0.2.1,n01-ib,12h',
    ]);
  });

  it('tell dnsmasq to leave alone an interface that is to get no address', () => {
    const macs = ['00:1a:2b:3c:4d:01', { mac: '00:1a:2b:3c:4d:02', hostname: undefined, noAddress: true as const }];
    expect(hosts({ ...cluster, nodes: { n01: { addresses: ['10.0.1.1'], macs } } })).toEqual([
      '00:1a:2b:3c:4d:01,set:pxe,set:next-10-0-0-1,10.0.1.1,n01,12h',
      '00:1a:2b:3c:4d:02,ignore',
    ]);
    const alone = { n01: { addresses: ['192.168.1.1'], macs: macs.slice(1) } };
    expect([hosts({ ...cluster, nodes: alone }), check({ ...cluster, nodes: alone })]).toEqual([
      ['00:1a:2b:3c:4d:02,ignore'],
      [],
    ]);
  });

  it('have no boot file for a node that is offline, has no state or an unknown loader', () => {
    const macs = ['00:1a:2b:3c:4d:01'];
    const nodes = {
      a: { addresses: ['10.0.1.1'], macs, currstate: 'offline' },
      b: { addresses: ['10.0.1.2'], macs, currstate: '' },
      c: { addresses: ['10.0.1.3'], macs, netboot: 'grub2' },
    };
    expect(hosts({ ...cluster, nodes })).toEqual([1, 2, 3].map((n) => `${macs[0]},10.0.1.${n},${'_abc'[n]},12h`));
  });

  it.each([
    'ignore',
    'infinite',
    '45',
    '45m',
    '2W',
    'A-',
    'a..b',
    `a${'b'.repeat(63)}`,
  ])('leave out the name %s, which dnsmasq would take for another thing or not take', (name) => {
    const nodes = { [name]: { addresses: ['10.0.1.1'], macs: ['00:1a:2b:3c:4d:01'] } };
    expect(hosts({ ...cluster, nodes })).toEqual(['00:1a:2b:3c:4d:01,set:pxe,set:next-10-0-0-1,10.0.1.1,12h']);
  });

  it.each(['1n', 'm45', 'n_1', 'rack1-n01.cluster.example', 'ignored'])('keep the name %s', (name) => {
    const nodes = { [name]: { addresses: ['10.0.1.1'], macs: ['00:1a:2b:3c:4d:01'] } };
    expect(hosts({ ...cluster, nodes })[0]).toContain(`,10.0.1.1,${name},12h`);
  });

  it('are left out, and said so, where the address is in no network', () => {
    const nodes = { n01: { addresses: ['192.168.1.1', 'fd00::1'], macs: ['00:1a:2b:3c:4d:01'] } };
    expect(hosts({ ...cluster, nodes })).toEqual([]);
    expect(check({ ...cluster, nodes })).toMatchObject([{ code: 'LH831', severity: 'warning', nodes: ['n01'] }]);
  });

  it.each([
    ['n07-ib', 'its address is in no row', 'give it an IPv4 address'],
    ['N07-IB', 'tables/hosts.csv has no address for it', 'tables/hosts.csv has "n07-ib"'],
    ['rack9', 'tables/hosts.csv has no address for it', 'add a row for rack9'],
    ['n08', 'a node has that name', 'give the interface another name'],
    ['six', 'its address is not IPv4', 'give it an IPv4 address'],
  ])('of the interface %s are left out, and said so with the reason', (hostname, message, mend) => {
    const macs = ['00:1a:2b:3c:4d:07', { mac: '00:1a:2b:3c:4d:17', hostname }];
    const given: FakeView = {
      nodes: { n07: { addresses: ['10.0.1.7'], macs }, n08: { addresses: ['10.0.1.8'] } },
      hosts: { 'n07-ib': '192.168.1.7', six: 'fd00::7' },
      tables: {
        ...cluster.tables,
        hosts: [{ node: 'n07-ib', ip: '192.168.1.7' }],
        mac: [{ node: 'n07', mac: `00:1a:2b:3c:4d:07|00:1a:2b:3c:4d:17!${hostname}` }],
      },
    };
    expect(hosts(given)).toEqual(['00:1a:2b:3c:4d:07,set:pxe,set:next-10-0-0-1,10.0.1.7,n07,12h']);
    expect(check(given)).toMatchObject([
      {
        ...{ code: 'LH833', severity: 'warning', nodes: ['n07'], at: { file: 'tables/mac.csv', line: 2 } },
        ...{ message: expect.stringContaining(message), mend: expect.stringContaining(mend) },
      },
    ]);
  });

  it('that many nodes lack for one reason are said once', () => {
    const macs = (n: number) => [{ mac: `00:1a:2b:3c:4d:0${n}`, hostname: `ib${n}` }];
    const nodes = Object.fromEntries([1, 2, 3].map((n) => [`n0${n}`, { addresses: [`10.0.1.${n}`], macs: macs(n) }]));
    expect(check({ ...cluster, nodes })).toMatchObject([
      { message: expect.stringMatching(/"ib1" .*; nor do 2 more/), nodes: ['n01', 'n02', 'n03'] },
    ]);
  });

  it('name as next-server noderes.tftpserver, before the network’s, before the master', () => {
    const of = (noderes: string, network: string) =>
      hosts({
        ...cluster,
        nodes: { n01: { addresses: ['10.0.1.1'], macs: ['00:1a:2b:3c:4d:01'] } },
        hosts: { tftp1: '10.0.0.8' },
        tables: {
          networks: [{ netname: 'a', net: '10.0.0.0', mask: '255.255.0.0', tftpserver: network }],
          noderes: [{ node: 'n01', tftpserver: noderes }],
        },
      })[0]?.split(',')[2];
    expect([of('tftp1', '10.0.0.9'), of('', '10.0.0.9'), of('', '<xcatmaster>')]).toEqual([
      'set:next-10-0-0-8',
      'set:next-10-0-0-9',
      'set:next-10-0-0-1',
    ]);
  });
});

describe('configuration', () => {
  it('has a range for reservations only, options by network, and one boot line a loader and server', () => {
    expect(config(cluster)).toEqual([
      'dhcp-option=tag:net1,option:dns-server,10.0.0.1,10.0.0.2',
      'dhcp-option=tag:net1,option:router,10.0.0.254',
      'dhcp-range=set:net1,10.0.0.0,static,255.255.0.0,12h',
      'dhcp-boot=tag:pxe,tag:next-10-0-0-1,pxelinux.0,,10.0.0.1',
      'dhcp-boot=tag:yaboot,tag:next-10-0-0-1,yaboot,,10.0.0.1',
    ]);
  });

  it('gives unknown machines an address only where the network has a dynamic range', () => {
    const networks = [{ netname: 'a', net: '10.0.0.0', mask: '255.255.0.0', dynamicrange: '10.0.9.1-10.0.9.200' }];
    expect(config({ tables: { networks } })).toContain('dhcp-range=set:net1,10.0.9.1,10.0.9.200,255.255.0.0,12h');
  });

  it.each([
    ['ends outside its network', '10.7.0.200-10.7.1.250'],
    ['begins outside its network', '10.6.255.1-10.7.0.9'],
    ['lies in another network', '10.0.9.1-10.0.9.200'],
    ['runs backwards', '10.7.0.200-10.7.0.100'],
    ['has an end that is no address', '10.7.0.200-10.7.0.256'],
  ])('leaves out, and says so, a dynamic range that %s: dnsmasq would not start', (_, dynamicrange) => {
    const networks = [{ netname: 'a', net: '10.7.0.0', mask: '255.255.255.0', dynamicrange }];
    expect(config({ tables: { networks } })).toEqual(['dhcp-range=set:net1,10.7.0.0,static,255.255.255.0,12h']);
    expect(check({ tables: { networks } })).toMatchObject([{ code: 'LH832', severity: 'warning' }]);
  });

  it('keeps a range that fills its network, whatever bits of net the mask leaves out', () => {
    const networks = [{ netname: 'a', net: '200.7.0.9', mask: '/24', dynamicrange: '200.7.0.1-200.7.0.254' }];
    expect(config({ tables: { networks } })).toContain('dhcp-range=set:net1,200.7.0.1,200.7.0.254,255.255.255.0,12h');
    expect(check({ tables: { networks } })).toEqual([]);
  });

  it('leaves networks of other DHCP servers alone', () => {
    const networks = [{ netname: 'a', net: '10.0.0.0', mask: '255.255.0.0', dhcpserver: '10.0.0.77' }];
    expect(config({ ...cluster, tables: { networks } }).filter((line) => line.startsWith('dhcp-range'))).toEqual([]);
  });

  it('never holds a directive that a table cell brought in', () => {
    const networks = [
      {
        netname: 'a',
        net: '10.0.0.0',
        mask: '255.255.0.0',
        gateway: '10.0.0.1\ndhcp-script=/x',
        domain: 'a,b',
        mtu: '1500 ',
      },
    ];
    expect(config({ ...cluster, tables: { networks } }).join('\n')).not.toMatch(/script|a,b/);
    expect(check({ ...cluster, tables: { networks } }).map(({ code }) => code)).toEqual(['LH832', 'LH832']);
  });

  it('is not written at all before the option says so', () => {
    expect(plan(cluster, {})).toEqual([]);
    expect(check({ ...cluster, tables: {} }, {})).toEqual([]);
  });

  it('is accepted by dnsmasq itself', () => {
    const directory = mkdtempSync(join(tmpdir(), 'litehouse-dnsmasq-'));
    try {
      const place = { directory: () => directory, reloads: false };
      const outputs = plan(cluster, { serve: true }, place);
      for (const file of ['litehouse.conf', 'litehouse.hosts']) {
        const lines = outputs.flatMap((it) => {
          if (it.kind === 'shared-file' && it.path === file) return it.header;
          return it.kind === 'part' && it.path === file ? [it.line] : [];
        });
        writeFileSync(join(directory, file), `${lines.join('\n')}\n`);
      }
      const test = (file: string) => execFileSync('dnsmasq', ['--test', `--conf-file=${file}`], { stdio: 'pipe' });
      expect(() => test(join(directory, 'litehouse.conf'))).not.toThrow();
      writeFileSync(join(directory, 'bad.conf'), 'dhcp-range=set:net1,10.0.0.0,statc,255.255.0.0,12h\n');
      expect(() => test(join(directory, 'bad.conf'))).toThrow();
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});

it('pokes dnsmasq: a signal for reservations, a restart for the rest', () => {
  expect(plan(cluster).filter(({ kind }) => kind === 'reload')).toMatchObject([
    { command: ['systemctl', 'restart', 'dnsmasq'], when: { root: 'dnsmasq', path: 'litehouse.conf' } },
    { command: ['systemctl', 'reload', 'dnsmasq'], when: { root: 'dnsmasq', path: 'litehouse.hosts' } },
  ]);
});
