/** Benches `push` and `apply`: what litehouse adds to a push, and how soon and with how few writes a pushed row is in effect. */
import { join } from 'node:path';
import { type Figure, median, milliseconds, printTable, range } from './figures.ts';
import type { House } from './house.ts';
import { compareLooks, look, openPushing, type Pushing } from './pushing.ts';

const sizes = [1_000, 10_000];

async function withPushing(scratch: string, nodes: number, use: (pushing: Pushing) => Promise<void>): Promise<void> {
  const pushing = await openPushing(scratch, nodes);
  try {
    await use(pushing);
  } finally {
    await pushing.stop();
  }
}

/** Goal: at 10,000 nodes at most 0.5 s more than the same push to a bare repository without hooks. */
export async function benchPush(scratch: string, rounds = 7): Promise<boolean> {
  const figures: Figure[] = [];
  for (const nodes of sizes) {
    await withPushing(scratch, nodes, async (pushing) => {
      await pushing.untilApplied((await pushing.round('http')).commit);
      for (const via of ['http', 'file'] as const) {
        const through: number[] = [];
        const plain: number[] = [];
        for (let i = 0; i < rounds; i++) {
          const round = await pushing.round(via);
          // The next push must not wait for this one's apply.
          await pushing.untilApplied(round.commit);
          through.push(round.through);
          plain.push(round.plain);
        }
        const more = median(through.map((value, i) => value - (plain[i] ?? 0)));
        const place = `${nodes} nodes, over ${via}`;
        figures.push(
          { what: `${place}: bare, no hooks`, value: milliseconds(median(plain)), from: range(plain) },
          { what: `${place}: litehouse`, value: milliseconds(median(through)), from: range(through) },
          {
            what: `${place}: more`,
            value: milliseconds(more),
            from: 'differences of the rounds',
            ...(nodes === 10_000 ? { goal: '≤ 500 ms', met: more <= 500 } : {}),
          },
        );
      }
    });
  }
  return printTable('push: one changed row (the bare repository is always pushed to as a path)', figures);
}

/** Goal: in effect at most 1 s after the push was accepted, and exactly the paths that differ were written. */
export async function benchApply(scratch: string, rounds = 5): Promise<boolean> {
  const figures: Figure[] = [];
  for (const nodes of sizes) {
    await withPushing(join(scratch, 'apply'), nodes, async (pushing) => {
      await pushing.untilApplied((await pushing.round('http')).commit);
      const world = join(pushing.house.dir, 'world');
      const seen: number[] = [];
      const told: number[] = [];
      const counts: string[] = [];
      let exact = true;
      for (let i = 0; i < rounds; i++) {
        const before = await look(world);
        const { commit } = await pushing.round('http');
        seen.push(await pushing.untilApplied(commit));
        told.push(await recorded(pushing.house, commit));
        const { written, differing } = compareLooks(before, await look(world));
        counts.push(`${written}/${differing}`);
        exact &&= written === differing && written > 0;
      }
      const goal = { goal: '≤ 1 s', met: median(told) <= 1000 };
      figures.push(
        {
          what: `${nodes} nodes: received → applied, as recorded`,
          value: milliseconds(median(told)),
          from: range(told),
          ...goal,
        },
        {
          what: `${nodes} nodes: end of push → status says applied`,
          value: milliseconds(median(seen)),
          from: range(seen),
        },
        {
          what: `${nodes} nodes: paths written/differing`,
          value: counts[0] ?? '',
          from: counts.join(' '),
          goal: 'equal',
          met: exact,
        },
      );
    });
  }
  return printTable('apply: one changed row, from accepted to in effect', figures);
}

/** What the server's own record says, from the moment that the push was accepted. */
export async function recorded(house: House, commit: string): Promise<number> {
  const [newest] = (await house.get('/history?limit=1')) as {
    oid: string;
    record?: { receivedAt: string; appliedAt?: string };
  }[];
  if (newest?.oid !== commit || newest.record?.appliedAt === undefined)
    throw new Error('the newest commit has no record');
  return Date.parse(newest.record.appliedAt) - Date.parse(newest.record.receivedAt);
}
