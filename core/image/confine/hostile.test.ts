/**
 * A script that wants out of either view, and what it does not reach.
 *
 * Over 300 lines: one hostile script with one image, tried from both views; split up, each part would make that image anew.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import {
  chmod,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { release, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConfineOptions, confineRunner } from './confine.ts';

let work: string;
let root: string;
let secret: string;
let sleeper: ChildProcess;
let listener: Server;
let port: number;
const abstract = `litehouse-confine-${process.pid}`;
const confine = confineRunner();

/** A tree with busybox and perl: enough to try everything from inside an image. */
async function makeImage(directory: string): Promise<void> {
  for (const name of ['bin', 'etc', 'usr/bin', 'tmp', 'var']) await mkdir(join(directory, name), { recursive: true });
  await cp('/bin/busybox', join(directory, 'bin/busybox'), { dereference: true });
  for (const name of 'sh cat ls ps mount umount mknod touch head kill sleep setsid ip id grep tr env'.split(' '))
    await symlink('busybox', join(directory, 'bin', name));
  const perl = spawnSync('ldd', ['/usr/bin/perl'], { encoding: 'utf8' }).stdout.match(/\/\S+/g) ?? [];
  const modules = spawnSync('perl', ['-MSocket', '-e', 'print $INC{"Socket.pm"}'], { encoding: 'utf8' }).stdout;
  for (const path of ['/usr/bin/perl', ...perl, dirname(modules)]) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await cp(await realpath(path), join(directory, path), { recursive: true });
  }
}

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'litehouse-hostile-'));
  root = join(work, 'rootimg');
  secret = join(work, 'state/secret');
  await mkdir(dirname(secret));
  await writeFile(secret, 'the secret of this host', { mode: 0o644 });
  await makeImage(root);
  sleeper = spawn('sleep', ['1000'], { stdio: 'ignore' });
  listener = createServer((socket) => socket.end('reached'));
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
});

afterAll(async () => {
  sleeper.kill('SIGKILL');
  listener.close();
  await rm(work, { recursive: true, force: true });
});

/** Whether a process with this word among its arguments runs on the host. */
async function runs(word: string): Promise<boolean> {
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid) || pid === String(process.pid)) continue;
    const line = await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '');
    if (line.includes(word)) return true;
  }
  return false;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}

const views: readonly ['server' | 'image', () => ConfineOptions][] = [
  [
    'server',
    () => ({
      view: 'server',
      binds: [{ from: root, to: '/install/netboot/debian12/x86_64/compute/rootimg', writable: true }],
    }),
  ],
  ['image', () => ({ view: 'image', root })],
];

describe.each(views)('from view %s a hostile script', (view, options) => {
  /** Runs shell text; gives what it printed, whatever its status. */
  const sh = async (text: string, ...args: string[]) =>
    (await confine(options(), 'sh', ['-c', `exec 2>&1\n${text}\ntrue`, 'sh', ...args])).stdout;
  const perl = async (text: string, ...args: string[]) =>
    (await confine(options(), 'perl', ['-e', `open STDERR, ">&STDOUT";\n${text}\n;exit 0`, ...args])).stdout;
  const inside = view === 'image' ? '/' : '/install/netboot/debian12/x86_64/compute/rootimg/';

  it('finds neither the shadow file, nor the state of the server, nor the home of anybody', async () => {
    const text = await sh('cat /etc/shadow "$1" /etc/ssh/ssh_host_* /etc/gshadow; ls /root /home "$2"', secret, work);
    expect(text).not.toContain('the secret');
    expect(text).not.toMatch(/root:[*!$]/);
    expect(text).not.toContain('rootimg');
    expect(await sh('ls -A / | grep -E "^(work|mnt|media|srv|boot|opt|home)$"')).toBe('');
  });

  it('writes nothing outside of the image', async () => {
    await sh('mkdir -p "$1"; echo x > "$1/../../escaped"; echo x > /usr/escaped; echo x > /etc/escaped', work);
    await expect(lstat('/usr/escaped')).rejects.toThrow('ENOENT');
    await expect(lstat('/etc/escaped')).rejects.toThrow('ENOENT');
    await sh(`echo mine > ${inside}var/written`);
    expect(await readFile(join(root, 'var/written'), 'utf8')).toBe('mine\n');
    if (view === 'server')
      expect(await sh('touch /usr/x /lib/x /bin/x /etc/alternatives/x')).toMatch(/^(.*Read-only.*\n){4}$/);
  });

  it('climbs out of a chroot and is still inside', async () => {
    const text = await perl(
      `mkdir "/tmp/down"; opendir(my $up, "/"); chroot "/tmp/down" or die "no chroot"; chdir $up;
       chdir ".." for 1..64; chroot "."; print "climbed "; print -e "$ARGV[0]" ? "OUT" : "in"; print -e "/etc/shadow" ? "OUT" : "";
       opendir(my $d, "/"); print " ", join ",", sort readdir $d;`,
      secret,
    );
    expect(text).toContain('climbed in ');
    expect(text).not.toContain('OUT');
    expect(text).not.toContain('lost+found');
  });

  it('sees no process of this host and can signal none', async () => {
    const text = await sh('kill -9 "$1"; kill -0 "$2"; ls -d /proc/[0-9]*', String(sleeper.pid), String(process.pid));
    expect(text.match(/No such process/g)).toHaveLength(2);
    expect((text.match(/^\/proc\//gm) ?? []).length).toBeLessThan(5);
    expect(sleeper.exitCode).toBeNull();
    expect(sleeper.signalCode).toBeNull();
  });

  it('neither traces, reads nor kills the first process of its namespace', async () => {
    const text = await sh(
      'kill -9 1; kill -STOP 1; ls -l /proc/1/fd /proc/1/root/; cat /proc/1/environ /proc/1/mem; readlink /proc/1/exe',
    );
    expect(text.match(/[Pp]ermission denied/g)?.length).toBeGreaterThanOrEqual(3);
    expect(text).not.toContain('socket:');
  });

  it('mounts, unmounts and remounts nothing', async () => {
    const text = await sh(
      `for it in "mount -t tmpfs none /tmp" "mount -t proc none /tmp" "mount -o remount,rw /usr" "mount -o bind,remount,rw /proc/sys" \\
         "umount /proc/sys" "umount -l /dev" "mount -o bind / /tmp" "mount -o remount,rw /sys"; do $it && echo "DONE $it"; done`,
    );
    expect(text).not.toContain('DONE');
  });

  it('makes no device, and one that lies in the image is dead', async () => {
    const disk = join(root, 'var/disk');
    spawnSync('mknod', ['-m', '666', disk, 'b', '7', '0']);
    spawnSync('mknod', ['-m', '666', `${disk}0`, 'c', '1', '5']);
    const text = await sh(
      `mknod /tmp/d b 7 0 && echo MADE; mknod ${inside}var/d c 1 1 && echo MADE; head -c 1 ${inside}var/disk ${inside}var/disk0 && echo READ`,
    );
    expect(text).not.toMatch(/MADE|READ/);
    expect(text.match(/[Pp]ermission denied/g)).toHaveLength(2);
    await rm(disk);
    await rm(`${disk}0`);
  });

  it('loads no module, sets no clock, no host name, opens no file by handle', async () => {
    // init_module, sethostname, settimeofday, open_by_handle_at, ptrace(ATTACH, 1), bpf: the numbers of x86_64 and of arm64.
    const numbers = process.arch === 'x64' ? [175, 170, 164, 304, 101, 321] : [105, 161, 170, 265, 117, 280];
    const text = await perl(
      `my ($load, $name, $time, $handle, $trace, $bpf) = @ARGV; my $none = "\\0" x 256; my $what = "";
       my %calls = (load => [$load+0, $none, 256, $none], name => [$name+0, "evil", 4], time => [$time+0, pack("qq", 0, 0), 0],
         handle => [$handle+0, -100, pack("Ll", 8, 1) . "\\2" . "\\0" x 200, 0], trace => [$trace+0, 16, 1, 0, 0], bpf => [$bpf+0, 5, $none, 48]);
       for (sort keys %calls) { my @c = @{$calls{$_}}; $! = 0; my $r = syscall($c[0], @c[1..$#c]); $what .= "$_ " . ($r == -1 ? $!{EPERM} ? "EPERM" : "$!" : "DONE") . "\\n"; }
       print $what;`,
      ...numbers.map(String),
    );
    expect(text).not.toContain('DONE');
    for (const call of ['name', 'time', 'handle', 'trace']) expect(text).toContain(`${call} EPERM`);
    // A kernel without modules has not even the call.
    expect(text).toMatch(/^load (EPERM|Function not implemented)$/m);
  });

  it('holds the capabilities of a package install and cannot get others', async () => {
    const text = await sh('cat /proc/self/status');
    // chown dac_override fowner fsetid kill setgid setuid sys_chroot setfcap
    for (const set of ['CapPrm', 'CapEff', 'CapBnd']) expect(text).toContain(`${set}:\t00000000800400fb`);
    for (const set of ['CapInh', 'CapAmb']) expect(text).toContain(`${set}:\t0000000000000000`);
    expect(text).toContain('NoNewPrivs:\t1');
  });

  it('reaches no network: not the loopback of this host, not its abstract sockets', async () => {
    const server = createServer((socket) => socket.end('reached'));
    server.listen(`\0${abstract}`);
    await once(server, 'listening');
    const text = await perl(
      `use Socket; socket(my $s, PF_INET, SOCK_STREAM, 0); print connect($s, sockaddr_in($ARGV[0], inet_aton("127.0.0.1"))) ? "REACHED" : "no: $!\\n";
       socket(my $u, PF_UNIX, SOCK_STREAM, 0); print connect($u, sockaddr_un("\\0$ARGV[1]")) ? "REACHED" : "no: $!\\n";
       open my $n, "/proc/net/dev"; print grep /:/, <$n>;`,
      String(port),
      abstract,
    );
    server.close();
    expect(text).not.toContain('REACHED');
    expect(text.match(/^no: /gm)).toHaveLength(2);
    expect(text.match(/^\s*\w+:/gm)?.filter((it) => !it.includes('no:'))).toEqual([expect.stringContaining('lo:')]);
  });

  it('changes nothing in /proc/sys and presses no magic key', async () => {
    const text = await sh(
      'for it in sys/kernel/core_pattern sys/kernel/hostname sys/vm/drop_caches sysrq-trigger; do echo 1 > /proc/$it && echo WROTE; done',
    );
    expect(text).not.toContain('WROTE');
  });

  it('keeps nothing alive after its end', async () => {
    const word = `staying-${view}-${process.pid}`;
    const text = await perl(
      `for (1..3) { next if fork; setpgrp; exit 0 if fork; close STDIN; close STDOUT; close STDERR; $0 = $ARGV[0]; exec "perl", "-e", "sleep 1000", $ARGV[0]; }
       select undef, undef, undef, 0.2; print "left";`,
      word,
    );
    expect(text).toBe('left');
    expect(await runs(`sleep 1000\0${word}`)).toBe(false);
  });

  it('inherits no open file', async () => {
    const text = await sh('for it in /proc/self/fd/*; do readlink $it || ls -l $it; done');
    expect(text).not.toContain(work);
    const code = `
      import('${join(import.meta.dirname, 'confine.ts')}').then(async ({ confineRunner }) => {
        const options = ${JSON.stringify(options())};
        const { stdout } = await confineRunner()(options, 'perl', ['-e', 'open my $own, "<", "/proc/self/status"; for (3..300) { open my $f, "<&=$_" or next; print "$_: ", <$f> }']);
        console.log(stdout);
      });`;
    const fd = openSync(secret, 'r');
    const child = spawn(process.execPath, ['--import', 'tsx', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit', fd, 'ignore', 'ignore', 'ignore', 'ignore', 'ignore', fd],
    });
    closeSync(fd);
    let out = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      out += chunk.toString();
    });
    await once(child, 'close');
    // The one file that it opened itself shows that the search finds what there is.
    expect(out).toContain('Name:\tperl');
    expect(out).not.toContain('secret');
  });
});

describe('a hostile image', () => {
  it.each(['dev', 'proc', 'tmp', 'sys'])('does not lead the mounts out of it by a link at /%s', async (name) => {
    const tree = join(work, `linked-${name}`);
    await mkdir(join(tree, 'bin'), { recursive: true });
    const outside = join(work, 'outside');
    await mkdir(outside, { recursive: true });
    await symlink(outside, join(tree, name));
    await expect(confine({ view: 'image', root: tree }, 'sh', ['-c', 'true'])).rejects.toThrow('is a link');
    expect(await readdir(outside)).toEqual([]);
  });

  it('does not lead a bind out of it by a link', async () => {
    const tree = join(work, 'linked-bind');
    await mkdir(tree);
    await symlink('/etc', join(tree, 'opt'));
    const binds = [
      { from: tree, to: '/install/rootimg', writable: true },
      { from: work, to: '/install/rootimg/opt/cache', writable: true },
    ];
    await expect(confine({ view: 'server', binds }, 'true', [])).rejects.toThrow('is a link');
    await expect(lstat('/etc/cache')).rejects.toThrow('ENOENT');
  });

  it('is not the one whose tools drop the capabilities', async () => {
    const tree = join(work, 'own-tools');
    await cp(root, tree, { recursive: true, verbatimSymlinks: true });
    for (const name of ['setpriv', 'env', 'umount', 'pivot_root', 'cat', 'nsenter']) {
      await rm(join(tree, 'bin', name), { force: true });
      await writeFile(join(tree, 'bin', name), '#!/bin/sh\necho "taken" > /var/taken\n');
      await chmod(join(tree, 'bin', name), 0o755);
    }
    await confine({ view: 'image', root: tree }, 'sh', ['-c', 'true']);
    await expect(lstat(join(tree, 'var/taken'))).rejects.toThrow('ENOENT');
  });
});

it('in a user namespace of its own has the whole set of capabilities, and still reaches nothing', async () => {
  const text = (
    await confine({ view: 'server' }, 'sh', [
      '-c',
      `exec 2>&1; unshare --user --map-root-user --mount sh -c '
         mount -o remount,bind,rw /usr && touch /usr/escaped; umount /proc/sys && echo UNCOVERED; umount -l /usr && echo UNCOVERED
         echo 1 > /proc/sys/vm/drop_caches && echo WROTE; mknod /tmp/disk b 254 0 && head -c 1 /tmp/disk && echo READ' ; true`,
    ])
  ).stdout;
  expect(text).not.toMatch(/UNCOVERED|WROTE|READ/);
  await expect(lstat('/usr/escaped')).rejects.toThrow('ENOENT');
});

it('gives a name space a limit of processes of its own where Linux has one, and leaves the limit of the host', async () => {
  const before = await readFile('/proc/sys/kernel/pid_max', 'utf8');
  const { stdout } = await confine({ view: 'server' }, 'cat', ['/proc/sys/kernel/pid_max']);
  const [major = 0, minor = 0] = release().split('.').map(Number);
  expect(stdout).toBe(major > 6 || (major === 6 && minor >= 14) ? '4096\n' : before);
  expect(await readFile('/proc/sys/kernel/pid_max', 'utf8')).toBe(before);
});

describe('an end', () => {
  it('by the signal kills all of it, and is told apart from a failure', async () => {
    const word = `aborted-${process.pid}`;
    const controller = new AbortController();
    const running = confineRunner(controller.signal)({ view: 'image', root }, 'sh', [
      '-c',
      `trap '' TERM INT HUP; setsid perl -e 'sleep 1000' ${word} & perl -e 'sleep 1000' ${word}`,
    ]);
    await until(() => runs(`sleep 1000\0${word}`));
    controller.abort();
    await expect(running).rejects.toThrow('was stopped');
    expect(await runs(word)).toBe(false);
  });

  it('by the death of the server kills all of it', async () => {
    const word = `orphan-${process.pid}`;
    const code = `import('${join(import.meta.dirname, 'confine.ts')}').then(({ confineRunner }) =>
      confineRunner()({ view: 'image', root: '${root}' }, 'sh', ['-c', "setsid perl -e 'sleep 1000' ${word} & perl -e 'sleep 1000' ${word}"]))`;
    const server = spawn(process.execPath, ['--import', 'tsx', '-e', code], { stdio: 'ignore' });
    await until(() => runs(`sleep 1000\0${word}`));
    server.kill('SIGKILL');
    await until(async () => !(await runs(word)));
  });
});
