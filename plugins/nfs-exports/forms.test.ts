/** The two forms of the exports, the disk behind them, and the clients that stand for many nodes. */
import { describe, expect, it } from 'vitest';
import type { PartOutput } from '../../core/plugin/output.ts';
import type { Place } from '../../core/plugin/plugin.ts';
import { type FakeView, fakeView } from '../../core/plugin/testing/view.ts';
import { exportId } from './forms.ts';
import { nfsExports } from './index.ts';

const hooksFor = (options: object = {}) => nfsExports.setup(nfsExports.options.parse(options));
const plan = (given: FakeView, options: object = {}) => hooksFor(options).plan?.(fakeView(given)) ?? [];
const check = (given: FakeView, options: object = {}, place?: Place) =>
  hooksFor(options).check?.(fakeView(given), place) ?? [];
const networks = [{ netname: 'compute', net: '10.0.0.0', mask: '255.255.0.0' }];
const rw = '(rw,sync,no_root_squash,no_subtree_check)';

describe('a server whose directories are known', () => {
  const place = (reloads: boolean, at = '/var/lib/litehouse/world'): Place => ({
    directory: (target, root) => (target === 'mn' ? `${at}/${root}` : undefined),
    reloads,
  });
  const given: FakeView = {
    nodes: {
      sn1: { addresses: ['10.0.0.2'], currstate: 'boot' },
      n01: {
        addresses: ['10.0.1.1'],
        statemnt: '10.0.0.1:/lite/state',
        litetree: [{ mount: '10.0.0.1:/syncdirs/a', ours: true }],
      },
      n02: { addresses: ['10.0.1.2'], imageServer: '10.0.0.2' },
    },
    tables: { networks, servicenode: [{ node: 'sn1', nfsserver: '1' }] },
  };

  it('exports the directories of its disk, and other servers the paths that nodes ask for', () => {
    const hooks = hooksFor();
    const view = fakeView(given);
    const lines = (on: Place | undefined) =>
      (hooks.plan?.(view, on) ?? [])
        .filter((it): it is PartOutput => it.kind === 'part')
        .map((it) => `${it.target} ${it.line}`);
    expect(lines(place(false))).toEqual([
      'mn /var/lib/litehouse/world/install/netboot',
      'mn /var/lib/litehouse/world/syncdirs',
      'mn /var/lib/litehouse/world/state/lite/state',
      'sn1 /install/netboot',
    ]);
    // The same nodes asked for again without a place, or with another: nothing of the first plan stays.
    expect(lines(undefined)).toEqual(['mn /install/netboot', 'mn /syncdirs', 'mn /lite/state', 'sn1 /install/netboot']);
  });

  it('warns once (LH815) that kernel NFS cannot serve them, where it reloads that server', () => {
    expect(check(given, {}, place(true))).toMatchObject([{ code: 'LH815', severity: 'warning' }]);
    expect(check(given, {}, place(true))[0]?.message).toContain(
      '/install/netboot lies in /var/lib/litehouse/world/install/netboot (and 2 more)',
    );
    expect(check(given, {}, place(false))).toEqual([]);
    expect(check(given, { reload: false }, place(true))).toEqual([]);
    expect(check(given, { form: 'ganesha' }, place(true))).toEqual([]);
    const plain: FakeView = { nodes: { n01: { addresses: ['10.0.1.1'] } }, tables: { networks } };
    expect(check(plain, {}, { directory: (_, root) => `/${root}`, reloads: true })).toEqual([]);
  });

  it('gives ganesha the directory and, as the pseudo path, what nodes ask for', () => {
    const planned = hooksFor({ form: 'ganesha' }).plan?.(fakeView(given), place(false)) ?? [];
    const part = planned.find((it): it is PartOutput => it.kind === 'part' && it.order === 30);
    expect(part?.line).toContain("Path = '/var/lib/litehouse/world/state/lite/state'; Pseudo = '/lite/state';");
  });
});

describe('for nfs-ganesha', () => {
  const given: FakeView = {
    nodes: { n01: { addresses: ['10.0.1.1', 'fd00::5'], statemnt: '10.0.0.1:/lite/my "state"' } },
    tables: { networks: [...networks, { net: 'fd00::', mask: '64' }] },
  };
  const ofNode = (options: object) =>
    plan(given, options).filter((it): it is PartOutput => it.kind === 'part' && it.path === 'litehouse.ganesha.conf');

  it('a line is a block, closed by its last item in the order of the engine', () => {
    const parts = ofNode({ form: 'ganesha' });
    expect(parts[0]?.line).toBe(
      `EXPORT { Export_Id = ${exportId('/install/netboot', {})}; Path = '/install/netboot'; Pseudo = '/install/netboot'; Access_Type = None; Squash = No_Root_Squash; Protocols = 3, 4; Transports = TCP; SecType = sys; FSAL { Name = VFS; }`,
    );
    expect(parts.filter((it) => it.order === 10).map((it) => it.item)).toEqual([
      'CLIENT { Clients = 10.0.0.0/16; Access_Type = RO; }',
      '}',
      'CLIENT { Clients = fd00::/64; Access_Type = RO; }',
    ]);
    expect([...parts.map((it) => it.item ?? '')].sort().at(-1)).toBe('}');
    expect(parts.at(-1)?.line).toContain(`Pseudo = '/lite/my "state"';`);
  });

  it('state directories are writable for their nodes only', () => {
    const state = ofNode({ form: 'both' }).filter((it) => it.order === 30);
    expect(state.map((it) => it.item)).toEqual([
      'CLIENT { Clients = 10.0.1.1; Access_Type = RW; }',
      '}',
      'CLIENT { Clients = fd00::5; Access_Type = RW; }',
    ]);
  });

  it("its own file and reload stand instead of the kernel's, or beside them", () => {
    const files = (options: object) =>
      plan({}, options).flatMap((it) =>
        it.kind === 'shared-file' ? [it.path] : it.kind === 'reload' ? [it.name] : [],
      );
    expect(files({ form: 'ganesha' })).toEqual(['litehouse.ganesha.conf', 'ganesha']);
    expect(files({ form: 'both' })).toEqual(['litehouse.exports', 'exportfs', 'litehouse.ganesha.conf', 'ganesha']);
  });

  it('an export keeps its number whatever else is exported, unless an option gives it another', () => {
    expect(exportId('/install/netboot', {})).toBe(exportId('/install/netboot', { '/lite/state': 7 }));
    expect(exportId('/lite/state', { '/lite/state': 7 })).toBe(7);
    expect(exportId('/constructor', {})).toBeGreaterThan(0);
  });

  it('a path that has no spelling in its configuration is refused (LH817)', () => {
    const at = (path: string): FakeView => ({
      nodes: { n01: { addresses: ['10.0.1.1'], statemnt: `10.0.0.1:${path}` } },
      tables: { networks },
    });
    expect(check(at("/lite/bob's\\state"), { form: 'ganesha' })).toMatchObject([{ code: 'LH817', severity: 'error' }]);
    expect(check(at("/lite/bob's\\state"))).toEqual([]);
    expect(check(at("/lite/bob's"), { form: 'ganesha' })).toEqual([]);
  });

  it('two paths that would have one number are refused (LH816)', () => {
    const ids = { '/install/netboot': 7, '/lite/my "state"': 7 };
    expect(check(given, { form: 'ganesha', exportIds: ids })).toMatchObject([{ code: 'LH816', severity: 'error' }]);
    expect(check(given, { form: 'kernel', exportIds: ids })).toEqual([]);
    expect(check(given, { form: 'ganesha', exportIds: { '/install/netboot': 7 } })).toEqual([]);
  });

  it('the widest setting opens the installdir read-only in one whole line', () => {
    const [line] = ofNode({ form: 'ganesha', widest: true });
    expect([line?.order, line?.item, line?.node]).toEqual([10, undefined, undefined]);
    expect(line?.line).toMatch(/Pseudo = '\/install';.* CLIENT \{ Clients = \*; Access_Type = RO; \} \}$/);
  });
});

it("a node's part follows the addresses that stand beside it, though nothing of the node itself changed", () => {
  const hooks = hooksFor();
  const addresses = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, at) => `10.0.${at >> 8}.${at & 255}`);
  const n01 = { addresses: addresses(0, 2048), statemnt: '10.0.0.1:/lite/state' };
  const view = fakeView({ nodes: { n01 } });
  const smaller = fakeView({ nodes: { n01: { ...n01, addresses: addresses(0, 1024) } } });
  const items = (of: typeof view) => [
    ...new Set((hooks.plan?.(of) ?? []).flatMap((it) => (it.kind === 'part' && it.order === 30 ? [it.item] : []))),
  ];
  expect(items(view)).toEqual([`10.0.0.0/21${rw}`]);
  expect(items(smaller)).toEqual([`10.0.0.0/22${rw}`]);
  // What n01 needs by itself stands beside it, for the time when the others are gone and n01 still runs.
  const alone = (hooks.plan?.(smaller) ?? []).flatMap((it) => (it.kind === 'part' && it.alone ? [it.alone] : []));
  expect(alone).toEqual(addresses(0, 1024).map((address) => `${address}${rw}`));
});
