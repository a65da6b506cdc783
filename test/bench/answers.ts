/** Bench `answers`: answers a second from the real node listener at 10,000 nodes, against bare node:http with the same bytes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Figure, median, printTable } from './figures.ts';
import { loopbackCluster, makeHouse, startHouse, stopChild } from './house.ts';
import { connections, hasWrk, requestsPerSecond } from './load.ts';

/** Goal: 0.7 of bare node:http, never under 0.5. */
export async function benchAnswers(scratch: string, rounds = 7, seconds = 2): Promise<boolean> {
  const dir = join(scratch, 'answers');
  await makeHouse(dir, loopbackCluster(10_000));
  const house = await startHouse(dir);
  try {
    const answer = await (await fetch(`${house.node}/answer`)).text();
    const generation = /^generation\t(.+)$/m.exec(answer)?.[1];
    if (generation === undefined) throw new Error(`no answer but:\n${answer}`);
    const file = join(scratch, 'answer');
    await writeFile(file, answer);
    const bare = spawn(
      process.execPath,
      ['--import', 'tsx', fileURLToPath(new URL('bare.ts', import.meta.url)), file],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    try {
      const [port] = (await once(bare.stdout, 'data')) as [Buffer];
      // What a node sends; the bare server gets the same bytes to read.
      const path = `/answer?generation=${generation}&always=200`;
      const urls = [`${house.node}${path}`, `http://127.0.0.1:${String(port).trim()}${path}`] as const;
      return await measure(urls, answer.length, rounds, seconds);
    } finally {
      await stopChild(bare);
    }
  } finally {
    await house.stop();
  }
}

async function measure(
  urls: readonly [string, string],
  bytes: number,
  rounds: number,
  seconds: number,
): Promise<boolean> {
  const wrk = await hasWrk();
  const ours: number[] = [];
  const bare: number[] = [];
  for (const url of urls) await requestsPerSecond(url, 1, wrk);
  for (let i = 0; i < rounds; i++) {
    const first = i % 2;
    for (const which of [first, 1 - first])
      (which === 0 ? ours : bare).push(await requestsPerSecond(urls[which] ?? '', seconds, wrk));
  }
  const ratios = ours.map((value, i) => value / (bare[i] ?? Number.NaN));
  const perSecond = (value: number) => `${Math.round(value)}/s`;
  const spread = (values: readonly number[]) =>
    `${values.length} rounds, ${perSecond(Math.min(...values))} … ${perSecond(Math.max(...values))}`;
  const figures: Figure[] = [
    { what: 'bare node:http', value: perSecond(median(bare)), from: spread(bare) },
    { what: 'node listener', value: perSecond(median(ours)), from: spread(ours) },
    {
      what: 'ratio',
      value: median(ratios).toFixed(2),
      from: ratios.map((ratio) => ratio.toFixed(2)).join(' '),
      goal: '≥ 0.7',
      met: median(ratios) >= 0.7,
    },
    {
      what: 'lowest ratio',
      value: Math.min(...ratios).toFixed(2),
      from: 'of the same rounds',
      goal: '≥ 0.5',
      met: Math.min(...ratios) >= 0.5,
    },
  ];
  return printTable(
    `answers: 10,000 nodes, ${bytes} bytes an answer, ${connections} connections, ${wrk ? 'wrk' : 'own generator'}`,
    figures,
  );
}
