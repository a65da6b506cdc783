/** Shows our exports file to the system's own exportfs, in a mount namespace of its own, so that nothing here is exported. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { PartOutput, SharedFileOutput } from '../../core/plugin/output.ts';
import { fakeView } from '../../core/plugin/testing/view.ts';
import { nfsExports } from '../../plugins/nfs-exports/index.ts';

const directory = mkdtempSync(join(tmpdir(), 'litehouse-exports-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const installdir = '/srv/litehouse test#1';

/** The file as the engine composes it. */
function composed(): string {
  const view = fakeView({
    site: { installdir },
    nodes: {
      n01: {
        addresses: ['10.0.1.1'],
        statemnt: '10.0.0.1:/srv/state',
        litetree: [{ mount: '10.0.0.1:/syncdirs/a', ours: true }],
      },
      n02: { addresses: ['172.16.0.1'], statemnt: '10.0.0.1:/srv/state' },
      n03: { addresses: ['fd00::3'] },
    },
    tables: {
      networks: [
        { net: '10.0.0.0', mask: '255.255.0.0' },
        { net: 'fd00::', mask: '64' },
      ],
    },
  });
  const outputs = nfsExports.setup(nfsExports.options.parse({})).plan?.(view) ?? [];
  const lines = new Map<string, Set<string>>();
  for (const part of outputs.filter((it): it is PartOutput => it.kind === 'part')) {
    const items = lines.get(`${part.order} ${part.line}`) ?? new Set();
    lines.set(`${part.order} ${part.line}`, items.add(part.item ?? ''));
  }
  const header = outputs.filter((it): it is SharedFileOutput => it.kind === 'shared-file').flatMap((it) => it.header);
  const body = [...lines].map(([line, items]) => `${line.slice(3)} ${[...items].sort().join(' ')}`);
  return `${[...header, ...body].join('\n')}\n`;
}

const available =
  process.getuid?.() === 0 && spawnSync('sh', ['-c', 'command -v exportfs && unshare -m true']).status === 0;

/** What exportfs makes of a text: exit code and its own listing. */
function judge(text: string): { code: number | null; said: string } {
  const file = join(directory, 'exports');
  writeFileSync(file, text);
  const script = `
    mount -t tmpfs t /var/lib/nfs && touch /var/lib/nfs/etab /var/lib/nfs/rmtab || exit 90
    mkdir -p /etc/exports.d && mount -t tmpfs t /etc/exports.d && mount -t tmpfs t /srv || exit 91
    [ ! -e /etc/exports ] || mount --bind /dev/null /etc/exports || exit 92
    mkdir -p "/srv/litehouse test#1/netboot" /srv/state
    grep -v '^/syncdirs' "$1" >/etc/exports.d/litehouse.exports
    exportfs -ra || exit 1
    exportfs -v`;
  const ran = spawnSync('unshare', ['-m', 'sh', '-c', script, 'sh', file], { encoding: 'utf8' });
  return { code: ran.status, said: `${ran.stdout}${ran.stderr}` };
}

it('is one line for images, overlays and each state directory', () => {
  expect(
    composed()
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => line.split(' ')[0]),
  ).toEqual(['/srv/litehouse\\040test\\0431/netboot', '/syncdirs', '/srv/state']);
});

it('is what exportfs reads without complaint, path by path', () => {
  if (!available) {
    // A missing tool must never look like a pass where the project is judged.
    expect(process.env['CI'], 'exportfs, unshare and root are needed').toBeUndefined();
    process.stderr.write('NOT CHECKED: exportfs, unshare and root are needed to show it our exports file\n');
    return;
  }
  const { code, said } = judge(composed());
  expect(said).not.toMatch(/exportfs:/);
  expect(code).toBe(0);
  const clients = said.replaceAll(/\s+/g, ' ');
  expect(clients).toContain('/srv/litehouse test#1/netboot 10.0.0.0/255.255.0.0(');
  expect(clients).toContain('/srv/litehouse test#1/netboot fd00::/64(');
  expect(clients).toMatch(/\/srv\/state 172\.16\.0\.1\([^)]*\brw\b[^)]*no_root_squash/);
  expect(judge(composed().replace('(ro,', '(rx,')).code).toBe(1);
});
