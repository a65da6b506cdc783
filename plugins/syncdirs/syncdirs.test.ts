import { describe, expect, it } from 'vitest';
import { attributeFinder } from '../../core/plan/attributes.ts';
import { publishedEntries } from '../../core/plan/publish.ts';
import { type FakeView, fakeView } from '../../core/plugin/testing/view.ts';
import { syncdirs } from './index.ts';

const hooks = syncdirs.setup({});
const plan = (given: FakeView) => hooks.plan?.(fakeView(given)) ?? [];
const check = (given: FakeView) => hooks.check?.(fakeView(given)) ?? [];
const withRows = (rows: string, files: FakeView['files'] = ['syncdirs/ny/etc/motd']): FakeView => ({
  files,
  texts: { 'attributes.csv': `#path,owner,group,mode,comments,disable\n${rows}\n` },
});

describe('published tree', () => {
  it('is the whole folder, with the rules of attributes.csv in their order', () => {
    expect(
      plan(withRows('"syncdirs/**","0","0","0644",,\n"syncdirs/ny/etc/motd","1001",,"0600",,\n"images/x/**","5",,,,')),
    ).toEqual([
      {
        kind: 'tree',
        target: 'mn',
        root: 'syncdirs',
        path: '',
        folder: 'syncdirs',
        attributes: [
          { path: 'syncdirs', deep: true, uid: 0, gid: 0, mode: 0o644 },
          { path: 'syncdirs/ny/etc/motd', deep: false, uid: 1001, gid: undefined, mode: 0o600 },
        ],
      },
    ]);
  });

  it('gives no file set-id bits, which every user of the server would have, and says so (LH827); directories have them', () => {
    const given = withRows(
      '"syncdirs/ny/**","0","0","2775",,\n"syncdirs/ny/bin/tool","0","0","4755",,\n"syncdirs/ny/spool/","0","0","2770",,\n"images/x/rootimg/tool","0","0","4755",,',
      ['syncdirs/ny/bin/tool', 'syncdirs/ny/etc/motd', 'images/x/rootimg/tool'],
    );
    const [tree] = plan(given);
    if (tree?.kind !== 'tree') throw new Error('no tree');
    const modes = publishedEntries(tree, 'syncdirs', fakeView(given)).flatMap((entry) =>
      entry.kind === 'file' || entry.kind === 'directory' ? [[entry.path, entry.mode.toString(8)]] : [],
    );
    expect(Object.fromEntries(modes)).toEqual({
      ny: '2775',
      'ny/bin': '2775',
      'ny/etc': '2775',
      'ny/bin/tool': '755',
      'ny/etc/motd': '775',
    });
    expect(check(given).map(({ code, at }) => [code, at?.line])).toEqual([
      ['LH827', 2],
      ['LH827', 3],
    ]);
  });

  it('needs no attributes.csv, and is nothing without the folder', () => {
    expect(plan({ files: ['syncdirs/a'] })).toMatchObject([{ kind: 'tree', attributes: [] }]);
    expect(plan({})).toEqual([]);
  });

  it('stands on a service node whose trees a node mounts', () => {
    const targets = plan({
      files: ['syncdirs/a'],
      nodes: {
        sn1: { addresses: ['10.0.0.2'] },
        sn2: { addresses: ['10.0.0.3'] },
        n01: { litetree: [{ mount: '10.0.0.2:/syncdirs/a', ours: true }] },
      },
      tables: {
        servicenode: [
          { node: 'sn1', nfsserver: '1' },
          { node: 'sn2', nfsserver: '1' },
        ],
      },
    }).map((it) => it.target);
    expect(targets).toEqual(['mn', 'sn1']);
  });

  it('gets an empty directory for a path that ends in a slash, unless the tree has it', () => {
    const outputs = plan(withRows('"syncdirs/ny/var/spool/","8","12","0700",,\n"syncdirs/ny/etc/","0","0","0755",,'));
    expect(outputs.filter((it) => it.kind === 'directory')).toEqual([
      { kind: 'directory', target: 'mn', root: 'syncdirs', path: 'ny/var/spool', mode: 0o700, uid: 8, gid: 12 },
    ]);
  });

  it('ignores a row that is switched off', () => {
    expect(plan(withRows('"syncdirs/ny/etc/motd","1","1","0600",,"1"'))).toMatchObject([{ attributes: [] }]);
  });
});

describe('attributeFinder', () => {
  it('lets the last match win for owner, group and mode each by itself', () => {
    const given = attributeFinder([
      { path: 'syncdirs/ny', deep: true, uid: 1, gid: 2, mode: 0o600 },
      { path: 'syncdirs/ny/etc/motd', deep: false, mode: 0o644 },
      { path: 'syncdirs/ny/etc', deep: true, gid: 7 },
    ]);
    expect(given('syncdirs/ny/etc/motd')).toEqual({ uid: 1, gid: 7, mode: 0o644 });
    expect(given('syncdirs/ny')).toEqual({ uid: 1, gid: 2, mode: 0o600 });
    expect(given('syncdirs/nyc')).toEqual({ uid: undefined, gid: undefined, mode: undefined });
  });
});

describe('check', () => {
  it('is silent about right rows, and about a folder without any', () => {
    expect(
      check(
        withRows('"syncdirs/**","0","0","0644",,\n"syncdirs/empty/",,,"0755",,\n"syncdirs/ny/etc",,,"0755","why",'),
      ),
    ).toEqual([]);
    expect(check({ files: ['syncdirs/a'] })).toEqual([]);
  });

  it.each([
    ['"syncdirs/ny/etc/motd","ann","0","0644",,', 'LH821', 'error', 24],
    ['"syncdirs/ny/etc/motd","0","-1","0644",,', 'LH821', 'error', 28],
    ['"syncdirs/ny/etc/motd","4294967295","0","0644",,', 'LH821', 'error', 24],
    ['"syncdirs/ny/etc/motd","0","0","u=rw",,', 'LH822', 'error', 32],
    ['"syncdirs/ny/etc/motd","0","0","0800",,', 'LH822', 'error', 32],
    ['"syncdirs/ny/etc/mtd","0","0","0644",,', 'LH823', 'warning', 1],
    ['"syncdirs/la/**","0","0","0644",,', 'LH823', 'warning', 1],
    ['"syncdirs/ny/etc/motd/","0","0","0644",,', 'LH823', 'warning', 1],
    ['"/etc/shadow","0","0","0600",,', 'LH824', 'warning', 1],
    ['"tables/site.csv","0","0","0600",,', 'LH824', 'warning', 1],
    ['"syncdirs/*/etc/shadow","0","0","0600",,', 'LH826', 'error', 1],
    ['"syncdirs/../etc/shadow","0","0","0600",,', 'LH826', 'error', 1],
    ['"syncdirs/ny//etc","0","0","0600",,', 'LH826', 'error', 1],
  ])('says what is wrong with %s', (row, code, severity, column) => {
    const found = check(withRows(row));
    expect(found).toMatchObject([{ code, severity, at: { file: 'attributes.csv', line: 2 } }]);
    expect(Math.abs((found[0]?.at?.column ?? 0) - column)).toBeLessThanOrEqual(1);
  });

  it('passes on what is wrong with the file itself', () => {
    expect(check({ texts: { 'attributes.csv': 'path,owner\n"a' } }).length).toBeGreaterThan(0);
  });

  it.each([
    'ssh_host_rsa_key',
    'id_ed25519',
    'server.pem',
    'tls.key',
  ])('warns of %s with a mode that all can read', (name) => {
    const path = `syncdirs/ny/etc/${name}`;
    expect(check({ files: [path] })).toMatchObject([{ code: 'LH825', severity: 'warning', at: { file: path } }]);
    expect(check(withRows(`"syncdirs/ny/**","0","0","0600",,`, [path]))).toEqual([]);
    expect(check(withRows(`"syncdirs/ny/**","0","0","0600",,\n"${path}",,,"0604",,`, [path]))).toMatchObject([
      { code: 'LH825' },
    ]);
  });

  it('does not take a public key for a private one', () => {
    expect(check({ files: ['syncdirs/ny/etc/ssh_host_rsa_key.pub', 'syncdirs/keyboard'] })).toEqual([]);
  });
});
