/**
 * A sample folder is a behaviour: a repository in, diagnostics, plan, outputs and answers out.
 *
 * `repo/` is laid over `base/repo/` (an empty file removes the base's); `before/`, where there is one, is the state that the
 * plan starts from (laid over the base in the same way; otherwise the base itself). `expected/` holds diagnostics.txt,
 * plan.txt and, for each path that differs from the base's world, world/<root>/<path> and answers/<node>.
 * `UPDATE_SAMPLES=1 npx vitest run test/samples` writes `expected/` anew: read the difference before you keep it.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { previewSnapshot } from '../../core/engine/preview.ts';
import type { Preview } from '../../core/engine/types.ts';
import { answerText, refusalText } from '../../core/plan/answer.ts';
import { diffWorlds } from '../../core/plan/diff.ts';
import { renderDiagnostics, renderDiff } from '../../core/plan/render.ts';
import type { World } from '../../core/plan/world.ts';
import { openFolder } from '../../core/repo/folder-snapshot.ts';
import { ownPlugins } from '../../plugins/index.ts';

const here = dirname(fileURLToPath(import.meta.url));
const plugins = ownPlugins.map((plugin) => ({ plugin, hooks: plugin.setup(plugin.options.parse({})) }));

function filesBelow(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .sort();
}

async function previewOf(...layers: string[]): Promise<Preview> {
  const work = mkdtempSync(join(tmpdir(), 'litehouse-sample-'));
  try {
    for (const layer of layers) {
      if (!existsSync(layer)) continue;
      cpSync(layer, work, { recursive: true, verbatimSymlinks: true });
      for (const file of filesBelow(layer)) if (statSync(join(layer, file)).size === 0) rmSync(join(work, file));
    }
    return await previewSnapshot(await openFolder(work), { plugins });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Everything that a world has, as texts by name. */
function textsOf(world: World | undefined): Map<string, string> {
  const texts = new Map<string, string>();
  for (const [root, entries] of world?.roots ?? []) {
    for (const [path, entry] of entries) {
      if (entry.kind === 'file' && 'text' in entry.content) texts.set(`world/${root}/${path}`, entry.content.text);
      else if (entry.kind === 'file') texts.set(`world/${root}/${path}`, `${entry.digest}\n`);
      else if (entry.kind !== 'directory') texts.set(`world/${root}/${path}`, `${entry.kind} -> ${entry.to}\n`);
    }
  }
  for (const [node, answer] of world?.answers ?? []) {
    const generation = answer.kind === 'answer' ? world?.generations.get(answer.generation) : undefined;
    const text =
      answer.kind === 'answer' && generation !== undefined
        ? answerText(node, answer, generation)
        : refusalText(answer.kind === 'refusal' ? answer.reason : 'generation missing');
    texts.set(`answers/${node}`, text.replace(/^commit\t.*$/m, 'commit\tC'));
  }
  return texts;
}

async function outcomeOf(folder: string): Promise<Map<string, string>> {
  const base = join(here, 'base/repo');
  const before = await previewOf(base, join(folder, 'before'));
  const after = await previewOf(base, join(folder, 'before'), join(folder, 'repo'));
  const outcome = new Map<string, string>();
  outcome.set('diagnostics.txt', renderDiagnostics(after.diagnostics).map((line) => `${line}\n`).join(''));
  if (after.world === undefined) outcome.set('plan.txt', 'refused\n');
  else {
    const [first, ...plan] = renderDiff(diffWorlds(before.world, after.world));
    expect(first).toMatch(/^plan /);
    outcome.set('plan.txt', plan.map((line) => `${line}\n`).join(''));
  }
  const known = folder.endsWith('/base') ? new Map<string, string>() : textsOf((await previewOf(base)).world);
  for (const [name, text] of textsOf(after.world)) if (known.get(name) !== text) outcome.set(name, text);
  return outcome;
}

const samples = readdirSync(here, { withFileTypes: true }).filter((entry) => entry.isDirectory());

describe.each(samples.map((entry) => entry.name))('sample %s', (name) => {
  test('gives exactly what its folder says', async () => {
    const folder = join(here, name);
    const expectedDirectory = join(folder, 'expected');
    const outcome = await outcomeOf(folder);
    if (process.env.UPDATE_SAMPLES === '1') {
      rmSync(expectedDirectory, { recursive: true, force: true });
      for (const [file, text] of outcome) {
        mkdirSync(dirname(join(expectedDirectory, file)), { recursive: true });
        writeFileSync(join(expectedDirectory, file), text);
      }
    }
    const expected = new Map(filesBelow(expectedDirectory).map((file) => [file, readFileSync(join(expectedDirectory, file), 'utf8')]));
    expect(expected.size).toBeGreaterThan(0);
    expect(Object.fromEntries(outcome)).toEqual(Object.fromEntries(expected));
  });
});
