import { expect, test } from 'vitest';
import type { Reconciled } from '../core/engine/types.ts';
import { appliedLog } from './applied-log.ts';

const result = (commit: string, more: Partial<Reconciled> = {}): Reconciled => ({
  commit,
  changed: true,
  ok: true,
  lines: ['applied'],
  ...more,
});

test('what a push and the watcher both saw is said once, and everything else each time', () => {
  const said: unknown[] = [];
  const tell = appliedLog((level, what, facts = {}) => said.push([level, what, facts.commit, facts.pusher]));
  const first = result('c1');
  // One look for both.
  tell(first, { reason: 'the refs changed' });
  tell(first, { pusher: 'ada' });
  // The watcher looked a moment before.
  tell(result('c2'), { reason: 'the refs changed' });
  tell(result('c2', { changed: false }), { pusher: 'ada' });
  // A push that brings back an earlier commit, and one that fails twice.
  tell(result('c1'), { pusher: 'ada' });
  for (const _ of [1, 2]) tell(result('c3', { ok: false }), { pusher: 'bob' });
  tell(result('c3', { changed: false }), { pusher: 'bob' });
  expect(said).toEqual([
    ['info', 'applied', 'c1', undefined],
    ['info', 'applied', 'c2', undefined],
    ['info', 'applied', 'c1', 'ada'],
    ['error', 'not applied', 'c3', 'bob'],
    ['error', 'not applied', 'c3', 'bob'],
    ['info', 'applied', 'c3', 'bob'],
  ]);
});
