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
directory\tlink+persistent\t/var/lib
file\tbind+localdisk\t/a b
end\t14
`;

test('litefile lists are lines of node, option in 13 columns, and path', () => {
  expect(classicList(answer, 'litefile', 'cookbook')).toBe(
    'n01: tmpfs         /etc/motd\nn01: persistent    /var/lib/\nn01: localdisk     /a b\n',
  );
});

test('option words are those of the dialect', () => {
  expect(classicList(answer, 'litefile', 'later')).toBe(
    'n01: link          /etc/motd\nn01: link,persistent /var/lib/\nn01: localdisk     /a b\n',
  );
});

test('litetree lists name servers, paths and mount options, and leave out what is not there', () => {
  expect(classicList(answer, 'litetree', 'cookbook')).toBe(
    'n01: 10.0.0.9:/syncdirs/n01\nn01: cnfs:/gpfs/a b :ro,soft\nn01: /on/the/image\n',
  );
});
