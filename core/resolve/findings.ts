/** Collects diagnostics that many nodes share, so that one row at fault is one diagnostic that names its nodes. */
import type { Diagnostic } from '../diagnostic/diagnostic.ts';

/** A diagnostic is made when its key is first seen; later nodes with the same key are added to it. */
export class Findings {
  private readonly byKey = new Map<string, { diagnostic: Diagnostic; nodes: string[] }>();

  /** `node` undefined: the finding concerns no node in particular. Returns the (shared, not yet complete) diagnostic. */
  add(key: string, node: string | undefined, make: () => Diagnostic): Diagnostic {
    let found = this.byKey.get(key);
    if (found === undefined) {
      const nodes: string[] = [];
      const diagnostic = make();
      found = { diagnostic: node === undefined ? diagnostic : { ...diagnostic, nodes }, nodes };
      this.byKey.set(key, found);
    }
    if (node !== undefined && found.nodes.at(-1) !== node) found.nodes.push(node);
    return found.diagnostic;
  }

  /** Every node that something was found of. */
  nodes(): Set<string> {
    const nodes = new Set<string>();
    for (const found of this.byKey.values()) for (const node of found.nodes) nodes.add(node);
    return nodes;
  }

  all(): Diagnostic[] {
    return [...this.byKey.values()].map((found) => found.diagnostic);
  }
}
