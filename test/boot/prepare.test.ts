/** The lab brings what a bare machine lacks for the scenarios that are asked for; shown with an apt-get that only writes down what it is asked. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { temporaryDirs } from '../server/temporary.ts';

const boot = fileURLToPath(new URL('.', import.meta.url));
const temporary = temporaryDirs();
const scenarios = readdirSync(join(boot, 'scenarios')).map((name) => name.replace('.sh', ''));

interface Ran {
  readonly status: number | null;
  readonly out: string;
  /** What apt-get was asked, and what packages' scripts would have been told meanwhile. */
  readonly asked: readonly string[];
  readonly policy: string;
}

/** Runs a line of shell with what prepare.sh offers, on a machine that has these programs and no file that a package would bring. */
function onBareMachine(
  line: string,
  programs: readonly string[] = [],
  given: { policy?: string; fails?: true } = {},
): Ran {
  const dir = temporary();
  const bin = join(dir, 'bin');
  mkdirSync(bin);
  for (const name of ['chmod', 'rm', 'sed', 'sort', 'tr', 'cat', 'dirname'])
    symlinkSync(execFileSync('which', [name], { encoding: 'utf8' }).trim(), join(bin, name));
  const program = (name: string, text: string): void => {
    writeFileSync(join(bin, name), `#!/bin/bash\n${text}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  const policy = join(dir, 'policy-rc.d');
  if (given.policy !== undefined) writeFileSync(policy, given.policy);
  program(
    'apt-get',
    `echo "$* | $(cat ${policy} 2>&1)" | tr '\\n' ' ' >>${dir}/asked; echo >>${dir}/asked; ${given.fails ? 'exit 1' : ''}`,
  );
  program('id', 'echo 0');
  for (const name of programs) program(name, '');
  const script = `set -euo pipefail; here=${boot}; . ${boot}lab/prepare.sh; policy=${policy}; needs=\${needs// \\// \\/none\\/}; ${line}`;
  const { status, stdout } = spawnSync('/bin/bash', ['-c', script], { encoding: 'utf8', env: { PATH: bin } });
  const asked = existsSync(join(dir, 'asked')) ? readFileSync(join(dir, 'asked'), 'utf8').trim().split('\n') : [];
  return { status, out: stdout, asked, policy: existsSync(policy) ? readFileSync(policy, 'utf8') : 'gone' };
}

const lacking = (...of: readonly string[]): string[] =>
  onBareMachine(`lacking ${of.join(' ')}`)
    .out.trim()
    .split('\n');

describe('what a scenario needs', () => {
  test('is what all need, and what it says itself, each package once', () => {
    const all = lacking('words');
    expect(all).toEqual(
      expect.arrayContaining(['qemu-system-x86', 'nfs-ganesha-vfs', 'pxelinux', 'dnsmasq-base', 'git', 'netbase']),
    );
    const own = (...of: string[]) => lacking(...of).filter((name) => !all.includes(name));
    expect(own('rooms')).toEqual(['createrepo-c', 'dnf', 'rpm']);
    expect(own('sles')).toEqual(['createrepo-c', 'rpm', 'zypper']);
    expect(own('slof')).toEqual(['qemu-system-ppc']);
    expect(own('rooms', 'sles', 'slof')).toEqual(['createrepo-c', 'dnf', 'qemu-system-ppc', 'rpm', 'zypper']);
  });

  test.each(scenarios)('is said by %s for every program that it calls by way of the lab', (name) => {
    const text = readFileSync(join(boot, 'scenarios', `${name}.sh`), 'utf8');
    const says = (what: RegExp, ...packages: string[]) =>
      what.test(text) && expect(lacking(name)).toEqual(expect.arrayContaining(packages));
    says(/rpm_packages|new_tool/, 'rpm', 'createrepo-c');
    says(/small_cluster (rhel|centos|fedora)/, 'dnf');
    says(/small_cluster sles/, 'zypper');
    says(/qemu-system-ppc64 /, 'qemu-system-ppc');
  });

  test('is only what the machine lacks', () => {
    const { out } = onBareMachine('lacking rooms', ['dnf', 'git', 'rpmbuild']);
    expect(out.split('\n').filter((name) => ['dnf', 'git', 'rpm', 'createrepo-c'].includes(name))).toEqual([
      'createrepo-c',
    ]);
  });
});

describe('what is installed', () => {
  test('is said, fetched at once, and starts no service', () => {
    const { status, out, asked, policy } = onBareMachine('install_packages rooms slof');
    expect([status, policy]).toEqual([0, 'gone']);
    expect(out).toMatch(/^installing with apt-get, starting nothing of it: .*dnf .*qemu-system-ppc .*rpm/);
    expect(asked).toHaveLength(2);
    expect(asked[0]).toMatch(/^update -qq \| #!\/bin\/sh exit 101/);
    expect(asked[1]).toMatch(/^install -y -qq --no-install-recommends .*dnf .* \| #!\/bin\/sh exit 101/);
  });

  test('leaves a policy of the machine as it is, and none behind where apt-get fails', () => {
    const own = onBareMachine('install_packages words', [], { policy: 'exit 104\n' });
    expect([own.status, own.policy, own.asked[1]]).toEqual([0, 'exit 104\n', expect.stringContaining('| exit 104')]);
    const failed = onBareMachine('install_packages words; echo went on', [], { fails: true });
    expect([failed.status, failed.policy, failed.out]).toEqual([1, 'gone', expect.not.stringContaining('went on')]);
  });

  test('is what the scenarios asked for lack, before `npm run test:boot` does anything else', () => {
    const { status, out } = onBareMachine(`exec /bin/bash ${boot}matrix.sh --built rooms`, ['npm'], { fails: true });
    expect(status).not.toBe(0);
    expect(out).toMatch(/^installing with apt-get, starting nothing of it: .*dnf [^\n]*\n$/);
    expect(out).not.toContain('qemu-system-ppc');
  });

  test('is nothing where nothing lacks', () => {
    const { status, out, asked } = onBareMachine('needs=bash:bash; install_packages words', ['bash']);
    expect([status, out, asked]).toEqual([0, '', []]);
  });
});
