/** Bench `storm`: 10,000 nodes boot at once while pushes go on; every answer has to be whole and of one (commit, generation) pair. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type ClusterFiles, generateCluster, nodeName } from '../cluster/generate.ts';
import { importCommits, writeRepository } from '../cluster/repository.ts';
import { type Figure, median, milliseconds, printTable } from './figures.ts';
import { type House, makeHouse, memoryOf, startHouse, stopChild } from './house.ts';
import { type Arrival, faultOfResponse, percentile99, storm } from './storm-load.ts';

const run = promisify(execFile);
const nodes = 10_000;
const inFlight = 500;
const waves = 3;
/** On a busy machine a push may outlast three waves; there have to be some while nodes boot. */
const mostWaves = 8;

/** Address of node `i` (from 1): what its row in hosts says, below 127.0. */
const addressOf = (i: number): string => `127.0.${Math.floor(i / 250)}.${(i % 250) + 1}`;

/**
 * State `k` of the cluster: a litefile row and a litetree row name it, so that each answer shows which generation its list is
 * of and which commit its trees are of, beside the two that it names.
 */
function stateOf(k: number, base: ClusterFiles): Map<string, string> {
  const add = (path: string, row: string): [string, string] => [path, `${base.get(path) ?? ''}${row}\n`];
  return new Map([
    add('tables/litefile.csv', `"ALL","/etc/storm${k}","tmpfs",,`),
    add('tables/litetree.csv', `"11","ALL","cnfs:/storm${k}/",,`),
  ]);
}

function cluster(): ClusterFiles {
  const files = generateCluster({ nodes, seed: 11, hosts: 'rows' });
  const hosts = files.get('tables/hosts.csv') ?? '';
  files.set('tables/hosts.csv', hosts.replaceAll('"10.1.', '"127.0.'));
  return files;
}

/** What the answers told, against what each commit was made with. */
class Judge {
  readonly stateOfCommit = new Map<string, number>();
  readonly stateOfGeneration = new Map<string, number>();
  readonly pairs = new Set<string>();
  readonly faults: string[] = [];
  answers = 0;

  look({ node, text, problem }: Arrival, asked: string | undefined): void {
    this.answers++;
    const fault = text === undefined ? problem : (faultOfResponse(text) ?? this.faultOf(node, text, asked));
    if (fault !== undefined) this.faults.push(`${nodeName(node + 1, nodes)}: ${fault}`);
  }

  private faultOf(node: number, response: string, asked: string | undefined): string | undefined {
    const text = response.slice(response.indexOf('\r\n\r\n') + 4);
    const field = (name: string): string => new RegExp(`^${name}\t(.*)$`, 'm').exec(text)?.[1] ?? '';
    if (field('node') !== nodeName(node + 1, nodes)) return `the answer of ${field('node')}`;
    if (Number(field('end')) !== text.split('\n').length - 2 || !text.endsWith('\n'))
      return 'the end mark does not fit';
    const [commit, generation] = [field('commit'), field('generation')];
    const trees = Number(/\t\/storm(\d+)/.exec(text)?.[1] ?? '0');
    const list = Number(/\/etc\/storm(\d+)$/m.exec(text)?.[1] ?? '0');
    this.pairs.add(`${commit} ${generation}`);
    if (trees !== this.stateOfCommit.get(commit)) return `commit ${commit.slice(0, 9)} with trees of state ${trees}`;
    if (asked !== undefined && asked !== generation) return `generation ${generation}, asked for ${asked}`;
    const known = this.stateOfGeneration.get(generation);
    if (known !== undefined && known !== list) return `generation ${generation} with the list of state ${list}`;
    this.stateOfGeneration.set(generation, list);
    // Without a generation the newest is meant: that of the same commit.
    if (asked === undefined && list !== trees) return `list of state ${list} with trees of state ${trees}`;
    return undefined;
  }
}

/** Goals: not one error, not one mixed answer, and pushes were applied meanwhile. The rest is told beside bare node:http. */
export async function benchStorm(scratch: string): Promise<boolean> {
  const dir = join(scratch, 'storm');
  const base = cluster();
  const judge = new Judge();
  const first = await makeHouse(join(dir, 'house'), base);
  judge.stateOfCommit.set(first, 0);
  const mine = join(dir, 'mine.git');
  await writeRepository(base, mine);
  const house = await startHouse(join(dir, 'house'));
  try {
    const sample = await (await fetch(`${house.admin}/nodes/${nodeName(1, nodes)}/answer`)).text();
    const calm = await memoryOf(house.pid);
    const generations = await generationsOf(house);
    const pushes = pushUntilStopped(house, mine, base, first, judge);
    const times: number[] = [];
    const p99: number[] = [];
    try {
      for (let wave = 0; wave < waves || (pushes.done() < 2 && wave < mostWaves); wave++) {
        // Every other node booted the first generation and asks for it; the rest ask for their newest.
        const asked = (node: number) => (node % 2 === 0 ? undefined : generations[node]);
        const latencies: number[] = [];
        times.push(
          await storm({
            url: house.node,
            nodes,
            inFlight,
            addressOf: (node) => addressOf(node + 1),
            pathOf: (node) => `/answer?${asked(node) === undefined ? '' : `generation=${asked(node)}&`}always=200`,
            onArrival(arrival) {
              latencies.push(arrival.milliseconds);
              judge.look(arrival, asked(arrival.node));
            },
          }),
        );
        p99.push(percentile99(latencies));
      }
    } finally {
      await pushes.stop();
    }
    const memory = await memoryOf(house.pid);
    const bare = await bareStorm(scratch, sample);
    return report({ judge, times, p99, bare, memory: { calm: calm.now, ...memory }, pushed: await pushes.applied() });
  } finally {
    await house.stop();
  }
}

async function generationsOf(house: House): Promise<string[]> {
  const list = (await house.get('/nodes')) as { name: string; image: string }[];
  const ofImage = new Map<string, string>();
  for (const { name, image } of list) {
    if (ofImage.has(image)) continue;
    const node = (await house.get(`/nodes/${name}`)) as { image: { generation: string } };
    ofImage.set(image, node.image.generation);
  }
  return list.map(({ image }) => ofImage.get(image) ?? '');
}

/** One push after the other, each a new state; `applied` counts those that came into effect. */
function pushUntilStopped(
  house: House,
  mine: string,
  base: ClusterFiles,
  first: string,
  judge: Judge,
): { stop(): Promise<void>; done(): number; applied(): Promise<number> } {
  let stopped = false;
  let done = 0;
  let last = first;
  const work = (async () => {
    for (let k = 1; !stopped; k++) {
      const changes = new Map(
        [...stateOf(k, base)].map(([path, text]) => [path, { text, mode: '100644' as const }] as const),
      );
      const [commit] = await importCommits(mine, [
        { branch: 'main', subject: `State ${k}`, parents: [], onto: last, changes },
      ]);
      if (commit === undefined) throw new Error('no commit was made');
      last = commit;
      judge.stateOfCommit.set(commit, k);
      await run('git', ['push', '--quiet', `${house.admin}/config.git`, 'main'], { cwd: mine });
      done++;
    }
  })();
  // Heard by `stop`; a push that fails meanwhile is no unhandled rejection.
  work.catch(() => {});
  return {
    done: () => done,
    async stop() {
      stopped = true;
      await work;
    },
    async applied() {
      const history = (await house.get('/history?limit=1000')) as { record?: { appliedAt?: string } }[];
      return history.filter(({ record }) => record?.appliedAt !== undefined).length - 1;
    },
  };
}

interface Bare {
  readonly seconds: number[];
  readonly p99: number[];
  readonly memory: number;
}

/** The same storm against a server that does nothing but send the same bytes; nobody pushes to it. */
async function bareStorm(scratch: string, sample: string): Promise<Bare> {
  const file = join(scratch, 'storm-answer');
  await writeFile(file, sample);
  const program = fileURLToPath(new URL('bare.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', program, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [port] = (await once(child.stdout, 'data')) as [Buffer];
    const bare: Bare = { seconds: [], p99: [], memory: 0 };
    for (let wave = 0; wave < waves; wave++) {
      const latencies: number[] = [];
      const url = `http://127.0.0.1:${String(port).trim()}`;
      const onArrival = ({ milliseconds: took, problem }: Arrival): void => {
        if (problem !== undefined) throw new Error(`bare: ${problem}`);
        latencies.push(took);
      };
      const addresses = (node: number) => addressOf(node + 1);
      bare.seconds.push(
        await storm({ url, nodes, inFlight, addressOf: addresses, pathOf: () => '/answer?always=200', onArrival }),
      );
      bare.p99.push(percentile99(latencies));
    }
    return { ...bare, memory: (await memoryOf(child.pid ?? 0)).highest };
  } finally {
    await stopChild(child);
  }
}

function report(found: {
  readonly judge: Judge;
  readonly times: readonly number[];
  readonly p99: readonly number[];
  readonly bare: Bare;
  readonly memory: { readonly calm: number; readonly now: number; readonly highest: number };
  readonly pushed: number;
}): boolean {
  const { judge, times, p99, bare, memory, pushed } = found;
  for (const fault of judge.faults.slice(0, 10)) console.error(`  ${fault}`);
  const rate = (seconds: readonly number[]) => `${Math.round(nodes / median(seconds))}/s`;
  const each = (values: readonly number[]) => values.map((value) => milliseconds(value)).join(' ');
  const mb = (value: number) => `${Math.round(value)} MB`;
  const figures: Figure[] = [
    {
      what: 'errors, and answers that are not whole or mixed',
      value: String(judge.faults.length),
      from: `${judge.answers} answers, ${judge.pairs.size} (commit, generation) pairs seen`,
      goal: '0',
      met: judge.faults.length === 0,
    },
    {
      what: 'pushes in effect meanwhile',
      value: String(pushed),
      from: 'each changes every answer',
      goal: '≥ 2',
      met: pushed >= 2,
    },
    { what: 'p99, litehouse, with pushes', value: milliseconds(median(p99)), from: each(p99) },
    { what: 'p99, bare node:http, no pushes', value: milliseconds(median(bare.p99)), from: each(bare.p99) },
    { what: 'answers, litehouse', value: rate(times), from: `${times.length} waves` },
    { what: 'answers, bare', value: rate(bare.seconds), from: `${bare.seconds.length} waves` },
    {
      what: 'memory, litehouse',
      value: mb(memory.highest),
      from: `highest; ${mb(memory.calm)} before, ${mb(memory.now)} after`,
    },
    { what: 'memory, bare', value: mb(bare.memory), from: 'highest' },
  ];
  return printTable(`storm: ${nodes} nodes, fresh connections, ${inFlight} in flight`, figures);
}
