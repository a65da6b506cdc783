/** Shows our files to the system's own exportfs and ganesha, in namespaces of their own, so that nothing here is exported. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Place } from '../../core/plugin/plugin.ts';
import type { FakeView } from '../../core/plugin/testing/view.ts';
import { type Composed, composedOf, composedSamples, exportedDirectories } from './composed.ts';

const directory = mkdtempSync(join(tmpdir(), 'litehouse-exports-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Everything that is hard to write: blanks and quotes in paths, IPv6, single addresses, two networks. */
const hard: FakeView = {
  site: { installdir: '/srv/litehouse test#1' },
  nodes: {
    n01: {
      addresses: ['10.0.1.1'],
      statemnt: '10.0.0.1:/lite/my "own" state\\',
      litetree: [{ mount: '10.0.0.1:/syncdirs/a', ours: true }],
    },
    n02: { addresses: ['172.16.0.1'], statemnt: `10.0.0.1:/lite/bob's "state"` },
    n03: { addresses: ['fd00::3'], statemnt: '10.0.0.1:/lite/state' },
  },
  tables: {
    networks: [
      { net: '10.0.0.0', mask: '255.255.0.0' },
      { net: 'fd00::', mask: '64' },
    ],
  },
};

/** Ten thousand nodes at one state directory, with gaps, so that not everything folds into a few networks. */
const many: FakeView = {
  nodes: Object.fromEntries(
    Array.from({ length: 10_000 }, (_, at) => [
      `n${String(at).padStart(5, '0')}`,
      { addresses: [`10.0.${Math.floor(at / 250)}.${(at % 250) + 1}`], statemnt: '10.0.0.1:/lite/state' },
    ]),
  ),
  tables: { networks: [{ net: '10.0.0.0', mask: '255.255.0.0' }] },
};

/** Where the namespaces have a filesystem that both servers can export. */
const world = '/srv/world';
const place: Place = { directory: (_, root) => `${world}/${root}`, reloads: false };

const has = (...commands: string[]): boolean =>
  process.getuid?.() === 0 &&
  spawnSync('sh', ['-c', [...commands.map((it) => `command -v ${it}`), 'unshare -m true'].join(' && ')]).status === 0;

/** A missing tool must never look like a pass where the project is judged. */
function missing(what: string): boolean {
  expect(process.env.CI, `${what}, unshare and root are needed`).toBeUndefined();
  process.stderr.write(`NOT CHECKED: ${what}, unshare and root are needed to show it our files\n`);
  return true;
}

const files = new Map<string, Composed>();
beforeAll(async () => {
  for (const [name, composed] of await composedSamples(place)) files.set(name, composed);
  files.set('hard', composedOf(hard, place));
  files.set('widest', composedOf(hard, place, { widest: true }));
  files.set('many', composedOf(many, place));
});

describe('exportfs', () => {
  /** Exit code and listing of exportfs for each text, all in one mount namespace. */
  function judge(texts: ReadonlyMap<string, string>): Map<string, { code: number; said: string }> {
    const work = mkdtempSync(join(directory, 'kernel-'));
    for (const [name, text] of texts) {
      mkdirSync(join(work, name));
      writeFileSync(join(work, name, 'exports'), text);
      writeFileSync(
        join(work, name, 'directories'),
        exportedDirectories(text)
          .map((it) => `${it}\0`)
          .join(''),
      );
    }
    const script = `
      mount -t tmpfs t /var/lib/nfs && touch /var/lib/nfs/etab /var/lib/nfs/rmtab || exit 90
      mkdir -p /etc/exports.d && mount -t tmpfs t /etc/exports.d && mount -t tmpfs t /srv || exit 91
      [ ! -e /etc/exports ] || mount --bind /dev/null /etc/exports || exit 92
      for of in "$1"/*/; do
        xargs -0r mkdir -p <"$of/directories"
        cp "$of/exports" /etc/exports.d/litehouse.exports
        exportfs -ra >"$of/said" 2>&1; echo $? >"$of/code"
        exportfs -v >>"$of/said" 2>&1
      done`;
    const ran = spawnSync('unshare', ['-m', 'sh', '-c', script, 'sh', work], { encoding: 'utf8' });
    expect(`${ran.status} ${ran.stderr}`).toBe('0 ');
    const read = (name: string, file: string): string => readFileSync(join(work, name, file), 'utf8');
    return new Map([...texts.keys()].map((it) => [it, { code: Number(read(it, 'code')), said: read(it, 'said') }]));
  }

  it('reads every file that the engine composes, of every sample, without complaint', () => {
    if (!has('exportfs') && missing('exportfs')) return;
    expect(files.size).toBeGreaterThan(40);
    const judged = judge(new Map([...files].map(([name, { kernel }]) => [name, kernel])));
    // The widest line is the cookbook's to the letter, and exportfs remarks on what it leaves open.
    const remark =
      /exportfs: .* Neither 'subtree_check' or 'no_subtree_check' specified for export "\*:\/srv\/world\/install"/;
    const complained = ({ code, said }: { code: number; said: string }): boolean =>
      code !== 0 || said.replace(remark, '').includes('exportfs:');
    expect([...judged].filter(([, it]) => complained(it))).toEqual([]);
    const said = (name: string): string => (judged.get(name)?.said ?? '').replaceAll(/\s+/g, ' ');
    expect(said('hard')).toContain(`${world}/install/netboot 10.0.0.0/255.255.0.0(`);
    expect(said('hard')).toContain(`${world}/install/netboot fd00::/64(`);
    expect(said('hard')).toMatch(/my "own" state\\ 10\.0\.1\.1\([^)]*\brw\b[^)]*no_root_squash/);
    expect(said('hard')).toMatch(/bob's "state" 172\.16\.0\.1\([^)]*\brw\b/);
    expect(said('widest')).toMatch(/\/srv\/world\/install <world>\([^)]*\bro\b/);
    // Of ten thousand addresses, whole networks of them: a line of all would take exportfs two seconds, twice as many 28.
    expect(said('many').match(/10\.0\.\d+\.\d+(\/\d+)?\([^)]*\brw\b/g)?.length).toBeLessThan(600);
  });

  it('would say so if a file were wrong', () => {
    if (!has('exportfs') && missing('exportfs')) return;
    const wrong = (files.get('hard')?.kernel ?? '').replace('(ro,', '(rx,');
    expect(judge(new Map([['wrong', wrong]])).get('wrong')?.code).toBe(1);
  });
});

describe('nfs-ganesha', () => {
  /** What ganesha logs and shows of a file that its configuration includes. */
  function loaded(composed: Composed): { log: string; shown: string } {
    const work = mkdtempSync(join(directory, 'ganesha-'));
    writeFileSync(join(work, 'litehouse.ganesha.conf'), composed.ganesha);
    writeFileSync(
      join(work, 'directories'),
      exportedDirectories(composed.kernel)
        .map((it) => `${it}\0`)
        .join(''),
    );
    writeFileSync(
      join(work, 'ganesha.conf'),
      `NFS_CORE_PARAM { Bind_addr = 10.0.1.1; Protocols = 3, 4; Mount_Path_Pseudo = true; Enable_NLM = false; Enable_RQUOTA = false; Enable_UDP = false; }
NFSV4 { Graceless = true; RecoveryBackend = fs; RecoveryRoot = "/srv/recovery"; }
NFS_KRB5 { Active_krb5 = false; }
LOG { COMPONENTS { CONFIG = INFO; EXPORT = EVENT; } }
%include "${work}/litehouse.ganesha.conf"
`,
    );
    // ganesha needs an address beside loopback, and rpcbind for NFSv3, whose socket is below /run.
    const script = `
      ip link set lo up && ip tuntap add tap0 mode tap && ip addr add 10.0.1.1/16 dev tap0 && ip link set tap0 up || exit 90
      mount -t tmpfs t /run && mount -t tmpfs t /srv && mkdir -p /srv/recovery /run/ganesha && cd "$1" || exit 91
      xargs -0r mkdir -p <directories
      rpcbind -w -f >rpcbind.log 2>&1 &
      for i in $(seq 100); do [ -S /run/rpcbind.sock ] && break; sleep 0.05; done
      ganesha.nfsd -F -L "$1/log" -f "$1/ganesha.conf" -p "$1/pid" >/dev/null 2>&1 &
      for i in $(seq 200); do grep -q 'NFS SERVER INITIALIZED' log 2>/dev/null && break; kill -0 $! 2>/dev/null || break; sleep 0.05; done
      showmount -e 10.0.1.1 >shown 2>&1`;
    const options = ['--net', '--pid', '--mount', '--fork', '--kill-child', '--mount-proc'];
    const ran = spawnSync('unshare', [...options, 'sh', '-c', script, 'sh', work], { encoding: 'utf8' });
    const read = (file: string): string => readFileSync(join(work, file), 'utf8');
    expect(`${ran.status} ${ran.stderr}`, read('log')).toBe('0 ');
    return { log: read('log'), shown: read('shown') };
  }

  const blocks = (text: string): number => text.split('\n').filter((line) => line.startsWith('EXPORT {')).length;
  const made = (log: string): number => log.match(/Export \d+ created at pseudo \(\/./g)?.length ?? 0;

  it('loads every block that the engine composes, and gives the paths that nodes ask for', () => {
    if (!has('ganesha.nfsd', 'rpcbind', 'ip', 'showmount') && missing('ganesha.nfsd, rpcbind, ip, showmount')) return;
    for (const name of ['hard', 'widest', 'many', 'overlay-changed']) {
      const composed = files.get(name);
      if (composed === undefined) throw new Error(`no sample ${name}`);
      const { log, shown } = loaded(composed);
      expect(log.match(/config_errs_to_log.*/g) ?? [], name).toEqual([]);
      expect(log).toContain('NFS SERVER INITIALIZED');
      expect([name, made(log)]).toEqual([name, blocks(composed.ganesha)]);
      if (name === 'hard') {
        expect(log).toContain(`created at pseudo (/srv/litehouse test#1/netboot) with path (${world}/install/netboot)`);
        expect(log).toContain(
          `created at pseudo (/lite/my "own" state\\) with path (${world}/state/lite/my "own" state\\)`,
        );
        // As this client, n01, may see it: its own state directory and not the other nodes'.
        expect(shown).toContain('/lite/my "own" state');
        expect(shown).not.toContain('/lite/state ');
      }
    }
  });

  it('would say so if a block were wrong', () => {
    if (!has('ganesha.nfsd', 'rpcbind', 'ip', 'showmount') && missing('ganesha.nfsd, rpcbind, ip, showmount')) return;
    const composed = files.get('hard');
    if (composed === undefined) throw new Error('no file');
    const { log } = loaded({
      ...composed,
      ganesha: composed.ganesha.replace('Access_Type = RO', 'Access_Type = READ'),
    });
    expect(log).toMatch(/config_errs_to_log/);
  });
});
