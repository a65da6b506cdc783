import { describe, expect, it } from 'vitest';
import type { FileOutput, HardLinkOutput } from '../../core/plugin/output.ts';
import { type FakeView, fakeView } from '../../core/plugin/testing/view.ts';
import { yaboot } from './index.ts';

const hooksFor = (options: object = {}) => yaboot.setup(yaboot.options.parse(options));
const plan = (given: FakeView, options: object = {}) => hooksFor(options).plan?.(fakeView(given)) ?? [];
const check = (given: FakeView, options: object = {}) => hooksFor(options).check?.(fakeView(given)) ?? [];
const files = (given: FakeView) => plan(given).filter((it): it is FileOutput => it.kind === 'file');
const names = (given: FakeView) =>
  plan(given)
    .filter((it): it is HardLinkOutput => it.kind === 'hardlink')
    .map((it) => `${it.path} = ${it.to}`);
const textOf = (given: FakeView) =>
  files(given).map((file) => ('text' in file.content ? file.content.text : undefined));

const sles: FakeView = {
  site: { installdir: '/W/install' },
  images: { compute: { os: 'sles11', arch: 'ppc64' } },
  nodes: {
    n01: {
      groups: ['compute', 'all'],
      netboot: 'yaboot',
      imageServer: '192.168.11.108',
      master: '192.168.11.108',
      addresses: ['10.0.1.1'],
      macs: ['00:1A:2B:3C:4D:5E'.toLowerCase()],
    },
  },
};

describe('boot file', () => {
  it('is the one of 2010, with LHGEN added and its last blank gone', () => {
    // Case yaboot-sles11-ppc64.2010-04, its working directory called /W.
    const original = `#statelite sles11-ppc64-compute
timeout=5
image=xcat/netboot/sles11/ppc64/compute/kernel
\tlabel=xcat
\tinitrd=xcat/netboot/sles11/ppc64/compute/initrd.gz
\tappend="NFSROOT=192.168.11.108:/W/install/netboot/sles11/ppc64/compute STATEMNT= XCAT=192.168.11.108:3001 "
`;
    expect(textOf(sles)).toEqual([original.replace(' "', ' LHGEN=ext1"')]);
  });

  it('is found under its node, its mac and its address in lower-case hex, which are one inode', () => {
    expect(files(sles).map(({ path, mode, node }) => [path, mode, node])).toEqual([['etc/n01', 0o644, 'n01']]);
    expect(names(sles)).toEqual(['yaboot.conf-00-1a-2b-3c-4d-5e = etc/n01', 'etc/0a000101 = etc/n01']);
  });

  it('says bye in state boot, and ends with shell in state shell', () => {
    expect(textOf({ nodes: { n01: { netboot: 'yaboot', currstate: 'boot' } } })).toEqual(['#boot\nbye\n']);
    expect(textOf({ nodes: { n01: { netboot: 'yaboot', currstate: 'shell' } } })[0]).toMatch(/ shell"\n$/);
  });

  it('is not made for offline, for no state and for other loaders', () => {
    const nodes = { a: { currstate: 'offline', netboot: 'yaboot' }, b: { currstate: '', netboot: 'yaboot' }, c: {} };
    expect(plan({ nodes })).toEqual([]);
  });

  it('stands on the service node too where that gives TFTP', () => {
    const outputs = plan({
      nodes: { sn1: { netboot: 'other' }, n01: { netboot: 'yaboot' } },
      tables: { servicenode: [{ node: 'sn1', tftpserver: '1' }], noderes: [{ node: 'n01', servicenode: 'sn1' }] },
    });
    expect(outputs.map((it) => it.target)).toEqual(['mn', 'sn1']);
  });
});

describe('check', () => {
  const withWords = (addkcmdline: string): FakeView => ({
    nodes: { n01: { netboot: 'yaboot' } },
    tables: { bootparams: [{ node: 'n01', addkcmdline }] },
  });

  it('is silent about a right cluster, also about words of other loaders', () => {
    expect(check(sles)).toEqual([]);
    expect(check({ nodes: { n01: { netboot: 'pxe' }, n02: { netboot: 'nonsense' } } })).toEqual([]);
  });

  it('refuses a double quote, which would end the append line', () => {
    expect(check(withWords('foo="a b"'))).toMatchObject([
      { code: 'LH802', severity: 'error', nodes: ['n01'], at: { file: 'tables/bootparams.csv', line: 2 } },
    ]);
    expect(plan(withWords('foo="a b"'))).toEqual([]);
    expect(textOf(withWords("foo='a'"))[0]).toContain("foo='a'\"\n");
  });

  it('refuses a line that POWER kernels of that time would cut off, by the byte', () => {
    const bytes = (length: number): number =>
      Buffer.byteLength(/append="(.*)"\n/.exec(textOf(withWords('x'.repeat(length)))[0] ?? '')?.[1] ?? '');
    const fits = 511 - bytes(1) + 1;
    expect(bytes(fits)).toBe(511);
    expect(check(withWords('x'.repeat(fits)))).toEqual([]);
    expect(check(withWords('x'.repeat(fits + 1)))).toMatchObject([{ code: 'LH801', severity: 'error' }]);
    expect(plan(withWords('x'.repeat(fits + 1)))).toEqual([]);
    expect(plan(withWords('x'.repeat(fits + 1)), { maxCommandLine: 2047 })).not.toEqual([]);
  });
});
