/** Each kind of finding about images, with what causes it; LH761 to LH764 and LH767 to LH769 are in lists/lists.test.ts too. */
import { describe, expect, it } from 'vitest';
import type { ArtifactOutput } from '../plugin/output.ts';
import type { BuildContext } from '../plugin/plugin.ts';
import type { OsFamily } from './family.ts';
import { plannedImageOf } from './plan.ts';
import { imagePlugin } from './plugin.ts';
import { type Files, linuximage, planWith, pretendedFamily, small, snapshotOf } from './testing/family.ts';

const list = 'custom/netboot/debian/compute.pkglist';
const { [list]: _list, ...without } = small;

async function found(files: Files, family?: OsFamily, images?: 'built' | 'external') {
  const { plan, diagnostics } = await planWith(snapshotOf(files), family, images);
  const image = plan.images.get('compute');
  return {
    said: diagnostics.map(({ code, severity, at }) => `${severity} ${code} ${at?.file}:${at?.line}:${at?.column}`),
    faults: (image === undefined ? undefined : plannedImageOf(image))?.faults ?? [],
    plan,
  };
}

describe('an image that cannot be built', () => {
  const cases: readonly (readonly [string, Files, readonly string[]])[] = [
    ['without a list of packages', without, ['warning LH766 tables/osimage.csv:2:2']],
    [
      'with a column that names a file elsewhere',
      { ...small, ...linuximage({ pkglist: '/opt/xcat/share/compute.pkglist' }) },
      ['warning LH765 tables/linuximage.csv:2:12'],
    ],
    [
      'with a broken repolist',
      { ...small, 'custom/netboot/debian/compute.repolist': 'x' },
      ['warning LH767 custom/netboot/debian/compute.repolist:1:1'],
    ],
    ['with an include that is not there', { ...small, [list]: '#INCLUDE:x#' }, [`warning LH763 ${list}:1:1`]],
    [
      'with a permission that is none',
      { ...small, ...linuximage({ permission: 'rwx' }) },
      ['warning LH771 tables/linuximage.csv:2:12'],
    ],
    [
      'with a driver that is none',
      { ...small, ...linuximage({ netdrivers: 'igb,a/b' }) },
      ['warning LH771 tables/linuximage.csv:2:12'],
    ],
    [
      'with an addon that is none',
      { ...small, ...linuximage({ addons: 'root' }) },
      ['warning LH771 tables/linuximage.csv:2:12'],
    ],
    [
      'with a scriptnetwork that is none',
      { ...small, ...linuximage({ scriptnetwork: 'maybe' }) },
      ['warning LH771 tables/linuximage.csv:2:12'],
    ],
    [
      'with a kernel that is none',
      { ...small, ...linuximage({ kernelver: '../x' }) },
      ['warning LH771 tables/linuximage.csv:2:12'],
    ],
  ];

  it.each(cases)('%s can be pushed: its nodes keep what they have', async (_what, files, expected) => {
    const { said, faults, plan } = await found(files);
    expect(said).toEqual(expected);
    expect(faults).toHaveLength(1);
    expect(plan.sets.get('n01')?.needs.length).toBe(3);
  });

  it('without a place that packages come from waits, too', async () => {
    const { said, faults } = await found(
      small,
      pretendedFamily({ defaultRepositories: () => ({ missing: 'no mirror' }) }),
    );
    expect(said).toEqual(['warning LH773 tables/osimage.csv:2:34']);
    expect(faults[0]).toContain('no mirror');
  });

  it('fails to build with what is wrong and where, before anything runs', async () => {
    const { plan } = await found(without);
    const built: string[] = [];
    const hooks = imagePlugin(pretendedFamily(), async ({ name }) => void built.push(name)).setup({});
    const [base, , generation] = plan.images.get('compute')?.artifacts ?? [];
    const build = async (artifact: ArtifactOutput | undefined) => {
      if (artifact !== undefined) await hooks.build?.(artifact, {} as BuildContext);
    };
    await expect(build(base)).rejects.toThrow(/tables\/osimage\.csv:2: image 'compute' has no list of packages/);
    await build(generation);
    expect(built).toEqual(['generation compute']);
  });

  it('is no finding where images are external, but a list that no push may have is', async () => {
    expect((await found(without, undefined, 'external')).said).toEqual([]);
    expect((await found({ ...small, [list]: '--installroot=/\n' }, undefined, 'external')).said).toEqual([
      `error LH761 ${list}:1:1`,
    ]);
  });
});

describe('a push', () => {
  it('is refused for an addon that a family must not have', async () => {
    const { said } = await found({ ...small, ...linuximage({ addons: 'passwd' }) }, pretendedFamily({ addons: false }));
    expect(said).toEqual(['error LH772 tables/linuximage.csv:2:12']);
  });

  it('is refused for a repository that could do more than give packages', async () => {
    const { said } = await found({ ...small, ...linuximage({ pkgdir: 'plugin:x' }) });
    expect(said).toEqual(['error LH768 tables/linuximage.csv:2:12']);
  });
});

describe('a warning, and the image is built all the same', () => {
  const script = 'custom/netboot/debian/compute.postinstall';
  const cases: readonly (readonly [string, Files, string])[] = [
    ['a script that is not executable', { ...small, [script]: '#!/bin/sh\n' }, `warning LH770 ${script}:0:0`],
    [
      'a root directory elsewhere',
      { ...small, ...linuximage({ rootimgdir: '/data/compute' }) },
      'warning LH775 tables/linuximage.csv:2:12',
    ],
    ['a comment like a directive', { ...small, [list]: 'bash\n#include:x#' }, `warning LH762 ${list}:2:1`],
    [
      'a pattern for nothing',
      { ...small, 'custom/netboot/debian/compute.exlist': '../x' },
      'warning LH769 custom/netboot/debian/compute.exlist:1:1',
    ],
    [
      'an account without a user',
      { ...small, ...linuximage({ addons: 'passwd' }), 'tables/passwd.csv': '#key,username,password\n"system",,"*"\n' },
      'warning LH776 tables/passwd.csv:2:10',
    ],
  ];

  it.each(cases)('%s', async (_what, files, expected) => {
    const { said, faults } = await found(files);
    expect(said).toEqual([expected]);
    expect(faults).toEqual([]);
  });

  it('two images for one link: the first by name has it', async () => {
    const { said, plan } = await found({
      ...small,
      'tables/osimage.csv': `${small['tables/osimage.csv']}"again","compute","statelite","debian12","x86_64"\n`,
      'tables/nodelist.csv': `${small['tables/nodelist.csv']}"n02","all"\n`,
      'tables/hosts.csv': `${small['tables/hosts.csv']}"n02","10.0.0.12"\n`,
      'tables/chain.csv': `${small['tables/chain.csv']}"n02","statelite"\n`,
      'tables/nodetype.csv': `${small['tables/nodetype.csv']}"n02","debian12","x86_64","compute","again"\n`,
    });
    expect(said).toEqual(['warning LH774 tables/osimage.csv:2:2']);
    const links = plan.shared.flatMap(({ output }) => (output.kind === 'link' ? [output.needs?.[0]] : []));
    expect(links).toEqual([expect.stringContaining('generation-again@')]);
  });

  it('a list that two images share is told once', async () => {
    const { said } = await found({
      ...small,
      [list]: '#include:x#\nbash',
      'tables/osimage.csv': `${small['tables/osimage.csv']}"again","compute","statelite","debian12","x86_64"\n`,
    });
    expect(said).toEqual([`warning LH762 ${list}:1:1`]);
  });
});
