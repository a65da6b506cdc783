/** Which nodes wait, and behind whom, when an image is missing and names or addresses move. */
import { describe, expect, it } from 'vitest';
import type { FileOutput } from '../plugin/output.ts';
import type { View } from '../resolve/view.ts';
import { composeWorld } from './compose.ts';
import type { NodeSet, Plan } from './make-plan.ts';

const view = {} as View;

function set(node: string, address: string, commit: string, needs: readonly string[] = []): NodeSet {
  const output: FileOutput = {
    kind: 'file',
    target: 'mn',
    root: 'tftp',
    path: `pxelinux.cfg/${address}`,
    node,
    content: { text: `${node} ${commit}` },
    mode: 0o644,
  };
  const answer = { kind: 'answer', commit, generation: 'g', body: '', lines: 0 } as const;
  return {
    commit,
    outputs: [{ plugin: 'p', output }],
    answer,
    addresses: [address],
    image: undefined,
    needs,
    trees: [],
  };
}

function plan(sets: ReadonlyMap<string, NodeSet>): Plan {
  const none = new Map();
  const nothing = {
    images: new Map(),
    artifacts: none,
    generations: none,
    elsewhere: none,
    diagnostics: [],
    shared: [],
  };
  return { view, commit: 'new', target: 'mn', sets, ...nothing };
}

const nodes = (count: number): string[] => Array.from({ length: count }, (_, i) => `n${String(i).padStart(5, '0')}`);

describe('a rack whose addresses all move by one', () => {
  // Either way round: who waits first may stand first or last in the plan.
  it.each([1, -1])('waits whole, each node behind the next, where the last needs a missing image (step %i)', (step) => {
    const count = 6_000;
    const names = nodes(count);
    const last = step === 1 ? count - 1 : 0;
    const before = new Map(names.map((node, i) => [node, set(node, `a${i}`, 'old')]));
    const after = new Map(
      names.map((node, i) => [node, set(node, `a${i + step}`, 'new', i === last ? ['image'] : [])]),
    );
    const { world, sets, diagnostics } = composeWorld(plan(after), before, () => false, undefined);
    expect(diagnostics).toEqual([]);
    expect(world.waiting.size).toBe(count);
    names.forEach((node, i) => {
      const behind = i === last ? undefined : names[i + step];
      expect(world.waiting.get(node)?.behind).toBe(behind);
      expect(sets.get(node)?.commit).toBe('old');
    });
    expect(world.addresses.get('a7')).toEqual([names[7]]);
  });

  it('moves at once where nothing is missing', () => {
    const names = nodes(3);
    const before = new Map(names.map((node, i) => [node, set(node, `a${i}`, 'old')]));
    const after = new Map(names.map((node, i) => [node, set(node, `a${(i + 1) % 3}`, 'new', ['image'])]));
    const { world, sets } = composeWorld(plan(after), before, () => true, undefined);
    expect(world.waiting.size).toBe(0);
    expect([...sets.values()].map(({ commit }) => commit)).toEqual(['new', 'new', 'new']);
  });
});

it('a node that waits and had nothing holds nothing: others take what they want', () => {
  const after = new Map([
    ['n1', set('n1', 'a', 'new', ['image'])],
    ['n2', set('n2', 'b', 'new')],
  ]);
  const { world } = composeWorld(plan(after), new Map([['n2', set('n2', 'c', 'old')]]), () => false, undefined);
  expect([...world.waiting.keys()]).toEqual(['n1']);
  expect(world.answers.get('n1')).toMatchObject({ kind: 'refusal' });
  expect(world.answers.get('n2')).toMatchObject({ kind: 'answer', commit: 'new' });
});
