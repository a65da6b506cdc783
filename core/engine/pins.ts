/**
 * The generation that each node last reported a whole boot of: it stays on the disk until the node reports another, or an
 * administrator releases the node. Silence is not a release, and neither is leaving the tables (DESIGN 6).
 */
import type { Store } from '../apply/store.ts';
import { onlyOnce } from '../plan/only-once.ts';
import { LaterWrites } from './later-writes.ts';

const database = 'pinned';

export class Pins {
  readonly #known = new Map<string, string>();
  readonly #writes: LaterWrites;

  constructor(store: Store) {
    this.#writes = new LaterWrites(store, database, (node) => this.#known.get(node));
    const one = onlyOnce();
    for (const { key, value } of store.range(database)) {
      if (typeof value === 'string') this.#known.set(key, one(value));
    }
  }

  /** Generation by node. */
  get all(): ReadonlyMap<string, string> {
    return this.#known;
  }

  /** Remembers what a node booted; undefined: something that is no generation of ours, so that it needs none any more. */
  booted(node: string, generation: string | undefined): void {
    if (this.#known.get(node) === generation) return;
    if (generation === undefined) this.#known.delete(node);
    else this.#known.set(node, generation);
    this.#writes.changed([node]);
  }

  /** Lets go of what nodes pin; gives those that pinned something. */
  release(nodes: Iterable<string>): readonly string[] {
    const released = [...nodes].filter((node) => this.#known.delete(node));
    this.#writes.changed(released);
    return released;
  }

  /** Nodes by the generation that they pin. */
  byGeneration(): Map<string, string[]> {
    const nodes = new Map<string, string[]>();
    for (const [node, generation] of this.#known) {
      const list = nodes.get(generation);
      if (list === undefined) nodes.set(generation, [node]);
      else list.push(node);
    }
    return nodes;
  }

  /** Resolves when all is written; what a full disk refuses is tried again until it is. */
  written(): Promise<void> {
    return this.#writes.written();
  }

  close(): Promise<void> {
    return this.#writes.close();
  }
}
