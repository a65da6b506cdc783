/** Bench `start`: how long a server of 10,000 nodes takes to be ready, and what memory it holds. */
import { join } from 'node:path';
import { type Figure, median, milliseconds, printTable, range } from './figures.ts';
import { loopbackCluster, makeHouse, memoryOf, startHouse } from './house.ts';

/** The goals are our own: a restart that nobody notices, and a server that fits beside others on a small machine. */
export async function benchStart(scratch: string, rounds = 5): Promise<boolean> {
  const dir = join(scratch, 'start');
  await makeHouse(dir, loopbackCluster(10_000));
  const first = await startHouse(dir);
  const firstMemory = await memoryOf(first.pid);
  await first.stop();
  const times: number[] = [];
  const now: number[] = [];
  const highest: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const house = await startHouse(dir);
    const memory = await memoryOf(house.pid);
    times.push(house.startMilliseconds);
    now.push(memory.now);
    highest.push(memory.highest);
    await house.stop();
  }
  const mb = (value: number) => `${Math.round(value)} MB`;
  const figures: Figure[] = [
    { what: 'first start: all of it applied', value: milliseconds(first.startMilliseconds), from: '1 round' },
    { what: 'first start: memory, highest', value: mb(firstMemory.highest), from: '1 round' },
    {
      what: 'start → ready',
      value: milliseconds(median(times)),
      from: range(times),
      goal: '≤ 3 s',
      met: median(times) <= 3000,
    },
    {
      what: 'memory when ready',
      value: mb(median(now)),
      from: range(now, mb),
      goal: '≤ 500 MB',
      met: median(now) <= 500,
    },
    { what: 'memory, highest', value: mb(median(highest)), from: range(highest, mb) },
  ];
  return printTable('start: 10,000 nodes, process start to ready', figures);
}
