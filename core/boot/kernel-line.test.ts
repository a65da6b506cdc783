import { describe, expect, it } from 'vitest';
import { type FakeView, fakeView } from '../plugin/testing/view.ts';
import { imageDirectory } from './image-directory.ts';
import { joinKernelLine, type KernelLine, kernelLine, kernelLineFaults } from './kernel-line.ts';

const built = { kind: 'built', plugin: 'rh', base: 'b4se', boot: 'b00t', generation: 'g3n', needs: [] } as const;

function lineOf(given: FakeView): KernelLine {
  const view = fakeView({ nodes: { n01: { addresses: ['10.0.1.1'] } }, ...given });
  const node = view.nodes.get('n01');
  const line = node === undefined ? undefined : kernelLine(view, node);
  if (line === undefined) throw new Error('n01 has no kernel line');
  return line;
}
const textOf = (given: FakeView) => joinKernelLine(lineOf(given).arguments);

describe('joinKernelLine', () => {
  it('puts one blank between words and none at the end', () => {
    expect(joinKernelLine([{ name: 'a', value: '' }, { raw: '  x=1 \t y ' }, { name: 'shell' }])).toBe(
      'a= x=1 y shell',
    );
  });

  it('keeps quotes that an administrator wrote in addkcmdline', () => {
    expect(joinKernelLine([{ raw: 'dyndbg="file a.c +p"' }])).toBe('dyndbg="file a.c +p"');
  });

  it.each(['a b', 'a\nb', 'a"b', "a'b", 'a\\b', 'a\tb', 'a\u0000b'])('refuses %j in a value', (value) => {
    expect(() => joinKernelLine([{ name: 'STATEMNT', value }])).toThrow(RangeError);
  });

  it('refuses a line break in addkcmdline', () => {
    expect(() => joinKernelLine([{ raw: 'quiet\nLOCALBOOT 0' }])).toThrow(/line break/);
  });
});

describe('kernelLine', () => {
  it('has the words of 2010 in their order, then ours, with an empty STATEMNT', () => {
    expect(textOf({})).toBe(
      'NFSROOT=10.0.0.1:/install/netboot/rhels5.5/x86_64/compute STATEMNT= XCAT=10.0.0.1:3001 LHGEN=ext1',
    );
  });

  it('puts console, image words, node words and shell last, in that order', () => {
    const text = textOf({
      nodes: { n01: { currstate: 'shell', groups: ['all'] } },
      tables: {
        nodehm: [{ node: 'all', serialport: '0', serialspeed: '115200', serialflow: 'hard' }],
        linuximage: [{ imagename: 'compute', addkcmdline: 'selinux=0' }],
        bootparams: [{ node: 'n01', addkcmdline: 'quiet  ro' }],
      },
    });
    expect(text.slice(text.indexOf('LHGEN='))).toBe(
      'LHGEN=ext1 console=tty0 console=ttyS0,115200n8r selinux=0 quiet ro shell',
    );
  });

  it('leaves n8r out without hardware flow control', () => {
    const nodehm = [{ node: 'n01', serialport: '1', serialspeed: '9600', serialflow: 'soft' }];
    expect(textOf({ tables: { nodehm } })).toContain('console=ttyS1,9600');
    expect(textOf({ tables: { nodehm } })).not.toContain('n8r');
  });

  it.each([
    [{ serialport: '0', serialspeed: '' }],
    [{ serialport: '', serialspeed: '115200' }],
  ])('gives no console words for half a console %j', (row) => {
    expect(textOf({ tables: { nodehm: [{ node: 'n01', ...row }] } })).not.toContain('console');
  });

  it('names generation in NFSROOT and base in the kernel path of a built image', () => {
    const line = lineOf({ images: { compute: { build: built } } });
    expect(joinKernelLine(line.arguments)).toContain('NFSROOT=10.0.0.1:/install/netboot/rhels5.5/x86_64/compute/g3n ');
    expect(joinKernelLine(line.arguments)).toContain(' LHGEN=g3n');
    expect(line.kernel).toBe('xcat/netboot/rhels5.5/x86_64/compute/b00t/kernel');
    expect(line.initrd).toBe('xcat/netboot/rhels5.5/x86_64/compute/b00t/initrd.gz');
  });

  it.each([
    ['/vol/xCAT/install', '/vol/xCAT/install/netboot/rhels5.5/x86_64/compute'],
    ['/vol/xCAT/install/', '/vol/xCAT/install/netboot/rhels5.5/x86_64/compute'],
    ['//vol/images/mine', '/vol/images/mine'],
  ])('takes noderes.nfsdir %s for the installdir', (nfsdir, directory) => {
    expect(textOf({ tables: { noderes: [{ node: 'n01', nfsdir }] } })).toContain(`NFSROOT=10.0.0.1:${directory} `);
  });

  it('keeps a state server that only the cluster knows as it is written', () => {
    expect(textOf({ nodes: { n01: { statemnt: 'cnfs:/gpfs/state' } } })).toContain(' STATEMNT=cnfs:/gpfs/state ');
  });

  it('puts an IPv6 address in brackets', () => {
    const text = textOf({ nodes: { n01: { master: 'fd00::1', imageServer: 'fd00::9' } } });
    expect(text).toContain('NFSROOT=[fd00::9]:/install');
    expect(text).toContain('XCAT=[fd00::1]:3001');
  });

  it('says which row a value that cannot be written came from', () => {
    const faults = kernelLineFaults(lineOf({ nodes: { n01: { statemnt: 'cnfs:/gpfs/my state' } } }));
    expect(faults.map((fault) => [fault.text, fault.from?.row.table.name])).toEqual([
      ['STATEMNT=cnfs:/gpfs/my state', 'nodelist'],
    ]);
    expect(kernelLineFaults(lineOf({ images: { compute: { profile: 'my nodes' } } })).length).toBeGreaterThan(0);
    expect(kernelLineFaults(lineOf({ images: { compute: { profile: 'c#' } } })).map(({ why }) => why)).toEqual([
      'holds a #, and the initrd could not mount it',
    ]);
  });

  it.each(['boot', 'offline', ''])('gives none to a node in state %j', (currstate) => {
    const view = fakeView({ nodes: { n01: { currstate } } });
    for (const node of view.nodes.values()) expect(kernelLine(view, node)).toBeUndefined();
  });
});

describe('imageDirectory', () => {
  it('exports the netboot directory, and an exact nfsdir itself', () => {
    const storeOf = (nfsdir: string) => {
      const view = fakeView({ nodes: { n01: {} }, tables: { noderes: [{ node: 'n01', nfsdir }] } });
      return [...view.nodes.values()].map((node) => imageDirectory(view, node)?.store);
    };
    expect(storeOf('')).toEqual(['/install/netboot']);
    expect(storeOf('/vol')).toEqual(['/vol/netboot']);
    expect(storeOf('//vol/mine/')).toEqual(['/vol/mine']);
  });
});
