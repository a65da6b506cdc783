import { describe, expect, it } from 'vitest';
import { hexName } from '../../core/boot/hex-name.ts';
import type { FileOutput, LinkOutput } from '../../core/plugin/output.ts';
import { type FakeView, fakeView } from '../../core/plugin/testing/view.ts';
import { pxelinux } from './index.ts';

const hooksFor = (options: object = {}) => pxelinux.setup(pxelinux.options.parse(options));
const plan = (given: FakeView, options: object = {}) => hooksFor(options).plan?.(fakeView(given)) ?? [];
const check = (given: FakeView, options: object = {}) => hooksFor(options).check?.(fakeView(given)) ?? [];
const files = (given: FakeView) => plan(given).filter((it): it is FileOutput => it.kind === 'file');
const links = (given: FakeView) => plan(given).filter((it): it is LinkOutput => it.kind === 'link');
const textOf = (given: FakeView) =>
  files(given).map((file) => ('text' in file.content ? file.content.text : undefined));

/** The original's file, less the blank at its end, with our own word where RULES puts it (arguments are joined once). */
const ours = (original: string) => original.replace(/ XCAT=[^ \n]*/, '$& LHGEN=ext1').replaceAll(/ +$/gm, '');

describe('boot file', () => {
  it('is the one of 2010 with state and console, with LHGEN added', () => {
    const original = `#statelite rhels5.5-x86_64-compute
DEFAULT xCAT
LABEL xCAT
 KERNEL xcat/netboot/rhels5.5/x86_64/compute/kernel
 APPEND initrd=xcat/netboot/rhels5.5/x86_64/compute/initrd.gz NFSROOT=10.0.0.9:/W/install/netboot/rhels5.5/x86_64/compute STATEMNT=cnfs:/gpfs/state XCAT=10.0.0.1:3001 console=tty0 console=ttyS0,115200n8r
`;
    const given: FakeView = {
      site: { installdir: '/W/install' },
      nodes: {
        n01: {
          groups: ['compute', 'all'],
          imageServer: '10.0.0.9',
          statemnt: 'cnfs:/gpfs/state',
          addresses: ['10.0.1.1'],
        },
      },
      tables: { nodehm: [{ node: 'all', serialport: '0', serialspeed: '115200', serialflow: 'hard' }] },
    };
    expect(textOf(given)).toEqual([ours(original)]);
  });

  it('is the one of 2010 without state and with nfsdir, with LHGEN added and its last blank gone', () => {
    const original = `#statelite rhels5.5-x86_64-compute
DEFAULT xCAT
LABEL xCAT
 KERNEL xcat/netboot/rhels5.5/x86_64/compute/kernel
 APPEND initrd=xcat/netboot/rhels5.5/x86_64/compute/initrd.gz NFSROOT=10.0.0.9:/vol/xCAT/install/netboot/rhels5.5/x86_64/compute STATEMNT= XCAT=10.0.0.1:3001 
`;
    const given: FakeView = {
      nodes: { n01: { groups: ['all'], imageServer: '10.0.0.9', currstate: 'statelite rhels5.5-x86_64-compute' } },
      tables: { noderes: [{ node: 'all', netboot: 'pxe', nfsdir: '/vol/xCAT/install' }] },
    };
    expect(textOf(given)).toEqual([ours(original)]);
  });

  it('boots the local disk in state boot', () => {
    expect(textOf({ nodes: { n01: { currstate: 'boot' } } })).toEqual([
      '#boot\nDEFAULT xCAT\nLABEL xCAT\nLOCALBOOT 0\n',
    ]);
  });

  it('ends with the word shell in state shell', () => {
    expect(textOf({ nodes: { n01: { currstate: 'shell' } } })[0]).toMatch(
      /^#shell rhels5\.5-x86_64-compute\n(?:.*\n)*.* shell\n$/,
    );
  });

  it('is part of its node, mode 0644, below the TFTP root', () => {
    expect(files({ nodes: { n01: {} } })).toMatchObject([
      { target: 'mn', root: 'tftp', path: 'pxelinux.cfg/n01', mode: 0o644, node: 'n01' },
    ]);
  });

  it('is not made for offline, for no state, for other loaders and for nodes with problems', () => {
    const at = { file: 'tables/nodelist.csv', line: 1, column: 1 };
    const problem = { code: 'LH400', severity: 'warning', at, message: 'no os', mend: 'set it' } as const;
    expect(
      plan({
        nodes: {
          a: { currstate: 'offline' },
          b: { currstate: '' },
          c: { netboot: 'yaboot' },
          d: { netboot: null },
          e: { problems: [problem] },
        },
      }),
    ).toEqual([]);
  });

  it('never holds a directive that a table value brought in', () => {
    expect(plan({ nodes: { n01: { currstate: 'boot\nDEFAULT evil' } } })).toEqual([]);
    expect(
      plan({ nodes: { n01: {} }, tables: { bootparams: [{ node: 'n01', addkcmdline: 'x\n KERNEL y' }] } }),
    ).toEqual([]);
    expect(
      check({ nodes: { n01: {} }, tables: { bootparams: [{ node: 'n01', addkcmdline: 'x\n KERNEL y' }] } }),
    ).toMatchObject([
      { code: 'LH802', severity: 'error', at: { file: 'tables/bootparams.csv', line: 2, column: 2 }, nodes: ['n01'] },
    ]);
    expect(check({ nodes: { n01: { currstate: 'boot\nDEFAULT evil' } } })).toMatchObject([{ code: 'LH802' }]);
  });

  it('stands on the service node too where that gives TFTP', () => {
    const outputs = plan({
      nodes: { sn1: { netboot: 'other' }, n01: {} },
      tables: { servicenode: [{ node: 'sn1', tftpserver: '1' }], noderes: [{ node: 'n01', servicenode: 'sn1' }] },
    });
    expect(outputs.map((it) => it.target)).toEqual(['mn', 'sn1']);
  });
});

describe('links', () => {
  const names = (given: FakeView) => links(given).map((link) => `${link.path} -> ${link.to}`);

  it('name each IPv4 address in upper-case hex and each Ethernet mac', () => {
    expect(
      names({ nodes: { n01: { addresses: ['10.0.1.1', '192.168.11.108', 'fd00::1'], macs: ['00:1a:2b:3c:4d:5e'] } } }),
    ).toEqual([
      'pxelinux.cfg/01-00-1a-2b-3c-4d-5e -> n01',
      'pxelinux.cfg/0A000101 -> n01',
      'pxelinux.cfg/C0A80B6C -> n01',
    ]);
  });

  it('name an interface that the mac table names, and its address', () => {
    const macs = [
      { mac: '00:1a:2b:3c:4d:5e', hostname: 'n01-eth1' },
      { mac: '00:1a:2b:3c:4d:5f', hostname: undefined, noAddress: true as const },
    ];
    expect(names({ nodes: { n01: { addresses: ['10.0.1.1'], macs } }, hosts: { 'n01-eth1': '10.2.1.1' } })).toEqual([
      'pxelinux.cfg/01-00-1a-2b-3c-4d-5e -> n01',
      'pxelinux.cfg/n01-eth1 -> n01',
      'pxelinux.cfg/0A020101 -> n01',
      'pxelinux.cfg/01-00-1a-2b-3c-4d-5f -> n01',
      'pxelinux.cfg/0A000101 -> n01',
    ]);
  });

  it('never take the name of another node', () => {
    const given: FakeView = {
      nodes: { n01: { macs: [{ mac: '00:1a:2b:3c:4d:5e', hostname: 'n02' }] }, n02: {} },
    };
    expect(names(given)).toEqual(['pxelinux.cfg/01-00-1a-2b-3c-4d-5e -> n01']);
    expect(check(given)).toMatchObject([{ code: 'LH807', severity: 'warning', nodes: ['n01'] }]);
  });

  it.each(['10.0.1', '10.0.1.256', 'n01', 'fd00::1', ''])('have no hex name for %j', (address) => {
    expect(hexName(address)).toBeUndefined();
  });
});

describe('check', () => {
  it('is silent about a right cluster', () => {
    expect(
      check({ nodes: { n01: { addresses: ['10.0.1.1'] }, n02: { currstate: 'boot' }, n03: { netboot: 'yaboot' } } }),
    ).toEqual([]);
  });

  it('refuses a line that the loader would cut off, by the byte', () => {
    const at = (length: number): FakeView => ({
      nodes: { n01: {} },
      tables: { bootparams: [{ node: 'n01', addkcmdline: 'x'.repeat(length) }] },
    });
    const spare = 2047 - Buffer.byteLength(`BOOT_IMAGE=xcat/netboot/rhels5.5/x86_64/compute/kernel ${append(at(1))}`);
    expect(check(at(1 + spare))).toEqual([]);
    expect(files(at(1 + spare))).toHaveLength(1);
    expect(check(at(2 + spare))).toMatchObject([{ code: 'LH801', severity: 'error', nodes: ['n01'] }]);
    expect(files(at(2 + spare))).toEqual([]);
    expect(check(at(1 + spare), { maxCommandLine: 256 })).toMatchObject([{ code: 'LH801' }]);
  });

  it('says once, with all its nodes, that a loader word is not known, and which was meant', () => {
    const given: FakeView = {
      nodes: { n01: { netboot: 'pxee', groups: ['all'] }, n02: { netboot: 'pxee', groups: ['all'] } },
      tables: { noderes: [{ node: 'all', netboot: 'pxee' }] },
    };
    const found = check(given);
    expect(found).toMatchObject([{ code: 'LH806', severity: 'warning', nodes: ['n01', 'n02'], at: { line: 2 } }]);
    expect(found[0]?.mend).toContain('"pxe"');
    expect(check(given, { otherLoaders: ['pxee'] })).toEqual([]);
  });

  it('warns of an empty loader word, but not for a node that boots nothing', () => {
    expect(check({ nodes: { n01: { netboot: null } } })).toMatchObject([{ code: 'LH806' }]);
    expect(check({ nodes: { n01: { netboot: null, currstate: 'offline' } } })).toEqual([]);
  });

  it('warns of half a console, once for its row', () => {
    const found = check({
      nodes: { n01: { groups: ['all'] }, n02: { groups: ['all'] } },
      tables: { nodehm: [{ node: 'all', serialport: '0', serialspeed: '' }] },
    });
    expect(found).toMatchObject([{ code: 'LH804', nodes: ['n01', 'n02'] }]);
    expect(found[0]?.mend).toContain('serialspeed');
  });

  it('warns of words that are ours and of words that are not filled in', () => {
    const found = check({
      nodes: { n01: {}, n02: {} },
      tables: {
        linuximage: [{ imagename: 'compute', addkcmdline: 'quiet NFSROOT=10.0.0.7:/x' }],
        bootparams: [{ node: 'n01', addkcmdline: 'rack=#NODEATTRIB:nodepos:rack#' }],
      },
    });
    expect(found.map((it) => it.code).sort()).toEqual(['LH805', 'LH808']);
  });

  it('refuses a node whose boot file would be every unknown machine’s, and writes none', () => {
    const given: FakeView = { nodes: { default: { addresses: ['10.0.1.1'] }, n01: {} } };
    expect(check(given)).toMatchObject([{ code: 'LH809', severity: 'error', nodes: ['default'] }]);
    expect(plan(given).map((it) => ('path' in it ? it.path : ''))).toEqual(['pxelinux.cfg/n01']);
  });

  it('refuses an interface of that name, too, and makes no link', () => {
    const given: FakeView = { nodes: { n01: { macs: [{ mac: '00:1a:2b:3c:4d:01', hostname: 'default' }] } } };
    expect(check(given)).toMatchObject([{ code: 'LH809', severity: 'error', nodes: ['n01'] }]);
    expect(links(given).map(({ path }) => path)).toEqual(['pxelinux.cfg/01-00-1a-2b-3c-4d-01']);
  });

  it('warns of a node that is named as other machines ask, but not of one named as itself asks', () => {
    for (const name of ['0A000102', 'C0A8', '01-00-1a-2b-3c-4d-01', '4c4c4544-0044-4a10-8051-b4c04f4a3132']) {
      const found = check({ nodes: { [name]: { addresses: ['10.0.1.1'] } } });
      expect(found, name).toMatchObject([{ code: 'LH810', severity: 'warning', nodes: [name] }]);
    }
    const own: FakeView = { nodes: { '0A000101': { addresses: ['10.0.1.1'] } } };
    expect(check(own)).toEqual([]);
    expect(files(own).map(({ path }) => path)).toEqual(['pxelinux.cfg/0A000101']);
    expect(links(own)).toEqual([]);
    for (const name of ['c0a8', '0A0001020', 'n01', '01-00-1a', 'default1'])
      expect(check({ nodes: { [name]: {} } })).toEqual([]);
  });

  it('refuses a relative nfsdir and writes no file from it', () => {
    const given: FakeView = { nodes: { n01: {} }, tables: { noderes: [{ node: 'n01', nfsdir: 'vol/install' }] } };
    expect(check(given)).toMatchObject([{ code: 'LH803', at: { file: 'tables/noderes.csv' } }]);
    expect(plan(given)).toEqual([]);
  });
});

it('refuses options that it does not know', () => {
  expect(pxelinux.options.safeParse({ ipappend: 2 }).success).toBe(false);
});

function append(given: FakeView): string {
  return /APPEND (.*)\n/.exec(textOf(given)[0] ?? '')?.[1] ?? '';
}
