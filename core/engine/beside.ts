/** What is in effect, read beside the process that has the engine and does not answer. Takes no lock and writes nothing. */
import { join } from 'node:path';
import { readStore } from '../apply/store-copy.ts';
import { lossOf } from '../apply/whole.ts';
import type { World } from '../plan/world.ts';
import type { LoadedPlugin } from '../plugin/loaded.ts';
import { Repository } from '../repo/repository.ts';
import type { View } from '../resolve/view.ts';
import { answerForNode } from './answers.ts';
import { readBooted } from './holds.ts';
import { readGenerations, readInEffect } from './memory.ts';
import { Planner } from './planner.ts';
import { placeOf, planningContext } from './preview.ts';
import type { AnswerText, EngineSettings } from './types.ts';

export interface EngineBeside {
  readonly settings: EngineSettings;
  readonly head: string | undefined;
  readonly world: World;
  readonly view: View;
  answer(node: string, generation?: string): AnswerText;
}

/** Undefined: nothing is in effect, or its commit is gone from the repository. Throws where the state can't be read. */
export async function lookBeside(
  settings: EngineSettings,
  plugins: readonly LoadedPlugin[],
): Promise<EngineBeside | undefined> {
  const { was, generations, booted } = await readStore(join(settings.state, 'lmdb'), (store) => ({
    was: readInEffect(store),
    generations: readGenerations(store),
    booted: readBooted(store),
  }));
  if (was === undefined) return undefined;
  const repository = await Repository.open(settings.repository);
  try {
    const context = planningContext(plugins, { ...settings, place: placeOf(settings) });
    const roots = new Map(settings.roots.map(({ name, dir }) => [name, dir]));
    const places = new Map<string, { readonly directory: string; readonly holds?: readonly string[] }>();
    const onDisk = {
      present: (id: string) => {
        const place = places.get(id);
        return place !== undefined && lossOf(place.directory, place) === undefined;
      },
      generations: () => 0,
    };
    const holds = { all: booted, version: 0 };
    const planner = new Planner(context, repository, new Set(roots.keys()), onDisk, holds, new Set());
    const restored = await planner.setsOf(was);
    if (restored === undefined) return undefined;
    const { planned, sets } = restored;
    for (const { id, root, path, holds } of planned.plan.artifacts.values())
      places.set(id, { directory: join(roots.get(root) ?? '', path), holds });
    const { world } = planner.compose(planned, { world: undefined, sets }).composed;
    return {
      ...{ settings, world, view: planned.plan.view },
      head: await repository.head(settings.branch),
      answer: (node, generation) => answerForNode(world, generations, node, generation),
    };
  } finally {
    await repository.close();
  }
}
