/** What genimage asks for, with which choices; and that answers become the smallest edit. */
import { describe, expect, test } from 'vitest';
import { planningContext } from '../../../core/engine/preview.ts';
import { snapshotOf } from '../../../core/image/testing/family.ts';
import { buildView } from '../../../core/resolve/build-view.ts';
import { rowsOf } from './genimage.ts';
import { askWanted, choicesOf, missing, type Wanted } from './questions.ts';

const files = {
  'tables/osimage.csv':
    '#imagename,profile,provmethod,osvers,osarch\n"deb","compute","statelite","debian12","x86_64"\n"rh","login","netboot","rhels5.4","ppc64"\n',
  'tables/linuximage.csv': '#imagename,nodebootif,netdrivers,build\n"deb","eth0","igb","yes"\n',
  'tables/nodetype.csv': '#node,os,arch,profile,provmethod\n"a","sles11","x86_64","compute",\n"b","|x|y|",,,\n',
  'custom/netboot/debian/compute.pkglist': 'bash\n',
  'custom/netboot/debian/viz.debian12.x86_64.pkglist': 'bash\n',
  'custom/netboot/debian/viz.otherpkgs.pkglist': 'x\n',
  'custom/netboot/rh/test1.pkglist': 'bash\n#INCLUDE:more.pkglist#\n#INCLUDE:../debian/compute.pkglist#\n',
  'custom/netboot/rh/more.pkglist': 'vim\n',
};
const view = () => buildView(snapshotOf(files), planningContext([]).base);
const nothing: Wanted = { image: undefined, os: undefined, arch: undefined, profile: undefined, cells: {} };

/** Answers in order, and what was asked. */
function person(...answers: string[]) {
  const asked: string[] = [];
  const ask = async (question: string): Promise<string> => {
    asked.push(question);
    return answers.shift() ?? '';
  };
  return { ask, asked };
}

describe('genimage asks', () => {
  test('with the choices that images, nodes and lists have; a pattern, a list of other packages, and one that is only included are none', async () => {
    const { os, arch, profiles } = choicesOf(await view());
    expect([os, arch]).toEqual([
      ['debian12', 'rhels5.4', 'sles11'],
      ['ppc64', 'x86_64'],
    ]);
    expect(profiles('debian12')).toEqual(['compute', 'viz']);
    expect(profiles('rhels5.4')).toEqual(['login', 'test1']);
    expect(profiles('centos5')).toEqual(['compute', 'test1', 'viz']);
  });

  test('only for what is missing; again where there is no answer', async () => {
    const { ask, asked } = person('', 'viz');
    const wanted = await askWanted({ ...nothing, os: 'debian12' }, await view(), { ask, all: false, arch: 'x86_64' });
    expect(asked).toEqual(['Profile (compute, viz): ', 'Profile (compute, viz): ']);
    expect(wanted).toMatchObject({ os: 'debian12', arch: 'x86_64', profile: 'viz' });
  });

  test('for everything, with what the rows say in brackets, and an empty answer keeps that', async () => {
    const { ask, asked } = person('debian12', '', 'compute', '', 'e1000');
    const wanted = await askWanted(nothing, await view(), { ask, all: true, arch: 'x86_64' });
    expect(asked[1]).toBe('Architecture (ppc64, x86_64) [x86_64]: ');
    expect(asked.slice(3, 5)).toEqual(['Boot interface [eth0]: ', 'Network drivers, with commas [igb]: ']);
    expect(wanted.cells).toEqual({ netdrivers: 'e1000' });
  });

  test('nobody, and says what the choices are, where nobody is at a terminal', async () => {
    expect(missing(nothing, await view())?.mend).toContain('-o: debian12, rhels5.4, sles11');
    expect(missing({ ...nothing, os: 'debian12', profile: 'x' }, await view())).toBeUndefined();
  });
});

describe('its answers', () => {
  const deb = { ...nothing, name: 'deb', os: 'debian12', arch: 'x86_64', profile: 'compute' };

  test('are no edit where the rows say so already', async () => {
    expect(rowsOf(await view(), deb)).toBeUndefined();
    expect(rowsOf(await view(), { ...deb, cells: { netdrivers: 'igb', kernelver: undefined } })).toBeUndefined();
  });

  test('change only what differs, and say that the image is to be built', async () => {
    expect(rowsOf(await view(), { ...deb, cells: { netdrivers: 'e1000' } })?.set.linuximage).toEqual({
      netdrivers: 'e1000',
    });
    expect(rowsOf(await view(), { ...deb, name: 'rh', os: 'rhels5.4', arch: 'ppc64', profile: 'login' })?.set).toEqual({
      osimage: { osvers: 'rhels5.4', osarch: 'ppc64', profile: 'login', provmethod: 'statelite' },
      linuximage: { build: 'yes' },
    });
  });

  test('make new rows with the columns that the table has', async () => {
    expect(rowsOf(await view(), { ...deb, name: 'new', profile: 'viz' })).toEqual({
      kind: 'chtab',
      key: { imagename: 'new' },
      set: {
        osimage: { osvers: 'debian12', osarch: 'x86_64', profile: 'viz', provmethod: 'statelite' },
        linuximage: { build: 'yes' },
      },
      remove: [],
    });
  });
});
