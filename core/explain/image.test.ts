import { expect, it } from 'vitest';
import { plannedImageOf } from '../image/plan.ts';
import { type Files, linuximage, planWith, small, snapshotOf } from '../image/testing/family.ts';
import { buildLines, explainBuild } from './image.ts';

async function told(files: Files): Promise<string> {
  const { plan } = await planWith(snapshotOf(files));
  const image = plan.images.get('compute');
  const planned = image === undefined ? undefined : plannedImageOf(image);
  return buildLines(planned === undefined ? undefined : explainBuild(planned)).join('\n');
}

it('an image is explained by its lists, those passed over too, its repositories and its digests', async () => {
  const text = await told({
    ...small,
    'custom/netboot/debian/compute.x86_64.pkglist': '#INCLUDE:compute.pkglist#\nrsync\n-vim\n',
    'images/compute/lock': 'x',
    'images/compute/rootimg/etc/motd': 'x',
  });
  expect(text).toMatch(
    /^built by {2}debian\nbase {6}[0-9a-f]{16}\nboot {6}[0-9a-f]{16}\nlinks {5}[0-9a-f]{16} {2}1 litefile rows$/m,
  );
  expect(text).toMatch(/pkglist +custom\/netboot\/debian\/compute\.x86_64\.pkglist +taken$/m);
  expect(text).toMatch(/pkglist +custom\/netboot\/debian\/compute\.pkglist +passed over$/m);
  expect(text).toMatch(/^included {2}custom\/netboot\/debian\/compute\.pkglist$/m);
  expect(text).toMatch(/^packages {2}3 named, 1 removed$/m);
  expect(text).toMatch(
    /^from +debian {2}deb http:\/\/deb\.debian\.org\/debian bookworm main {2}\(the usual mirror\)$/m,
  );
  expect(text).toMatch(/^exact +images\/compute\/lock$/m);
  expect(text).toMatch(/^live +1 files/m);
  expect(text).not.toMatch(/^fault/m);
});

it('an image that cannot be built says why, and shows no hash of an account', async () => {
  const text = await told({
    ...small,
    ...linuximage({ pkglist: '/opt/x.pkglist', addons: 'passwd' }),
    'tables/passwd.csv': '#key,username,password\n"system","root","$6$salt12$hashhashhash"\n',
  });
  expect(text).toMatch(/^fault +tables\/linuximage\.csv:2: linuximage\.pkglist names '\/opt\/x\.pkglist'/m);
  expect(text).not.toContain('hashhash');
});

it('an image that nobody builds says that it is external', async () => {
  expect(buildLines(undefined).join()).toMatch(/external/);
});
