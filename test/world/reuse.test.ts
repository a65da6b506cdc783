/** Nodes taken over from the view before are those that a view made from nothing has: values, places, diagnostics, outputs. */
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { planningContext, planSnapshot } from '../../core/engine/preview.ts';
import type { LoadedPlugin } from '../../core/plugin/loaded.ts';
import { Repository } from '../../core/repo/repository.ts';
import { type Node, originOf, type View } from '../../core/resolve/view.ts';
import { ownPlugins } from '../../plugins/index.ts';
import { randomWalk } from '../cluster/walk.ts';
import { temporary } from './engine-lab.ts';

let cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups) cleanup();
  cleanups = [];
});

const setUp = (): LoadedPlugin[] =>
  ownPlugins.map((plugin) => ({ plugin, hooks: plugin.setup(plugin.options.parse({})) }));

/** All that can be seen of a node, rows as the places where they stand. */
function seen(view: View, node: Node): unknown {
  const { row, currstate, image, statemnt, litetree, ...rest } = node;
  const mount = (of: { readonly row: Node['row'] }) => ({ ...of, row: originOf(of) });
  const asked = ['noderes.netboot', 'nodehm.serialport', 'bootparams.addkcmdline', 'hosts.ip'].map((name) => {
    const [table = '', column = ''] = name.split('.');
    const value = view.value(node.name, table, column);
    return value === undefined ? undefined : [value.text, value.key, originOf(value)];
  });
  return {
    ...rest,
    row: originOf({ row }),
    currstate: currstate === undefined ? undefined : [currstate.text, originOf(currstate)],
    image:
      image === undefined ? undefined : [image.name, image.build, image.litefile.map(({ path, kind }) => [path, kind])],
    statemnt: statemnt === undefined ? undefined : mount(statemnt),
    litetree: litetree.map(mount),
    asked,
  };
}

describe.each([31, 32, 33, 34, 35, 36, 37, 38])('a walk with seed %i, all planned in one context', (seed) => {
  test('each commit is planned as in a context of its own', async () => {
    const { dir, remove } = temporary('reuse');
    cleanups.push(remove);
    const repositoryDir = join(dir, 'config.git');
    const commits = await randomWalk({ seed, steps: 25, dir: repositoryDir, nodes: 14, invalidOnceIn: 8 });
    const repository = await Repository.open(repositoryDir);
    const kept = planningContext(setUp());
    let taken = 0;
    let before: View | undefined;
    try {
      for (const { commit } of commits) {
        const snapshot = await repository.snapshot(commit);
        const mine = await planSnapshot(snapshot, kept);
        const fresh = await planSnapshot(snapshot, planningContext(setUp()));
        for (const [name, node] of mine.plan.view.nodes) if (before?.nodes.get(name) === node) taken++;
        before = mine.plan.view;
        const nodes = (view: View) => [...view.nodes.values()].map((node) => seen(view, node));
        expect(nodes(mine.plan.view)).toEqual(nodes(fresh.plan.view));
        expect(mine.checked).toEqual(fresh.checked);
        expect(mine.plan.shared).toEqual(fresh.plan.shared);
        expect(mine.plan.diagnostics).toEqual(fresh.plan.diagnostics);
        for (const [name, set] of fresh.plan.sets) {
          expect(mine.plan.sets.get(name)?.outputs).toEqual(set.outputs);
          expect(mine.plan.sets.get(name)?.answer).toEqual(set.answer);
        }
      }
    } finally {
      await repository.close();
    }
    // A walk on which nothing is taken over would prove nothing.
    expect(taken).toBeGreaterThan(20);
  });
});
