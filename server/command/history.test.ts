import { expect, test } from 'vitest';
import type { CommitRecord } from '../../core/engine/types.ts';
import { quietStatus } from '../../test/server/fake-engine.ts';
import { ageText, historyLines, recordState } from './history.ts';
import { statusLines } from './status.ts';

const record: CommitRecord = {
  commit: 'a'.repeat(40),
  pusher: 'alice',
  via: 'http',
  receivedAt: '2026-11-23T12:00:00.000Z',
  checkedAt: undefined,
  appliedAt: undefined,
  failed: undefined,
  summary: undefined,
};

test('age is in the largest unit that fits', () => {
  expect([0, 59_000, 60_000, 3_600_000, 86_400_000, -5].map(ageText)).toEqual(['0s', '59s', '1m', '1h', '1d', '0s']);
});

test('a commit shows the furthest state that it came to', () => {
  const checkedAt = record.receivedAt;
  const appliedAt = record.receivedAt;
  expect(recordState(record)).toBe('received');
  expect(recordState({ ...record, checkedAt })).toBe('checked');
  expect(recordState({ ...record, checkedAt, appliedAt })).toBe('applied');
  expect(recordState({ ...record, checkedAt, appliedAt, failed: 'disk full' })).toBe('failed');
  expect(recordState({ ...record, failed: 'it has errors' })).toBe('refused');
});

test('history stands in columns', () => {
  const commit = {
    oid: 'a'.repeat(40),
    parents: [],
    author: 'Ada',
    authorEmail: '',
    authoredAt: record.receivedAt,
    committer: 'Ada',
    committedAt: record.receivedAt,
    subject: 'One',
    body: '',
  };
  const other = { ...commit, author: 'A very long name of an author', subject: 'Two' };
  expect(
    historyLines(
      [
        { ...commit, record, boots: undefined },
        { ...other, record: undefined, boots: undefined },
      ],
      Date.parse('2026-11-23T12:05:00Z'),
    ),
  ).toEqual([
    'aaaaaaaaaa  5m  Ada                   alice  received  One',
    'aaaaaaaaaa  5m  A very long name of…  -      -         Two',
  ]);
});

test('status says what waits, folded, and never claims more than is so', () => {
  const waiting = [{ image: 'compute', why: 'not built yet', nodes: ['n01', 'n02', 'n03'] }];
  const lines = statusLines(
    { ...quietStatus, boots: [], state: 'applied, waiting', nodes: 3, waiting, needsRoot: 1 },
    undefined,
    { colour: false },
  );
  expect(lines).toEqual([
    'state    applied, waiting',
    'server   not running',
    'nodes    3',
    'waiting  3 nodes, image compute: not built yet (n[01-03])',
    'as root  1 output needs an owner that only root can give',
  ]);
});

test('status and history say how many nodes booted a commit, beside what the server made of it', () => {
  const [now, before] = ['a'.repeat(40), 'b'.repeat(40)];
  const boots = [
    { commit: now, nodes: 8, booted: 3, running: 3 },
    { commit: before, nodes: 2, booted: 1, running: 4 },
  ];
  const told = statusLines({ ...quietStatus, boots, applied: now, head: now, nodes: 10 }, undefined, { colour: false });
  expect(told.filter((line) => line.startsWith('booted'))).toEqual([
    'booted   by 3/8 nodes',
    'booted   bbbbbbbbbb: by 1/2 nodes',
  ]);
  const commit = { parents: [], author: 'Ada', authorEmail: '', authoredAt: record.receivedAt, committer: 'Ada' };
  const rest = { committedAt: record.receivedAt, subject: 'S', body: '' };
  const applied = { ...record, checkedAt: record.receivedAt, appliedAt: record.receivedAt };
  const lines = historyLines(
    [
      { ...commit, ...rest, oid: now, record: applied, boots: boots[0] },
      { ...commit, ...rest, oid: before, record: applied, boots: { commit: before, nodes: 0, booted: 0, running: 4 } },
      { ...commit, ...rest, oid: 'c'.repeat(40), record: applied, boots: undefined },
    ],
    Date.parse(record.receivedAt),
  );
  expect(lines.map((line) => line.replace(/ {2,}/g, ' | ').split(' | ')[4])).toEqual([
    'applied, booted by 3/8 nodes',
    'applied, 4 nodes still run it',
    'applied',
  ]);
});

test('what a commit says cannot act on the terminal', () => {
  const commit = {
    oid: 'a'.repeat(40),
    parents: [],
    author: 'Ev\u001b[31mil',
    authorEmail: 'e@x',
    authoredAt: record.receivedAt,
    committer: 'x',
    committedAt: record.receivedAt,
    subject: 'a\u001b]0;title\u0007b',
    body: '',
    record: undefined,
    boots: undefined,
  };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there.
  expect(historyLines([commit], Date.parse(record.receivedAt)).join('')).not.toMatch(/[\u0000-\u001f]/);
});
