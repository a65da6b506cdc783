import { expect, test } from 'vitest';
import { classicList } from './classic.ts';

const answer = `litehouse\t1
node\tn01
commit\tc0ffee
generation\tg1
image\tcompute
state\tstatelite
statemnt\t10.0.0.9\t/state
tree\t1\tours\t10.0.0.9\t/syncdirs/n01
absent\t2\t10.0.0.9\t/syncdirs/none
tree\t3\tforeign\tcnfs\t/gpfs/a b\tro,soft
tree\t4\tforeign\t-\t/on/the/image
file\tlink\t/etc/motd
directory\tlink\t/etc/zz
file\tlink\t/etc/zz.d/x
file\tlink\t/\u{10000}
file\tlink\t/\uffee
directory\tlink+persistent\t/var/lib
file\tbind+localdisk\t/a b
end\t18
`;
const words = ['tmpfs,rw', 'ALL', 'tmpfs', 'rw', 'rw', 'persistent', 'bind,persistent'];

test('litefile lists are lines of node, the words of the row in 13 columns, and path', () => {
  expect(classicList(answer, 'litefile', words).split('\n').slice(0, 3)).toEqual([
    'n01: bind,persistent /a b',
    'n01: tmpfs,rw      /etc/motd',
    'n01: tmpfs         /etc/zz.d/x',
  ]);
});

test('litefile lists are in byte order of the path that is printed, slash and all', () => {
  const paths = classicList(answer, 'litefile', words).trimEnd().split('\n');
  expect(paths.map((line) => line.replace(/^n01: \S+ +/, ''))).toEqual([
    '/a b',
    '/etc/motd',
    '/etc/zz.d/x',
    '/etc/zz/',
    '/var/lib/',
    '/\uffee',
    '/\u{10000}',
  ]);
  expect(paths[3]).toBe('n01: ALL           /etc/zz/');
});

test('words that an earlier version did not keep are made up from the kind', () => {
  expect(classicList(answer, 'litefile', undefined).replace(/^n01: (\S+) .*$/gm, '$1')).toBe(
    'localdisk\ntmpfs,rw\ntmpfs,rw\ntmpfs,rw\nlink,persistent\ntmpfs,rw\ntmpfs,rw\n',
  );
});

test('litetree lists name servers, paths and mount options, and leave out what is not there', () => {
  expect(classicList(answer, 'litetree', words)).toBe(
    'n01: 10.0.0.9:/syncdirs/n01\nn01: cnfs:/gpfs/a b :ro,soft\nn01: /on/the/image\n',
  );
});
