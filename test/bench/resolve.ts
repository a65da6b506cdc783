/** Bench `resolve`: parsing, resolving and planning from nothing, how they grow, and what reading the same bytes costs. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { changeOneRow, generateCluster } from '../cluster/generate.ts';
import { importCommits, writeRepository } from '../cluster/repository.ts';
import { type Figure, growth, median, milliseconds, printTable, range } from './figures.ts';
import type { Times, Work } from './resolving.ts';

const run = promisify(execFile);

const sizes = [
  { nodes: 1_000, rounds: 9 },
  { nodes: 10_000, rounds: 5 },
  { nodes: 100_000, rounds: 3 },
];

/** Above 1.15 something is worse than n log n. */
const steepest = 1.15;

/** Goal: nothing grows faster than nodes, but for what sorting and memory add. */
export async function benchResolve(scratch: string): Promise<boolean> {
  const works: Work[] = [];
  for (const { nodes, rounds } of sizes)
    works.push(await makeWork(join(scratch, `resolve${nodes}.git`), nodes, rounds));
  const child = ['--import', 'tsx', fileURLToPath(new URL('resolving.ts', import.meta.url))];
  const { stdout } = await run(process.execPath, [...child, JSON.stringify(works)], { maxBuffer: 2 ** 20 });
  const all = JSON.parse(stdout) as Times[];
  const figures: Figure[] = [];
  for (const [i, times] of all.entries()) {
    const place = `${works[i]?.nodes} nodes`;
    const tell = (what: string, values: readonly number[]) =>
      figures.push({ what: `${place}: ${what}`, value: milliseconds(median(values)), from: range(values) });
    tell('git cat-file, split', times.peer);
    tell('read and parse', times.parse);
    tell('resolve', times.resolve);
    tell('plan and compose', times.plan);
    tell('resolve again, one row changed', times.again);
    const ratios = times.peer.map((peer, k) => ((times.parse[k] ?? 0) + (times.resolve[k] ?? 0)) / peer);
    figures.push({
      what: `${place}: parse and resolve, of git and split`,
      value: median(ratios).toFixed(2),
      from: ratios.map((ratio) => ratio.toFixed(2)).join(' '),
    });
    figures.push({ what: `${place}: memory, highest`, value: `${Math.round(times.highest)} MB`, from: 'so far' });
  }
  for (const [what, of] of [
    ['parse', (times: Times) => times.parse],
    ['resolve', (times: Times) => times.resolve],
    ['plan and compose', (times: Times) => times.plan],
    ['resolve again', (times: Times) => times.again],
  ] as const) {
    const exponent = exponentOf(works, all, of);
    const last = exponentOf(works.slice(-2), all.slice(-2), of);
    const goal = { goal: `≤ ${steepest}`, met: exponent <= steepest };
    figures.push({
      what: `${what}: exponent`,
      value: exponent.toFixed(2),
      from: `last tenfold: ${last.toFixed(2)}`,
      ...goal,
    });
  }
  const peer = exponentOf(works, all, (times) => times.peer).toFixed(2);
  figures.push({ what: 'git and split: exponent', value: peer, from: 'time ~ nodes^exponent' });
  return printTable('resolve: from nothing, 1,000 to 100,000 nodes', figures);
}

function exponentOf(works: readonly Work[], all: readonly Times[], of: (times: Times) => readonly number[]): number {
  return growth(all.map((times, i) => [works[i]?.nodes ?? 0, median(of(times))]));
}

async function makeWork(dir: string, nodes: number, rounds: number): Promise<Work> {
  const files = generateCluster({ nodes, seed: 7 });
  const first = await writeRepository(files, dir);
  const { files: after, path, node } = changeOneRow(files, 1);
  const changes = new Map([[path, { text: after.get(path) ?? '', mode: '100644' as const }]]);
  const subject = `A kernel word for ${node}`;
  const [second] = await importCommits(dir, [{ branch: 'main', subject, parents: [], onto: first, changes }]);
  if (second === undefined) throw new Error('no commit was made');
  return { nodes, dir, first, second, rounds };
}
