/** What a failed build says of the packages that are to blame. */
import { expect, test } from 'vitest';
import { blamingKernel, PackageProblem, withPlaces } from './problem.ts';

const recipe = {
  lists: [{ kind: 'distribution' as const, files: [{ path: 'compute.pkglist', blob: 'b' }], passes: [] }],
};
const read = async () => Buffer.from('# list\nopenssh-server\n');

test('a package is named with its line, or with the lists that something of needs it', async () => {
  const { message } = await withPlaces(new PackageProblem('failed', ['openssh-server', 'libc6']), recipe, read);
  expect(message).toBe(
    'failed\ncompute.pkglist:2 names openssh-server\nlibc6 is in no list: something in compute.pkglist needs it',
  );
});

test.each([
  ['linux-image-9.9', ['linux-image-9.9=2']],
  ['kernel-default', ['kernel-default=9.9']],
])('of the kernel that a row names, the cell is to blame, though a list has it too: %s', async (name, words) => {
  const asked = { ...recipe, kernelVersion: '9.9', kernelVersionFrom: 'tables/linuximage.csv:2' };
  const list = async () => Buffer.from(`${name}\n`);
  const problem = blamingKernel(new PackageProblem('failed', [name, 'other']), words);
  expect(problem).toBeInstanceOf(PackageProblem);
  const { message } = await withPlaces(problem as PackageProblem, asked, list);
  expect(message.split('\n').slice(1)).toEqual([
    `linuximage.kernelver '9.9' (tables/linuximage.csv:2) asks for ${name}`,
    'other is in no list: something in compute.pkglist needs it',
  ]);
  expect(blamingKernel(new Error('other'), words)).toEqual(new Error('other'));
});

test.each([
  'dpkg: error processing archive /x/libc6.deb: cannot copy data: No space left on device',
  "E: You don't have enough free space in /var/cache/.",
  'ENOSPC: no space left on device, write',
])('a full disk is no fault of a package: %s', async (said) => {
  const { message } = await withPlaces(new PackageProblem(said, ['libc6']), recipe, read);
  expect(message).toBe(said);
});
