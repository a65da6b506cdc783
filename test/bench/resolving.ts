/**
 * Times parsing, resolving and planning of a built litehouse against git and a naive split, in a process of its own.
 * Arguments: the work as JSON; prints the times as JSON.
 */
import { spawn } from 'node:child_process';

export interface Work {
  readonly nodes: number;
  /** Bare repository with a commit, and one more in which one row has changed. */
  readonly dir: string;
  readonly first: string;
  readonly second: string;
  readonly rounds: number;
}

/** Milliseconds of each round. */
export interface Times {
  readonly parse: number[];
  readonly resolve: number[];
  readonly plan: number[];
  /** The view of the second commit, made where the view of the first was made before it. */
  readonly again: number[];
  readonly peer: number[];
  /** Highest resident memory of the process so far, in MB. */
  highest: number;
}

const built = <T>(path: string): Promise<T> => import(new URL(`../../dist/${path}.js`, import.meta.url).href);
const [{ Repository }, { loadTables }, { buildView }, { planningContext }, { makePlan }, { composeWorld }, plugins] =
  await Promise.all([
    built<typeof import('../../core/repo/repository.ts')>('core/repo/repository'),
    built<typeof import('../../core/tables/load.ts')>('core/tables/load'),
    built<typeof import('../../core/resolve/build-view.ts')>('core/resolve/build-view'),
    built<typeof import('../../core/engine/preview.ts')>('core/engine/preview'),
    built<typeof import('../../core/plan/make-plan.ts')>('core/plan/make-plan'),
    built<typeof import('../../core/plan/compose.ts')>('core/plan/compose'),
    built<typeof import('../../plugins/index.ts')>('plugins/index'),
  ]);

async function timed<T>(into: number[], work: () => Promise<T> | T): Promise<T> {
  const from = performance.now();
  const result = await work();
  into.push(performance.now() - from);
  return result;
}

/** Reads, parses, resolves and plans a commit, with nothing kept from before; then the next commit with all of it kept. */
async function ours({ dir, first, second }: Work, times: Times): Promise<void> {
  const loaded = plugins.ownPlugins.map((plugin) => ({ plugin, hooks: plugin.setup(plugin.options.parse({})) }));
  const { base, target } = planningContext(loaded);
  const { repository, snapshot } = await timed(times.parse, async () => {
    const repository = await Repository.open(dir);
    const snapshot = await repository.snapshot(first);
    await loadTables(snapshot, base.tableCache, base.extraSchemas);
    return { repository, snapshot };
  });
  try {
    const view = await timed(times.resolve, () => buildView(snapshot, base));
    const { world } = await timed(times.plan, () => {
      const plan = makePlan(view, loaded, target, new Map());
      return composeWorld(plan, new Map(), () => true, undefined);
    });
    if (world.answers.size !== view.nodes.size) throw new Error('the plan lacks answers');
    const next = await repository.snapshot(second);
    await timed(times.again, () => buildView(next, base));
  } finally {
    await repository.close();
  }
}

/** The yardstick: the same bytes from git, as lines and cells and nothing else. */
async function peer({ dir, first }: Work, times: Times): Promise<void> {
  const rows = await timed(times.peer, async () => {
    const listed = await gitSays(dir, ['ls-tree', '-r', first, 'tables/']);
    const oids = listed
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => line.slice(12, 52));
    const bytes = await gitSays(dir, ['cat-file', '--batch'], `${oids.join('\n')}\n`);
    const tables: string[][][] = [];
    for (let at = 0; at < bytes.length; ) {
      const end = bytes.indexOf(10, at);
      const size = Number(bytes.toString('latin1', at, end).split(' ')[2]);
      const text = bytes.toString('utf8', end + 1, end + 1 + size);
      tables.push(text.split('\n').map((line) => line.split(',')));
      at = end + size + 2;
    }
    return tables;
  });
  if (rows.length < 10) throw new Error('git gave no tables');
}

function gitSays(dir: string, args: readonly string[], input = ''): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn('git', ['--git-dir', dir, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve(Buffer.concat(chunks)) : reject(new Error(`git ${args[0]} ended with ${code}`)),
    );
    // One that reads nothing may be gone already.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

const newTimes = (): Times => ({ parse: [], resolve: [], plan: [], again: [], peer: [], highest: 0 });
const all = JSON.parse(process.argv[2] ?? '[]') as Work[];
const [smallest] = all;
// The compiler has seen the code before the smallest is timed: else growth would look flatter than it is.
if (smallest !== undefined) {
  for (let i = 0; i < 5; i++) {
    await ours(smallest, newTimes());
    await peer(smallest, newTimes());
  }
}
const found: Times[] = [];
for (const work of all) {
  const times = newTimes();
  for (let i = 0; i < work.rounds; i++) {
    for (const run of i % 2 === 0 ? [ours, peer] : [peer, ours]) await run(work, times);
  }
  times.highest = process.resourceUsage().maxRSS / 1024;
  found.push(times);
}
console.log(JSON.stringify(found));
