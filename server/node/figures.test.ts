import { expect, test } from 'vitest';
import { NodeFigures } from './figures.ts';

test('answers are counted together by all who have the memory, and start at 0', () => {
  const here = new NodeFigures();
  const there = new NodeFigures(here.memory);
  there.add('answer');
  there.add('answer');
  there.add('404');
  expect(here.answers()).toEqual([
    ['answer', 2],
    ['403', 0],
    ['404', 1],
    ['409', 0],
    ['503', 0],
  ]);
});

test('room for reports is what nobody has handed over, and comes back with what is written', () => {
  const here = new NodeFigures(undefined, 100);
  const there = new NodeFigures(here.memory, 100);
  there.handOver(60);
  expect([here.waiting, there.hasRoom(40), there.hasRoom(41)]).toEqual([60, true, false]);
  here.written(60);
  expect([there.hasRoom(100), there.hasRoom(101)]).toEqual([true, false]);
});

test('there is no room at all while the store refuses to be written', () => {
  const here = new NodeFigures();
  const there = new NodeFigures(here.memory);
  here.failing = true;
  expect([there.failing, there.hasRoom(1)]).toEqual([true, false]);
  here.failing = false;
  expect([there.hasRoom(1), there.waiting]).toEqual([true, 0]);
});
