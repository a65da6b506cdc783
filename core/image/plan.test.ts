import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { openFolder } from '../repo/folder-snapshot.ts';
import type { OsFamily } from './family.ts';
import { plannedImageOf } from './plan.ts';
import { imageRecipe } from './recipe.ts';
import { type Files, linuximage, planWith, pretendedFamily, small, snapshotOf } from './testing/family.ts';

async function planOf(files: Files, family?: OsFamily) {
  const { plan, diagnostics } = await planWith(snapshotOf(files), family);
  const image = plan.images.get('compute');
  const planned = image === undefined ? undefined : plannedImageOf(image);
  if (image === undefined || planned === undefined) throw new Error('compute is external');
  const { base, boot, generation } = image.build;
  const codes = diagnostics.map(({ code }) => code);
  return { plan, image, planned, codes, digests: { base, boot, generation } };
}

const list = 'custom/netboot/debian/compute.pkglist';

describe('an image', () => {
  it('becomes a base, a boot artifact and a generation, at the places that RULES gives them', async () => {
    const { image, digests, plan } = await planOf(small);
    const { base, boot, generation } = digests;
    for (const digest of Object.values(digests)) expect(digest).toMatch(/^[0-9a-f]{16}$/);
    expect(image.artifacts.map(({ root, path }) => `${root}:${path}`)).toEqual([
      `install:netboot/debian12/x86_64/compute/.base/${base}`,
      `tftp:xcat/netboot/debian12/x86_64/compute/${boot}`,
      `install:netboot/debian12/x86_64/compute/${generation}`,
    ]);
    expect(image.artifacts.map(({ id }) => id)).toEqual(image.build.needs);
    expect(image.artifacts[0]).toMatchObject({ id: `debian/base-compute@${base}`, name: 'base compute', inputs: [] });
    expect(image.artifacts[2]?.inputs).toEqual([`debian/base-compute@${base}`]);
    expect(plan.sets.get('n01')?.needs).toEqual(image.build.needs);
  });

  it('has recipes that the build can read back, with what the list says', async () => {
    const { image } = await planOf(small);
    const recipes = image.artifacts.map(({ recipe }) => imageRecipe.parse(JSON.parse(JSON.stringify(recipe))));
    expect(recipes.map(({ step }) => step)).toEqual(['base', 'boot', 'generation']);
    expect(recipes[0]).toMatchObject({
      lists: [{ kind: 'distribution', passes: [{ install: ['linux-image-amd64', 'openssh-server'] }] }],
      repositories: [{ url: 'deb http://deb.debian.org/debian bookworm main' }],
    });
    expect(recipes[1]).toMatchObject({ form: 'small', permission: '755', netdrivers: [] });
    expect(recipes[2]).toMatchObject({ entries: [{ path: '/etc/motd', directory: false, kind: 'link' }] });
  });

  it('has a link to the newest generation for people, and its live files', async () => {
    const { plan, digests } = await planOf({ ...small, 'images/compute/rootimg/etc/motd': 'hello' });
    expect(plan.shared.map(({ output }) => output)).toMatchObject([
      {
        kind: 'live',
        image: 'compute',
        folder: 'images/compute/rootimg',
        leaveOut: ['boot', 'lib/modules', 'usr/lib/modules'],
      },
      {
        kind: 'link',
        path: 'netboot/debian12/x86_64/compute/rootimg',
        to: `${digests.generation}/rootimg`,
        needs: [`debian/generation-compute@${digests.generation}`],
      },
    ]);
  });

  it.each([
    ['of another system', { 'tables/osimage.csv': small['tables/osimage.csv']?.replace('debian12', 'aix7') ?? '' }],
    [
      'for installing',
      { 'tables/osimage.csv': small['tables/osimage.csv']?.replace('"statelite"', '"install"') ?? '' },
    ],
    [
      'packed as a ramdisk',
      {
        'tables/osimage.csv':
          '#imagename,profile,rootfstype,osvers,osarch\n"compute","compute","ramdisk","debian12","x86_64"\n',
      },
    ],
  ])('%s is external', async (_what, files) => {
    const { plan } = await planWith(snapshotOf({ ...small, ...files }));
    expect(plan.images.size).toBe(0);
    expect(plan.view.images.get('compute')?.build.kind).toBe('external');
  });
});

describe('what changes which digest', () => {
  const others = { 'custom/netboot/debian/compute.otherpkgs.pkglist': 'tool\n' };
  const cells = { pkgdir: '', netdrivers: 'igb', permission: '755', nodebootif: 'eth0' };
  const withCells = (more: Readonly<Record<string, string>> = {}) => ({
    ...small,
    ...others,
    ...linuximage({ ...cells, ...more }),
  });
  const started: Files = withCells();
  const row: Files = { ...started, 'tables/litefile.csv': `${small['tables/litefile.csv']}"ALL","/etc/issue","ro"\n` };
  const all = 'base boot generation';
  const promises: readonly (readonly [string, Files, string])[] = [
    ['nothing', started, ''],
    ['a comment in a list', { ...started, [list]: `# more\n\n${small[list]}` }, ''],
    [
      'the same list under another name',
      { ...started, [list]: '', 'custom/netboot/debian/compute.debian12.pkglist': small[list] ?? '' },
      '',
    ],
    [
      'the same packages through an include',
      { ...started, [list]: '#INCLUDE:x#', 'custom/netboot/debian/x': small[list] ?? '' },
      '',
    ],
    ['another installdir', { ...started, 'tables/site.csv': `${small['tables/site.csv']}"installdir","/data"\n` }, ''],
    ['a comment in the row', withCells({ comments: 'mine' }), ''],
    ['a litefile row', row, 'generation'],
    ['a live file', { ...started, 'images/compute/rootimg/etc/motd': 'x' }, ''],
    [
      'the line of the row',
      {
        ...started,
        'tables/linuximage.csv':
          started['tables/linuximage.csv']?.toString().replace('"compute"', '# moved\n"compute"') ?? '',
      },
      '',
    ],
    ['a driver', withCells({ netdrivers: 'igb,tg3' }), 'boot'],
    ['the permission', withCells({ permission: '777' }), 'boot'],
    ['the permission with a nought', withCells({ permission: '0755' }), ''],
    ['the boot interface', withCells({ nodebootif: 'eth1' }), 'boot'],
    ['the form of the initrd', withCells({ initrd: 'dracut' }), 'boot'],
    ['a package', { ...started, [list]: `${small[list]}rsync\n` }, all],
    ['a removal', { ...started, [list]: `${small[list]}-vim\n` }, all],
    ['a pass', { ...started, [list]: 'linux-image-amd64\n#NEW_INSTALL_LIST#\nopenssh-server\n' }, all],
    ['a repository', withCells({ pkgdir: 'http://other/debian' }), all],
    ['the kernel', withCells({ kernelver: '6.1.0-1-amd64' }), all],
    ['a module laid in', { ...started, 'images/compute/rootimg/lib/modules/6.1/x.ko': 'x' }, all],
    ['the lock', { ...started, 'images/compute/lock': 'bash 5\n' }, all],
    ['what was taken in', { ...started, 'images/compute/taken': 'x' }, all],
    [
      'a script',
      { ...started, 'custom/netboot/debian/compute.postinstall': { text: '#!/bin/sh\n', mode: '100755' } },
      all,
    ],
    ['its network', withCells({ scriptnetwork: 'yes' }), all],
    ['a pattern', { ...started, 'custom/netboot/debian/compute.exlist': './usr/share/man*\n' }, all],
    ['an addon', withCells({ addons: 'passwd' }), all],
  ];

  it.each(promises)('%s', async (_what, files, changed) => {
    const before = (await planOf(started)).digests;
    const after = (await planOf(files)).digests;
    const which = (['base', 'boot', 'generation'] as const).filter((step) => before[step] !== after[step]);
    expect(which.join(' ')).toBe(changed);
  });

  it('the version of the code of a family changes all, the stamp nothing', async () => {
    const other = await planOf(started, pretendedFamily({ recipe: '2' }));
    expect(other.digests.base).not.toBe((await planOf(started)).digests.base);
  });

  it('the mode of a kernel file counts, as attributes.csv gives it', async () => {
    const files = { ...started, 'images/compute/rootimg/boot/vmlinuz-6': 'k' };
    const strict = { ...files, 'attributes.csv': '#path,owner,group,mode\n"images/compute/rootimg/boot/**",,,"600"\n' };
    const { planned, digests } = await planOf(strict);
    expect(planned.base.kernelFiles).toMatchObject([{ to: 'boot/vmlinuz-6', mode: 0o600, link: false }]);
    expect(digests.base).not.toBe((await planOf(files)).digests.base);
  });

  it('the owner of a kernel file counts too', async () => {
    const files = { ...started, 'images/compute/rootimg/boot/vmlinuz-6': 'k' };
    const owned = {
      ...files,
      'attributes.csv': '#path,owner,group,mode\n"images/compute/rootimg/boot/**","0","12",\n',
    };
    const { planned, digests } = await planOf(owned);
    expect(planned.base.kernelFiles).toMatchObject([{ uid: 0, gid: 12, mode: 0o644 }]);
    expect(digests.base).not.toBe((await planOf(files)).digests.base);
  });
});

describe('repositories of other packages', () => {
  const others = { 'custom/netboot/debian/compute.otherpkgs.pkglist': 'tool\ngpfs/gpfs.base\n' };
  const urls = async (files: Files) =>
    (await planOf(files)).planned.base.otherRepositories.map(({ url, below }) => [url, below]);

  it('are none where no list asks for them', async () => {
    expect(await urls(small)).toEqual([]);
  });

  it('are the usual directory and the sub-repositories that names ask for', async () => {
    expect(await urls({ ...small, ...others })).toEqual([
      ['/install/post/otherpkgs/debian12/x86_64', 'post/otherpkgs/debian12/x86_64'],
      ['/install/post/otherpkgs/debian12/x86_64/gpfs', 'post/otherpkgs/debian12/x86_64/gpfs'],
    ]);
  });

  it('are what the repolist says, and the usual directory for sub-repositories alone', async () => {
    const repolist = { 'custom/netboot/debian/compute.repolist': 'rpm-md | http://host/repo | extra\n' };
    expect(await urls({ ...small, ...others, ...repolist })).toEqual([
      ['http://host/repo', undefined],
      ['/install/post/otherpkgs/debian12/x86_64/gpfs', 'post/otherpkgs/debian12/x86_64/gpfs'],
    ]);
  });

  it('are what otherpkgdir names', async () => {
    expect(await urls({ ...small, ...others, ...linuximage({ otherpkgdir: '/srv/rpms/' }) })).toEqual([
      ['/srv/rpms', undefined],
      ['/srv/rpms/gpfs', undefined],
    ]);
  });
});

describe('lists of an image', () => {
  const at = (name: string) => ({ [`custom/netboot/debian/${name}.pkglist`]: 'x\n' });
  const order = ['compute.debian12.x86_64', 'compute.x86_64', 'compute.debian12', 'compute'];

  it('are searched in the order of the cookbook, and those passed over are told', async () => {
    for (let i = 0; i < order.length; i++) {
      const files = Object.assign({}, ...order.slice(i).map(at));
      const { planned } = await planOf({ ...small, ...files });
      const [found] = planned.lists;
      expect([...(found?.taken ?? []), ...(found?.passedOver ?? [])]).toEqual(
        order.slice(i).map((name) => `custom/netboot/debian/${name}.pkglist`),
      );
    }
  });

  it('are found under an earlier minor of the system, the nearest first, then under its major', async () => {
    const osimage = small['tables/osimage.csv']?.replace('debian12', 'debian12.2') ?? '';
    const taken = async (...names: string[]) =>
      (await planOf({ ...small, 'tables/osimage.csv': osimage, ...Object.assign({}, ...names.map(at)) })).planned
        .lists[0]?.taken;
    expect(await taken('compute.debian12.0', 'compute.debian12.1', 'compute.debian12')).toEqual([
      'custom/netboot/debian/compute.debian12.1.pkglist',
    ]);
    expect(await taken('compute.debian12')).toEqual(['custom/netboot/debian/compute.debian12.pkglist']);
    expect(await taken('compute.debian12.1', 'compute.x86_64')).toEqual([
      'custom/netboot/debian/compute.x86_64.pkglist',
    ]);
  });

  it('that a column names are taken, others passed over; links inside custom/ are followed', async () => {
    const { planned } = await planOf({
      ...small,
      ...at('mine'),
      ...linuximage({ pkglist: '/install/custom/netboot/debian/link' }),
      'custom/netboot/debian/link': { text: 'mine.pkglist', mode: '120000' },
    });
    expect(planned.lists[0]).toEqual({
      kind: 'pkglist',
      taken: ['custom/netboot/debian/mine.pkglist'],
      column: 'linuximage.pkglist',
      passedOver: [list],
    });
  });
});

it('accounts come with addon passwd alone, as hash or reference, never in clear', async () => {
  const files = {
    ...small,
    'tables/passwd.csv':
      '#key,username,password\n"system","root","$6$salt12$hashhashhash"\n"system","ops","secret:passwd/ops"\n"system","bad","clear"\n"ipmi","x","y"\n',
    'custom/accounts/shadow': 'x',
    'custom/accounts/authorized_keys': 'ssh-ed25519 x',
  };
  expect((await planOf(files)).planned.base).toMatchObject({ addons: [], accounts: [], accountFiles: [] });
  const { base } = (await planOf({ ...files, ...linuximage({ addons: 'ssh, passwd' }) })).planned;
  expect(base).toMatchObject({
    addons: ['passwd', 'ssh'],
    accounts: [
      { user: 'root', hash: '$6$salt12$hashhashhash' },
      { user: 'ops', hash: 'secret:passwd/ops' },
    ],
  });
  expect(base.accountFiles.map(({ path }) => path)).toEqual([
    'custom/accounts/shadow',
    'custom/accounts/authorized_keys',
  ]);
});

it('the Debian image of the template is planned without a finding', async () => {
  const template = fileURLToPath(new URL('../../repo-template', import.meta.url));
  const { plan, diagnostics } = await planWith(await openFolder(template));
  expect(diagnostics).toEqual([]);
  const image = plan.images.get('debian12-x86_64-statelite-compute');
  const planned = image === undefined ? undefined : plannedImageOf(image);
  expect(planned?.faults).toEqual([]);
  expect(planned?.lists.map(({ taken }) => taken)).toEqual([
    [list],
    [],
    [],
    ['custom/netboot/debian/compute.postinstall'],
    [],
  ]);
  expect(planned?.boot).toMatchObject({ netdrivers: ['virtio_net', 'e1000'], bootInterface: 'eth0' });
  expect(readFileSync(`${template}/${list}`, 'utf8')).toContain(planned?.base.lists[0]?.passes[0]?.install[0] ?? '?');
  expect(statSync(`${template}/custom/netboot/debian/compute.postinstall`).mode & 0o111).not.toBe(0);
});
