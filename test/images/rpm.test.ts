/**
 * Images of RPMs, made by the real dnf, zypper and rpm out of a repository that the test makes.
 *
 * Over 300 lines: making the packages takes longer than most builds of them, and all that follows uses the same ones.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  createReadStream,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { baseNote } from '../../core/image/base/build-base.ts';
import { rpmDatabase } from '../../core/image/rpm/database.ts';
import { rhFamily } from '../../plugins/rh/index.ts';
import { slesFamily } from '../../plugins/sles/index.ts';
import { kernelVersion } from '../fixtures/rpm-repository.ts';
import { type Built, RpmLab } from './rpm-lab.ts';
import { longSleep } from './rpm-packages.ts';

const lab = new RpmLab();
beforeAll(async () => {
  writeFileSync(lab.secret, 'the secret of this server');
  await lab.make();
});
afterAll(() => lab.remove());

const noteOf = (built: Built) => baseNote.parse(JSON.parse(readFileSync(join(built.base, 'base.json'), 'utf8')));
const namesOf = (built: Built) => noteOf(built).packages.map(({ name }) => name);
const read = (built: Built, path: string) => readFileSync(join(built.base, 'rootimg', path), 'utf8');

/** Every file of a tree with its inode, owner, mode, time and content. */
function stateOf(tree: string): string[] {
  return readdirSync(tree, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((path) => {
      const { ino, mode, uid, gid, mtimeMs, size } = lstatSync(join(tree, path));
      const isFile = lstatSync(join(tree, path)).isFile();
      const content = isFile
        ? createHash('sha256')
            .update(readFileSync(join(tree, path)))
            .digest('hex')
        : '';
      return [path, ino, mode, uid, gid, mtimeMs, isFile ? size : '', content].join(' ');
    });
}

/** All of this host, with their command lines. */
function processes(): { readonly pid: number; readonly words: readonly string[] }[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      return [{ pid: Number(name), words: readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0') }];
    } catch {
      return []; // Gone meanwhile.
    }
  });
}

const small = 'bash\ncoreutils\n';

describe.each([
  { family: rhFamily, os: 'rhels9.4', folder: 'rh' },
  { family: slesFamily, os: 'sles15.5', folder: 'sles' },
])('$family.name', ({ family, os, folder }) => {
  const files = (
    list: string,
    cells: Readonly<Record<string, string>> = {},
    more: Readonly<Record<string, string>> = {},
  ) => lab.files(os, folder, list, cells, more);
  const base = (...args: Parameters<typeof files>) => lab.build(family, files(...args), { baseOnly: true });
  const failure = async (...args: Parameters<typeof files>) =>
    await base(...args).then(
      () => 'it was built',
      (error: Error) => error.message,
    );
  const list = `custom/netboot/${folder}/compute.pkglist`;

  describe('an image of everything', () => {
    let built: Built;
    beforeAll(async () => {
      built = await lab.build(family, files(`${small}kernel-core\nscripts\nlater\nclimber\nbad-post\n@lab\n`));
    });

    it('has a root, kernel and initrd, and a generation with links', () => {
      expect(readdirSync(built.base).sort()).toEqual(['base.json', 'rootimg']);
      expect(readdirSync(built.boot ?? '').sort()).toEqual(['boot.json', 'initrd.gz', 'kernel']);
      expect(lstatSync(join(built.generation ?? '', 'rootimg/etc/motd')).isSymbolicLink()).toBe(true);
      expect(noteOf(built)).toMatchObject({ kernelVersion, repositories: [{ alias: 'distribution' }] });
      const modes = ['tmp', 'var/tmp', 'proc', 'dev'].map(
        (name) => statSync(join(built.base, 'rootimg', name)).mode & 0o7777,
      );
      expect(modes).toEqual([0o1777, 0o1777, 0o555, 0o755]);
      expect(readdirSync(join(built.base, 'rootimg/dev'))).toEqual([]);
    });

    it('has a database where rpm of that system looks, and a record of what is in it', () => {
      const words = [
        '--root',
        join(built.base, 'rootimg'),
        '--dbpath',
        rpmDatabase(os).path,
        '-qa',
        '--qf',
        '%{NAME}\n',
      ];
      const names = execFileSync('rpm', words, { encoding: 'utf8' }).trim().split('\n').sort();
      expect(names).toEqual(expect.arrayContaining(['bash', 'filesystem', 'later', 'tool', 'weighty']));
      expect(namesOf(built)).toEqual(names);
      expect(noteOf(built).packages).toContainEqual({ name: 'weighty', version: '7:3-1', arch: 'noarch' });
      expect(noteOf(built).packages).toContainEqual({ name: 'tool', version: '2-1', arch: 'noarch' });
    });

    it('ran every script in its order, inside the image, with devices', () => {
      expect(read(built, 'var/order').trim().split('\n')).toEqual([
        ...['pre', 'post', 'devices', 'trigger'],
        ...(read(built, 'var/order').includes('filetrigger\nposttrans')
          ? ['filetrigger', 'posttrans']
          : ['posttrans', 'filetrigger']),
      ]);
      expect(read(built, 'etc/motd')).toBe('a system of packages\nwritten in place\n');
    });

    it('ran none of them on the server: not when packages were fetched, and not from a root that one climbed out of', () => {
      expect(existsSync(lab.marker)).toBe(false);
      const climbed = read(built, 'var/climbed');
      expect(climbed).toMatch(/^out$/m);
      expect(climbed).not.toMatch(/WROTE|the secret|^root:|litehouse-rpm-lab\S*$/m);
      expect(climbed).not.toMatch(/^(home|mnt|srv|work|opt)$/m);
      expect(climbed.match(/^\s*\w+:/gm)?.map((name) => name.trim())).toEqual(expect.arrayContaining(['lo:']));
      expect(climbed).not.toMatch(/^\s*e\w+\d:/m);
      expect(existsSync('/usr/escaped')).toBe(false);
    });

    it('warns of a script that failed after its package was in', () => {
      expect(built.log.filter((line) => line.startsWith('WARNING'))).toEqual([
        expect.stringContaining('%post(bad-post-1-1.noarch) scriptlet failed, exit status 3'),
      ]);
      expect(read(built, 'usr/share/bad-post')).toBe('in\n');
    });

    it('is not changed by a later build, whatever its scripts write in place', async () => {
      const before = [stateOf(join(built.generation ?? '', 'rootimg')), stateOf(lab.repository)];
      const next = await lab.build(family, files(`${small}kernel-core\nscripts\nlater\nweighty\n`));
      expect(read(next, 'etc/motd')).toContain('written in place');
      expect([stateOf(join(built.generation ?? '', 'rootimg')), stateOf(lab.repository)]).toEqual(before);
    });
  });

  describe('a list', () => {
    it('is installed pass by pass, with removals before and after', async () => {
      const built = await base(
        `${small}scripts\ntool\nweighty\n--weighty\n#NEW_INSTALL_LIST#\n-tool\n-never-there\nlater\n--script*\n`,
      );
      expect(namesOf(built)).toEqual(['base-libs', 'bash', 'coreutils', 'filesystem', 'later']);
      expect(read(built, 'var/order')).toMatch(/^pre\npost\n(.*\n)*trigger\n(.*\n)*preun\n$/);
      expect(existsSync(join(built.base, 'rootimg/usr/share/tool'))).toBe(false);
    });

    it('may name a version', async () => {
      expect(read(await base(`${small}tool=1-1\n`), 'usr/share/tool')).toBe('one\n');
    });

    it('brings the kernel that the row names', async () => {
      const built = await base(small, { kernelver: kernelVersion, krpmver: '5.14.0-70.el9' });
      expect(namesOf(built)).toContain(family.name === 'rh' ? 'kernel' : 'kernel-default');
      expect(noteOf(built).kernelVersion).toBe(kernelVersion);
    });

    it('of other packages takes them from a bare directory and its parts, and writes nothing there', async () => {
      const before = stateOf(lab.others);
      const more = { [`custom/netboot/${folder}/compute.otherpkgs.pkglist`]: 'third-party\nsub/deeper\n' };
      const built = await base(small, { otherpkgdir: '/install/others' }, more);
      expect(read(built, 'opt/third/party') + read(built, 'opt/deeper')).toBe('3\n4\n');
      expect(stateOf(lab.others)).toEqual(before);
      const again = await base(small, { otherpkgdir: '/install/others' }, more);
      expect(again.log.filter((line) => line.startsWith('making an index'))).toEqual([]);
      expect(noteOf(again).repositories).toEqual(noteOf(built).repositories);
    });

    // The original passes over the type: what it says wrong is no fault.
    it.each(['plaindir', 'rpm-md'])('of other packages takes them from what the .repolist names: %s', async (type) => {
      const built = await base(
        small,
        {},
        {
          [`custom/netboot/${folder}/compute.otherpkgs.pkglist`]: 'third-party\n',
          [`custom/netboot/${folder}/compute.repolist`]: `${type} | file:///install/others | mine\n`,
        },
      );
      expect(namesOf(built)).toContain('third-party');
      expect(noteOf(built).repositories.map(({ alias }) => alias)).toEqual(['distribution', 'mine']);
    });
  });

  describe('a package file of any name', () => {
    afterEach(() => renameSync(join(lab.others, 'odd name.rpm'), join(lab.others, 'third-party-1-1.noarch.rpm')));
    it('is found by what is in it', async () => {
      renameSync(join(lab.others, 'third-party-1-1.noarch.rpm'), join(lab.others, 'odd name.rpm'));
      const more = { [`custom/netboot/${folder}/compute.otherpkgs.pkglist`]: 'third-party\n' };
      expect(namesOf(await base(small, { otherpkgdir: '/install/others' }, more))).toContain('third-party');
    });
  });

  describe('a lock', () => {
    it('decides on versions', async () => {
      const built = await base(`${small}tool\n`, {}, { 'images/compute/lock': 'tool 1-1\nbash 1-1\n' });
      expect(read(built, 'usr/share/tool')).toBe('one\n');
      expect(built.log).toContain('coreutils 1-1 is not in the lock');
    });

    it('that no repository can follow is a failure that names its line', async () => {
      const text = await failure(`${small}tool\n`, {}, { 'images/compute/lock': 'bash 1-1\ntool 9-9\n' });
      expect(text).toMatch(/images\/compute\/lock:2 names tool|compute\.pkglist:3 names tool/);
    });
  });

  describe('a failure says where it comes from:', () => {
    it.each([
      ['a package that there is not', `${small}no-such\n`, [`${list}:3 names no-such`]],
      ['a group that there is not', `${small}@nobodys\n`, [`${list}:3 names @nobodys`]],
      ['a need that nothing meets', `${small}lonely\n`, ['nothing-has-it', `${list}:3 names lonely`]],
      [
        'packages that are enemies',
        `${small}enemy\ntool\n`,
        ['conflicts', `${list}:3 names enemy`, `${list}:4 names tool`],
      ],
      [
        'packages that bring one file',
        `${small}clash-a\nclash-b\n`,
        ['/usr/share/clash', `${list}:3 names clash-a`, `${list}:4 names clash-b`],
      ],
      ['a script before a package', `${small}bad-pre\n`, ['the reason', '%pre', `${list}:3 names bad-pre`]],
    ])('%s', async (_what, text, expected) => {
      const message = await failure(text);
      for (const part of expected) expect(message).toContain(part);
    });

    it('a directory that is not there', async () => {
      const text = await failure(small, { pkgdir: '/install/nowhere' });
      expect(text).toContain('linuximage.pkgdir, tables/linuximage.csv:2');
      expect(text).toContain(`there is no directory ${lab.install}/nowhere`);
      expect(await failure(small, { pkgdir: '' })).toContain(`there is no directory ${lab.install}/${os}/x86_64`);
    });

    it('an architecture whose programs do not run here', async () => {
      const of = files(small);
      const foreign = Object.entries(of).map(([path, text]) => [
        path,
        typeof text === 'string' ? text.replaceAll('x86_64', 's390x') : text,
      ]);
      await expect(lab.build(family, Object.fromEntries(foreign), { baseOnly: true })).rejects.toThrow(
        /is for s390x, .* images=external/s,
      );
    });
  });

  it('leaves nothing running when it is stopped in a script, and builds afterwards', async () => {
    const controller = new AbortController();
    const options = {
      baseOnly: true,
      signal: controller.signal,
      onLog: (line: string) => {
        if (line === 'sleeping') controller.abort();
      },
    };
    await expect(lab.build(family, files(`${small}slow\n`), options)).rejects.toThrow('was stopped');
    expect(execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })).not.toContain(longSleep);
    expect(namesOf(await base(small))).toContain('bash');
  });

  it('says so when somebody kills its package manager, leaves all as it was, and builds afterwards', async () => {
    const [tool, served] = [family.name === 'rh' ? 'dnf' : 'zypper', await base(small)];
    const before = [stateOf(served.base), stateOf(lab.repository)];
    let over = false;
    const failing = failure(small).finally(() => (over = true));
    const running = () => processes().filter(({ words }) => words.some((word) => word.startsWith(lab.dir)));
    while (!over) {
      const found = running().find(({ words }) => words.some((it) => it.endsWith(tool)) && words.includes('install'));
      try {
        if (found !== undefined) process.kill(found.pid, 'SIGKILL');
      } catch {
        // Gone meanwhile.
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    const text = await failing;
    expect(text).toMatch(
      new RegExp(`^${tool} was killed by SIGKILL \\(by hand, or by the kernel .*\ncommand: ${tool}`, 's'),
    );
    expect(text).not.toContain('is in no list');
    expect([running(), stateOf(served.base), stateOf(lab.repository)]).toEqual([[], ...before]);
    expect(namesOf(await base(small))).toEqual(namesOf(served));
  });

  describe('a repository elsewhere', () => {
    let server: Server;
    let url: string;
    let packages = true;
    const asked: string[] = [];
    beforeAll(async () => {
      server = createServer((request, response) => {
        asked.push(request.url ?? '');
        const path = join(lab.repository, decodeURIComponent(request.url ?? ''));
        if (!existsSync(path) || (!packages && path.endsWith('.rpm'))) response.writeHead(404).end();
        else createReadStream(path).pipe(response);
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const address = server.address();
      url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
    });
    afterAll(() => server.close());

    it('that goes away in the middle fails the build, and nothing is left of that in the next', async () => {
      lab.forget();
      packages = false;
      const text = await failure(small, { pkgdir: url });
      expect(text).toContain('linuximage.pkgdir, tables/linuximage.csv:2');
      packages = true;
      expect(namesOf(await base(small, { pkgdir: url }))).toContain('coreutils');
    });

    it('is asked for each package once, and its state is kept with the base', async () => {
      asked.length = 0;
      const built = await base(small, { pkgdir: url });
      expect(asked.filter((path) => path.endsWith('.rpm'))).toEqual([]);
      const repomd = readFileSync(join(lab.repository, 'repodata/repomd.xml'));
      const revision = Number(/<revision>(\d+)</.exec(repomd.toString())?.[1]);
      expect(noteOf(built).repositories).toEqual([
        {
          alias: 'distribution',
          url,
          date: new Date(revision * 1000).toISOString(),
          digest: createHash('sha256').update(repomd).digest('hex'),
        },
      ]);
      expect(built.log.join('\n')).toContain('without a check of signatures');
    });

    it('leaves nothing in the cache for ever, neither packages nor what it said', async () => {
      const kept = () => readdirSync(join(lab.dir, 'cache', family.name), { recursive: true, encoding: 'utf8' });
      for (const name of ['.rpm', 'repomd.xml', 'solv'])
        expect(
          kept().some((path) => path.endsWith(name)),
          name,
        ).toBe(true);
      const later = Date.now() + 31 * 86_400_000;
      const clock = vi.spyOn(Date, 'now').mockImplementation(() => later);
      const built = await base(small, { pkgdir: url }).finally(() => clock.mockRestore());
      expect(built.log.join('\n')).toMatch(
        /[1-9]\d* packages and [1-9]\d* other files that no build used for 30 days are out of the cache/,
      );
      expect(kept()).toEqual([]);
      expect(namesOf(built)).toContain('coreutils');
    });

    it('that is not reachable is named, with the cell that names it', async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      const text = await failure(small, { pkgdir: url });
      expect(text).toContain(`repository distribution is ${url} (linuximage.pkgdir, tables/linuximage.csv:2)`);
    });
  });
});

it('a bare directory has another state when a package in it has changed, and only then', async () => {
  const more = { 'custom/netboot/rh/compute.otherpkgs.pkglist': 'third-party\n' };
  const build = async () =>
    noteOf(
      await lab.build(rhFamily, lab.files('rhels9.4', 'rh', small, { otherpkgdir: '/install/others' }, more), {
        baseOnly: true,
      }),
    );
  const state = (note: Awaited<ReturnType<typeof build>>) =>
    note.repositories.find(({ alias }) => alias === 'otherpkgs');
  const first = state(await build());
  expect(state(await build())).toEqual(first);
  const changed = new Date('2030-01-01');
  utimesSync(join(lab.others, 'third-party-1-1.noarch.rpm'), changed, changed);
  expect(state(await build())).toMatchObject({ date: changed.toISOString() });
});

it('rpm of an image takes the records over where rpm of this server writes another form', async () => {
  const built = await lab.build(slesFamily, lab.files('sles12.5', 'sles', `${small}own-rpm\n`), { baseOnly: true });
  const taken = readFileSync(join(built.base, 'rootimg/var/taken-over'));
  expect(taken.subarray(0, 35).toString()).toContain('--dbpath /var/lib/rpm --importdb');
  // What headers of packages begin with.
  expect(taken.includes(Buffer.from([0x8e, 0xad, 0xe8, 0x01]))).toBe(true);
});

it('a full disk is a clear failure, and the next try works', () => {
  const child = fileURLToPath(new URL('full-disk-child.ts', import.meta.url));
  const words = [
    '--mount',
    '--propagation',
    'private',
    process.execPath,
    '--import',
    import.meta.resolve('tsx'),
    child,
  ];
  const { stdout, stderr } = spawnSync('unshare', words, { encoding: 'utf8' });
  const said = JSON.parse(stdout.trim().split('\n').at(-1) || `{"failed":${JSON.stringify(stderr)}}`);
  expect(said.failed).toMatch(/No space left on device|more space on the/i);
  expect(said.next).toEqual(['base.json', 'rootimg']);
});
