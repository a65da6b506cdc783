/** What is done to a finished tree never leaves it and never writes an inode that is there. */
import {
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findKernel, partsOfKernel } from '../initrd/kernel.ts';
import { applyAddons } from './addons.ts';
import { parseLock } from './build-base.ts';
import { cleanTree } from './clean.ts';
import { sha512Crypt } from './crypt.ts';
import { applyExlist } from './exlist.ts';
import { assertOwnPlaces } from './own-places.ts';
import { fileInside, linkInside, placeInside, putInside, removeInside } from './place.ts';
import { PackageProblem, withPlaces } from './problem.ts';

let work: string;
let root: string;
let outside: string;
beforeEach(async () => {
  work = await mkdtemp(join(tmpdir(), 'litehouse-tree-'));
  root = join(work, 'rootimg');
  outside = join(work, 'outside');
  await mkdir(root);
  await mkdir(outside);
});
afterEach(() => rm(work, { recursive: true, force: true }));

async function put(path: string, text = path): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
}

it('puts a file where a link of the tree leads, inside of the tree', async () => {
  await mkdir(join(root, 'usr/lib'), { recursive: true });
  await symlink('usr/lib', join(root, 'lib'));
  await symlink(outside, join(root, 'out'));
  await symlink('../../../../..', join(root, 'up'));
  await putInside(root, 'lib/modules/6.1/a.ko', 'module', 0o644);
  expect(await readFile(join(root, 'usr/lib/modules/6.1/a.ko'), 'utf8')).toBe('module');
  await putInside(root, `out/file`, 'x', 0o600);
  expect(await readdir(outside)).toEqual([]);
  expect(await readFile(join(root, outside, 'file'), 'utf8')).toBe('x');
  expect(await placeInside(root, 'up/up/etc')).toBe(join(root, 'etc'));
  expect(await placeInside(root, '../../etc')).toBe(join(root, 'etc'));
});

it('ends at links that lead in a circle, and at a file where a directory should be', async () => {
  await symlink('b', join(root, 'a'));
  await symlink('a', join(root, 'b'));
  await put('file');
  expect(await placeInside(root, 'a/x', true)).toBeUndefined();
  expect(await fileInside(root, 'a')).toBeUndefined();
  await expect(putInside(root, 'file/x', 'x', 0o644)).rejects.toThrow('no directory');
});

it('replaces a file by rename: another name of the old inode keeps its content', async () => {
  await put('etc/motd', 'old');
  await link(join(root, 'etc/motd'), join(outside, 'motd'));
  await putInside(root, 'etc/motd', 'new', 0o640);
  expect(await readFile(join(outside, 'motd'), 'utf8')).toBe('old');
  expect((await stat(join(root, 'etc/motd'))).mode & 0o777).toBe(0o640);
  await symlink(join(outside, 'motd'), join(root, 'etc/link'));
  await putInside(root, 'etc/link', 'own', 0o644);
  await linkInside(root, 'etc/link', 'motd');
  expect(await readlink(join(root, 'etc/link'))).toBe('motd');
  await removeInside(root, 'etc/link');
  expect(await readFile(join(outside, 'motd'), 'utf8')).toBe('old');
});

it('takes out what an exlist names as find does, and directories only when empty', async () => {
  for (const path of [
    'usr/share/doc/a/x',
    'usr/share/doc/b/keep',
    'usr/share/man/m',
    'boot/grub/g',
    'etc/a.bak',
    'etc/[x]',
    'etc/y+z',
  ])
    await put(path);
  await symlink(outside, join(root, 'usr/share/doc/link'));
  await writeFile(join(outside, 'x'), '');
  await applyExlist(root, ['./usr/share/doc*', '+./usr/share/doc/b*', './boot', '*.bak', './etc/y+?']);
  expect(await readdir(join(root, 'usr/share/doc'))).toEqual(['b']);
  expect(await readdir(join(root, 'usr/share'))).toEqual(['doc', 'man']);
  expect(await readdir(join(root, 'boot/grub'))).toEqual(['g']);
  expect(await readdir(join(root, 'etc'))).toEqual(['[x]']);
  expect(await readdir(outside)).toEqual(['x']);
});

it('adds accounts to those that packages made, and locks those without a password', async () => {
  await put('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nsshd:x:105:65534::/run/sshd:/usr/sbin/nologin\n');
  await put('etc/shadow', 'root:*:1:0:99999:7:::\n');
  const files: Record<string, string> = {
    'custom/accounts/passwd': 'root:x:0:0:the boss:/root:/bin/bash\njoe:x:1000:1000::/home/joe:/bin/sh\n',
  };
  const log: string[] = [];
  const accounts = [
    { user: 'root', hash: '$6$a$b' },
    { user: 'nobody-here', hash: '$6$c$d' },
  ];
  const recipe = {
    addons: ['passwd' as const],
    accounts,
    accountFiles: Object.keys(files).map((path) => ({ path, blob: 'x' })),
  };
  await applyAddons(root, recipe, {
    readFile: async (path) => Buffer.from(files[path] ?? ''),
    secret: async () => undefined,
    log: (line) => void log.push(line),
  });
  expect(await readFile(join(root, 'etc/passwd'), 'utf8')).toBe(
    'root:x:0:0:the boss:/root:/bin/bash\nsshd:x:105:65534::/run/sshd:/usr/sbin/nologin\njoe:x:1000:1000::/home/joe:/bin/sh\n',
  );
  expect(await readFile(join(root, 'etc/shadow'), 'utf8')).toBe(
    'root:$6$a$b:1:0:99999:7:::\nsshd:!:1:0:99999:7:::\njoe:!:1:0:99999:7:::\n',
  );
  expect(log).toEqual([expect.stringContaining('nobody-here')]);
});

describe('a password that is kept outside of git', () => {
  const log: string[] = [];
  const shadowWith = async (secrets: Record<string, string>) => {
    await put('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n');
    await put('etc/shadow', 'root:*:1:0:99999:7:::\n');
    const accounts = [{ user: 'root', hash: 'secret:passwd/system/root/password' }];
    const recipe = { addons: ['passwd' as const], accounts, accountFiles: [] };
    await applyAddons(root, recipe, {
      readFile: async () => Buffer.alloc(0),
      secret: async (name) => secrets[name],
      log: (line) => void log.push(line),
    });
    return await readFile(join(root, 'etc/shadow'), 'utf8');
  };

  it('is taken as it is where it is a hash', async () => {
    const hash = '$6$saltstring$0123456789abcdef';
    expect(await shadowWith({ 'passwd/system/root/password': hash })).toBe(`root:${hash}:1:0:99999:7:::\n`);
  });

  it('is hashed where it is a word, and is neither in the tree nor in the log', async () => {
    const shadow = await shadowWith({ 'passwd/system/root/password': 'open: sesame' });
    const [, hash = ''] = shadow.split(':');
    expect(sha512Crypt('open: sesame', hash.split('$')[2])).toBe(hash);
    expect(shadow + log.join()).not.toContain('sesame');
    expect(log).toEqual([]);
  });

  it('fails the build with how to add it where it is missing, or refers on', async () => {
    await expect(shadowWith({})).rejects.toThrow(
      /the secret passwd\/system\/root\/password.*add it to secrets.json.*litehouse apply --retry-builds/,
    );
    expect(await shadowWith({ 'passwd/system/root/password': 'secret:other' })).toMatch(/^root:\$6\$/);
  });
});

it('refuses a private key in the place of public ones', async () => {
  const recipe = {
    addons: ['ssh' as const],
    accounts: [],
    accountFiles: [{ path: 'custom/accounts/authorized_keys', blob: 'x' }],
  };
  const adding = applyAddons(root, recipe, {
    readFile: async () => Buffer.from('-----BEGIN OPENSSH PRIVATE KEY-----\n'),
    secret: async () => undefined,
    log: () => undefined,
  });
  await expect(adding).rejects.toThrow('holds a private key');
});

it('takes out host keys and identities, through no link', async () => {
  await put('etc/ssh/ssh_host_rsa_key');
  await put('etc/ssh/ssh_host_rsa_key.pub');
  await put('etc/ssh/sshd_config');
  await put('etc/machine-id', 'abc');
  await put('usr/sbin/policy-rc.d');
  await writeFile(join(outside, 'machine-id'), 'of the host');
  await mkdir(join(root, 'var/lib'), { recursive: true });
  await symlink(outside, join(root, 'var/lib/dbus'));
  await cleanTree(root);
  expect(await readdir(join(root, 'etc/ssh'))).toEqual(['sshd_config']);
  expect(await readFile(join(root, 'etc/machine-id'), 'utf8')).toBe('');
  expect(await readFile(join(outside, 'machine-id'), 'utf8')).toBe('of the host');
  await expect(lstat(join(root, 'usr/sbin/policy-rc.d'))).rejects.toThrow('ENOENT');
});

it('must not have links where generations make theirs; directories may be there', async () => {
  await mkdir(join(root, '.default'));
  await assertOwnPlaces(root, 'a script');
  await symlink('etc', join(root, '.statelite'));
  await expect(assertOwnPlaces(root, 'a script')).rejects.toThrow('a script put a link at /.statelite, where');
  await rm(join(root, '.statelite'));
  await mkdir(join(root, '.statelite'));
  await symlink(outside, join(root, '.statelite/tmpfs'));
  await expect(assertOwnPlaces(root, 'a script')).rejects.toThrow('a script put a link at /.statelite/tmpfs');
  await rm(join(root, '.default'), { recursive: true });
  await put('.default');
  await expect(assertOwnPlaces(root, 'a package')).rejects.toThrow('a package put something that is no directory');
});

describe('an exlist beside a kernel', () => {
  const version = '6.1.0-9';
  const exclude = async () => {
    const kernel = await findKernel(root);
    return await applyExlist(
      root,
      ['./boot*', './lib*', './usr/lib/modules*', './opt*'],
      await partsOfKernel(root, kernel),
    );
  };

  it('takes all but what nodes boot: other kernels, and what lies beside them', async () => {
    for (const path of ['vmlinuz-6.1.0-9', 'vmlinuz-6.1.0-8', 'config-6.1.0-9', 'grub/g']) await put(`boot/${path}`);
    for (const at of ['6.1.0-9', '6.1.0-8']) await put(`lib/modules/${at}/modules.dep`);
    expect(await exclude()).toEqual({ removed: 6, spared: 2 });
    expect((await readdir(root, { recursive: true })).sort()).toEqual([
      ...['boot', 'boot/vmlinuz-6.1.0-9', 'lib', 'lib/modules', 'lib/modules/6.1.0-9'],
      'lib/modules/6.1.0-9/modules.dep',
    ]);
  });

  it('leaves the links by which the kernel is found, and what they lead to', async () => {
    await put('opt/images/image');
    await put(`usr/lib/modules/${version}/modules.dep`);
    await symlink('usr/lib', join(root, 'lib'));
    await symlink('usr/boot', join(root, 'boot'));
    await mkdir(join(root, 'usr/boot'));
    await symlink('../../opt/images/image', join(root, `usr/boot/vmlinuz-${version}`));
    const before = await findKernel(root);
    await exclude();
    expect(await findKernel(root)).toEqual(before);
  });
});

it('reads a lock, and names the line that is none', () => {
  expect([...parseLock('# taken\nbash 5.2-1\n\nlibc6 2.36 # pinned\n')]).toEqual([
    ['bash', '5.2-1'],
    ['libc6', '2.36'],
  ]);
  expect(() => parseLock('bash 5.2\nbash=5.3\n')).toThrow('line 2 of the lock');
});

it('finds the line of a list that asked for a package', async () => {
  const files: Record<string, string> = {
    'a.pkglist': '# vim\n#INCLUDE:b.pkglist#\nbash,rsync',
    'b.pkglist': 'sub/dir/vim=2 # the editor\n--old',
  };
  const recipe = {
    lists: [
      { kind: 'distribution' as const, passes: [], files: Object.keys(files).map((path) => ({ path, blob: 'x' })) },
    ],
  };
  const error = await withPlaces(new PackageProblem('failed', ['vim', 'rsync', 'old', 'libc6']), recipe, async (path) =>
    Buffer.from(files[path] ?? ''),
  );
  expect(error.message.split('\n')).toEqual([
    'failed',
    'b.pkglist:1 names vim',
    'a.pkglist:3 names rsync',
    'b.pkglist:2 names old',
    'libc6 is in no list: something in a.pkglist, b.pkglist needs it',
  ]);
});
