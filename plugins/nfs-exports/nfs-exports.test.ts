import { describe, expect, it } from 'vitest';
import type { DirectoryOutput, PartOutput } from '../../core/plugin/output.ts';
import { type FakeView, fakeView } from '../../core/plugin/testing/view.ts';
import { exportPath } from './forms.ts';
import { nfsExports } from './index.ts';

const hooksFor = (options: object = {}) => nfsExports.setup(nfsExports.options.parse(options));
const plan = (given: FakeView, options: object = {}) => hooksFor(options).plan?.(fakeView(given)) ?? [];
const check = (given: FakeView, options: object = {}) => hooksFor(options).check?.(fakeView(given)) ?? [];
const parts = (given: FakeView, options: object = {}) =>
  plan(given, options)
    .filter((it): it is PartOutput => it.kind === 'part')
    .map((it) => `${it.target} ${it.order} ${it.line} ${it.item ?? '-'} ${it.node ?? '-'}`);
const networks = [{ netname: 'compute', net: '10.0.0.0', mask: '255.255.0.0' }];
const ro = '(ro,no_root_squash,sync,no_subtree_check)';
const rw = '(rw,sync,no_root_squash,no_subtree_check)';

describe('images', () => {
  it('are exported read-only to the networks of booting nodes, as part of each node', () => {
    expect(
      parts({
        nodes: {
          n01: { addresses: ['10.0.1.1'] },
          n02: { addresses: ['10.0.1.2'], currstate: 'shell' },
          n03: { addresses: ['10.0.1.3'], currstate: 'boot' },
          n04: { addresses: ['10.0.1.4'], currstate: 'offline' },
        },
        tables: { networks },
      }),
    ).toEqual([
      `mn 10 /install/netboot 10.0.0.0/255.255.0.0${ro} n01`,
      `mn 10 /install/netboot 10.0.0.0/255.255.0.0${ro} n02`,
    ]);
  });

  it('are exported to the narrowest network, in both spellings of a mask and in IPv6', () => {
    const rows = [
      ...networks,
      { netname: 'rack', net: '10.0.1.0', mask: '/24' },
      { netname: 'six', net: 'fd00::', mask: '64' },
    ];
    const given: FakeView = {
      nodes: { n01: { addresses: ['10.0.1.1', '10.0.2.1', 'fd00::5'] } },
      tables: { networks: rows },
    };
    expect(parts(given)).toEqual([
      `mn 10 /install/netboot 10.0.1.0/255.255.255.0${ro} n01`,
      `mn 10 /install/netboot 10.0.0.0/255.255.0.0${ro} n01`,
      `mn 10 /install/netboot fd00::/64${ro} n01`,
    ]);
    expect(check(given)).toEqual([]);
  });

  it('are exported to a node itself where no network holds it, with a warning', () => {
    const given: FakeView = { nodes: { n01: { addresses: ['172.16.0.1'] } }, tables: { networks } };
    expect(parts(given)).toEqual([`mn 10 /install/netboot 172.16.0.1${ro} n01`]);
    expect(check(given)).toMatchObject([{ code: 'LH814', severity: 'warning', nodes: ['n01'] }]);
  });

  it('are not exported where nothing boots, nor from a server that is not ours', () => {
    expect(parts({ nodes: { n01: { currstate: 'boot', addresses: ['10.0.1.1'] } } })).toEqual([]);
    expect(parts({ nodes: { n01: { imageServer: '10.0.0.9', addresses: ['10.0.1.1'] } } })).toEqual([]);
    expect(check({ nodes: { n01: { imageServer: '10.0.0.9', addresses: ['172.16.0.1'] } } })).toEqual([]);
  });

  it('are exported by the service node that serves them', () => {
    const given: FakeView = {
      nodes: {
        sn1: { addresses: ['10.0.0.2'], currstate: 'boot' },
        n01: { addresses: ['10.0.1.1'], imageServer: '10.0.0.2' },
      },
      tables: { networks, servicenode: [{ node: 'sn1', nfsserver: '1' }] },
    };
    expect(parts(given)).toEqual([`sn1 10 /install/netboot 10.0.0.0/255.255.0.0${ro} n01`]);
    expect(
      plan(given)
        .filter((it) => it.kind === 'shared-file')
        .map((it) => it.target),
    ).toEqual(['mn', 'sn1']);
  });

  it('follow noderes.nfsdir', () => {
    const at = (nfsdir: string): FakeView => ({
      nodes: { n01: { addresses: ['10.0.1.1'] } },
      tables: { networks, noderes: [{ node: 'n01', nfsdir }] },
    });
    expect(parts(at('/vol/my files'))[0]).toContain(' /vol/my\\040files/netboot ');
    expect(parts(at('//vol/exact'))[0]).toContain(' /vol/exact ');
    expect(parts(at('relative'))).toEqual([]);
  });

  it('are exported with the line of the cookbook where the option widest asks for it, with a warning', () => {
    const given: FakeView = {
      nodes: { n01: { addresses: ['10.0.1.1'] }, n02: { addresses: ['10.0.1.2'] } },
      tables: { networks },
    };
    expect(parts(given, { widest: true })).toEqual(['mn 10 /install *(ro,no_root_squash,sync) - -']);
    expect(check(given, { widest: true })).toMatchObject([{ code: 'LH811', severity: 'warning' }]);
  });
});

it('gives nothing to a node that has something in its problems', () => {
  const problem = { code: 'LH400', severity: 'warning', at: undefined, message: 'no os', mend: 'set it' } as const;
  const node = { addresses: ['10.0.1.1'], statemnt: '10.0.0.1:/lite/state', problems: [problem] };
  expect(plan({ nodes: { n01: node }, tables: { networks } }, { reload: false }).map((it) => it.kind)).toEqual([
    'shared-file',
    'directory',
  ]);
});

describe('overlays', () => {
  it('are exported once, where a litetree row names one of ours', () => {
    const litetree = [
      { mount: '10.0.0.1:/syncdirs/ny', ours: true },
      { mount: '10.0.0.1:/syncdirs/la', ours: true },
      { mount: 'cnfs:/gpfs/dallas', ours: false },
    ];
    const given: FakeView = {
      nodes: { n01: { addresses: ['10.0.1.1'], litetree }, n02: { addresses: ['10.0.1.2'] } },
      tables: { networks },
    };
    expect(parts(given).filter((it) => it.includes('syncdirs'))).toEqual([
      `mn 20 /syncdirs 10.0.0.0/255.255.0.0${ro} n01`,
    ]);
  });
});

it('exports no overlay that the commit does not publish: no node mounts it', () => {
  const litetree = [{ mount: '10.0.0.1:/syncdirs/gone', ours: true, present: false }];
  expect(parts({ nodes: { n01: { addresses: ['10.0.1.1'], litetree } }, tables: { networks } }).join()).not.toContain(
    'syncdirs',
  );
});

describe('state directories', () => {
  const on = (statemnt: string): FakeView => ({
    nodes: { n01: { addresses: ['10.0.1.1', '10.9.1.1'], statemnt }, n02: { addresses: ['10.0.1.2'] } },
    tables: { networks },
  });

  it('are exported read-write to the addresses of the nodes that use them, and to nobody else', () => {
    expect(parts(on('10.0.0.1:/lite//state/')).filter((it) => it.includes('state'))).toEqual([
      `mn 30 /lite/state 10.0.1.1${rw} n01`,
      `mn 30 /lite/state 10.9.1.1${rw} n01`,
    ]);
  });

  it('get the node a directory of its own, made once', () => {
    const made = plan(on('10.0.0.1:/lite/state')).filter(
      (it): it is DirectoryOutput => it.kind === 'directory' && it.root === 'state',
    );
    expect(made).toEqual([
      {
        kind: 'directory',
        target: 'mn',
        root: 'state',
        path: 'lite/state/n01',
        node: 'n01',
        mode: 0o755,
        lifetime: 'create-only',
      },
    ]);
  });

  it('on a server that is not ours are left alone', () => {
    expect(plan(on('cnfs:/gpfs/state')).filter((it) => it.kind === 'directory' && it.root === 'state')).toEqual([]);
    expect(parts(on('cnfs:/gpfs/state')).join()).not.toContain('gpfs');
  });

  it.each([
    '/',
    '/install',
    '/install/netboot/x',
    '/tftpboot',
    '/tftpboot/a',
    '/syncdirs',
    '/etc',
    '/etc/state',
    '/a/../b',
    '/srv/.litehouse/state',
  ])('are refused at %s, where a node could change what others boot from', (path) => {
    const given = on(`10.0.0.1:${path}`);
    expect(check(given)).toMatchObject([{ code: 'LH812', severity: 'error', nodes: ['n01'] }]);
    expect(parts(given).join()).not.toContain('(rw');
    expect(plan(given).filter((it) => it.kind === 'directory' && it.root === 'state')).toEqual([]);
  });

  it('may lie below the installdir, beside the images', () => {
    expect(check(on('10.0.0.1:/install/state'))).toEqual([]);
  });
});

describe('the file', () => {
  it('is there with its header, and the image directory, even when nothing boots, and exportfs runs after a change', () => {
    expect(plan({})).toMatchObject([
      { kind: 'shared-file', target: 'mn', root: 'exports', path: 'litehouse.exports', mode: 0o644 },
      { kind: 'reload', target: 'mn', command: ['exportfs', '-ra'], when: { root: 'exports' } },
      { kind: 'directory', target: 'mn', root: 'install', path: 'netboot', lifetime: 'create-only' },
    ]);
    expect(plan({}, { reload: false }).map((it) => it.kind)).toEqual(['shared-file', 'directory']);
  });

  it('escapes what exports(5) would read otherwise', () => {
    expect(exportPath('/a b#c"d\\e')).toBe('/a\\040b\\043c\\042d\\134e');
    expect(exportPath('/install/netboot')).toBe('/install/netboot');
  });
});

it('passes over networks rows that are none, with a warning at the row', () => {
  const rows = [
    { net: '10.0.0', mask: '255.255.0.0' },
    { net: '10.0.0.0', mask: '255.0.255.0' },
    { net: '0.0.0.0', mask: '0.0.0.0' },
    { net: '10.0.0.0', mask: '/33' },
  ];
  const found = check({ tables: { networks: rows } });
  expect(found.map((it) => [it.code, it.at?.line])).toEqual([
    ['LH813', 2],
    ['LH813', 3],
    ['LH813', 4],
    ['LH813', 5],
  ]);
});
