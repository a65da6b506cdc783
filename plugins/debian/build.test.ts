/**
 * Real images of Debian 12, from the network, with real scriptlets: one base, a kernel and a generation, and builds that fail.
 *
 * Over 300 lines: all of it looks at one build and shares its cache of packages, which takes most of the time.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { lstat, mkdir, readdir, readFile, readlink, rename, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type BaseNote, baseNote } from '../../core/image/base/build-base.ts';
import { baseOf, plain, Workshop } from './testing/build.ts';

// Whole systems come through the network, at whatever speed it has.
vi.setConfig({ testTimeout: 900_000, hookTimeout: 900_000 });

let workshop: Workshop;
let packages: string;
let base: string;
let boot: string;
let generation: string;
let note: BaseNote;
const crypt = '$6$salt$hash';
const inBase = (path: string) => join(base, 'rootimg', path);
const textOf = (path: string) => readFile(inBase(path), 'utf8');

/** What a package of somebody else might try as it is configured. */
const hostile = `
  { cat /etc/shadow; ls /; ls /work /home/*; } > /var/lib/seen 2>&1 || :
  mount -t tmpfs none /mnt && echo mounted >> /var/lib/seen || :
  mknod /disk b 254 0 && echo node >> /var/lib/seen || :
  grep -c : /proc/net/dev > /var/lib/interfaces
  invoke-rc.d ssh start > /var/lib/started 2>&1 || :
  echo told > /dev/stderr`;

beforeAll(async () => {
  workshop = await Workshop.open();
  packages = join(workshop.directory, 'install/post/otherpkgs/debian12/x86_64');
  await workshop.package(
    packages,
    'hostile',
    { postinst: hostile },
    { 'usr/share/doc/hostile/README': 'kept', 'etc/hostile.conf': 'x' },
  );
  await workshop.package(packages, 'passing', { postrm: 'echo "$1" >> /var/lib/gone' }, { 'usr/share/passing': 'x' });
  const list = workshop.file('custom/netboot/debian/compute.pkglist', 'linux-image-cloud-amd64\nopenssh-server\n');
  const script =
    'set -eu\nprintf "%s\\n" "$@" > "$1/etc/arguments"\ngrep -c : /proc/net/dev > "$1/etc/interfaces"\nls -A / > "$1/etc/outside"\n';
  const pass = { removeBefore: [], removeAfter: [] };
  const recipe = baseOf([], {
    otherRepositories: [
      { ...plain('/install/post/otherpkgs/debian12/x86_64'), below: 'post/otherpkgs/debian12/x86_64' },
    ],
    lists: [
      {
        kind: 'distribution',
        files: [list],
        passes: [{ ...pass, install: ['linux-image-cloud-amd64', 'openssh-server'] }],
      },
      { kind: 'other', files: [], passes: [{ ...pass, install: ['hostile', 'passing'], removeAfter: ['passing'] }] },
    ],
    exlist: { files: [workshop.file('x.exlist', '')], patterns: ['./usr/share/doc/*', '+./usr/share/doc/hostile*'] },
    postinstall: workshop.file('custom/netboot/debian/compute.postinstall', `#!/bin/sh\n${script}`),
    kernelFiles: [
      {
        ...workshop.file('images/compute/rootimg/boot/extra', 'ours'),
        ...{ to: 'boot/extra', mode: 0o4750, link: false, uid: 7, gid: 8 },
      },
    ],
    addons: ['passwd', 'ssh'],
    accounts: [{ user: 'root', hash: crypt }],
    accountFiles: [
      workshop.file('custom/accounts/passwd', 'operator:x:1100:1100::/home/operator:/bin/bash\n'),
      workshop.file('custom/accounts/authorized_keys', 'ssh-ed25519 AAAA somebody\n'),
    ],
  });
  base = await workshop.build(recipe);
  note = baseNote.parse(JSON.parse(await readFile(join(base, 'base.json'), 'utf8')));
  const { image, os, arch, profile } = recipe;
  boot = await workshop.build(
    {
      step: 'boot',
      recipe: '1',
      image,
      os,
      arch,
      profile,
      base: 'd0',
      form: 'small',
      netdrivers: [],
      otherInterfaces: [],
      permission: '755',
      program: 'p',
    },
    base,
  );
  const entries = [
    { path: '/etc/hostile.conf', directory: false, kind: 'link' },
    { path: '/var/log', directory: true, kind: 'bind+persistent' },
  ];
  generation = await workshop.build({ step: 'generation', recipe: '1', image, base: 'd0', entries }, base);
});

afterAll(() => workshop.close());

describe('a base', () => {
  it('has what its lists name, configured, in the database of its own package manager', async () => {
    const status = spawnSync(
      'dpkg-query',
      [`--admindir=${inBase('var/lib/dpkg')}`, '-W', '-f', '$' + '{db:Status-Abbrev} $' + '{Package}\n'],
      { encoding: 'utf8' },
    );
    const lines = status.stdout.trim().split('\n');
    expect(lines.filter((line) => !line.startsWith('ii ') && !line.endsWith(' passing'))).toEqual([]);
    for (const name of ['dpkg', 'openssh-server', 'linux-image-cloud-amd64', 'hostile'])
      expect(lines.some((line) => line.endsWith(` ${name}`))).toBe(true);
    expect(note.packages.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['bash', 'hostile', 'openssh-server']),
    );
  });

  it('writes down kernel, packages and the state of its repositories', () => {
    expect(note.kernelVersion).toMatch(/^6\.1\..*-cloud-amd64$/);
    const [first] = note.repositories;
    expect(first?.digest).toMatch(/^[0-9a-f]{64}$/);
    expect(Date.parse(first?.date ?? '')).toBeGreaterThan(Date.parse('2025-01-01'));
    expect(note.packages.find(({ name }) => name === 'hostile')).toEqual({
      name: 'hostile',
      version: '1',
      arch: 'all',
    });
  });

  it('removes what a list takes away again, by its own scripts', async () => {
    await expect(lstat(inBase('usr/share/passing'))).rejects.toThrow('ENOENT');
    expect(await textOf('var/lib/gone')).toBe('remove\n');
    expect(note.packages.some(({ name }) => name === 'passing')).toBe(false);
  });

  it('let no script of a package out', async () => {
    const seen = await textOf('var/lib/seen');
    expect(seen).not.toMatch(/mounted|^node$|lost\+found/m);
    expect(seen).not.toContain('work\n');
    await expect(lstat(inBase('disk'))).rejects.toThrow('ENOENT');
    expect(await textOf('var/lib/interfaces')).toBe('1\n');
  });

  it('started no daemon, and nodes may start theirs', async () => {
    expect(await textOf('var/lib/started')).toMatch(/policy-rc.d denied|101/);
    await expect(lstat(inBase('usr/sbin/policy-rc.d'))).rejects.toThrow('ENOENT');
  });

  it('made no initramfs of its own for the kernel', async () => {
    expect((await readdir(inBase('boot'))).filter((name) => name.startsWith('initrd'))).toEqual([]);
  });

  it('lost what the exlist names, and kept what that puts back', async () => {
    expect(await readdir(inBase('usr/share/doc'))).toEqual(['hostile']);
    expect(await textOf('usr/share/doc/hostile/README')).toBe('kept');
  });

  it('ran its postinstall with the four arguments, without network, seeing nothing of this host', async () => {
    const root = '/install/netboot/debian12/x86_64/compute/rootimg';
    expect(await textOf('etc/arguments')).toBe(`${root}\ndebian12\nx86_64\ncompute\n`);
    expect(await textOf('etc/interfaces')).toBe('1\n');
    expect((await textOf('etc/outside')).split('\n')).not.toContain('work');
  });

  it('has kernel files of the repository, with the owner and mode that attributes.csv gives them', async () => {
    const { uid, gid, mode } = await lstat(inBase('boot/extra'));
    expect([uid, gid, mode & 0o7777]).toEqual([7, 8, 0o4750]);
    expect(await textOf('boot/extra')).toBe('ours');
  });

  it('has the accounts and keys of the repository, and nothing of this server', async () => {
    expect(await textOf('etc/shadow')).toContain(`root:${crypt}:`);
    expect(await textOf('etc/shadow')).toContain('operator:!:');
    expect(await textOf('etc/passwd')).toMatch(/^sshd:/m);
    expect((await stat(inBase('etc/shadow'))).mode & 0o777).toBe(0o600);
    expect(await textOf('root/.ssh/authorized_keys')).toBe('ssh-ed25519 AAAA somebody\n');
    expect(await textOf('etc/ssh/sshd_config')).toMatch(/^X11Forwarding yes\nMaxStartups 1024\n/);
  });

  it('has no private key and no identity that all nodes would share', async () => {
    expect((await readdir(inBase('etc/ssh'))).filter((name) => name.startsWith('ssh_host'))).toEqual([]);
    expect(await textOf('etc/machine-id').catch(() => '')).toBe('');
    expect(
      spawnSync('grep', ['-rlE', '-m1', '^-----BEGIN [A-Z ]*PRIVATE KEY', inBase('etc'), inBase('root')], {
        encoding: 'utf8',
      }).stdout,
    ).toBe('');
  });

  it('leaves nothing of the build behind', async () => {
    expect((await readdir(base)).sort()).toEqual(['base.json', 'rootimg']);
    expect(await readdir(inBase('tmp'))).toEqual([]);
    expect(await readdir(inBase('dev'))).toEqual([]);
    expect(await readdir(inBase('proc'))).toEqual([]);
  });
});

describe('what is made of it', () => {
  it('boots: the kernel and an initrd, and a note of what they are', async () => {
    expect((await readdir(boot)).sort()).toEqual(['boot.json', 'initrd.gz', 'kernel']);
    expect(JSON.parse(await readFile(join(boot, 'boot.json'), 'utf8'))).toMatchObject({
      kernelVersion: note.kernelVersion,
      form: 'small',
    });
    expect((await stat(join(boot, 'kernel'))).mode & 0o777).toBe(0o644);
  });

  it('is a generation that is linked, with the program to read, its files those of the base', async () => {
    const root = join(generation, 'rootimg');
    expect(await readlink(join(root, 'etc/hostile.conf'))).toContain('.statelite/tmpfs/etc/hostile.conf');
    expect(await readFile(join(root, 'etc/init.d/statelite'), 'utf8')).toContain('statelite');
    await expect(lstat(inBase('etc/init.d/statelite'))).rejects.toThrow('ENOENT');
    expect((await lstat(inBase('etc/hostile.conf'))).isFile()).toBe(true);
    expect(JSON.parse(await readFile(join(generation, 'generation.json'), 'utf8'))).toMatchObject({
      image: 'compute',
      base: 'd0',
      commit: 'c0',
    });
  });
});

/** Content of every file of a tree, in one digest. */
function digestOfTree(directory: string): string {
  return spawnSync(
    'sh',
    ['-c', 'cd "$1" && find . -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum', 'sh', directory],
    { encoding: 'utf8' },
  ).stdout;
}

/** Processes and mounts that name the work directory, or another word. */
async function leftBehind(word = workshop.directory): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid) || pid === String(process.pid)) continue;
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (line.includes(word)) found.push(line);
  }
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n');
  return [...found, ...mounts.filter((line) => line.includes(word))];
}

/** Kills apt-get of our own builds as it comes to install, until the build has ended. */
async function killApt(build: Promise<unknown>): Promise<void> {
  let over = false;
  build.finally(() => (over = true)).catch(() => undefined);
  while (!over) {
    for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
      const [line, environment] = await Promise.all(
        ['cmdline', 'environ'].map((name) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')),
      );
      if (!/^apt-get\0.*\0install\0/.test(line ?? '') || environment?.includes(workshop.directory) !== true) continue;
      try {
        process.kill(Number(pid), 'SIGKILL');
      } catch {
        // Gone meanwhile.
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Waits for a line of the log after the first `from`; rejects where the build ends without it, with its own error if it has one. */
async function saying(line: string, from: number, build: Promise<unknown>): Promise<void> {
  let over = false;
  build.finally(() => (over = true)).catch(() => undefined);
  while (!workshop.log.slice(from).includes(line)) {
    if (over) throw await build.then(() => new Error(`the build has ended and never said '${line}'`));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

describe('two builds at once', () => {
  it('share the cache of packages, and both succeed, though one before them had its apt killed', async () => {
    const killed = workshop.build(baseOf(['hello']));
    await killApt(killed);
    await expect(killed).rejects.toThrow(
      /^apt-get was killed by SIGKILL \(by hand, or by the kernel[\s\S]*command: apt-get -q -[sy] .*install/,
    );
    expect(await leftBehind()).toEqual([]);
    const { kernelVersion } = note;
    const both = await Promise.all([
      workshop.build(baseOf(['hello'])),
      // The kernel is a package, because the image's row names it.
      workshop.build(baseOf(['less'], { kernelVersion })),
    ]);
    for (const [index, name] of ['hello', 'less'].entries())
      expect((await lstat(join(both[index] ?? '', 'rootimg/usr/bin', name))).isFile()).toBe(true);
    expect(workshop.log).toContain('waiting for another build to fetch its packages');
    const noteOf = async (directory = '') =>
      baseNote.parse(JSON.parse(await readFile(join(directory, 'base.json'), 'utf8')));
    expect((await noteOf(both[0])).kernelVersion).toBeUndefined();
    const named = await noteOf(both[1]);
    expect(named.kernelVersion).toBe(kernelVersion);
    expect(named.packages.map(({ name }) => name)).toContain(`linux-image-${kernelVersion}`);
    expect((await stat(join(both[1] ?? '', 'rootimg/boot', `vmlinuz-${kernelVersion}`))).size).toBeGreaterThan(2 ** 20);
  });

  it('install what they have fetched, whatever others do to the cache meanwhile', async () => {
    const archives = join(workshop.directory, 'cache/archives');
    const aside = join(workshop.directory, 'aside');
    const from = workshop.log.length;
    const building = workshop.build(baseOf(['hello']));
    await saying('installing packages', from, building);
    await rename(archives, aside);
    try {
      expect((await lstat(join(await building, 'rootimg/usr/bin/hello'))).isFile()).toBe(true);
    } finally {
      await rename(aside, archives);
    }
  });
});

describe('a build that fails', () => {
  it('in a script that writes in place has changed nothing that is served, and names package and line', async () => {
    const before = [digestOfTree(base), digestOfTree(generation)];
    const script =
      'for it in /etc/bash.bashrc /etc/passwd /usr/bin/diff /etc/debian_version; do echo spoiled >> $it; done; echo the reason >&2; exit 3';
    await workshop.package(join(workshop.directory, 'writers'), 'writer', { postinst: script });
    const list = workshop.file('custom/netboot/debian/compute.pkglist', '# one\nwriter\n');
    const recipe = baseOf(['writer'], { otherRepositories: [plain(join(workshop.directory, 'writers'))] });
    const failing = workshop.build({ ...recipe, lists: recipe.lists.map((one) => ({ ...one, files: [list] })) });
    await expect(failing).rejects.toThrow(
      /the reason[\s\S]*post-installation script[\s\S]*custom\/netboot\/debian\/compute.pkglist:2 names writer/,
    );
    expect([digestOfTree(base), digestOfTree(generation)]).toEqual(before);
    expect(await leftBehind()).toEqual([]);
  });

  it('for a package that does not exist names it, and the line of the list', async () => {
    const list = workshop.file('custom/netboot/debian/compute.pkglist', 'rsync\n\nno-such-package, vim\n');
    const recipe = baseOf(['rsync', 'no-such-package']);
    const failing = workshop.build({ ...recipe, lists: recipe.lists.map((one) => ({ ...one, files: [list] })) });
    await expect(failing).rejects.toThrow(
      /Unable to locate package no-such-package[\s\S]*compute.pkglist:3 names no-such-package/,
    );
    // The command that people know, not the shell around it.
    const text = await failing.then(String, String);
    expect(text).toMatch(/apt-get ended with status 100[\s\S]*command: apt-get -q -s install/);
    expect(text).not.toContain('exec "$@"');
  });

  it('for a kernel that there is not names the cell that asks for it', async () => {
    const asked = { kernelVersion: '9.9.9-1-amd64', kernelVersionFrom: 'tables/linuximage.csv:2' };
    await expect(workshop.build(baseOf(['rsync'], asked))).rejects.toThrow(
      /Unable to locate package linux-image-9.9.9-1-amd64[\s\S]*\nlinuximage.kernelver '9.9.9-1-amd64' \(tables\/linuximage.csv:2\) asks for linux-image-9.9.9-1-amd64$/,
    );
  });

  it('for a version that only the lock has says which', async () => {
    const failing = workshop.build(baseOf([], { lock: workshop.file('images/compute/lock', '# taken\nbash 1.0-1\n') }));
    await expect(failing).rejects.toThrow(
      /bash: the lock says 1.0-1, the repositories give 5[\s\S]*images\/compute\/lock:2 names bash/,
    );
  });

  it('for hardware whose programs do not run here says so before it fetches', async () => {
    await expect(workshop.build(baseOf([], { arch: 'ppc64le' }))).rejects.toThrow(
      "an image for ppc64le can't be built on this server",
    );
  });

  it('for a repository that nobody signed takes nothing from it', async () => {
    const deb = { type: 'deb', alias: 'x', from: 'custom/x.repolist:1' };
    const trusted = baseOf([], {
      repositories: [{ ...deb, url: 'deb [trusted=yes] http://127.0.0.1:9/debian bookworm main' }],
    });
    await expect(workshop.build(trusted)).rejects.toThrow(
      'custom/x.repolist:1: trusted=yes would take packages that nobody signed',
    );
  });

  it('for a repository that goes away in the middle says which file it could not get', async () => {
    const mirror = createServer(async (request, response) => {
      if (request.url?.includes('/pool/') === true) return response.destroy();
      try {
        const answer = await fetch(`http://deb.debian.org${request.url}`, { redirect: 'follow' });
        response.writeHead(answer.status);
        response.end(Buffer.from(await answer.arrayBuffer()));
      } catch {
        response.destroy(); // apt asks again, or says what it did not get.
      }
    });
    mirror.listen(0, '127.0.0.1');
    await once(mirror, 'listening');
    const address = mirror.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const url = `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://127.0.0.1:${port}/debian bookworm main`;
    const repositories = [{ type: 'deb', url, alias: 'x', from: 'custom/x.repolist:1' }];
    const failing = workshop.build(baseOf(['hello'], { repositories }));
    await expect(failing).rejects.toThrow(/Failed to fetch http:\/\/127.0.0.1:\d+\/debian\/pool\//);
    mirror.close();
    mirror.closeAllConnections();
  });

  it('on a full disk says so, and leaves nothing running', async () => {
    const disk = join(workshop.directory, 'disk');
    await mkdir(disk);
    const program = join(import.meta.dirname, 'testing/small-disk.ts');
    const text = 'mount -t tmpfs -o size=60m tmpfs "$1" && exec "$2" --import tsx "$3" "$1" "$4"';
    const args = [
      '--mount',
      '--propagation',
      'private',
      'sh',
      '-c',
      text,
      'sh',
      disk,
      process.execPath,
      program,
      join(workshop.directory, 'cache'),
    ];
    const child = spawn('unshare', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
    });
    await once(child, 'close');
    expect(out).toContain('No space left on device');
    expect(await leftBehind()).toEqual([]);
  });

  it('by being aborted in the middle of scripts leaves no process and no mount', async () => {
    const controller = new AbortController();
    await workshop.package(join(workshop.directory, 'slow'), 'slow', {
      postinst: 'echo now-waiting; sleep 4567.89 & sleep 4567.89',
    });
    const before = workshop.log.length;
    const running = workshop.build(
      baseOf(['slow'], { otherRepositories: [plain(join(workshop.directory, 'slow'))] }),
      undefined,
      { signal: controller.signal },
    );
    await saying('now-waiting', before, running);
    controller.abort();
    await expect(running).rejects.toThrow();
    expect(await leftBehind()).toEqual([]);
    expect(await leftBehind('4567.89')).toEqual([]);
  });
});
