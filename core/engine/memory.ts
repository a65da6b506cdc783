/** What the engine remembers between runs: what is in effect, what became of each commit, what generations froze. */
import type { Store } from '../apply/store.ts';
import type { Generation } from '../plan/world.ts';
import type { CommitRecord } from './types.ts';

/** Which commit's set each node has: all of `commit`, but for the nodes that still keep another's (DESIGN 7). */
export interface InEffect {
  readonly commit: string;
  readonly stamp: string;
  readonly keeps: Readonly<Record<string, readonly string[]>>;
  /** Nodes that wait and had nothing before. */
  readonly without: readonly string[];
}

const meta = 'meta';
const commits = 'commits';
const generations = 'generations';

/** Old generations are answered for this long after a plan last named them; a node that boots so late boots anew. */
const generationDays = 30;

const inEffectKey = 'in effect';

export function readInEffect(store: Pick<Store, 'range'>): InEffect | undefined {
  for (const { key, value } of store.range(meta, inEffectKey)) {
    if (key !== inEffectKey) continue;
    const found = value as InEffect;
    return { ...found, without: found.without ?? [] };
  }
  return undefined;
}

export function readGenerations(store: Pick<Store, 'range'>): Map<string, Generation> {
  const found = new Map<string, Generation>();
  for (const { key, value } of store.range(generations))
    found.set(key, (value as { generation: Generation }).generation);
  return found;
}

export class Memory {
  private readonly store: Store;
  /** Records on their way to the store: who notes something beside must not start from what was there before. */
  private readonly underWay = new Map<string, CommitRecord>();

  constructor(store: Store) {
    this.store = store;
  }

  inEffect(): InEffect | undefined {
    return readInEffect(this.store);
  }

  record(commit: string): CommitRecord | undefined {
    return this.underWay.get(commit) ?? (this.store.get(commits, commit) as CommitRecord | undefined);
  }

  async note(commit: string, change: Partial<CommitRecord>): Promise<CommitRecord> {
    const empty: CommitRecord = {
      commit,
      pusher: undefined,
      via: undefined,
      receivedAt: new Date().toISOString(),
      checkedAt: undefined,
      appliedAt: undefined,
      failed: undefined,
      summary: undefined,
    };
    const record = { ...(this.record(commit) ?? empty), ...change };
    this.underWay.set(commit, record);
    try {
      await this.store.batch([{ db: commits, key: commit, value: record }]);
    } finally {
      if (this.underWay.get(commit) === record) this.underWay.delete(commit);
    }
    return record;
  }

  /** Durable when it resolves. */
  async setInEffect(state: InEffect): Promise<void> {
    await this.store.batch([{ db: meta, key: inEffectKey, value: state }]);
    await this.store.flushed();
  }

  /** Generations that may still be asked for, newest plans included. */
  generations(): Map<string, Generation> {
    return readGenerations(this.store);
  }

  /**
   * Remembers the generations of a plan before any boot file names them, and forgets those long out of use. `leaving`: those in
   * effect until now; their time starts only here, however long ago they came.
   */
  async keepGenerations(wanted: Iterable<Generation>, leaving: Iterable<string> = [], now = Date.now()): Promise<void> {
    const changes: Parameters<Store['batch']>[0][number][] = [];
    const inUse = new Set<string>(leaving);
    for (const generation of wanted) {
      inUse.delete(generation.id);
      changes.push({ db: generations, key: generation.id, value: { generation, seen: now } });
    }
    const fresh = new Set(changes.map(({ key }) => key));
    for (const { key, value } of this.store.range(generations)) {
      const { generation, seen } = value as { generation: Generation; seen: number };
      if (fresh.has(key)) continue;
      if (inUse.has(key)) changes.push({ db: generations, key, value: { generation, seen: now } });
      else if (now - seen > generationDays * 86_400_000) changes.push({ db: generations, key, value: undefined });
    }
    if (changes.length > 0) await this.store.batch(changes);
    await this.store.flushed();
  }
}
