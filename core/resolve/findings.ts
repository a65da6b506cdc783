/** Collects diagnostics that many nodes share, so that one row at fault is one diagnostic that names its nodes. */
import type { Diagnostic } from '../diagnostic/diagnostic.ts';

/** A diagnostic is made when its key is first seen; later nodes with the same key are added to it. */
export class Findings {
  private readonly byKey = new Map<string, { diagnostic: Diagnostic; nodes: string[]; sorted: boolean }>();

  /** `node` undefined: the finding concerns no node in particular. Returns the (shared, not yet complete) diagnostic. */
  add(key: string, node: string | undefined, make: () => Diagnostic): Diagnostic {
    let found = this.byKey.get(key);
    if (found === undefined) {
      const nodes: string[] = [];
      const diagnostic = make();
      found = { diagnostic: node === undefined ? diagnostic : { ...diagnostic, nodes }, nodes, sorted: true };
      this.byKey.set(key, found);
    }
    if (node !== undefined && found.nodes.at(-1) !== node) {
      if (node < (found.nodes.at(-1) ?? '')) found.sorted = false;
      found.nodes.push(node);
    }
    return found.diagnostic;
  }

  /** Every node that something was found of. */
  nodes(): Set<string> {
    const nodes = new Set<string>();
    for (const found of this.byKey.values()) for (const node of found.nodes) nodes.add(node);
    return nodes;
  }

  /** By place, nodes by name: the same list whoever asked first, so that it does not show what was taken over from a view before. */
  all(): Diagnostic[] {
    for (const found of this.byKey.values()) {
      if (found.sorted) continue;
      const unique = [...new Set(found.nodes)].sort();
      found.nodes.length = 0;
      for (const node of unique) found.nodes.push(node);
      found.sorted = true;
    }
    return [...this.byKey.values()].map((found) => found.diagnostic).sort(byPlace);
  }
}

function byPlace(a: Diagnostic, b: Diagnostic): number {
  return (
    compare(a.at?.file ?? '', b.at?.file ?? '') ||
    (a.at?.line ?? 0) - (b.at?.line ?? 0) ||
    (a.at?.column ?? 0) - (b.at?.column ?? 0) ||
    compare(a.code, b.code) ||
    compare(a.message, b.message)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
