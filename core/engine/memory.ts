/** What the engine remembers between runs: what is in effect, what became of each commit, what generations froze. */
import type { Store } from '../apply/store.ts';
import type { Generation } from '../plan/world.ts';
import type { CommitRecord } from './types.ts';

/** Which commit's set each node has: all of `commit`, but for the nodes that still keep another's (DESIGN 7). */
export interface InEffect {
  readonly commit: string;
  readonly stamp: string;
  readonly keeps: Readonly<Record<string, readonly string[]>>;
}

const meta = 'meta';
const commits = 'commits';
const generations = 'generations';

/** Old generations are answered for this long after a plan last named them; a node that boots so late boots anew. */
const generationDays = 30;

export class Memory {
  private readonly store: Store;

  constructor(store: Store) {
    this.store = store;
  }

  inEffect(): InEffect | undefined {
    return this.store.get(meta, 'in effect') as InEffect | undefined;
  }

  record(commit: string): CommitRecord | undefined {
    return this.store.get(commits, commit) as CommitRecord | undefined;
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
    await this.store.batch([{ db: commits, key: commit, value: record }]);
    return record;
  }

  /** Durable when it resolves. */
  async setInEffect(state: InEffect): Promise<void> {
    await this.store.batch([{ db: meta, key: 'in effect', value: state }]);
    await this.store.flushed();
  }

  /** Generations that may still be asked for, newest plans included. */
  generations(): Map<string, Generation> {
    const found = new Map<string, Generation>();
    for (const { key, value } of this.store.range(generations))
      found.set(key, (value as { generation: Generation }).generation);
    return found;
  }

  /** Remembers the generations of a plan before any boot file names them, and forgets those long out of use. */
  async keepGenerations(wanted: Iterable<Generation>, now = Date.now()): Promise<void> {
    const changes: Parameters<Store['batch']>[0][number][] = [];
    const fresh = new Set<string>();
    for (const generation of wanted) {
      fresh.add(generation.id);
      changes.push({ db: generations, key: generation.id, value: { generation, seen: now } });
    }
    for (const { key, value } of this.store.range(generations)) {
      const age = now - (value as { seen: number }).seen;
      if (!fresh.has(key) && age > generationDays * 86_400_000)
        changes.push({ db: generations, key, value: undefined });
    }
    if (changes.length > 0) await this.store.batch(changes);
    await this.store.flushed();
  }
}
