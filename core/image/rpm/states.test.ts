/** The date of a repository, out of its repomd.xml. */
import { expect, it } from 'vitest';
import { dateOf } from './states.ts';

it.each([
  [
    'its revision where that is a time',
    '<revision>1700000000</revision><timestamp>1600000000</timestamp>',
    '2023-11-14T22:13:20.000Z',
  ],
  [
    'its youngest part where it is a number',
    '<revision>8</revision><timestamp>1600000000</timestamp><timestamp>1650000000.5</timestamp>',
    '2022-04-15T05:20:00.000Z',
  ],
  ['nothing where it says nothing', '<repomd/>', undefined],
])('is %s', (_what, text, date) => {
  expect(dateOf(text)).toBe(date);
});
