import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { answerForAddress } from '../../core/engine/answers.ts';
import type { Answering } from '../../core/engine/types.ts';
import type { Generation, NodeAnswer, RefusedAnswer, WholeAnswer } from '../../core/plan/world.ts';
import { type NodeCommand, nodeCommands } from '../../core/policy/rows.ts';
import { AnsweringCopy, AnsweringSource } from './answering-copy.ts';

type World = NonNullable<Answering['world']>;

const texts = fc.constantFrom('', 'a', 'tree\t1\n', 'ä\n', '\u{1f600}', '\ud800', 'constructor', '__proto__');
const generationIds = fc.constantFrom('g1', 'g2', 'g3', 'gone');
const whole: fc.Arbitrary<WholeAnswer> = fc.record({
  kind: fc.constant('answer' as const),
  commit: texts,
  generation: generationIds,
  body: texts,
  lines: fc.nat(9),
});
const refused: fc.Arbitrary<RefusedAnswer> = fc.record(
  {
    kind: fc.constant('refusal' as const),
    commit: texts,
    reason: texts,
    allowed: fc.record({ command: fc.constantFrom(...nodeCommands), answer: whole }),
  },
  { requiredKeys: ['kind', 'commit', 'reason'] },
);
const told = fc.oneof(whole, refused);
const addressesOf = fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.3', 'fd00::1');
const answer: fc.Arbitrary<NodeAnswer> = fc
  .tuple(told, fc.option(fc.array(fc.tuple(addressesOf, told)), { nil: undefined }))
  .map(([first, except]) => (except === undefined ? first : { ...first, except: new Map(except) }));
const generation = (id: string): fc.Arbitrary<Generation> =>
  fc.record(
    {
      id: fc.constant(id),
      image: texts,
      litefile: texts,
      lines: fc.nat(9),
      options: fc.array(texts, { maxLength: 3 }),
    },
    { requiredKeys: ['id', 'image', 'litefile', 'lines'] },
  );
const generations = fc
  .array(generationIds.chain(generation), { maxLength: 4 })
  .map((all) => new Map(all.map((each) => [each.id, each])));
const nodes = fc.constantFrom('n1', 'n2', 'n3', 'toString');
const world: fc.Arbitrary<World> = fc
  .tuple(
    fc.array(fc.tuple(nodes, answer), { maxLength: 4 }),
    fc.array(fc.tuple(addressesOf, fc.array(nodes, { minLength: 1, maxLength: 2 }))),
    generations,
  )
  .map(([answers, addresses, of]) => ({
    answers: new Map(answers),
    addresses: new Map(addresses),
    generations: of,
  }));
const answering: fc.Arbitrary<Answering> = fc.record({ world, generations });

/** Everything that anybody can be told, asked in every way. */
function allTold({ world, generations: older }: Answering): unknown[] {
  const list: unknown[] = [];
  for (const address of ['10.0.0.1', '10.0.0.2', '10.0.0.3', 'fd00::1', '10.9.9.9'])
    for (const id of [undefined, 'g1', 'g2', 'g3', 'gone'])
      for (const only of [undefined, ...nodeCommands] as (NodeCommand | undefined)[])
        list.push(answerForAddress(world, older, address, id, only));
  return list;
}

/** As it arrives in another thread. */
function sent(source: AnsweringSource, now: Answering): ReturnType<AnsweringSource['changes']>['changes'] {
  const { changes, transfer } = source.changes(now);
  return structuredClone(changes, { transfer });
}

describe('a copy', () => {
  test('tells everybody what the original tells, after each of many changes', () => {
    fc.assert(
      fc.property(fc.array(answering, { minLength: 1, maxLength: 4 }), (steps) => {
        const source = new AnsweringSource();
        const copy = new AnsweringCopy();
        for (const step of steps) {
          copy.take(sent(source, step));
          expect(allTold(copy)).toEqual(allTold(step));
        }
      }),
    );
  });

  test('of nothing says that nothing is applied yet', () => {
    const copy = new AnsweringCopy();
    copy.take(sent(new AnsweringSource(), { world: undefined, generations: new Map() }));
    expect(answerForAddress(copy.world, copy.generations, '10.0.0.1', undefined)).toMatchObject({ status: 503 });
  });
});

describe('what is sent', () => {
  const body = 'tree\t1\tours\t10.0.0.1\t/install\n';
  const g = (id: string, options: readonly string[] = []): Generation => ({
    id,
    image: 'i',
    litefile: '',
    lines: 0,
    options,
  });
  const cluster = (commit: string): World => ({
    answers: new Map(
      Array.from({ length: 1000 }, (_, i) => [`n${i}`, { kind: 'answer', commit, generation: 'g', body, lines: 1 }]),
    ),
    addresses: new Map(),
    generations: new Map([['g', g('g')]]),
  });

  test('has each text of a thousand nodes once', () => {
    const { world } = sent(new AnsweringSource(), { world: cluster('c1'), generations: new Map() });
    expect(world?.texts).toEqual(['c1', 'g', body]);
  });

  test('is only what changed: no world twice, and generations that are new, other or gone', () => {
    const source = new AnsweringSource();
    const now = cluster('c1');
    const first = { world: now, generations: new Map([['old', g('old')]]) };
    expect(sent(source, first)).toMatchObject({ world: {}, put: [{ id: 'old' }, { id: 'g' }], drop: [] });
    expect(sent(source, first)).toEqual({ world: undefined, put: [], drop: [] });
    // Read back from the store they are other objects that say the same.
    const again = new Map([
      ['old', g('old', ['rw'])],
      ['g', g('g')],
      ['new', g('new')],
    ]);
    expect(sent(source, { world: now, generations: again })).toEqual({
      world: undefined,
      put: [g('old', ['rw']), g('new')],
      drop: [],
    });
    expect(sent(source, { world: cluster('c2'), generations: new Map() })).toMatchObject({ drop: ['old', 'new'] });
  });
});
