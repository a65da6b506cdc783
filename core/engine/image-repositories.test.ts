/** What questions to repositories download, and how long it stays. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { LoadedPlugin } from '../plugin/loaded.ts';
import type { InService } from './image-life.ts';
import { RepositoryQuestions } from './image-repositories.ts';

let state: string;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'litehouse-asking-'));
});
afterEach(() => rmSync(state, { recursive: true }));

/** What each question found in its cache. */
const found: string[][] = [];
const plugin = {
  plugin: { name: 'asker' },
  hooks: {
    repositories: async (_view: unknown, _image: unknown, { cache }: { cache: string }) => {
      found.push(readdirSync(cache));
      writeFileSync(join(cache, `metadata${found.length}`), '');
      return { repositories: [], packages: undefined };
    },
  },
} as unknown as LoadedPlugin;
const now = {
  view: { images: new Map([['img', {}]]) },
  images: new Map([['img', { build: { plugin: 'asker' } }]]),
} as unknown as InService;

function open(keep: number): RepositoryQuestions {
  found.length = 0;
  return new RepositoryQuestions([plugin], { state, roots: [] }, keep);
}
const ask = (questions: RepositoryQuestions) => questions.ask(now, 'img', false, () => undefined);
const asking = () => join(state, 'asking');
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}

it('is there for the next question, and gone when the server stops', async () => {
  const questions = open(3600_000);
  expect(await ask(questions)).toMatchObject({ ok: true });
  await ask(questions);
  expect(found).toEqual([[], ['metadata1']]);
  expect(readdirSync(asking())).toEqual(['cache']);
  await questions.close();
  expect(existsSync(asking())).toBe(false);
});

it('is gone a while after the last question', async () => {
  const questions = open(1);
  await ask(questions);
  await until(() => !existsSync(asking()));
  await ask(questions);
  expect(found).toEqual([[], []]);
  await questions.close();
});

it('is gone when a server starts after one that was killed', async () => {
  mkdirSync(join(asking(), 'cache/asker'), { recursive: true });
  mkdirSync(join(asking(), 'question-x'));
  const questions = open(3600_000);
  await until(() => !existsSync(asking()));
  await questions.close();
});
