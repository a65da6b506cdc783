/** Bench `revert`: one group row changes all boot files of 10,000 nodes, `git revert` brings them back, verify agrees. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Figure, median, milliseconds, printTable, range } from './figures.ts';
import { type House, loopbackCluster, makeHouse, startHouse } from './house.ts';
import { recorded } from './push.ts';
import { compareLooks, look, type Seen, untilApplied } from './pushing.ts';

const run = promisify(execFile);
const nodes = 10_000;
const who = ['-c', 'user.name=Ada Operator', '-c', 'user.email=ada@cluster.example'];

/** Goals are our own: all of ten thousand nodes back within five seconds of `git push`, and no file written that need not be. */
export async function benchRevert(scratch: string, rounds = 3): Promise<boolean> {
  const dir = join(scratch, 'revert');
  await makeHouse(dir, loopbackCluster(nodes));
  const house = await startHouse(dir);
  try {
    return await measure(house, join(scratch, 'revert-clone'), rounds);
  } finally {
    await house.stop();
  }
}

async function measure(house: House, clone: string, rounds: number): Promise<boolean> {
  await run('git', ['clone', '--quiet', `${house.admin}/config.git`, clone]);
  const git = async (...args: string[]) => (await run('git', [...who, ...args], { cwd: clone })).stdout.trim();
  const world = join(house.dir, 'world');
  const wholes: number[] = [];
  const applies: number[] = [];
  const verifies: number[] = [];
  const counts: string[] = [];
  let [exact, back, clean] = [true, true, true];
  for (let i = 0; i < rounds; i++) {
    const first = await look(world);
    const path = join(clone, 'tables/nodehm.csv');
    await writeFile(path, (await readFile(path, 'utf8')).replace('"115200"', '"9600"'));
    await git('commit', '--quiet', '--all', '--message', 'A slower console');
    await git('push', '--quiet', 'origin', 'main');
    await untilApplied(house, await git('rev-parse', 'HEAD'));

    const changed = await look(world);
    await git('revert', '--no-edit', 'HEAD');
    const commit = await git('rev-parse', 'HEAD');
    const from = performance.now();
    // A push over HTTP ends when its commit is applied, or after a while.
    await git('push', '--quiet', 'origin', 'main');
    await untilApplied(house, commit);
    wholes.push(performance.now() - from);
    applies.push(await recorded(house, commit));

    const last = await look(world);
    const { written, differing } = compareLooks(changed, last);
    counts.push(`${written}/${differing}`);
    exact &&= written === differing && differing >= nodes;
    back &&= sameContents(first, last);

    const asked = performance.now();
    const { drift } = (await house.get('/verify')) as { drift: readonly unknown[] };
    verifies.push(performance.now() - asked);
    clean &&= drift.length === 0;
  }
  const seconds = { goal: '≤ 5 s', met: median(wholes) <= 5000 };
  const figures: Figure[] = [
    { what: 'received → applied, as recorded', value: milliseconds(median(applies)), from: range(applies) },
    { what: 'git push → applied, in all', value: milliseconds(median(wholes)), from: range(wholes), ...seconds },
    {
      what: 'paths written/differing',
      value: counts[0] ?? '',
      from: counts.join(' '),
      goal: 'equal, all nodes',
      met: exact,
    },
    { what: 'world as before the change', value: back ? 'yes' : 'no', from: 'byte for byte', goal: 'yes', met: back },
    { what: 'verify: all paths compared', value: milliseconds(median(verifies)), from: range(verifies) },
    { what: 'verify: drift', value: clean ? 'none' : 'some', from: `${rounds} rounds`, goal: 'none', met: clean },
  ];
  return printTable(`revert: one row of a group, ${nodes} boot files`, figures);
}

function sameContents(a: ReadonlyMap<string, Seen>, b: ReadonlyMap<string, Seen>): boolean {
  return a.size === b.size && [...a].every(([path, { content }]) => b.get(path)?.content === content);
}
