/**
 * The generation that each node last reported a whole boot of, and the one that it asked an answer for since: both stay on the disk
 * until the node reports a boot, or an administrator releases it. Silence is not a release, and neither is leaving the tables
 * (DESIGN 6); and a node whose report was lost runs what it asked for.
 */
import type { Store } from '../apply/store.ts';
import { onlyOnce } from '../plan/only-once.ts';
import { LaterWrites } from './later-writes.ts';

const database = 'pinned';
const askedDatabase = 'asked';

export class Pins {
  readonly #booted: Remembered;
  /** Only where it is another than the booted one. */
  readonly #asked: Remembered;

  constructor(store: Store) {
    this.#booted = new Remembered(store, database);
    this.#asked = new Remembered(store, askedDatabase);
  }

  /** Remembers what a node booted; undefined: something that is no generation of ours, so that it needs none any more. */
  booted(node: string, generation: string | undefined): void {
    this.#booted.set(node, generation);
    this.#asked.set(node, undefined);
  }

  /** Remembers what a node is about to boot, since its report may never come; undefined as for `booted`. */
  asked(node: string, generation: string | undefined): void {
    this.#asked.set(node, generation === this.#booted.known.get(node) ? undefined : generation);
  }

  /** Lets go of what nodes pin; gives those that pinned something. */
  release(nodes: Iterable<string>): readonly string[] {
    return [...nodes].filter((node) => {
      const booted = this.#booted.set(node, undefined);
      return this.#asked.set(node, undefined) || booted;
    });
  }

  /** Nodes by the generation that they pin, and so by two where one asked for another than it booted. */
  byGeneration(): Map<string, string[]> {
    return nodesBy([this.#booted, this.#asked]);
  }

  /** Nodes by the generation of their last whole boot. */
  bootedOf(): Map<string, string[]> {
    return nodesBy([this.#booted]);
  }

  /** Nodes by the generation that they asked for since their last whole boot, where it is another. */
  askedFor(): Map<string, string[]> {
    return nodesBy([this.#asked]);
  }

  get writes(): readonly LaterWrites[] {
    return [this.#booted.writes, this.#asked.writes];
  }

  /** Resolves when all is written; what a full disk refuses is tried again until it is. */
  async written(): Promise<void> {
    await Promise.all([this.#booted.writes.written(), this.#asked.writes.written()]);
  }

  async close(): Promise<void> {
    const outcomes = await Promise.allSettled([this.#booted.writes.close(), this.#asked.writes.close()]);
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }
}

function nodesBy(remembered: readonly Remembered[]): Map<string, string[]> {
  const nodes = new Map<string, string[]>();
  for (const { known } of remembered) {
    for (const [node, generation] of known) {
      const list = nodes.get(generation);
      if (list === undefined) nodes.set(generation, [node]);
      else list.push(node);
    }
  }
  return nodes;
}

/** A generation a node, in memory and in a database of the store. */
class Remembered {
  readonly known = new Map<string, string>();
  readonly writes: LaterWrites;

  constructor(store: Store, name: string) {
    this.writes = new LaterWrites(store, name, (node) => this.known.get(node));
    const one = onlyOnce();
    for (const { key, value } of store.range(name)) if (typeof value === 'string') this.known.set(key, one(value));
  }

  /** True where that changed something. */
  set(node: string, generation: string | undefined): boolean {
    if (this.known.get(node) === generation) return false;
    if (generation === undefined) this.known.delete(node);
    else this.known.set(node, generation);
    this.writes.changed([node]);
    return true;
  }
}
