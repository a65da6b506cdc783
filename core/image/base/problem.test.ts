/** What a failed build says of the packages that are to blame. */
import { expect, test } from 'vitest';
import { PackageProblem, withPlaces } from './problem.ts';

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
  'dpkg: error processing archive /x/libc6.deb: cannot copy data: No space left on device',
  "E: You don't have enough free space in /var/cache/.",
  'ENOSPC: no space left on device, write',
])('a full disk is no fault of a package: %s', async (said) => {
  const { message } = await withPlaces(new PackageProblem(said, ['libc6']), recipe, read);
  expect(message).toContain('the disk that images are built on is full');
  expect(message).not.toContain('libc6 is in no list');
});
