/**
 * What running nodes booted with and may have mounted: their parts of shared files and their published directories stay until they
 * boot with another set or an administrator releases them (RULES, State directories, exports, holds). State of the engine, never part of a plan.
 */

import type { Store } from '../apply/store.ts';
import type { Booted } from '../plan/compose.ts';
import type { NodeSet } from '../plan/make-plan.ts';
import { onlyOnce } from '../plan/only-once.ts';
import type { PartOutput } from '../plugin/output.ts';
import { LaterWrites } from './later-writes.ts';

const database = 'booted';

/** What each node booted with, as the store has it. */
export function readBooted(store: Pick<Store, 'range'>): Map<string, Booted> {
  const known = new Map<string, Booted>();
  const one = onlyOnce();
  for (const { key, value } of store.range(database)) {
    // What an older version wrote and this one cannot read holds nothing; the node says it again at its next boot.
    // Before trees were held, a value was the parts alone.
    const { parts, trees } = Array.isArray(value) ? { parts: value, trees: [] } : ((value ?? {}) as Partial<Booted>);
    if (!areParts(parts) || !areTexts(trees)) continue;
    known.set(key, { parts: parts.map((part) => shared(part, one)), trees: trees.map(one) });
  }
  return known;
}

export class BootedSets {
  /** Grows with every change: what was composed before one stands on other holds. */
  version = 0;
  private readonly known: Map<string, Booted>;
  readonly writes: LaterWrites;

  constructor(store: Store) {
    this.writes = new LaterWrites(store, database, (node) => this.known.get(node));
    this.known = readBooted(store);
  }

  /** What each node booted with. */
  get all(): ReadonlyMap<string, Booted> {
    return this.known;
  }

  /** Remembers that a node runs with a set, in place of the one before. */
  booted(node: string, set: NodeSet): void {
    const parts = set.outputs.flatMap(({ output }) => (output.kind === 'part' ? [output] : []));
    const booted: Booted = { parts, trees: set.trees };
    if (JSON.stringify(this.known.get(node)) === JSON.stringify(booted)) return;
    this.known.set(node, booted);
    this.changed([node]);
  }

  /** Forgets what nodes booted with; gives those of them of which anything was known. */
  release(nodes: Iterable<string>): readonly string[] {
    const released = [...nodes].filter((node) => this.known.delete(node));
    this.changed(released);
    return released;
  }

  private changed(nodes: readonly string[]): void {
    if (nodes.length === 0) return;
    this.version++;
    this.writes.changed(nodes);
  }

  /** Resolves when all is written; what a full disk refuses is tried again until it is. */
  written(): Promise<void> {
    return this.writes.written();
  }

  close(): Promise<void> {
    return this.writes.close();
  }
}

/** Most nodes have the same lines: read back from the store, each would have texts of its own. */
function shared(part: PartOutput, one: (text: string) => string): PartOutput {
  const { item, alone } = part;
  return {
    ...part,
    target: one(part.target),
    root: one(part.root),
    path: one(part.path),
    line: one(part.line),
    ...(item === undefined ? {} : { item: one(item) }),
    ...(alone === undefined ? {} : { alone: one(alone) }),
  };
}

function areTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((it) => typeof it === 'string');
}

function areParts(value: unknown): value is PartOutput[] {
  return (
    Array.isArray(value) &&
    value.every(
      (it: Partial<PartOutput> | null) =>
        it?.kind === 'part' &&
        typeof it.root === 'string' &&
        typeof it.path === 'string' &&
        typeof it.order === 'number' &&
        typeof it.line === 'string',
    )
  );
}
