/** Counters and histograms that the server keeps, and their text form (Prometheus exposition, version 0.0.4). */

/** Content type that scrapers expect. */
export const metricsType = 'text/plain; version=0.0.4; charset=utf-8';

export type Labels = Readonly<Record<string, string>>;

/** One line of a gauge that is read when somebody asks. */
export interface Sample {
  readonly labels?: Labels;
  readonly value: number;
}

export interface Counter {
  /** Cheap: one look into a map and one addition. `label` is the value of the counter's one label. */
  add(label: string): void;
}

export interface Histogram {
  observe(value: number): void;
}

/** What is scraped: made once a server, handed to those who count. */
export class Metrics {
  private readonly families: (() => readonly string[])[] = [];

  /** A counter with one label. Values that are known beforehand begin at 0, so that a rate of the first one is seen. */
  counter(name: string, help: string, label: string, known: readonly string[] = []): Counter {
    const counts = new Map<string, number>(known.map((value) => [value, 0]));
    this.families.push(() => [
      ...head(name, help, 'counter'),
      ...[...counts].map(([value, count]) => line(name, { [label]: value }, count)),
    ]);
    return { add: (value) => void counts.set(value, (counts.get(value) ?? 0) + 1) };
  }

  /** A counter with one label that is kept elsewhere, and read when somebody asks. */
  counted(name: string, help: string, label: string, read: () => Iterable<readonly [string, number]>): void {
    this.families.push(() => [
      ...head(name, help, 'counter'),
      ...[...read()].map(([value, count]) => line(name, { [label]: value }, count)),
    ]);
  }

  /** Counts of values at or below each bound, their number and their sum. */
  histogram(name: string, help: string, bounds: readonly number[]): Histogram {
    const counts = bounds.map(() => 0);
    let number = 0;
    let sum = 0;
    this.families.push(() => [
      ...head(name, help, 'histogram'),
      ...bounds.map((bound, i) => line(`${name}_bucket`, { le: String(bound) }, counts[i] ?? 0)),
      line(`${name}_bucket`, { le: '+Inf' }, number),
      line(`${name}_sum`, {}, sum),
      line(`${name}_count`, {}, number),
    ]);
    return {
      observe(value) {
        number++;
        sum += value;
        bounds.forEach((bound, i) => {
          if (value <= bound) counts[i] = (counts[i] ?? 0) + 1;
        });
      },
    };
  }

  /** Everything counted so far. */
  lines(): string[] {
    return this.families.flatMap((family) => family());
  }
}

/** A gauge (or a counter that something else keeps) as it stands now; nothing where there are no samples. */
export function gauge(name: string, help: string, samples: readonly Sample[], type = 'gauge'): string[] {
  if (samples.length === 0) return [];
  return [...head(name, help, type), ...samples.map(({ labels, value }) => line(name, labels ?? {}, value))];
}

function head(name: string, help: string, type: string): string[] {
  return [`# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`, `# TYPE ${name} ${type}`];
}

function line(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`);
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
