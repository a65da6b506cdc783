/** What a running server measures: answers, pushes and applies as they happen, the rest when somebody asks. */
import type { Engine, Status } from '../core/engine/types.ts';
import { wrongAccess } from './admin/access.ts';
import { type Counter, gauge, type Histogram, Metrics } from './metrics.ts';
import { NodeFigures } from './node/figures.ts';
import type { TftpFigures } from './tftp/server.ts';

/** Seconds: an apply of one row is in the first few, a first apply of a large cluster in the last. */
const applyBounds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

const states: readonly Status['state'][] = [
  'no commit yet',
  'applied',
  'applied, waiting',
  'applied, blocked',
  'applied, image lost',
  'applying',
  'refused',
  'failed',
];

export interface ServerMetrics {
  /** Label `outcome`: `accepted` or `refused`. */
  readonly pushes: Counter;
  /** Label `wrong`: what was wrong with who was refused at the admin listener. */
  readonly refusals: Counter;
  readonly applies: Histogram;
  /** Hands over what the TFTP server counts. */
  tftp(figures: () => TftpFigures): void;
  /** Remembers what a look at the disk found. */
  verified(drift: number): void;
  /** The text that is scraped. */
  text(): Promise<string>;
}

/** The metrics of one engine. Applies are taken from its own records, whoever asked for them; `nodes`: what the node listener counts. */
export function serverMetrics(
  engine: Pick<Engine, 'status' | 'on'>,
  version: string,
  nodes: Pick<NodeFigures, 'answers'> = new NodeFigures(),
): ServerMetrics {
  const metrics = new Metrics();
  metrics.counted('litehouse_answers_total', 'Answers given to nodes, by outcome.', 'outcome', () => nodes.answers());
  const pushes = metrics.counter('litehouse_pushes_total', 'Pushes to the branch of the cluster.', 'outcome', [
    'accepted',
    'refused',
  ]);
  const refused = 'Requests to the admin listener that were refused, by what was wrong.';
  const refusals = metrics.counter('litehouse_admin_refusals_total', refused, 'wrong', wrongAccess);
  const applies = metrics.histogram('litehouse_apply_seconds', 'From the look at a commit to its end.', applyBounds);
  observeApplies(engine, applies);
  let tftpFigures: (() => TftpFigures) | undefined;
  let verified: { readonly drift: number; readonly at: number } | undefined;
  return {
    pushes,
    refusals,
    applies,
    tftp(figures) {
      tftpFigures = figures;
    },
    verified(drift) {
      verified = { drift, at: Date.now() / 1000 };
    },
    async text() {
      const lines = [
        ...metrics.lines(),
        ...statusLines(await engine.status()),
        ...gauge('litehouse_drift', 'Paths that differed when the disk was last verified.', one(verified?.drift)),
        ...gauge('litehouse_verified_timestamp_seconds', 'When the disk was last verified.', one(verified?.at)),
        ...(tftpFigures === undefined ? [] : tftpLines(tftpFigures())),
        ...processLines(version),
      ];
      return `${lines.join('\n')}\n`;
    },
  };
}

/** An apply is known by the moment that its record names; a look that found nothing to do leaves the record as it is. */
function observeApplies(engine: Pick<Engine, 'status' | 'on'>, applies: Histogram): void {
  let seen: string | undefined;
  engine.on('change', (line) => {
    if (line !== 'done') return;
    void engine.status().then(
      ({ record }) => {
        const last = record?.again ?? record?.summary;
        const at = record?.again?.at ?? record?.appliedAt;
        if (last === undefined || at === undefined || at === seen) return;
        seen = at;
        applies.observe(last.milliseconds / 1000);
      },
      // An engine that is being closed has no status any more.
      () => {},
    );
  });
}

function statusLines(status: Status): string[] {
  const waiting = status.waiting.reduce((sum, { nodes }) => sum + nodes.length, 0);
  const builds = new Map<string, number>();
  for (const { state } of status.builds) builds.set(state, (builds.get(state) ?? 0) + 1);
  const state = states.map((name) => ({ labels: { state: name }, value: name === status.state ? 1 : 0 }));
  const commits = { head: status.head ?? '', applied: status.applied ?? '' };
  return [
    ...gauge('litehouse_state', 'The state that the server is in: one of these is 1.', state),
    ...gauge('litehouse_commit_info', 'What the branch names and what is in effect.', [{ labels: commits, value: 1 }]),
    ...gauge('litehouse_nodes', 'Nodes of the commit in effect.', one(status.nodes)),
    ...gauge('litehouse_nodes_waiting', 'Nodes that keep what they have until something is built.', one(waiting)),
    ...gauge('litehouse_blocked_paths', 'Paths where something stands that is not ours.', one(status.blocked.length)),
    ...gauge('litehouse_warnings', 'Warnings of the commit in effect.', one(status.warnings)),
    ...gauge(
      'litehouse_builds',
      'Artifacts by state of their build.',
      [...builds].map(([name, value]) => ({ labels: { state: name }, value })),
    ),
  ];
}

function tftpLines({ outcomes, bytes, active }: TftpFigures): string[] {
  const samples = Object.entries(outcomes).map(([outcome, value]) => ({ labels: { outcome }, value }));
  return [
    ...gauge('litehouse_tftp_requests_total', 'What became of requests by TFTP.', samples, 'counter'),
    ...gauge('litehouse_tftp_sent_bytes_total', 'Sent by TFTP, what was sent twice included.', one(bytes), 'counter'),
    ...gauge('litehouse_tftp_transfers', 'Transfers by TFTP under way.', one(active)),
  ];
}

function processLines(version: string): string[] {
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const started = Date.now() / 1000 - process.uptime();
  return [
    ...gauge('litehouse_info', 'Versions.', [{ labels: { version, node: process.version }, value: 1 }]),
    ...gauge('process_resident_memory_bytes', 'Resident memory.', one(rss)),
    ...gauge('nodejs_heap_used_bytes', 'Memory of the heap in use.', one(heapUsed)),
    ...gauge('process_cpu_seconds_total', 'Processor time so far.', one((user + system) / 1e6), 'counter'),
    ...gauge('process_start_time_seconds', 'When the process started.', one(started)),
  ];
}

function one(value: number | undefined): { readonly value: number }[] {
  return value === undefined ? [] : [{ value }];
}
