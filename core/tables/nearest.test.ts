/** Which names count as near. */
import { expect, it } from 'vitest';
import { nearest } from './nearest.ts';

it.each([
  ['optionz', ['image', 'file', 'options'], 'options'],
  ['fiel', ['file', 'image'], 'file'],
  ['NODE', ['node'], 'node'],
  ['tftpsever', ['nfsserver', 'tftpserver'], 'tftpserver'],
  ['imagenames', ['imagename', 'image'], 'imagename'],
  ['od', ['os'], 'os'],
  ['x', ['u'], undefined],
  ['u', ['os'], undefined],
  ['mods', ['node'], undefined],
  ['colour', ['comments', 'disable'], undefined],
  ['', ['u'], undefined],
  ['cab', ['car', 'cat'], 'car'],
])('%s among %j: %s', (word, candidates, near) => {
  expect(nearest(word, candidates)).toBe(near);
});

it('takes the nearest, not the first', () => {
  expect(nearest('serverx', ['severs', 'server'])).toBe('server');
});
