/** Medians, and tables of figures with their goals. */

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low, high] = sorted.length % 2 === 0 ? [sorted[middle - 1], sorted[middle]] : [sorted[middle], sorted[middle]];
  if (low === undefined || high === undefined) throw new Error('no figures were taken');
  return (low + high) / 2;
}

/**
 * The exponent with which a time grows: the slope of the line through (log size, log time), least squares.
 * @example growth([[10, 2], [100, 20], [1000, 200]]) // 1
 */
export function growth(points: readonly (readonly [size: number, time: number])[]): number {
  const logs = points.map(([size, time]) => [Math.log(size), Math.log(time)] as const);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(logs.map(([size]) => size)), mean(logs.map(([, time]) => time))];
  const over = logs.reduce((sum, [size, time]) => sum + (size - x) * (time - y), 0);
  return over / logs.reduce((sum, [size]) => sum + (size - x) ** 2, 0);
}

/** One line of a table: a figure, what it was compared with, and what it should be. */
export interface Figure {
  readonly what: string;
  readonly value: string;
  /** Smallest and largest of the rounds, or what it is made of. */
  readonly from: string;
  readonly goal?: string;
  /** Undefined: no goal was set, the figure is only told. */
  readonly met?: boolean;
}

export function milliseconds(value: number): string {
  return `${value.toFixed(value < 10 ? 1 : 0)} ms`;
}

export const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;

/** How long it takes, in milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}

export function range(values: readonly number[], unit: (value: number) => string = milliseconds): string {
  return `${values.length} rounds, ${unit(Math.min(...values))} … ${unit(Math.max(...values))}`;
}

/** Prints one table; true where every goal was met. */
export function printTable(title: string, figures: readonly Figure[]): boolean {
  const rows = [
    ['', 'median', 'of', 'goal', ''],
    ...figures.map(({ what, value, from, goal, met }) => [
      what,
      value,
      from,
      goal ?? '-',
      met === undefined ? '' : met ? 'yes' : 'NO',
    ]),
  ];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  console.log(`\n${title}`);
  for (const row of rows) console.log(`  ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd());
  return figures.every(({ met }) => met !== false);
}
