/**
 * The generation that each node last reported a whole boot of: it stays on the disk until the node reports another, or an
 * administrator releases the node. Silence is not a release, and neither is leaving the tables (DESIGN 6).
 */
import type { Store } from '../apply/store.ts';
import { onlyOnce } from '../plan/only-once.ts';

const database = 'pinned';

/** Ten thousand nodes boot at once: what they booted is written together. */
const writeAfterMilliseconds = 250;

export class Pins {
  readonly #store: Store;
  readonly #known = new Map<string, string>();
  readonly #unwritten = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(store: Store) {
    this.#store = store;
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
    this.#changed([node]);
  }

  /** Lets go of what nodes pin; gives those that pinned something. */
  release(nodes: Iterable<string>): readonly string[] {
    const released = [...nodes].filter((node) => this.#known.delete(node));
    this.#changed(released);
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

  #changed(nodes: readonly string[]): void {
    if (nodes.length === 0) return;
    for (const node of nodes) this.#unwritten.add(node);
    this.#timer ??= setTimeout(() => void this.written().catch(() => undefined), writeAfterMilliseconds);
  }

  /** Resolves when all is written; what a full disk refuses is tried again with the next change. */
  async written(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const nodes = [...this.#unwritten];
    this.#unwritten.clear();
    if (nodes.length === 0) return;
    try {
      await this.#store.batch(nodes.map((node) => ({ db: database, key: node, value: this.#known.get(node) })));
    } catch (error) {
      for (const node of nodes) this.#unwritten.add(node);
      throw error;
    }
  }
}
