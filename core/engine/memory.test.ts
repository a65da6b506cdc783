import { expect, test } from 'vitest';
import { memoryStore } from '../apply/store.ts';
import { Memory } from './memory.ts';

const day = 86_400_000;
const generation = (id: string) => ({ id, image: 'img', litefile: '', lines: 0 });

test('a generation is forgotten thirty days after it went out of use, however long it was in use', async () => {
  const memory = new Memory(memoryStore());
  await memory.keepGenerations([generation('old')], [], 0);
  // A quiet year, then a push that changes the litefile: every node still runs the old one.
  await memory.keepGenerations([generation('new')], ['old'], 365 * day);
  expect([...memory.generations().keys()].sort()).toEqual(['new', 'old']);
  await memory.keepGenerations([generation('new')], [], 394 * day);
  expect(memory.generations().has('old')).toBe(true);
  await memory.keepGenerations([generation('new')], [], 396 * day);
  expect([...memory.generations().keys()]).toEqual(['new']);
});

test('what is known of a commit is added to, not replaced', async () => {
  const memory = new Memory(memoryStore());
  await memory.note('c1', { pusher: 'ada', via: 'http' });
  await memory.note('c1', { checkedAt: 'then' });
  expect(memory.record('c1')).toMatchObject({
    commit: 'c1',
    pusher: 'ada',
    via: 'http',
    checkedAt: 'then',
    appliedAt: undefined,
  });
});

test('two that note something of a commit at once both have it kept: who pushed, and the look that found it', async () => {
  const memory = memoryStore();
  const slow = {
    ...memory,
    batch: async (changes: Parameters<typeof memory.batch>[0]) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      await memory.batch(changes);
    },
  };
  const notes = new Memory(slow);
  await Promise.all([notes.note('c1', { pusher: 'ada', via: 'http' }), notes.note('c1', { checkedAt: 'then' })]);
  expect(new Memory(memory).record('c1')).toMatchObject({ pusher: 'ada', via: 'http', checkedAt: 'then' });
});
