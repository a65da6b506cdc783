/** Plans and diagnostics as JSON for scripts: a stable shape that leaves contents out. */
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import { foldNodes } from '../noderange/fold.ts';
import type { WorldDiff } from './diff.ts';
import { ofTheNode } from './the-node.ts';

export function diagnosticToJson(diagnostic: Diagnostic): Record<string, unknown> {
  const { code, severity, at, message, mend, nodes } = diagnostic;
  return {
    code,
    severity,
    ...(at === undefined ? {} : { file: at.file, line: at.line, column: at.column }),
    message,
    mend,
    ...(nodes === undefined ? {} : { nodes: foldNodes(nodes), nodeCount: nodes.length }),
  };
}

export function diffToJson(diff: WorldDiff): Record<string, unknown> {
  const nodes = new Map<string, { what: string; why: string | undefined; nodes: string[] }>();
  for (const { node, what, why } of diff.nodes) {
    const reason = why === undefined ? undefined : ofTheNode(why, node);
    const key = `${what}\n${reason ?? ''}`;
    const group = nodes.get(key);
    if (group === undefined) nodes.set(key, { what, why: reason, nodes: [node] });
    else group.nodes.push(node);
  }
  return {
    from: diff.from ?? null,
    to: diff.to ?? null,
    paths: diff.paths.map(({ root, path, change, before, after }) => ({
      root,
      path,
      change,
      kind: (after ?? before)?.kind,
      plugin: (after ?? before)?.plugin,
      ...((after ?? before)?.node === undefined ? {} : { node: (after ?? before)?.node }),
    })),
    nodes: [...nodes.values()].map(({ what, why, nodes: list }) => ({
      what,
      ...(why === undefined ? {} : { why }),
      nodes: foldNodes(list),
      nodeCount: list.length,
    })),
    live: diff.live.map(({ image, added, changed, removed, generations }) => ({
      ...{ image, added, changed, removed },
      ...(generations === undefined ? {} : { generations }),
    })),
    builds: diff.builds.map(({ id, name, nodes: list }) => ({ id, name, nodes: foldNodes(list) })),
  };
}
