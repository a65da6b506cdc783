import { expect, test } from 'vitest';
import { askedNames } from './asked-names.ts';
import { firstDifference, readBootFile } from './boot-file.ts';

test('pxelinux: kernel, initrd and the words of its APPEND line; the last word of a name counts', () => {
  const { kernel, initrd, words, local } = readBootFile(
    'pxelinux',
    '#statelite\nDEFAULT xCAT\nLABEL xCAT\n KERNEL xcat/kernel\n APPEND initrd=xcat/initrd.gz NFSROOT=10.0.0.1:/a=b XCAT=1:1 XCAT=2:2 shell\n',
  );
  expect([kernel, initrd, local]).toEqual(['xcat/kernel', 'xcat/initrd.gz', false]);
  expect([words.get('NFSROOT'), words.get('XCAT'), words.has('shell')]).toEqual(['10.0.0.1:/a=b', '2:2', true]);
  expect(readBootFile('pxelinux', 'LABEL x\nLOCALBOOT 0\n').local).toBe(true);
});

test('yaboot: the same from its own form', () => {
  const text =
    '#x\ntimeout=5\nimage=xcat/kernel\n\tlabel=xcat\n\tinitrd=xcat/initrd.gz\n\tappend="NFSROOT=a:/b XCAT=1:1"\n';
  const { kernel, initrd, words } = readBootFile('yaboot', text);
  expect([kernel, initrd, words.get('NFSROOT'), words.get('XCAT')]).toEqual([
    'xcat/kernel',
    'xcat/initrd.gz',
    'a:/b',
    '1:1',
  ]);
  expect(readBootFile('yaboot', '#boot\nbye\n').local).toBe(true);
});

test('names are asked for in the order of the loader', () => {
  expect(askedNames('pxelinux', ['52:54:00:00:00:01'], ['10.0.0.11'])).toEqual([
    'pxelinux.cfg/01-52-54-00-00-00-01',
    ...[8, 7, 6, 5, 4, 3, 2, 1].map((length) => `pxelinux.cfg/${'0A00000B'.slice(0, length)}`),
    'pxelinux.cfg/default',
  ]);
  expect(askedNames('yaboot', ['52:54:00:00:00:01'], ['10.0.0.11'])).toEqual([
    'yaboot.conf-52-54-00-00-00-01',
    'etc/0a00000b',
  ]);
});

test('two texts part at the first line that differs, also where one only ends sooner', () => {
  expect(firstDifference('a\nb\n', 'a\nc\n')).toBe('line 2 is "b", planned "c"');
  expect(firstDifference('a', 'a\nc')).toBe('line 2 is nothing, planned "c"');
});

test('of long lines, the word is shown in which they differ', () => {
  const line = (generation: string, more = '') =>
    ` APPEND initrd=xcat/netboot/x/initrd.gz NFSROOT=10.0.0.1:/install/netboot/debian12/x86_64/compute${more} LHGEN=${generation} console=tty0`;
  expect(firstDifference(`x\n${line('aaaa1')}\n`, `x\n${line('aaaa2')}\n`)).toBe(
    'line 2 is …"LHGEN=aaaa1 console=tty0", planned …"LHGEN=aaaa2 console=tty0"',
  );
  const deep = '/d'.repeat(200);
  const said = firstDifference(line('g', `${deep}/old`), line('g', `${deep}/new`));
  expect(said).toContain('/old LHGEN=g');
  expect(said).toContain('/new LHGEN=g');
});
