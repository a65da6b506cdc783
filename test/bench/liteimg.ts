/** Bench `liteimg`: the links of the cookbook's 42 RedHat rows, made by difference, against a shell script that makes them row by row. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { linkImage } from '../../core/image/liteimg/link-image.ts';
import { type Figure, growth, median, milliseconds, printTable, range } from './figures.ts';
import { makeRoot, makeRowFiles, redhatRows, unmakeRows } from './liteimg-root.ts';

const script = fileURLToPath(new URL('liteimg.sh', import.meta.url));
const again = fileURLToPath(new URL('liteimg-again.ts', import.meta.url));
const sizes = [5_000, 50_000, 500_000];

/** Ours is timed inside the process, the script as a process: it is one. */
export async function benchLiteimg(scratch: string, rounds = 9): Promise<boolean> {
  const rows = redhatRows();
  const [ours, theirs] = [join(scratch, 'liteimg-ours'), join(scratch, 'liteimg-shell')];
  for (const root of [ours, theirs]) makeRoot(root, 50_000);
  const times: Record<'fresh' | 'same' | 'back' | 'safe' | 'shell', number[]> = {
    fresh: [],
    same: [],
    back: [],
    safe: [],
    shell: [],
  };
  const timed = async (name: keyof typeof times, work: () => unknown) => {
    const from = performance.now();
    await work();
    times[name].push(performance.now() - from);
  };
  const link = async () => {
    await timed('safe', () => linkImage(ours, rows));
    await linkImage(ours, []);
    await timed('fresh', () => linkImage(ours, rows, generation));
    await timed('same', () => linkImage(ours, rows));
    if (times.fresh.length < rounds) await timed('back', () => linkImage(ours, [], generation));
  };
  const shell = async () => {
    await timed('shell', () =>
      execFileSync('sh', [script, theirs], {
        input: rows.map(({ path, directory }) => `${path}${directory ? '/' : ''}\n`).join(''),
      }),
    );
    if (times.shell.length === 1 && readFileSync(`${theirs}/etc/fstab`, 'utf8') !== '/etc/fstab\n')
      throw new Error('the script did not link');
    unmakeRows(theirs);
    makeRowFiles(theirs);
  };
  for (let i = 0; i < rounds; i++) for (const one of i % 2 === 0 ? [link, shell] : [shell, link]) await one();

  const ratio = median(times.shell) / median(times.fresh);
  const looks = countCalls(ours);
  rmSync(theirs, { recursive: true });
  const grown = await measureSizes(scratch, ours);
  const slope = growth(grown);
  const bound = await measureBind(ours);
  const figures: Figure[] = [
    {
      what: `${rows.length} rows, nothing linked yet`,
      value: milliseconds(median(times.fresh)),
      from: range(times.fresh),
    },
    { what: 'the shell script', value: milliseconds(median(times.shell)), from: range(times.shell) },
    { what: 'times faster', value: ratio.toFixed(1), from: 'medians', goal: '≥ 10', met: ratio >= 10 },
    { what: 'in place, the state on the disk first', value: milliseconds(median(times.safe)), from: range(times.safe) },
    { what: 'all rows taken away again', value: milliseconds(median(times.back)), from: range(times.back) },
    { what: 'nothing changed', value: milliseconds(median(times.same)), from: range(times.same) },
    callsFigure(looks, rows.length),
    ...grown.map(([size, time]) => ({
      what: `${rows.length} rows in ${size} files`,
      value: milliseconds(time),
      from: 'median of 5',
    })),
    {
      what: 'time ~ files^',
      value: slope.toFixed(2),
      from: `${sizes.join(', ')} files`,
      goal: '≤ 0.2',
      met: slope <= 0.2,
    },
    { what: 'a bind directory of 50,000 files: its copy', value: milliseconds(bound.made), from: 'goes by files' },
    { what: 'the same, nothing changed', value: milliseconds(bound.same), from: 'goes by files' },
  ];
  return printTable('liteimg: the rows of the cookbook for RedHat, 50,000 files', figures);
}

/** As in a generation, which is synced as a whole when it is finished. */
const generation = { durable: false };

/** The root, /.statelite and the state file looked at, the state file read, and its left-over looked for. */
const fixedCalls = 5;

/** What was not counted is a goal that was not met: nobody is to read silence as yes. */
export function callsFigure(calls: number | undefined, rows: number): Figure {
  const what = 'nothing changed: system calls a row';
  const goal = '1';
  if (calls === undefined)
    return { what, value: 'not counted', from: 'strace is missing, or may not trace here', goal, met: false };
  return {
    what,
    value: ((calls - fixedCalls) / rows).toFixed(2),
    from: `${calls} in the tree, ${fixedCalls} of them for the state file`,
    goal,
    met: calls - fixedCalls <= rows,
  };
}

/** System calls on paths of the tree in a run that finds nothing to do; undefined: strace can't count them. */
export function countCalls(root: string, strace = 'strace'): number | undefined {
  const log = `${root}.strace`;
  const done = spawnSync(strace, [
    '-f',
    '-s',
    '4096',
    '-e',
    'trace=%file',
    '-o',
    log,
    process.execPath,
    '--import',
    'tsx',
    again,
    root,
  ]);
  if (done.error !== undefined || done.status !== 0 || !existsSync(log)) return undefined;
  const lines = readFileSync(log, 'utf8').split('\n');
  const [from, to] = [
    lines.findIndex((line) => line.includes('/mark-start')),
    lines.findIndex((line) => line.includes('/mark-end')),
  ];
  rmSync(log);
  if (from === -1 || to === -1) throw new Error('the marks are not in the log of strace');
  return lines.slice(from + 1, to).filter((line) => line.includes(`"${root}`)).length;
}

async function measureSizes(scratch: string, middle: string): Promise<[number, number][]> {
  const rows = redhatRows();
  const measured: [number, number][] = [];
  for (const size of sizes) {
    const root = size === 50_000 ? middle : join(scratch, `liteimg-${size}`);
    if (root !== middle) makeRoot(root, size);
    const times: number[] = [];
    for (let i = 0; i < 5; i++) {
      await linkImage(root, [], generation);
      const from = performance.now();
      await linkImage(root, rows, generation);
      times.push(performance.now() - from);
    }
    measured.push([size, median(times)]);
    if (root !== middle) rmSync(root, { recursive: true });
  }
  return measured;
}

async function measureBind(root: string): Promise<{ made: number; same: number }> {
  const entries = [{ path: '/usr/lib/many', directory: true, kind: 'bind' as const }];
  await linkImage(root, []);
  const from = performance.now();
  await linkImage(root, entries);
  const made = performance.now() - from;
  await linkImage(root, entries);
  return { made, same: performance.now() - from - made };
}
